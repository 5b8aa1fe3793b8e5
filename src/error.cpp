#include <event/error.hpp>

#include <string>

namespace event {
namespace {

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wnon-virtual-dtor"  // the base's
class Category final : public boost::system::error_category {
public:
    constexpr Category() noexcept : error_category(0x6576656e74ULL) {}  // one category, also across shared libraries

    const char* name() const noexcept override { return "event"; }

    std::string message(int value) const override { return message(value, nullptr, 0); }

    const char* message(int value, char*, std::size_t) const noexcept override {
        switch (static_cast<errc>(value)) {
            case errc::closed:
                return "closed";
            case errc::killed:
                return "the subscription was killed because its queue was full";
            case errc::no_emitters:
                return "nobody emits a required event type";
            case errc::emitter_exists:
                return "another emitter of the event type exists";
            case errc::concurrent_receive:
                return "another operation is waiting on the same subscription or watcher";
            case errc::name_clash:
                return "another event type of this bus has the same name";
            case errc::too_many_keys:
                return "more keys than the topic retains";
        }
        return value == 0 ? "success" : "unknown event error";
    }
};
#pragma GCC diagnostic pop

}  // namespace

const boost::system::error_category& error_category() noexcept {
    static constexpr Category category;
    return category;
}

}  // namespace event
