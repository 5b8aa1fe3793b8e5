/// Wrong uses that must not compile. Each is tried alone, with CASE defined as its name; tests/CMakeLists.txt says
/// which sentence the compiler must print.

#include <event/all.hpp>

#include <boost/asio/io_context.hpp>

#include <string>

struct A {
    int value = 0;
};
struct B {
    std::string value;
};
struct OnlyA {
    void operator()(const A&) const {}
};
struct Behaviour {};
struct OnlyDeclares {
    using event_interfaces = event::Interfaces<Behaviour>;
};

void wrong(boost::asio::io_context& io) {
    event::EventBus bus{io};
#if defined(CASE_none)
    auto fine = bus.subscribe<A, B>({}, [](const auto&) {});
#elif defined(CASE_type_twice)
    auto subscription = bus.subscribe<A, B, A>();
#elif defined(CASE_emitter_type_twice)
    auto emitter = bus.emitter<A, A>();
#elif defined(CASE_handler_misses_a_type)
    auto subscription = bus.subscribe<A, B>({}, OnlyA{});
#elif defined(CASE_visitor_misses_a_type)
    event::Delivery<A, B>().visit(OnlyA{});
#elif defined(CASE_no_types)
    auto subscription = bus.subscribe<>();
#elif defined(CASE_const_type)
    auto subscription = bus.subscribe<const A>();
#elif defined(CASE_reference_type)
    auto subscription = bus.subscribe<A&>();
#elif defined(CASE_emits_another_type)
    bus.emitter<A>().emplace<B>("b");
#elif defined(CASE_cannot_be_built)
    bus.emitter<A>().emplace("no number");
#elif defined(CASE_emits_any_event)
    auto emitter = bus.emitter<event::AnyEvent>();
#elif defined(CASE_emits_a_behaviour)
    auto emitter = bus.emitter<event::Implements<Behaviour> >();
#elif defined(CASE_any_event_among_others)
    auto subscription = bus.subscribe<A, event::AnyEvent>();
#elif defined(CASE_behaviour_is_no_base)
    auto emitter = bus.emitter<OnlyDeclares>();
#elif defined(CASE_handler_misses_a_behaviour)
    auto subscription = bus.subscribe<event::Implements<Behaviour> >({}, OnlyA{});
#elif defined(CASE_filter_of_no_type)
    auto subscription = bus.subscribe<A>({}, event::where([](const B&) { return true; }));
#elif defined(CASE_filter_without_answer)
    auto subscription = bus.subscribe<A>({}, event::where([](const A&) {}));
#elif defined(CASE_filter_of_mutable_events)
    auto subscription = bus.subscribe<A>({}, event::where([](A&) { return true; }));
#elif defined(CASE_const_behaviour)
    auto subscription = bus.subscribe<event::Implements<const Behaviour> >();
#elif defined(CASE_figures_of_any_event)
    static_cast<void>(bus.stat<event::AnyEvent>());
#elif defined(CASE_two_filters)
    const auto all = event::where([](const A&) { return true; });
    auto subscription = bus.subscribe<A>({}, all, all);
#elif defined(CASE_key_of_no_type)
    auto subscription = bus.subscribe<A>({}, event::latest_by([](const B& event) { return event.value; }));
#elif defined(CASE_key_without_hash)
    auto subscription = bus.subscribe<A>({}, event::latest_by([](const A& event) { return event; }));
#elif defined(CASE_merge_without_key)
    auto subscription = bus.subscribe<A, B>({}, event::latest_by([](const A& event) { return event.value; },
                                                                 [](const B&, const B& newer) { return newer; }));
#elif defined(CASE_merge_of_a_behaviour)
    auto subscription = bus.subscribe<event::Implements<Behaviour> >(
        {}, event::latest_by([](const Behaviour&) { return 1; },
                             [](const Behaviour&, const Behaviour& newer) { return newer; }));
#elif defined(CASE_delivery_cannot_hold)
    static_cast<void>(event::Delivery<A>().get_if<B>());
#elif defined(CASE_predicate_of_another_type)
    auto watcher = event::Value<B>(io).watch();
    watcher.async_get_if([](int) { return true; }, [](auto, auto) {});
#endif
}
