/// P17: messages of `event::net::Messenger` over pairs of unix sockets, all ends on one thread, so that what is seen is
/// the work. The peer is a length before each message, and a loop of Asio's (`FrameEnd`): no types, names of peers,
/// bounded queues, limits or acknowledgements.

#include "check.hpp"
#include "event.hpp"
#include "link_ends.hpp"
#include "steady_state.hpp"

#include <event/net/messenger.hpp>

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <sys/resource.h>
#include <utility>
#include <vector>

namespace bench {
namespace {

using namespace std::chrono_literals;
using event::net::Dialed;
using event::net::PeerId;
using Socket = Unix::Socket;
using Messenger = event::net::Messenger<Sample>;
using Link = event::net::Link<Socket>;

constexpr std::size_t room = 4 * batch;

void allow_descriptors_for_all() {
    rlimit limit{};
    check(getrlimit(RLIMIT_NOFILE, &limit) == 0, "no limit of descriptors");
    limit.rlim_cur = limit.rlim_max;
    check(setrlimit(RLIMIT_NOFILE, &limit) == 0, "the limit of descriptors cannot be raised");
}

/// A messenger, and what it has links for.
class MessengerEnd {
public:
    MessengerEnd(asio::io_context& io, bool is_reliable)
        : bus_(io), messenger_(bus_, {.reliable = is_reliable, .capacity = room, .inbox = room, .max_peers = 2'000}) {}

    void add(Socket&& socket, const PeerId& peer, Dialed by) {
        Link& link = links_.emplace_back(bus_, std::move(socket));
        messenger_.attach(link, peer, by);
        link.async_run([](event::net::error_code) {});
    }
    void take(Take<Sample> take) {
        handling_ =
            messenger_.on<Sample>([take = std::move(take)](const PeerId&, const Sample& sample) { take(sample); });
    }
    void answer() {
        handling_ = messenger_.on<Sample>([](const PeerId&, const Sample& sample) { return sample; });
    }
    [[nodiscard]] Messenger& messenger() { return messenger_; }
    [[nodiscard]] std::size_t connected() const { return messenger_.peers().try_get()->get().size(); }

private:
    event::EventBus bus_;
    Messenger messenger_;
    std::deque<Link> links_;
    event::net::Handling handling_;
};

/// One that sends, and many that it has links to.
class MessengerStar {
public:
    MessengerStar(asio::io_context& io, std::size_t count, bool is_reliable, const Take<Sample>& take)
        : hub_(io, is_reliable) {
        for (std::size_t i = 0; i < count; ++i) {
            Socket here(io), there(io);
            Unix::connect(here, there);
            names_.push_back("peer " + std::to_string(i));
            hub_.add(std::move(here), names_.back(), Dialed::here);
            auto& far = far_.emplace_back(io, is_reliable);
            far.add(std::move(there), "hub", Dialed::there);
            far.take(take);
        }
        while (hub_.connected() != count) io.run_one();
    }
    void send(std::size_t peer, const Sample& sample) {
        check(static_cast<bool>(hub_.messenger().send(names_[peer], sample)), "refused");
    }
    void broadcast(const Sample& sample) {
        check(hub_.messenger().broadcast(sample) == names_.size(), "a peer is missing");
    }
    void flush() {}

private:
    MessengerEnd hub_;
    std::deque<MessengerEnd> far_;
    std::vector<PeerId> names_;
};

struct Plain : MessengerStar {
    Plain(asio::io_context& io, std::size_t count, const Take<Sample>& take) : MessengerStar(io, count, false, take) {}
};
struct Reliable : MessengerStar {
    Reliable(asio::io_context& io, std::size_t count, const Take<Sample>& take)
        : MessengerStar(io, count, true, take) {}
};

class Frames {
    using End = FrameEnd<Sample, Socket>;

public:
    Frames(asio::io_context& io, std::size_t count, const Take<Sample>& take) {
        for (std::size_t i = 0; i < count; ++i) {
            Socket here(io), there(io);
            Unix::connect(here, there);
            near_.push_back(std::make_unique<End>(io, std::move(here), [](const Sample&) {}));
            far_.push_back(std::make_unique<End>(io, std::move(there), take));
        }
    }
    void send(std::size_t peer, const Sample& sample) { near_[peer]->send(sample); }
    void broadcast(const Sample& sample) {
        for (auto& end : near_) end->send(sample);
    }
    void flush() {
        for (auto& end : near_) end->flush();
    }

private:
    std::vector<std::unique_ptr<End>> near_, far_;
};

/// An iteration is one message at one peer. `each_turn` sends so many as it says, to a star of that many.
template <class Star, class EachTurn>
void messages(benchmark::State& state, std::size_t peers, std::size_t under_way, const EachTurn& each_turn) {
    allow_descriptors_for_all();
    asio::io_context io;
    std::uint64_t taken = 0, due = 0;
    Star star(io, peers, [&](const Sample&) { ++taken; });
    auto sample = make<Sample>();
    const auto turn = [&] {
        each_turn(star, sample);
        star.flush();
        due += under_way;
        while (taken != due) io.run_one();
    };
    constexpr int turns_to_warm_up = 16;
    for (int i = 0; i < turns_to_warm_up; ++i) turn();
    const SteadyState steady(state);
    while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(under_way))) turn();
}

template <class Star>
void one_to_one(benchmark::State& state) {
    messages<Star>(state, 1, batch, [](Star& star, Sample& sample) {
        for (std::size_t i = 0; i < batch; ++i) {
            ++sample.number;
            star.send(0, sample);
        }
    });
}

template <class Star>
void broadcast(benchmark::State& state) {
    constexpr std::size_t peers = 16;
    messages<Star>(state, peers, batch * peers, [](Star& star, Sample& sample) {
        for (std::size_t i = 0; i < batch; ++i) {
            ++sample.number;
            star.broadcast(sample);
        }
    });
}

/// To each of them in turn.
template <class Star>
void many_peers(benchmark::State& state) {
    constexpr std::size_t peers = 1'000;
    messages<Star>(state, peers, peers, [](Star& star, Sample& sample) {
        for (std::size_t i = 0; i < peers; ++i) {
            ++sample.number;
            star.send(i, sample);
        }
    });
}

// ---- requests -----------------------------------------------------------------------------------------------------

/// An iteration is a question and its answer, one at a time.
void request(benchmark::State& state) {
    asio::io_context io;
    Socket one(io), other(io);
    Unix::connect(one, other);
    MessengerEnd near(io, false), far(io, false);
    near.add(std::move(one), "far", Dialed::here);
    far.add(std::move(other), "near", Dialed::there);
    far.answer();
    const auto sample = make<Sample>();
    std::uint64_t answered = 0, asked = 0;
    const auto turn = [&] {
        near.messenger().async_request<Sample>("far", sample, 10s, [&](event::net::error_code error, const Sample&) {
            check(!error, "no answer");
            ++answered;
        });
        ++asked;
        while (answered != asked) io.run_one();
    };
    constexpr int turns_to_warm_up = 16;
    for (int i = 0; i < turns_to_warm_up; ++i) turn();
    const SteadyState steady(state);
    for (auto iteration : state) {
        static_cast<void>(iteration);
        turn();
    }
}

/// The peer: what comes is sent back.
void request_by_frames(benchmark::State& state) {
    using End = FrameEnd<Sample, Socket>;
    asio::io_context io;
    Socket one(io), other(io);
    Unix::connect(one, other);
    std::uint64_t answered = 0, asked = 0;
    End* answering = nullptr;
    End near(io, std::move(one), [&](const Sample&) { ++answered; });
    End far(io, std::move(other), [&](const Sample& sample) {
        answering->send(sample);
        answering->flush();
    });
    answering = &far;
    const auto sample = make<Sample>();
    const SteadyState steady(state);
    for (auto iteration : state) {
        static_cast<void>(iteration);
        near.send(sample);
        near.flush();
        ++asked;
        while (answered != asked) io.run_one();
    }
}

// ---- ten good peers, and bad ones -----------------------------------------------------------------------------------

/// Comes, says something that is no link, is turned out, and comes again.
class Hostile {
public:
    Hostile(asio::io_context& io, MessengerEnd& victim) : io_(io), victim_(victim) { come(); }
    /// At most once a millisecond.
    void act() {
        const auto now = std::chrono::steady_clock::now();
        if (now - came_at_ > 1ms) come();
    }

private:
    void come() {
        came_at_ = std::chrono::steady_clock::now();
        Socket here(io_);
        socket_.emplace(io_);
        Unix::connect(here, *socket_);
        victim_.add(std::move(here), "hostile", Dialed::there);
        boost::system::error_code error;
        socket_->write_some(asio::buffer("GET / HTTP/1.1\r\n\r\n", 18), error);
    }

    asio::io_context& io_;
    MessengerEnd& victim_;
    std::optional<Socket> socket_;
    std::chrono::steady_clock::time_point came_at_;
};

/// An iteration is a question to each of ten, and their answers. `has_bad`: beside one that never reads, and whose
/// queue is full, one that has no link, whose queue is full, too, and one that breaks the protocol a thousand times a
/// second; each is sent a message in each iteration.
template <bool has_bad>
void ten_good(benchmark::State& state) {
    constexpr std::size_t good = 10;
    allow_descriptors_for_all();
    asio::io_context io;
    MessengerEnd hub(io, false);
    std::deque<MessengerEnd> far;
    std::vector<PeerId> names;
    for (std::size_t i = 0; i < good; ++i) {
        Socket here(io), there(io);
        Unix::connect(here, there);
        names.push_back("good " + std::to_string(i));
        hub.add(std::move(here), names.back(), Dialed::here);
        auto& end = far.emplace_back(io, false);
        end.add(std::move(there), "hub", Dialed::there);
        end.answer();
    }
    asio::io_context never_run;
    Socket here(io), there(never_run);
    Unix::connect(here, there);
    std::optional<MessengerEnd> slow;
    std::optional<Hostile> hostile;
    if constexpr (has_bad) {
        slow.emplace(never_run, false);
        slow->add(std::move(there), "hub", Dialed::there);
        hub.add(std::move(here), "slow", Dialed::here);
        hostile.emplace(io, hub);
    }
    while (hub.connected() < good) io.run_one();
    const auto sample = make<Sample>();
    std::uint64_t answered = 0, asked = 0;
    const auto turn = [&] {
        if constexpr (has_bad) {
            for (const char* bad : {"slow", "dead", "hostile"}) hub.messenger().send(bad, sample);
            hostile->act();
        }
        for (const PeerId& name : names) {
            hub.messenger().async_request<Sample>(name, sample, 10s, [&](event::net::error_code error, const Sample&) {
                check(!error, "no answer");
                ++answered;
            });
            ++asked;
        }
        while (answered != asked) io.run_one();
    };
    for (std::size_t i = 0; i < 2 * room; ++i) turn();
    const SteadyState steady(state);
    for (auto iteration : state) {
        static_cast<void>(iteration);
        turn();
    }
}

BENCHMARK(one_to_one<Plain>)->Name("P17/one_to_one/eventbus");
BENCHMARK(one_to_one<Reliable>)->Name("P17/one_to_one_reliable/eventbus");
BENCHMARK(one_to_one<Frames>)->Name("P17/one_to_one/asio_frames");
BENCHMARK(broadcast<Plain>)->Name("P17/broadcast_16/eventbus");
BENCHMARK(broadcast<Reliable>)->Name("P17/broadcast_16_reliable/eventbus");
BENCHMARK(broadcast<Frames>)->Name("P17/broadcast_16/asio_frames");
BENCHMARK(many_peers<Plain>)->Name("P17/1000_peers/eventbus");
BENCHMARK(many_peers<Reliable>)->Name("P17/1000_peers_reliable/eventbus");
BENCHMARK(many_peers<Frames>)->Name("P17/1000_peers/asio_frames");
BENCHMARK(request)->Name("P17/request/eventbus");
BENCHMARK(request_by_frames)->Name("P17/request/asio_frames");
BENCHMARK(ten_good<false>)->Name("P17/ten_good/eventbus");
BENCHMARK(ten_good<true>)->Name("P17/ten_good_beside_bad/eventbus");

}  // namespace
}  // namespace bench
