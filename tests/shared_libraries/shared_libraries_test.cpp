#include "../support.hpp"
#include "libraries.hpp"

#include <dlfcn.h>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

#ifdef SHARED_LIBRARIES_STATIC
/// Each of the two libraries has a copy of the static one, on purpose: for AddressSanitizer that is two of everything.
extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() { return "detect_odr_violation=0"; }
#endif

namespace shared_libraries {

using namespace support;
using testing::ElementsAre;
using testing::IsEmpty;

struct Libraries {
    const char* how;
    const Emitting* (*emitting)();
    const Subscribing* (*subscribing)();

    friend std::ostream& operator<<(std::ostream& out, const Libraries& libraries) { return out << libraries.how; }
};

/// A library as a host loads its plug-ins: nothing in it is visible to the others. It stays loaded.
template <class Library>
const Library* open(const char* path, const char* name) {
    void* handle = ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) throw std::runtime_error(::dlerror());
    return reinterpret_cast<const Library* (*)()>(::dlsym(handle, name))();
}
const Emitting* open_emitting() { return open<Emitting>(EMITTING_MODULE, "emitting_library"); }
const Subscribing* open_subscribing() { return open<Subscribing>(SUBSCRIBING_MODULE, "subscribing_library"); }

class SharedLibraries : public testing::TestWithParam<Libraries> {
protected:
    const Emitting& emitting = *GetParam().emitting();
    const Subscribing& subscribing = *GetParam().subscribing();
    asio::io_context io;
    event::EventBus bus{io};

    std::vector<int> values(const Received& received) {
        drive(io);
        return received();
    }
    [[nodiscard]] std::vector<std::string> topics() const {
        std::vector<std::string> names;
        for (const auto& topic : bus.report().topics) names.push_back(topic.name);
        return names;
    }
};

INSTANTIATE_TEST_SUITE_P(, SharedLibraries,
                         testing::Values(Libraries{"Linked", &emitting_library, &subscribing_library},
                                         Libraries{"Opened", &open_emitting, &open_subscribing}),
                         [](const auto& instance) { return std::string(instance.param.how); });

TEST_P(SharedLibraries, ShareATopicThatBothName) {
    const auto emit = emitting.named(bus);
    const auto received = subscribing.named(bus);
    EXPECT_EQ(emit(1).delivered, 1U);
    EXPECT_THAT(values(received), ElementsAre(1));
    EXPECT_EQ(emit(2).delivered, 1U);
    EXPECT_THAT(values(received), ElementsAre(1, 2));
    EXPECT_THAT(topics(), ElementsAre("shared_libraries.Named"));
}

TEST_P(SharedLibraries, ShareATopicWhicheverRegistersFirst) {
    const auto received = subscribing.named(bus);
    drive(io);
    const auto emit = emitting.named(bus);
    EXPECT_EQ(emit(1).delivered, 1U);
    EXPECT_THAT(values(received), ElementsAre(1));
    EXPECT_THAT(topics(), ElementsAre("shared_libraries.Named"));
}

TEST_P(SharedLibraries, ShareATopicAlsoAfterNobodyUsedIt) {
    for (int round = 0; round < 2; ++round) {
        {
            const auto emit = emitting.named(bus);
        }
        subscribing.forget_named(bus);
        EXPECT_THAT(topics(), IsEmpty());
        const auto received = subscribing.named(bus);
        const auto emit = emitting.named(bus);
        EXPECT_EQ(emit(1).delivered, 1U);
        EXPECT_THAT(values(received), ElementsAre(1));
        EXPECT_THAT(topics(), ElementsAre("shared_libraries.Named"));
    }
}

TEST_P(SharedLibraries, ShareEventsThatAreNotCopiedAndReplayThem) {
    const auto emit = emitting.named_text(bus);
    emit(1);
    const auto received = subscribing.named_text(bus);
    emit(2);
    EXPECT_THAT(values(received), ElementsAre(1, 2));
    EXPECT_THAT(topics(), ElementsAre("shared_libraries.NamedText"));
}

TEST_P(SharedLibraries, HaveATopicEachOfATypeWithoutAName) {
    const auto emit = emitting.unnamed(bus);
    const auto received = subscribing.unnamed(bus);
    EXPECT_EQ(emit(1).subscribers, 0U);
    EXPECT_THAT(values(received), IsEmpty());
    EXPECT_THAT(topics(), ElementsAre("shared_libraries::Unnamed", "shared_libraries::Unnamed#2"));
}

TEST_P(SharedLibraries, NeverShareATopicOfTwoSizes) {
    const auto clashes = [](const auto& registration) {
        try {
            registration();
        } catch (const boost::system::system_error& error) {
            return error.code() == event::errc::name_clash;
        }
        return false;
    };
    {
        const auto emit = emitting.resized(bus);
        EXPECT_TRUE(clashes([&] { subscribing.resized(bus); }));
        EXPECT_EQ(emit(1).subscribers, 0U);
        EXPECT_THAT(topics(), ElementsAre("shared_libraries.Resized"));
    }
    event::EventBus other{io};
    const auto received = subscribing.resized(other);
    EXPECT_TRUE(clashes([&] { emitting.resized(other); }));
}

TEST_P(SharedLibraries, ShareABehaviourThatBothName) {
    const auto named = subscribing.named_base(bus);
    const auto unnamed = subscribing.unnamed_base(bus);
    const auto emit = emitting.derived(bus);
    EXPECT_EQ(emit(1).delivered, 1U);
    EXPECT_THAT(values(named), ElementsAre(1));
    EXPECT_THAT(values(unnamed), IsEmpty());
}

TEST_P(SharedLibraries, KnowTheNamedTypeOfAnyEvent) {
    const auto received = subscribing.any_named(bus);
    emitting.named(bus)(1);
    emitting.unnamed(bus)(2);
    emitting.named_text(bus)(3);
    EXPECT_THAT(values(received), ElementsAre(1, -1, -1));
}

TEST_P(SharedLibraries, SeeTheFiguresOfATopicThatTheOtherHasRegistered) {
    const auto named = emitting.named(bus);
    const auto unnamed = emitting.unnamed(bus);
    named(1);
    EXPECT_EQ(subscribing.stat_of_named(bus).emitters, 1U);
    EXPECT_TRUE(subscribing.stat_of_named(bus).replayable);
    EXPECT_EQ(subscribing.stat_of_unnamed(bus).emitters, 0U);
    subscribing.forget_named(bus);
    EXPECT_FALSE(subscribing.stat_of_named(bus).replayable);
}

}  // namespace shared_libraries
