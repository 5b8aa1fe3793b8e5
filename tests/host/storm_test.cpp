/// Very many connections.

#include "address.hpp"
#include "frame.hpp"
#include "host_support.hpp"

#include <boost/asio/write.hpp>

#include <random>
#include <set>
#include <sys/resource.h>

namespace storm_test {

using namespace host_support;

/// How many connections this process may have open at once, both ends in it: as many as the system allows.
std::size_t possible_connections() {
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 8192);
    ::setrlimit(RLIMIT_NOFILE, &limit);
    return limit.rlim_cur / 2 - 50;
}

/// Peers that connect, greet, and go with a reset, so that no port stays taken.
class Crowd {
public:
    Crowd(asio::io_context& io, const tcp::endpoint& where) : io_(io), where_(where) {}

    void come() {
        tcp::socket& peer = peers_.emplace_back(io_);
        peer.connect(where_);
        asio::write(peer, asio::buffer(greeting));
    }
    void leave(std::size_t which) {
        std::swap(peers_[which], peers_.back());
        peers_.back().set_option(tcp::socket::linger(true, 0));
        peers_.back().close();
        peers_.pop_back();
    }
    [[nodiscard]] std::size_t size() const { return peers_.size(); }

private:
    asio::io_context& io_;
    const tcp::endpoint where_;
    std::vector<tcp::socket> peers_;
};

struct Storm : HostTest {
    HostOptions options = [] {
        HostOptions made = quiet_options("host");
        made.is_quiet = true;
        made.swarm.max_connections = 10'000;
        made.connections = {.high_water = 10'000, .low_water = 10'000};
        return made;
    }();

    /// The swarm, the manager and the book all say the same.
    static bool all_agree(const Host& host) {
        const auto network = *host.network().try_get();
        std::size_t in_book = 0;
        for (const auto& [id, entry] : host.book().entries()) in_book += entry.is_connected ? 1 : 0;
        return (*host.connections().try_get())->open == network->connections.size() &&
               in_book == network->connections.size();
    }
    static void expect_book_is_true(const Host& host) {
        std::set<ConnectionId> truth;
        for (const ConnectionInfo& info : (*host.network().try_get())->connections) truth.insert(info.id);
        std::set<ConnectionId> known;
        for (const auto& [id, entry] : host.book().entries())
            if (entry.is_connected) known.insert(id);
        EXPECT_EQ(known, truth);
    }
};

TEST_F(Storm, OfTwoThousandConnections) {
    const auto host = make(options);
    Crowd crowd(io, host->listen(any_port));
    const std::size_t at_once = std::min<std::size_t>(2000, possible_connections());
    std::size_t came = 0;
    while (came < 2000) {
        // nobody is accepted, and nothing is read, before all of the wave are there: it comes as one
        for (; crowd.size() < at_once && came < 2000; ++came) crowd.come();
        ASSERT_TRUE(run_until(io, [&] { return open_connections(*host) == crowd.size(); }));
        ASSERT_TRUE(run_until(io, [&] { return all_agree(*host); }));
        expect_book_is_true(*host);
        while (crowd.size() != 0) crowd.leave(crowd.size() - 1);
        ASSERT_TRUE(run_until(io, [&] { return open_connections(*host) == 0 && all_agree(*host); }));
        expect_book_is_true(*host);
    }
    EXPECT_EQ(host->book().entries().size(), 2000U);
    stop(*host);
    const Report report = host->report();
    EXPECT_EQ(report.opened, 2000U);
    EXPECT_EQ(report.closed, 2000U);
    EXPECT_EQ(report.queues.at("connections").missed, 0U);
    EXPECT_EQ(report.queues.at("connections").delivered, 4000U);
}

TEST_F(Storm, TheCountDoesNotDriftInTenThousandConnectsAndCloses) {
    options.connections = {.high_water = 150, .low_water = 100};
    const auto host = make(options);
    auto counts = host->connections().watch();
    Crowd crowd(io, host->listen(any_port));
    std::minstd_rand random(42);
    std::size_t connects = 0;
    for (std::size_t step = 1; step <= 10'000; ++step) {
        const bool comes = crowd.size() == 0 || (crowd.size() < 200 && random() % 100 < 52);
        if (comes) {
            crowd.come();
            ++connects;
        } else {
            crowd.leave(random() % crowd.size());
        }
        for (auto i = random() % 8; i > 0; --i) {
            io.restart();
            io.poll_one();
        }
        if (const auto count = counts.try_get()) {
            ASSERT_LE((*count)->open, 400U) << "less than none, or drifting";
        }
        if (step % 500 != 0) continue;
        ASSERT_TRUE(
            run_until(io, [&] { return host->bus().stat<ConnEstablished>().emitted == connects && all_agree(*host); }));
    }
    while (crowd.size() != 0) crowd.leave(crowd.size() - 1);
    ASSERT_TRUE(run_until(io, [&] { return open_connections(*host) == 0 && all_agree(*host); }));
    expect_book_is_true(*host);
    stop(*host);
    const Report report = host->report();
    EXPECT_EQ(report.opened, connects);
    EXPECT_EQ(report.closed, connects);
    EXPECT_GT(report.trimmed, 0U);
}

}  // namespace storm_test
