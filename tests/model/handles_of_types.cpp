#include "handles.hpp"

#include <type_traits>

namespace model {
namespace {

constexpr auto wants = [](const auto& event) { return is_wanted(number_of(event)); };

template <class T>
[[nodiscard]] Seen seen(const event::Snapshot<T>& snapshot) {
    return {number_of(*snapshot), snapshot.version()};
}

template <class T>
class EmitterOf final : public AnyEmitter {
public:
    explicit EmitterOf(event::Emitter<T> emitter) : emitter_(std::move(emitter)) {}
    EmitResult emit(int number) override { return emitter_.emit(T{number}); }
    EmitResult emit_all(int first, std::size_t count) override {
        std::vector<T> events;
        events.reserve(count);  // to copy one may throw
        for (std::size_t i = 0; i < count; ++i) events.emplace_back(first + static_cast<int>(i));
        return emitter_.emit_all(events);
    }
    void async_emit(const Handling& handling, int number) override {
        const auto tell = [](Listener& listener, int operation, error_code error, const EmitResult& result) {
            listener.emitted(operation, error, result);
        };
        start_with(handling, tell, [&](auto handler) { emitter_.async_emit(T{number}, std::move(handler)); });
    }
    event::EmitterId id() const override { return emitter_.id(); }
    event::NotFrom not_from() const override { return event::not_from(emitter_); }
    void close() override { emitter_.close(); }

private:
    event::Emitter<T> emitter_;
};

template <class T>
class WatcherOf final : public AnyWatcher {
public:
    explicit WatcherOf(event::Watcher<T> watcher) : watcher_(std::move(watcher)) {}
    std::optional<Seen> try_get() override {
        const auto snapshot = watcher_.try_get();
        if (!snapshot) return std::nullopt;
        return seen(*snapshot);
    }
    void get(const Handling& handling) override {
        start_with(handling, tell_got, [&](auto handler) { watcher_.async_get(std::move(handler)); });
    }
    void get_for(const Handling& handling, std::chrono::nanoseconds limit) override {
        start_with(handling, tell_got, [&](auto handler) { watcher_.async_get_for(limit, std::move(handler)); });
    }
    void get_if(const Handling& handling) override {
        start_with(handling, tell_got, [&](auto handler) { watcher_.async_get_if(wants, std::move(handler)); });
    }
    void wait(const Handling& handling) override {
        const auto tell = [](Listener& listener, int operation, error_code error) {
            listener.completed(operation, error);
        };
        start_with(handling, tell, [&](auto handler) { watcher_.async_wait(std::move(handler)); });
    }
    void cancel() override { watcher_.cancel(); }
    void close() override { watcher_.close(); }

private:
    static constexpr auto tell_got = [](Listener& listener, int operation, error_code error,
                                        const event::Snapshot<T>& snapshot) {
        listener.got(operation, error, snapshot ? std::optional(seen(snapshot)) : std::nullopt);
    };
    event::Watcher<T> watcher_;
};

template <class T>
class ViewOf final : public AnyView {
public:
    explicit ViewOf(event::ValueView<T> view) : view_(std::move(view)) {}
    std::optional<Seen> try_get() const override {
        const auto snapshot = view_.try_get();
        if (!snapshot) return std::nullopt;
        return seen(*snapshot);
    }
    std::unique_ptr<AnyWatcher> watch() const override { return std::make_unique<WatcherOf<T>>(view_.watch()); }

private:
    event::ValueView<T> view_;
};

template <class T>
class ValueOf final : public AnyValue {
public:
    explicit ValueOf(event::Value<T> value) : value_(std::move(value)) {}
    void set(int number) override { value_.set(T{number}); }
    void emplace(int number) override { value_.emplace(number); }
    bool set_if_changed(int number) override { return value_.set_if_changed(T{number}); }
    void update(int (*function)(int)) override {
        value_.update([function](const T& now) { return T{function(number_of(now))}; });
    }
    std::unique_ptr<AnyView> view() const override { return std::make_unique<ViewOf<T>>(value_.view()); }
    void close() override { value_.close(); }

private:
    event::Value<T> value_;
};

}  // namespace

std::unique_ptr<AnyEmitter> make_emitter(event::EventBus& bus, Type type, event::EmitterOptions options,
                                         error_code& error) {
    return with_type(type, [&]<class T>(std::type_identity<T>) -> std::unique_ptr<AnyEmitter> {
        return std::make_unique<EmitterOf<T>>(bus.emitter<T>(std::move(options), error));
    });
}

std::unique_ptr<AnyWatcher> watch(event::EventBus& bus, Type type) {
    return with_type(type, [&]<class T>(std::type_identity<T>) -> std::unique_ptr<AnyWatcher> {
        return std::make_unique<WatcherOf<T>>(bus.watch<T>());
    });
}

event::TopicStat stat(const event::EventBus& bus, Type type) {
    if (type == started) return bus.stat<event::BusStarted>();
    return with_type(type, [&]<class T>(std::type_identity<T>) { return bus.stat<T>(); });
}

std::string_view label_of(Type type) {
    if (type == started) return event::name_of<event::BusStarted>();
    return with_type(type, []<class T>(std::type_identity<T>) { return event::name_of<T>(); });
}

void forget(event::EventBus& bus, Type type) {
    with_type(type, [&]<class T>(std::type_identity<T>) { bus.forget<T>(); });
}

std::unique_ptr<AnyValue> make_value(event::EventBus& bus, Type type) {
    return with_type(type, [&]<class T>(std::type_identity<T>) -> std::unique_ptr<AnyValue> {
        return std::make_unique<ValueOf<T>>(bus.value<T>());
    });
}

std::unique_ptr<AnyValue> make_value(boost::asio::io_context& context, Type type) {
    return with_type(type, [&]<class T>(std::type_identity<T>) -> std::unique_ptr<AnyValue> {
        return std::make_unique<ValueOf<T>>(event::Value<T>(context));
    });
}

}  // namespace model
