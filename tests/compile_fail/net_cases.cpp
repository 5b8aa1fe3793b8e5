/// Types that event::net cannot send, as cases.cpp.

#include "headers.hpp"

#include <event/net/json.hpp>
#include <event/net/schema.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct Base {
    int value = 0;
};
struct CalledLikeAKind {
    static constexpr std::string_view event_name = "bytes";
    int value = 0;
};
struct MayGrow {
    static constexpr bool event_wire_extensible = true;
    int value = 0;
    friend auto operator<=>(const MayGrow&, const MayGrow&) = default;
};
struct Derived : Base {
    int other = 0;
};
class Hidden {
public:
    Hidden() = default;
    explicit Hidden(int value) : value_(value) {}

private:
    int value_ = 0;
};
struct NoDefault {
    explicit NoDefault(int number) : value(number) {}
    int value;
};
template <>
struct event::net::Codec<NoDefault> {
    static void encode(const NoDefault&, Writer&) {}
    static error_code decode(NoDefault&, Reader&) { return {}; }
};
enum Open { red, green };
struct Twice1 {
    static constexpr std::string_view event_name = "one name";
    int value = 0;
};
struct Twice2 {
    static constexpr std::string_view event_name = "one name";
    int other = 0;
};

template <class T>
struct Event {
    std::uint8_t first = 0;
    T value{};
};

template <class T>
void send() {
    std::vector<std::byte> out;
    T event{};
    (void)event::net::encode(event, out);
    (void)event::net::decode(out, event);
}

int main() {
#if defined(CASE_net_none)
    send<Event<std::string>>();
    send<std::optional<Base>>();
#elif defined(CASE_net_pointer)
    send<Event<int*>>();
#elif defined(CASE_net_text_pointer)
    send<Event<const char*>>();
#elif defined(CASE_net_unique_ptr)
    send<Event<std::vector<std::unique_ptr<int>>>>();
#elif defined(CASE_net_shared_ptr)
    send<Event<std::shared_ptr<int>>>();
#elif defined(CASE_net_string_view)
    send<Event<std::string_view>>();
#elif defined(CASE_net_span)
    send<Event<std::span<const int>>>();
#elif defined(CASE_net_steady_time)
    send<Event<std::chrono::steady_clock::time_point>>();
#elif defined(CASE_net_open_enum)
    send<Event<Open>>();
#elif defined(CASE_net_long_double)
    send<Event<long double>>();
#elif defined(CASE_net_wchar)
    send<Event<wchar_t>>();
#elif defined(CASE_net_base)
    send<Derived>();
#elif defined(CASE_net_hidden)
    send<Event<Hidden>>();
#elif defined(CASE_net_function)
    send<Event<std::function<void()>>>();
#elif defined(CASE_net_const_field)
    send<Event<const int>>();
#elif defined(CASE_net_no_default)
    std::vector<NoDefault> event;
    (void)event::net::decode({}, event);
#elif defined(CASE_net_json_of_a_pointer)
    std::string text;
    (void)event::net::to_json(Event<int*>{}, text);
#elif defined(CASE_net_schema_of_a_pointer)
    (void)event::net::schema<Event<int*>>();
#elif defined(CASE_net_one_name_twice)
    (void)event::net::schema<Event<std::pair<Twice1, Twice2>>>();
#elif defined(CASE_net_called_like_a_kind)
    (void)event::net::schema<CalledLikeAKind>();
#elif defined(CASE_net_key_that_may_grow)
    std::set<MayGrow> keys;
    (void)event::net::decode({}, keys);
#endif
}
