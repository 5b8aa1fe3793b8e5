/// Types that event::net cannot send, as cases.cpp.

#include "headers.hpp"

#include <event/net/json.hpp>
#include <event/net/schema.hpp>
#if defined(CASE_net_link_of_any_event) || defined(CASE_net_link_by_no_key)
#include <event/net/link.hpp>

#include <boost/asio/ip/tcp.hpp>
#endif
#if defined(CASE_net_message_of_another_type) || defined(CASE_net_question_that_is_awaited)
#include <event/net/messenger.hpp>

#include <boost/asio/use_awaitable.hpp>
#endif

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
struct Told {
    std::string text;
};
struct Twice1 {
    static constexpr std::string_view event_name = "one name";
    int value = 0;
};
struct Twice2 {
    static constexpr std::string_view event_name = "one name";
    int other = 0;
};

struct Many {
    int a0 = 0, a1 = 0, a2 = 0, a3 = 0, a4 = 0, a5 = 0, a6 = 0, a7 = 0, a8 = 0, a9 = 0;
    int b0 = 0, b1 = 0, b2 = 0, b3 = 0, b4 = 0, b5 = 0, b6 = 0, b7 = 0, b8 = 0, b9 = 0;
    int c0 = 0, c1 = 0, c2 = 0, c3 = 0, c4 = 0, c5 = 0, c6 = 0, c7 = 0, c8 = 0, c9 = 0;
    int d0 = 0, d1 = 0, d2 = 0, d3 = 0, d4 = 0, d5 = 0, d6 = 0, d7 = 0, d8 = 0, d9 = 0;
    int e0 = 0, e1 = 0, e2 = 0, e3 = 0, e4 = 0, e5 = 0, e6 = 0, e7 = 0, e8 = 0, e9 = 0;
    int f0 = 0, f1 = 0, f2 = 0, f3 = 0, f4 = 0, f5 = 0, f6 = 0, f7 = 0, f8 = 0, f9 = 0;
    int g0 = 0, g1 = 0, g2 = 0, g3 = 0, g4 = 0, g5 = 0, g6 = 0, g7 = 0, g8 = 0, g9 = 0;
    int h0 = 0, h1 = 0, h2 = 0, h3 = 0, h4 = 0, h5 = 0, h6 = 0, h7 = 0, h8 = 0, h9 = 0;
    int i0 = 0, i1 = 0, i2 = 0, i3 = 0, i4 = 0, i5 = 0, i6 = 0, i7 = 0, i8 = 0, i9 = 0;
    int j0 = 0, j1 = 0, j2 = 0, j3 = 0, j4 = 0, j5 = 0, j6 = 0, j7 = 0, j8 = 0, j9 = 0;
    int one_more = 0;
};
struct Array {
    int first = 0;
    char name[3] = {'a', 'b', 'c'};
};
struct LongArray {
    int values[101] = {};
};
int referred = 0;
struct Reference {
    int first = 0;
    int& value = referred;
};
struct Ambiguous {
    Ambiguous() = default;
    template <class T>
    explicit(false) Ambiguous(T&&) = delete;
};
struct HasAmbiguous {
    Ambiguous value;
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
#elif defined(CASE_net_volatile_field)
    std::vector<std::byte> out;
    (void)event::net::encode(Event<volatile int>{}, out);
#elif defined(CASE_net_reference)
    std::vector<std::byte> out;
    (void)event::net::encode(Reference{}, out);
#elif defined(CASE_net_array)
    send<Array>();
#elif defined(CASE_net_array_in_a_list)
    send<std::vector<Array>>();
#elif defined(CASE_net_long_array)
    send<LongArray>();
#elif defined(CASE_net_many_fields)
    send<Many>();
#elif defined(CASE_net_uncounted)
    send<HasAmbiguous>();
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
#elif defined(CASE_net_link_of_any_event)
    event::net::Link<boost::asio::ip::tcp::socket>* link = nullptr;
    (void)link->subscribe<event::AnyEvent>();
#elif defined(CASE_net_link_by_no_key)
    event::net::Link<boost::asio::ip::tcp::socket>* link = nullptr;
    link->serve<Base>({}, event::net::by_key(&Twice1::value));
#elif defined(CASE_net_message_of_another_type)
    event::net::Messenger<Told>* messenger = nullptr;
    (void)messenger->on<Told>([](const event::net::PeerId&, const Told&) { return 1; });
#elif defined(CASE_net_question_that_is_awaited)
    event::net::Messenger<Told>* messenger = nullptr;
    (void)messenger->async_request<Told>("peer", Told{}, std::chrono::seconds(1), boost::asio::use_awaitable);
#endif
}
