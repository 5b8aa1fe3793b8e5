#include "net/processes/child.hpp"
#include "net/processes/events.hpp"
#ifdef EVENTBUS_HAS_TLS
#include "net/certificates.hpp"

#include <event/net/tls/dialer.hpp>
#endif

#include <event/net/dialer.hpp>
#include <event/net/link.hpp>
#include <event/net/listener.hpp>
#include <event/net/supervisor.hpp>
#include <event/retain_by.hpp>
#include <event/testing.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <unistd.h>
#include <utility>

/// Links between processes, one of which is killed, or stopped, where it hurts. What happens decides when; the time
/// that a test may take at all is the watchdog's.

namespace processes_test {

namespace asio = boost::asio;
using namespace processes;
using namespace std::chrono_literals;
using asio::ip::tcp;
using asio::local::stream_protocol;
using event::net::end_code;
using event::net::error_code;

std::size_t open_files() {
    const std::filesystem::directory_iterator files("/proc/self/fd");
    return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

struct Tcp {
    using Protocol = tcp;
    using Dialer = event::net::TcpDialer;
    using Socket = Dialer::stream_type;
    /// Below the ports that the system gives to who dials: none of those comes to listen to itself.
    Tcp() {
        for (port_ = 20'000 + ::getpid() % 10'000;; ++port_) {
            asio::io_context io;
            tcp::acceptor acceptor(io);
            acceptor.open(tcp::v4());
            acceptor.set_option(tcp::acceptor::reuse_address(true));
            error_code error;
            acceptor.bind(endpoint(), error);
            if (!error) return;
        }
    }
    [[nodiscard]] std::string address() const { return "tcp:127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] tcp::endpoint endpoint() const {
        return {asio::ip::address_v4::loopback(), static_cast<asio::ip::port_type>(port_)};
    }
    [[nodiscard]] std::string port() const { return std::to_string(port_); }
    [[nodiscard]] Dialer dialer(asio::io_context& io) const { return {io, "127.0.0.1", port()}; }
    // what a link of this process runs over
    [[nodiscard]] static Socket as_server(Socket&& socket) { return std::move(socket); }
    [[nodiscard]] static Socket as_client(Socket&& socket) { return std::move(socket); }

private:
    int port_;
};

#ifdef EVENTBUS_HAS_TLS
/// Both sides show the same certificate, which is also for the address.
struct Tls : Tcp {
    using Dialer = event::net::TlsDialer;
    using Stream = Dialer::stream_type;
    Tls() : folder_(testing::TempDir() + "processes_test_certificates." + std::to_string(::getpid())) {
        const certificates::Authority authority("processes");
        const certificates::Pem pem = authority.issue({.name = "process", .alt = "IP:127.0.0.1"});
        std::filesystem::create_directory(folder_);
        write("authority.pem", authority.pem());
        write("certificate.pem", pem.certificate);
        write("key.pem", pem.key);
        ::setenv("EVENTBUS_CERTIFICATES", folder_.c_str(), 1);
        context_.emplace(event::net::TlsOptions{
            .certificate_chain = pem.certificate, .private_key = pem.key, .trusted = authority.pem()});
    }
    ~Tls() { std::filesystem::remove_all(folder_); }
    Tls(const Tls&) = delete;
    Tls& operator=(const Tls&) = delete;
    [[nodiscard]] std::string address() const { return "tls:127.0.0.1:" + port(); }
    [[nodiscard]] Dialer dialer(asio::io_context& io) const { return {io, *context_, "127.0.0.1", port()}; }
    [[nodiscard]] Stream as_server(Socket&& socket) const { return Stream::as_server(std::move(socket), *context_); }
    [[nodiscard]] Stream as_client(Socket&& socket) const {
        return Stream::as_client(std::move(socket), *context_, {.name = "127.0.0.1"});
    }

private:
    void write(const std::string& name, const std::string& text) const { std::ofstream(folder_ + '/' + name) << text; }

    const std::string folder_;
    std::optional<event::net::TlsContext> context_;
};
#endif

struct Unix {
    using Protocol = stream_protocol;
    using Dialer = event::net::LocalDialer;
    using Socket = Dialer::stream_type;
    Unix() { std::filesystem::remove(path_); }
    ~Unix() { std::filesystem::remove(path_); }
    Unix(const Unix&) = delete;
    Unix& operator=(const Unix&) = delete;
    [[nodiscard]] std::string address() const { return "unix:" + path_; }
    [[nodiscard]] stream_protocol::endpoint endpoint() const { return {path_}; }
    [[nodiscard]] Dialer dialer(asio::io_context& io) const { return {io, path_}; }
    [[nodiscard]] static Socket as_server(Socket&& socket) { return std::move(socket); }
    [[nodiscard]] static Socket as_client(Socket&& socket) { return std::move(socket); }

private:
    const std::string path_ = testing::TempDir() + "processes_test." + std::to_string(::getpid());
};

template <class Kind>
class Processes : public testing::Test {
protected:
    using Socket = typename Kind::Socket;
    using Link = event::net::Link<typename Kind::Dialer::stream_type>;

    /// Until it holds, looking at `after_each` whatever happens; false if it takes far too long.
    template <class Condition>
    [[nodiscard]] bool run_until(Condition holds) {
        const auto watchdog = std::chrono::steady_clock::now() + 40s;
        io_.restart();
        while (!holds()) {
            if (std::chrono::steady_clock::now() > watchdog || io_.run_one_for(20s) == 0) return false;
            if (after_each_) after_each_();
        }
        return true;
    }
    std::unique_ptr<Child> start(const std::string& what, std::uint64_t number, const std::string& waits = {}) {
        std::vector<std::string> arguments{EVENTBUS_NET_PROCESS, what, kind_.address(), std::to_string(number)};
        if (!waits.empty()) arguments.push_back(waits);
        return std::make_unique<Child>(io_, std::move(arguments));
    }
    static event::net::LinkOptions quiet() {
        event::net::LinkOptions options;
        options.on_subscription_ended = [](const auto&) {};
        options.on_slow_subscriber = [](const auto&) {};
        return options;
    }
    static event::net::SupervisorOptions soon(event::net::LinkOptions link = quiet()) {
        return {.link = std::move(link), .first_backoff = 2ms, .longest_backoff = 20ms, .jitter = 3ms};
    }

    Kind kind_;
    asio::io_context io_;
    std::function<void()> after_each_;
};

struct Names {
    template <class Kind>
    static std::string GetName(int) {
        if (std::is_same_v<Kind, Unix>) return "Unix";
        return std::is_same_v<Kind, Tcp> ? "Tcp" : "Tls";
    }
};
#ifdef EVENTBUS_HAS_TLS
using Kinds = testing::Types<Tcp, Unix, Tls>;
#else
using Kinds = testing::Types<Tcp, Unix>;
#endif
TYPED_TEST_SUITE(Processes, Kinds, Names);

/// What one side may believe of a server that is killed again and again.
class Witness {
public:
    template <class Supervisor>
    Witness(event::EventBus& bus, Supervisor& supervisor)
        : bus_(bus),
          ticks_(supervisor.template subscribe<Tick>({.capacity = 100'000})),
          level_(supervisor.template watch<Level>()),
          rooms_(bus.subscribe<Room>({.capacity = 100'000})) {
        supervisor.template mirror<Room>({}, event::retain_by(&Room::room));
    }

    void look() {
        while (const auto tick = ticks_.try_receive()) {
            ++count_;
            if ((*tick)->life == life_) {
                ASSERT_EQ((*tick)->number, number_ + 1 + tick->missed()) << "each is there or counted";
            } else {
                ASSERT_GT((*tick)->life, life_);
                if (life_ != 0) {
                    ASSERT_GE(tick->missed(), 1U) << "of a new life";
                }
                lives_ += 1;
                count_ = 1;
            }
            life_ = (*tick)->life;
            number_ = (*tick)->number;
        }
        if (const auto level = level_.try_get()) {
            ASSERT_GE((*level)->life, life_) << "a dead one's value";
            const auto now = std::pair((*level)->life, (*level)->number);
            ASSERT_GE(now, level_seen_);
            level_seen_ = now;
        }
        while (const auto room = rooms_.try_receive()) {
            const auto now = std::pair((*room)->life, (*room)->number);
            ASSERT_GE((*room)->life, life_);
            ASSERT_GE(now, rooms_seen_[(*room)->room]);
            rooms_seen_[(*room)->room] = now;
        }
    }
    /// What the bus here shows whoever comes now: the rooms of one life.
    void look_at_what_is_retained() {
        auto rooms = bus_.subscribe<Room>({.capacity = 1'000});
        while (const auto room = rooms.try_receive()) ASSERT_GE((*room)->life, life_) << (*room)->room;
    }
    [[nodiscard]] bool has_all_rooms_of(std::uint64_t life) {
        auto rooms = bus_.subscribe<Room>({.capacity = 1'000});
        std::size_t count = 0;
        while (const auto room = rooms.try_receive()) {
            if ((*room)->life != life) return false;
            ++count;
        }
        return count == common_rooms + 1;
    }
    [[nodiscard]] std::uint64_t life() const { return life_; }
    [[nodiscard]] std::uint64_t lives() const { return lives_; }
    [[nodiscard]] std::uint64_t count() const { return count_; }
    [[nodiscard]] std::uint64_t level_of() const { return level_seen_.first; }

private:
    event::EventBus& bus_;
    event::Subscription<Tick> ticks_;
    event::ValueView<Level> level_;
    event::Subscription<Room> rooms_;
    std::uint64_t life_ = 0, number_ = 0, lives_ = 0, count_ = 0;
    std::pair<std::uint64_t, std::uint64_t> level_seen_;
    std::map<std::uint64_t, std::pair<std::uint64_t, std::uint64_t>> rooms_seen_;
};

TYPED_TEST(Processes, BelieveNothingOfADeadServer) {
#ifdef EVENTBUS_LONG_STRESS
    constexpr std::uint64_t lives = 150;
#else
    constexpr std::uint64_t lives = 12;
#endif
    std::size_t files = 0;
    for (const bool is_first : {true, false}) {
        event::EventBus bus(this->io_, {.on_slow_subscriber = [](const auto&) {}});
        event::net::Supervisor supervisor(bus, this->kind_.dialer(this->io_), this->soon());
        Witness witness(bus, supervisor);
        std::optional<error_code> result;
        supervisor.async_run([&](const error_code& error) { result = error; });
        this->after_each_ = [&] { witness.look(); };
        for (std::uint64_t life = 1; life <= (is_first ? 1 : lives); ++life) {
            SCOPED_TRACE(life);
            auto server = this->start("serve", life);
            ASSERT_TRUE(this->run_until([&] { return !server->lines().empty(); }));
            const std::uint64_t links = supervisor.stat().links;
            switch (life % 4) {
                case 0:  // as soon as it listens
                    break;
                case 1:  // as soon as it has said HELLO
                    ASSERT_TRUE(this->run_until([&] { return supervisor.stat().links > links; }));
                    break;
                case 2: {  // somewhere in its events
                    const std::uint64_t enough = life * 37 % 101;
                    ASSERT_TRUE(this->run_until([&] { return witness.life() == life && witness.count() >= enough; }));
                    break;
                }
                default:
                    ASSERT_TRUE(this->run_until([&] {
                        return witness.life() == life && witness.level_of() == life && witness.has_all_rooms_of(life);
                    }));
                    break;
            }
            ASSERT_FALSE(testing::Test::HasFatalFailure());
            server->kill();
            witness.look_at_what_is_retained();
            if constexpr (std::is_same_v<TypeParam, Unix>) {
                EXPECT_TRUE(std::filesystem::exists(this->kind_.endpoint().path())) << "left behind";
            }
        }
        EXPECT_GE(witness.lives(), is_first ? 0 : lives / 2);
        supervisor.close();
        ASSERT_TRUE(this->run_until([&] { return result.has_value(); }));
        EXPECT_FALSE(*result);
        EXPECT_EQ(bus.stat<Room>().replayable, 0U) << "nothing of the dead";
        this->after_each_ = nullptr;
        if (is_first) files = open_files();
    }
    EXPECT_EQ(open_files(), files);
}

TYPED_TEST(Processes, TakeNoPlaceOfAServerThatLives) {
    auto server = this->start("serve", 1);
    ASSERT_TRUE(this->run_until([&] { return !server->lines().empty(); }));
    const auto second = this->start("serve", 2);
    EXPECT_EQ(second->wait(), 1);
    event::EventBus bus(this->io_);
    event::net::Supervisor supervisor(bus, this->kind_.dialer(this->io_), this->soon());
    const auto level = supervisor.template watch<Level>();
    supervisor.async_run([](const error_code&) {});
    ASSERT_TRUE(this->run_until([&] { return level.try_get().has_value(); }));
    EXPECT_EQ((*level.try_get())->life, 1U);
}

TYPED_TEST(Processes, GoOnWhereTheServerWasStopped) {
    event::net::LinkOptions link = this->quiet();
    link.times = {.handshake_timeout = 1s, .ping_interval = 200ms, .pong_timeout = 200ms, .close_timeout = 100ms};
    event::EventBus bus(this->io_, {.on_slow_subscriber = [](const auto&) {}});
    event::net::Supervisor supervisor(bus, this->kind_.dialer(this->io_), this->soon(link));
    auto ticks = supervisor.template subscribe<Tick>({.capacity = 100'000});
    const auto level = supervisor.template watch<Level>();
    supervisor.async_run([](const error_code&) {});
    auto server = this->start("serve", 1);
    ASSERT_TRUE(this->run_until([&] { return ticks.stat().size > 10; }));
    server->signal(SIGSTOP);
    ASSERT_TRUE(this->run_until([&] {
        const auto reason = supervisor.stat().last_reason;
        return reason && reason->code == end_code::pong_timeout && reason->by == event::net::Side::here;
    }));
    std::uint64_t last = 0;
    for (const auto& tick : event::testing::take_all(ticks)) last = tick->number;
    EXPECT_FALSE(level.try_get()) << "nobody knows it any more";
    server->signal(SIGCONT);
    ASSERT_TRUE(this->run_until([&] { return ticks.stat().size > 10 && level.try_get(); }));
    const auto after = ticks.try_receive();
    EXPECT_GT((*after)->number, last);
    EXPECT_GE(after->missed(), 1U);
    EXPECT_EQ((*after)->life, 1U);
    EXPECT_GE((*level.try_get())->number, last / 3);
}

/// The server is in this process; who dials it is another one, or, for comparison, a link of this one.
template <class Kind>
class AServerOfProcesses : public Processes<Kind> {
protected:
    using typename Processes<Kind>::Socket;
    using typename Processes<Kind>::Link;
    struct Served {
        std::unique_ptr<Link> link;
        std::optional<error_code> result;
    };

    Served& accept(event::net::LinkOptions options = Processes<Kind>::quiet()) {
        Socket socket(this->io_);
        acceptor_.accept(socket);
        Served& served = served_.emplace_back();
        served.link = std::make_unique<Link>(bus_, this->kind_.as_server(std::move(socket)), std::move(options));
        served.link->template serve<Tick>({.capacity = 16, .on_full = event::DropOldest{}});
        served.link->template serve<Level>();
        served.link->template serve<Room>({}, event::net::by_key(&Room::room));
        served.link->async_run([&served](const error_code& error) { served.result = error; });
        return served;
    }
    /// A good one, on a bus of its own.
    void dial() {
        Socket socket(this->io_);
        socket.connect(this->kind_.endpoint());
        good_ = std::make_unique<Link>(good_bus_, this->kind_.as_client(std::move(socket)), Processes<Kind>::quiet());
        good_ticks_.emplace(good_->template subscribe<Tick>({.capacity = 100'000}));
        good_->async_run([](const error_code&) {});
        accept();
    }
    void emit(std::size_t size = 0, bool is_last = false) {
        ticks_.emit({.life = 1, .number = ++number_, .text = std::string(size, 'x'), .is_last = is_last});
        level_.set({1, number_});
        rooms_.emit({number_ % common_rooms, 1, number_});
    }
    /// The good one has all that was emitted.
    [[nodiscard]] bool run_until_good_has_all() {
        return this->run_until([&] {
            while (const auto tick = good_ticks_->try_receive()) {
                EXPECT_EQ((*tick)->number, good_number_ + 1);
                good_number_ = (*tick)->number;
            }
            return good_number_ == number_;
        });
    }
    [[nodiscard]] std::size_t subscribers() const { return bus_.template stat<Tick>().subscribers; }

    typename Kind::Protocol::acceptor acceptor_{this->io_, this->kind_.endpoint()};
    event::EventBus bus_{this->io_, {.on_slow_subscriber = [](const auto&) {}}};
    event::EventBus good_bus_{this->io_, {.on_slow_subscriber = [](const auto&) {}}};
    event::Emitter<Tick> ticks_ = bus_.template emitter<Tick>();
    event::Value<Level> level_ = bus_.template value<Level>();
    event::Emitter<Room> rooms_ = bus_.template emitter<Room>({}, event::retain_by(&Room::room));
    std::uint64_t number_ = 0, good_number_ = 0;
    std::list<Served> served_;
    std::unique_ptr<Link> good_;
    std::optional<event::Subscription<Tick>> good_ticks_;
};
TYPED_TEST_SUITE(AServerOfProcesses, Kinds, Names);

TYPED_TEST(AServerOfProcesses, LosesAClientThatIsKilledAndNoOther) {
    this->dial();
    ASSERT_TRUE(this->run_until([&] { return this->subscribers() == 1; }));
    const std::size_t files = open_files();
    for (int round = 0; round < 10; ++round) {
        auto client = this->start("consume", 0);
        auto& served = this->accept();
        if (round % 2 == 0) {
            ASSERT_TRUE(this->run_until([&] { return this->subscribers() == 2; }));
            for (int i = 0; i <= round; ++i) this->emit(2'000);
            if (round % 4 == 0) {
                ASSERT_TRUE(this->run_until([&] { return client->has_said("received the first"); }));
            }
        }
        client->kill();
        for (int i = 0; i < 4; ++i) this->emit(2'000);
        ASSERT_TRUE(this->run_until([&] { return served.result.has_value(); }));
        // of TLS maybe in the midst of its handshake
        EXPECT_TRUE(*served.result == end_code::lost ||
                    (this->kind_.address().starts_with("tls") && *served.result == end_code::handshake_failed))
            << served.result->message();
        EXPECT_EQ(served.link->stat().held, 0U);
        EXPECT_EQ(this->subscribers(), 1U);
        client.reset();
        EXPECT_EQ(open_files(), files);
        ASSERT_TRUE(this->run_until_good_has_all());
    }
    EXPECT_FALSE(this->served_.front().result);
}

TYPED_TEST(AServerOfProcesses, IsNotHeldUpByAClientThatIsStopped) {
    this->dial();
    auto client = this->start("consume", 0);
    auto& served = this->accept();
    ASSERT_TRUE(this->run_until([&] { return this->subscribers() == 2; }));
    this->emit();
    ASSERT_TRUE(this->run_until([&] { return client->has_said("received the first"); }));
    client->signal(SIGSTOP);
    const auto has_lost = [&] {
        const auto report = this->bus_.report();
        return std::ranges::any_of(report.subscriptions, [](const auto& one) { return one.lost > 0; });
    };
    std::size_t most = 0;
    for (int after = 0; after < 50; after += has_lost() ? 1 : 0) {
        this->emit(20'000);
        ASSERT_TRUE(this->run_until_good_has_all()) << "at once, whatever another one does";
        most = std::max(most, served.link->stat().held);
        ASSERT_LT(this->number_, 100'000U);
    }
    EXPECT_LT(most, std::size_t{1} << 20);
    EXPECT_FALSE(served.result);
    client->signal(SIGCONT);
    this->emit(0, true);
    ASSERT_TRUE(this->run_until([&] { return client->lines().size() == 2; }));
    std::uint64_t received = 0, missed = 0;
    ASSERT_EQ(std::sscanf(client->lines().back().c_str(), "received %lu missed %lu", &received, &missed), 2);
    EXPECT_GT(missed, 0U);
    EXPECT_EQ(received + missed, this->number_);
    EXPECT_EQ(client->wait(), 0);
}

TYPED_TEST(AServerOfProcesses, EndsTheLinkOfAClientThatIsStoppedForTooLong) {
    this->dial();
    auto client = this->start("consume", 0);
    event::net::LinkOptions options = this->quiet();
    options.times = {.ping_interval = 200ms, .pong_timeout = 200ms, .close_timeout = 100ms};
    auto& served = this->accept(options);
    ASSERT_TRUE(this->run_until([&] { return this->subscribers() == 2; }));
    client->signal(SIGSTOP);
    ASSERT_TRUE(this->run_until([&] { return served.result.has_value(); }));
    EXPECT_EQ(*served.result, end_code::pong_timeout);
    EXPECT_EQ(this->subscribers(), 1U);
    this->emit();
    EXPECT_TRUE(this->run_until_good_has_all());
}

}  // namespace processes_test
