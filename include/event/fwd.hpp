#pragma once

/// The classes of the core, declared: for headers that only mention them. Default template arguments are written here
/// and nowhere else.

#include <event/detail/requirements.hpp>

#include <cstdint>

namespace boost::asio {
class any_io_executor;
}

namespace event {

enum class errc : std::uint8_t;

class EventBus;
template <class... Ts>
class Emitter;
struct EmitResult;

template <class Executor, class... Ts>
class BasicSubscription;
template <class... Ts>
using Subscription = BasicSubscription<boost::asio::any_io_executor, Ts...>;

template <class... Ts>
class Delivery;
struct Meta;

template <class T>
class Value;
template <class T>
class ValueView;
template <class T>
class Snapshot;
template <class Executor, class T, class Projection = void>
class BasicWatcher;
template <class T, class Projection = void>
using Watcher = BasicWatcher<boost::asio::any_io_executor, T, Projection>;

class Connection;
struct NotFrom;
template <class Projection, class... Keys>
struct WhereKey;
template <class Key, class Removes>
struct RetainBy;
struct NothingRemoves;

class AnyEvent;
template <class... Bases>
struct Interfaces;
template <class Base>
struct Implements;
template <class Tag, class T>
struct Tagged;

struct BusStarted;
struct BusOptions;
struct EmitterOptions;
struct SubscriptionOptions;
struct SlowSubscriber;
struct TopicStat;
struct TopicReport;
struct EmitterReport;
struct ValueReport;
struct BusReport;
struct SubscriptionStat;

}  // namespace event
