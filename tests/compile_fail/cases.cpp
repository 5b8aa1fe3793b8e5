/// Wrong uses that must not compile. Each is tried alone, with CASE defined as its name; tests/CMakeLists.txt says
/// which sentence the compiler must print.

#include "headers.hpp"

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
struct KeyOfMutable {
    int operator()(const A& event) const { return event.value; }
    int operator()(B&) const { return 0; }
};
struct MayFail {
    MayFail() {}  // NOLINT: it says that it may throw
    bool operator==(const MayFail&) const = default;
};
struct Pinned {
    Pinned(const Pinned&) = delete;
    int value = 0;
};
struct DerivesPrivately : private Behaviour {
    using event_interfaces = event::Interfaces<Behaviour>;
};
class HidesInterfaces : public Behaviour {
    using event_interfaces = event::Interfaces<Behaviour>;
};
struct Implementing : Behaviour {
    using event_interfaces = event::Interfaces<>;
};
struct InheritsInterfacesTwice : Implementing, DerivesPrivately {};
struct InterfacesWithoutList : Behaviour {
    using event_interfaces = Behaviour;
};
class HidesName {
    static constexpr std::string_view event_name = "hidden";
};
struct Named1 {
    static constexpr std::string_view event_name = "1";
};
struct Named2 {
    static constexpr std::string_view event_name = "2";
};
struct InheritsNameTwice : Named1, Named2 {};
struct NameIsNoConstant {
    static inline const std::string event_name = "built at run time";
};
struct Declared;
struct Derived : A {};
struct DerivedB : B {};
struct Abstract {
    virtual ~Abstract() = default;
    virtual void act() = 0;
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
#elif defined(CASE_handlers_miss_a_type)
    auto subscription = bus.subscribe<A, B, Derived>([](const A&) {}, [](const Named1&) {});
#elif defined(CASE_handler_of_nothing)
    auto subscription = bus.subscribe<A>([](const B&) {});
#elif defined(CASE_handler_never_called)
    auto subscription = bus.subscribe<A, B>([](const auto&) {}, [](const B&) {});
#elif defined(CASE_handlers_with_an_executor)
    auto subscription = bus.subscribe<A, B>(boost::asio::bind_executor(io, [](const A&) {}), [](const B&) {});
#elif defined(CASE_policy_alone)
    auto subscription = bus.subscribe<A>(event::Drop{});
#elif defined(CASE_policy_behind_options)
    auto subscription = bus.subscribe<A>({}, event::Backpressure{event::Drop{}});
#elif defined(CASE_visitors_miss_a_type)
    event::Delivery<A, B>().visit(OnlyA{}, [](const Named1&) {});
#elif defined(CASE_bus_emits)
    bus.emit(A{});
#elif defined(CASE_emits_unlisted)
    bus.emitter<A>().emit(B{});
#elif defined(CASE_emits_unlisted_of_several)
    bus.emitter<A, Named1>().emit(B{});
#elif defined(CASE_emits_unlisted_by_name)
    bus.emitter<A>().emit<B>({"b"});
#elif defined(CASE_emits_all_of_unlisted)
    bus.emitter<A>().emit_all(std::vector<B>());
#elif defined(CASE_publishes_unlisted)
    bus.emitter<A>().publish(B{});
#elif defined(CASE_async_emits_unlisted)
    bus.emitter<A>().async_emit(B{}, boost::asio::detached);
#elif defined(CASE_handler_with_a_result)
    auto subscription = bus.subscribe<A>([](const A& event) { return event.value; });
#elif defined(CASE_owner_without_handler)
    auto subscription = bus.subscribe<A>(event::while_alive(std::make_shared<A>()));
#elif defined(CASE_once_without_handler)
    auto subscription = bus.subscribe<A>({}, event::once);
#elif defined(CASE_awaits_an_emit_of_a_temporary)
    auto emit = bus.emitter<B>().async_emit({"b"}, boost::asio::use_awaitable);
#elif defined(CASE_awaits_a_publish_of_a_temporary)
    auto emit = bus.emitter<A, B>().async_publish<B>(B{"b"}, boost::asio::deferred);
#elif defined(CASE_awaits_a_next_with_a_temporary)
    auto next = bus.async_next<A>([b = B()](const A&) { return b.value.empty(); }, std::chrono::seconds(1),
                                  boost::asio::use_awaitable);
#elif defined(CASE_awaits_a_get_with_a_temporary)
    event::Value<A> value{io};
    auto get = value.watch().async_get_if([b = B()](const A&) { return b.value.empty(); }, boost::asio::use_awaitable);
#elif defined(CASE_receives_with_a_handler_of_another_kind)
    bus.subscribe<A>().async_receive([](const A&) {});
#elif defined(CASE_waits_with_a_handler_of_another_kind)
    bus.subscribe<A>().async_closed([] {});
#elif defined(CASE_gets_with_a_handler_of_another_kind)
    event::Value<A>(io).watch().async_get([](boost::system::error_code, const B&) {});
#elif defined(CASE_emits_with_a_handler_of_another_kind)
    bus.emitter<A>().async_emit({1}, [](event::EmitResult) {});
#elif defined(CASE_idles_with_a_handler_of_another_kind)
    bus.async_idle([](int, int) {});
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
#elif defined(CASE_behaviour_is_a_private_base)
    auto emitter = bus.emitter<DerivesPrivately>();
#elif defined(CASE_hidden_interfaces)
    auto emitter = bus.emitter<HidesInterfaces>();
#elif defined(CASE_interfaces_from_two_bases)
    event::Value<InheritsInterfacesTwice> value{io};
#elif defined(CASE_interfaces_without_list)
    auto emitter = bus.emitter<InterfacesWithoutList>();
#elif defined(CASE_hidden_name)
    auto watcher = bus.watch<HidesName>();
#elif defined(CASE_name_from_two_bases)
    auto subscription = bus.subscribe<InheritsNameTwice>();
#elif defined(CASE_hidden_name_of_a_behaviour)
    auto subscription = bus.subscribe<event::Implements<HidesName> >();
#elif defined(CASE_name_is_no_constant)
    auto emitter = bus.emitter<NameIsNoConstant>();
#elif defined(CASE_emits_a_declared_type)
    auto emitter = bus.emitter<Declared>();
#elif defined(CASE_subscribes_to_a_declared_type)
    auto subscription = bus.subscribe<Declared>();
#elif defined(CASE_behaviour_is_only_declared)
    auto subscription = bus.subscribe<event::Implements<Declared> >();
#elif defined(CASE_value_of_a_declared_type)
    event::Value<Declared> value{io};
#elif defined(CASE_emits_an_abstract_class)
    auto emitter = bus.emitter<Abstract>();
#elif defined(CASE_subscribes_to_an_abstract_class)
    auto subscription = bus.subscribe<Abstract>({}, [](const Abstract&) {});
#elif defined(CASE_emit_would_slice)
    bus.emitter<A>().emit(Derived{});
#elif defined(CASE_emit_of_an_lvalue_would_slice)
    const DerivedB event;
    bus.emitter<B>().emit(event);
#elif defined(CASE_emit_as_would_slice)
    bus.emitter<A, B>().emit<A>(Derived{});
#elif defined(CASE_emit_among_several_would_slice)
    bus.emitter<A, B>().emit(Derived{});
#elif defined(CASE_emplace_would_slice)
    bus.emitter<A>().emplace(Derived{});
#elif defined(CASE_emit_all_would_slice)
    const Derived events[2];
    bus.emitter<A>().emit_all(events);
#elif defined(CASE_async_emit_would_slice)
    bus.emitter<A>().async_emit(Derived{}, [](auto, auto) {});
#elif defined(CASE_async_emit_as_would_slice)
    bus.emitter<A, B>().async_emit<A>(Derived{}, [](auto, auto) {});
#elif defined(CASE_async_emplace_would_slice)
    bus.emitter<B>().async_emplace([](auto, auto) {}, DerivedB{});
#elif defined(CASE_initial_value_would_slice)
    event::Value<A> value(io, Derived{});
#elif defined(CASE_set_would_slice)
    event::Value<B>(io).set(DerivedB{});
#elif defined(CASE_set_if_changed_would_slice)
    event::Value<A>(io).set_if_changed(Derived{});
#elif defined(CASE_update_would_slice)
    event::Value<A>(io).update([](const A&) { return Derived{}; });
#elif defined(CASE_merge_would_slice)
    auto subscription = bus.subscribe<A>(
        {}, event::latest_by([](const A&) { return 1; }, [](const A&, const A&) { return Derived{}; }));
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
#elif defined(CASE_retained_key_of_no_type)
    auto emitter = bus.emitter<A>(event::retain_by([](const B& event) { return event.value; }));
#elif defined(CASE_retained_key_without_hash)
    auto emitter = bus.emitter<A>({}, event::retain_by([](const A& event) { return event; }));
#elif defined(CASE_retained_key_of_mutable_events)
    auto emitter = bus.emitter<A, B>({}, event::retain_by(KeyOfMutable{}));
#elif defined(CASE_removal_without_answer)
    auto emitter = bus.emitter<A>({}, event::retain_by(&A::value, [](const A&) {}));
#elif defined(CASE_removal_of_no_type)
    auto emitter = bus.emitter<A>({}, event::retain_by(&A::value, [](const B&) { return true; }));
#elif defined(CASE_removal_without_key)
    auto emitter = bus.emitter<A, B>({}, event::retain_by(&A::value, [](const auto&) { return true; }));
#elif defined(CASE_merge_without_key)
    auto subscription = bus.subscribe<A, B>({}, event::latest_by([](const A& event) { return event.value; },
                                                                 [](const B&, const B& newer) { return newer; }));
#elif defined(CASE_merge_of_a_behaviour)
    auto subscription = bus.subscribe<event::Implements<Behaviour> >(
        {}, event::latest_by([](const Behaviour&) { return 1; },
                             [](const Behaviour&, const Behaviour& newer) { return newer; }));
#elif defined(CASE_keys_of_no_type)
    auto subscription = bus.subscribe<A>(event::where_key(&B::value, "b"));
#elif defined(CASE_keys_of_any_event)
    auto subscription = bus.subscribe<event::AnyEvent>(event::where_key(&A::value, 1));
#elif defined(CASE_keys_of_a_behaviour)
    auto subscription = bus.subscribe<A, event::Implements<Derived> >(event::where_key(&A::value, 1));
#elif defined(CASE_keys_by_a_capture)
    auto subscription = bus.subscribe<A>(event::where_key([n = 2](const A& event) { return event.value % n; }, 1));
#elif defined(CASE_keys_of_mutable_events)
    auto subscription = bus.subscribe<A>(event::where_key([](A& event) { return event.value; }, 1));
#elif defined(CASE_keys_without_hash)
    auto subscription = bus.subscribe<A>(event::where_key([](const A& event) { return event; }, A()));
#elif defined(CASE_keys_of_nothing)
    auto subscription = bus.subscribe<A>(event::where_key([](const A&) {}, 1));
#elif defined(CASE_keys_of_another_kind)
    auto subscription = bus.subscribe<A>(event::where_key(&A::value, "1"));
#elif defined(CASE_no_keys)
    auto subscription = bus.subscribe<A>(event::where_key(&A::value));
#elif defined(CASE_keys_twice)
    auto subscription = bus.subscribe<A>(event::where_key(&A::value, 1), event::where_key(&A::value, 2));
#elif defined(CASE_delivery_cannot_hold)
    static_cast<void>(event::Delivery<A>().get_if<B>());
#elif defined(CASE_predicate_of_another_type)
    auto watcher = event::Value<B>(io).watch();
    watcher.async_get_if([](int) { return true; }, [](auto, auto) {});
#elif defined(CASE_watched_by_nothing)
    auto connection = event::Value<A>(io).watch([](const B&) {});
#elif defined(CASE_snapshot_handler_with_a_result)
    auto connection = event::Value<A>(io).watch([](const event::Snapshot<A>&) { return 1; });
#elif defined(CASE_projection_without_equality)
    auto watcher = event::Value<A>(io).watch([](const A&) { return B{}; });
#elif defined(CASE_projection_that_only_looks)
    auto watcher = event::Value<B>(io).watch([](const B& b) { return std::string_view(b.value); });
#elif defined(CASE_projection_that_may_fail)
    auto watcher = event::Value<A>(io).watch([](const A&) { return MayFail{}; });
#elif defined(CASE_projection_is_a_handler)
    auto connection = event::Value<A>(io).watch([](const A&) {}, [](int) {});
#elif defined(CASE_handler_of_another_projection)
    auto connection = event::Value<A>(io).watch(&A::value, [](const B&) {});
#elif defined(CASE_combine_of_values)
    const event::Value<A> value(io);
    auto view = event::combine(value, [](const A&) { return 1; });
#elif defined(CASE_combine_without_a_function)
    auto view = event::combine(event::Value<A>(io).view(), event::Value<B>(io).view());
#elif defined(CASE_combine_with_a_changing_function)
    auto view = event::combine(event::Value<A>(io).view(), [n = 0](const A&) mutable { return ++n; });
#elif defined(CASE_combine_to_nothing)
    auto view = event::combine(event::Value<A>(io).view(), [](const A&) {});
#elif defined(CASE_combine_that_only_looks)
    auto view = event::combine(event::Value<B>(io).view(), [](const B& b) { return std::string_view(b.value); });
#elif defined(CASE_update_forgets_the_reference)
    event::Value<A>(io).update([](A) {});
#elif defined(CASE_update_forgets_the_return)
    event::Value<A>(io).update([](const A&) {});
#elif defined(CASE_update_changes_no_copy)
    event::Value<Pinned>(io).update([](Pinned& pinned) { ++pinned.value; });
#endif
}
