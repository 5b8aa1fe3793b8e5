#include "declared_only.hpp"
#include "support.hpp"

#include <array>
#include <type_traits>

/// What may be an event: types whose operators and members mean something of their own.
namespace event_type_test {

using namespace support;

struct HasNumber {
    int number = 0;
    friend bool operator==(const HasNumber&, const HasNumber&) = default;
};
struct Small : HasNumber {
    using event_interfaces = event::Interfaces<HasNumber>;
    Small() = default;
    explicit Small(int n) : HasNumber{n} {}
    friend bool operator==(const Small&, const Small&) = default;
};
struct Shared : Small {
    using event_interfaces = event::Interfaces<HasNumber>;
    using Small::Small;
    std::string text;
    friend bool operator==(const Shared&, const Shared&) = default;
};

/// Operators that no generic code may stumble over.
template <class Base>
struct Odd : Base {
    using Base::Base;
    void operator&() const = delete;
    template <class Other>
    void operator,(const Other&) const = delete;
    template <class Other>
    friend void operator,(const Other&, const Odd&) = delete;
    friend bool operator==(const Odd&, const Odd&) = default;
};

template <class T>
class EventType : public testing::Test {
protected:
    asio::io_context io_;
    event::EventBus bus_{io_};
};
using OddTypes = testing::Types<Odd<Small>, Odd<Shared>>;
TYPED_TEST_SUITE(EventType, OddTypes);

TYPED_TEST(EventType, WithOperatorsOfItsOwnIsEmittedAndReceived) {
    using T = TypeParam;
    auto& bus = this->bus_;
    auto emitter = bus.template emitter<T>({.retain = true});
    auto typed = bus.template subscribe<T, Number>();
    auto behaving = bus.template subscribe<event::Implements<HasNumber>>();
    auto all = bus.template subscribe<event::AnyEvent>();
    const T event(1);
    emitter.emit(event);
    emitter.emit(T(2));
    emitter.emplace(3);
    const std::array<T, 2> more{T(4), T(5)};
    emitter.emit_all(more);
    Completion<event::EmitResult> emitted;
    emitter.async_emit(T(6), emitted.handler());
    drive(this->io_);
    EXPECT_EQ(emitted.value().subscribers, 3U);
    for (int i = 1; i <= 6; ++i) {
        const auto delivery = typed.try_receive();
        EXPECT_EQ(delivery->template get_if<T>()->number, i);
        delivery->visit([&](const auto& received) {
            if constexpr (std::is_same_v<decltype(received), const T&>) {
                EXPECT_EQ(received.number, i);
            }
        });
        EXPECT_EQ((*behaving.try_receive())->number, i);
        const auto any = all.try_receive();
        EXPECT_EQ((*any)->template get_if<T>()->number, i);
        EXPECT_EQ((*any)->template as<HasNumber>()->number, i);
    }
    auto late = bus.template subscribe<T>({}, [](const T& received) { EXPECT_EQ(received.number, 6); });
    drive(this->io_);
    EXPECT_EQ(late.stat().delivered, 1U);
}

TYPED_TEST(EventType, WithOperatorsOfItsOwnIsFilteredAndMerged) {
    using T = TypeParam;
    auto subscription = this->bus_.template subscribe<T>(
        {}, event::where([](const T& event) { return event.number != 0; }),
        event::latest_by([](const T&) { return 0; },
                         [](const T& queued, const T& newer) { return T(queued.number + newer.number); }));
    auto emitter = this->bus_.template emitter<T>();
    for (int i = 0; i < 4; ++i) emitter.emplace(i);
    EXPECT_EQ((*subscription.try_receive())->number, 6);
}

TYPED_TEST(EventType, WithOperatorsOfItsOwnIsALatestValue) {
    using T = TypeParam;
    event::Value<T> value(this->io_, T(1));
    auto watcher = value.watch();
    value.set(T(2));
    EXPECT_TRUE(value.set_if_changed(T(3)));
    value.update([](T& current) { ++current.number; });
    value.update([](const T& current) { return T(current.number + 1); });
    Completion<event::Snapshot<T>> got;
    watcher.async_get(got.handler());
    drive(this->io_);
    EXPECT_EQ((*got.value()).number, 5);
    EXPECT_EQ(got.value()->number, 5);
    const event::Tagged<struct Mark, T> tagged{T(6)};
    EXPECT_EQ(tagged->number, 6);
}

// An event_name, or event_interfaces, that declare nothing.
struct NameIsAField {
    std::string event_name = {};
    int event_interfaces = 0;
};
struct NameIsAReference {
    const std::string& event_name;
    const int& event_interfaces;
};
struct NameIsBits {
    unsigned event_name : 3;
    unsigned event_interfaces : 3;
};
struct NameIsAFunction {
    [[nodiscard]] std::string event_name() const { return {}; }
    static void event_interfaces() {}
};
struct NameIsOverloaded {
    [[nodiscard]] const std::string& event_name() const { return name; }
    void event_name(std::string changed) { name = std::move(changed); }
    void event_interfaces() const {}
    void event_interfaces(int) const {}
    std::string name = {};
};
struct NameIsAType {
    struct event_name {};
};
struct NameIsAnEnum {
    enum class event_name { first };
};
struct NameIsAnEnumerator {
    enum { event_name, event_interfaces };
};
struct InheritsAField : NameIsAField {};
/// What cannot be derived from, and what derives from nothing good.
struct Final final {
    int event_name = 0;
};
union Union {
    int event_name;
    int event_interfaces;
};
#pragma GCC diagnostic push
#if defined(__clang__)
#pragma GCC diagnostic ignored "-Wfinal-dtor-non-final-class"
#endif
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"
struct FinalDestructor {
    virtual ~FinalDestructor() final = default;
};
struct VirtualWithoutDestructor {
    virtual void act() {}
};
#pragma GCC diagnostic pop
struct HasVirtualBase : virtual HasNumber {};

template <class... Ts>
void expect_undeclared() {
    asio::io_context io;
    event::EventBus bus{io};
    (static_cast<void>(bus.emitter<Ts>()), ...);
    EXPECT_THAT((std::vector<std::string_view>{event::name_of<Ts>()...}),
                testing::Each(testing::StartsWith("event_type_test::")));
}
TEST(EventTypeName, IsNotDeclaredByAnotherMemberOfThatName) {
    expect_undeclared<NameIsAField, NameIsAReference, NameIsBits, NameIsAFunction, NameIsOverloaded, NameIsAType,
                      NameIsAnEnum, NameIsAnEnumerator, InheritsAField>();
}
TEST(EventTypeName, IsAskedOfWhatCannotBeDerivedFrom) {
    expect_undeclared<Final, Union, FinalDestructor, VirtualWithoutDestructor, HasVirtualBase>();
    auto closure = [] {};
    asio::io_context io;
    event::EventBus bus{io};
    EXPECT_TRUE(bus.emitter<decltype(closure)>().emit(closure).subscribers == 0);
    EXPECT_TRUE(bus.emitter<int>().is_open());
}

struct NamedByReference {
    static constexpr std::string_view text = "by reference";
    static constexpr const std::string_view& event_name = text;
};
struct NamedByLiteral {
    static constexpr char event_name[] = "literal";
};
struct InheritsAName : NamedByLiteral {};
TEST(EventTypeName, IsAnyConstantText) {
    EXPECT_EQ(event::name_of<NamedByReference>(), "by reference");
    EXPECT_EQ(event::name_of<NamedByLiteral>(), "literal");
    EXPECT_EQ(event::name_of<InheritsAName>(), "literal");
}

struct Base {
    int x = 0;
    friend bool operator==(const Base&, const Base&) = default;
};
struct Derived : Base {};
/// Unrelated, and converts.
struct Convertible {
    operator Base() const { return {7}; }
};
struct FromAnything {
    template <class T>
    FromAnything(const T&) {}
};

TEST(EventTypeOfABase, IsMadeOfWhatConverts) {
    asio::io_context io;
    event::EventBus bus{io};
    auto emitter = bus.emitter<Base>();
    auto both = bus.emitter<Base, Derived>();
    auto subscription = bus.subscribe<Base>();
    emitter.emit({.x = 7});
    emitter.emit(Convertible{});
    emitter.emplace(7);
    emitter.async_emit({7}, asio::detached);
    emitter.async_emit(Convertible{}, asio::detached);
    both.emit<Base>({7});
    both.emit(Base{7});
    both.emit<Base>(Convertible{});
    const std::vector<Base> several{{7}, {7}};
    emitter.emit_all(several);
    emitter.emit_all(std::span<const Base>(several));
    EXPECT_EQ(both.emit(Derived{}).subscribers, 0U) << "its own type";
    EXPECT_EQ(both.emit<Derived>({}).subscribers, 0U);
    const auto all = take_all(subscription);
    EXPECT_EQ(all.size(), 12U);
    for (const auto& delivery : all) EXPECT_EQ(delivery->x, 7);

    event::Value<Base> value(io, Convertible{});
    value.set({.x = 8});
    value.set(Convertible{});
    EXPECT_FALSE(value.set_if_changed(Convertible{}));
    EXPECT_EQ((**value.try_get()).x, 7);
    EXPECT_EQ(bus.emitter<FromAnything>().emit(Derived{}).subscribers, 0U);
}

TEST(EventTypeDeclaredOnly, IsEnoughForWhoHoldsItsHandles) {
    asio::io_context io;
    event::EventBus bus{io};
    declared_only::Component component(bus);
    declared_only::Component moved(std::move(component));
    component = std::move(moved);
    EXPECT_TRUE(component.works());
}

}  // namespace event_type_test
