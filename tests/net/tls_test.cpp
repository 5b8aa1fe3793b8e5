#include "certificates.hpp"
#include "link_fixture.hpp"

#include <event/net/listener.hpp>
#include <event/net/supervisor.hpp>
#include <event/net/tls/acceptor.hpp>
#include <event/net/tls/context.hpp>
#include <event/net/tls/dialer.hpp>
#include <event/net/tls/stream.hpp>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/system/system_error.hpp>

#include <gmock/gmock.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <functional>
#include <list>
#include <memory>
#include <openssl/ssl.h>
#include <optional>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

/// `event::net_tls`: links whose sides prove who they are.

namespace tls_test {

using namespace links;
using namespace std::chrono_literals;
using asio::ip::tcp;
using certificates::Authority;
using certificates::day;
using event::net::TlsContext;
using testing::AllOf;
using testing::HasSubstr;

const Authority& authority() {
    static const Authority one("our authority");
    return one;
}
const Authority& stranger() {
    static const Authority one("another authority");
    return one;
}
TlsContext context(const Authority& issuer, const certificates::Wanted& wanted, const Authority& trusted) {
    const auto pem = issuer.issue(wanted);
    return TlsContext({.certificate_chain = pem.certificate, .private_key = pem.key, .trusted = trusted.pem()});
}
TlsContext relay() {
    return context(authority(), {.name = "relay", .alt = "DNS:relay.example,IP:127.0.0.1"}, authority());
}
TlsContext alice() {
    return context(authority(), {.name = "alice", .alt = "DNS:alice.example,URI:node:alice"}, authority());
}
/// Of who trusts our authority, and has nothing to show.
TlsContext nobody() {
    asio::ssl::context context(asio::ssl::context::tls);
    context.add_certificate_authority(asio::buffer(authority().pem()));
    return TlsContext(std::move(context));
}

// ---- in memory: two links, driven by hand --------------------------------------------------------------------

/// An end as `ssl::stream` wants it.
class Layer : public duplex::End {
public:
    using lowest_layer_type = Layer;
    explicit Layer(duplex::End&& end) : End(std::move(end)) {}
    [[nodiscard]] lowest_layer_type& lowest_layer() { return *this; }
};
using Stream = event::net::BasicTlsStream<Layer>;

template <class Stream>
struct Side {
    Side(asio::io_context& io, Stream stream, LinkOptions options = {}) : bus(io) {
        options.on_subscription_ended = [](const auto&) {};
        link.emplace(bus, std::move(stream), std::move(options));
        link->template serve<Count>();
    }
    void run() {
        link->async_run(
            asio::bind_cancellation_slot(cancel.slot(), [this](const error_code& error) { result = error; }));
    }
    [[nodiscard]] std::string reason() const { return to_string(link->stat().reason.value()); }
    [[nodiscard]] LinkState state() const { return link->stat().state; }

    event::EventBus bus;
    asio::cancellation_signal cancel;
    std::optional<error_code> result;
    std::optional<event::net::Link<Stream>> link;
};

class ATlsLink : public testing::Test {
protected:
    using Ends = std::pair<duplex::End, duplex::End>;

    void connect(TlsContext client, TlsContext server, event::net::TlsExpected expected = {.name = "relay.example"},
                 LinkOptions client_options = {}, LinkOptions server_options = {}) {
        Ends ends = make_ends();
        client_.emplace(io_, Stream::as_client(Layer(std::move(ends.first)), std::move(client), std::move(expected)),
                        std::move(client_options));
        server_.emplace(io_, Stream::as_server(Layer(std::move(ends.second)), std::move(server)),
                        std::move(server_options));
    }
    void run() {
        client_->run();
        server_->run();
        drive(io_);
    }
    Ends make_ends() {
        Ends ends = duplex::pair(io_);
        out_.emplace(ends.first.outgoing());
        back_.emplace(ends.second.outgoing());
        return ends;
    }
    void pass(std::chrono::steady_clock::duration time) { event::testing::drive_for(io_, clock_, time); }
    void expect_failure() {
        run();
        ASSERT_TRUE(client_->result && server_->result);
        EXPECT_EQ(*client_->result, end_code::handshake_failed);
        EXPECT_EQ(*server_->result, end_code::handshake_failed);
    }

    asio::io_context io_;
    event::testing::ManualClock clock_{io_};
    std::optional<duplex::Pipe> out_;   // from the client
    std::optional<duplex::Pipe> back_;  // from the server
    std::optional<Side<Stream>> client_;
    std::optional<Side<Stream>> server_;
};

TEST_F(ATlsLink, CarriesEventsAndStatesBothWays) {
    connect(alice(), relay());
    auto counts = client_->link->subscribe<Count>();
    const auto view = server_->link->watch<Count>();
    out_->record();
    run();
    ASSERT_EQ(client_->state(), LinkState::running);
    ASSERT_EQ(server_->state(), LinkState::running);
    server_->bus.emitter<Count>().emit({1});
    auto value = client_->bus.value<Count>();
    value.set({2});
    drive(io_);
    EXPECT_EQ((*counts.try_receive())->value, 1);
    EXPECT_EQ((*view.try_get())->value, 2);
    const auto bytes = out_->recorded();
    const std::string wire(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    EXPECT_EQ(wire.find("evnt"), std::string::npos) << "in plain text";
    EXPECT_EQ(wire.find("alice"), std::string::npos) << "in plain text";
}

TEST_F(ATlsLink, KnowsWhoIsOnTheOtherSide) {
    std::optional<event::net::Certificate> of_server, of_client;
    LinkOptions client, server;
    client.on_opened = [&](const event::net::RemoteHello& hello) {
        of_server = hello.certificate;
        return std::optional<Reason>();
    };
    server.on_opened = [&](const event::net::RemoteHello& hello) {
        of_client = hello.certificate;
        return std::optional<Reason>();
    };
    connect(alice(), relay(), {.name = "relay.example"}, std::move(client), std::move(server));
    run();
    ASSERT_TRUE(of_server && of_client);
    EXPECT_EQ(of_server->subject, "CN=relay");
    EXPECT_THAT(of_server->names, testing::ElementsAre("relay.example", "127.0.0.1"));
    EXPECT_EQ(of_client->subject, "CN=alice");
    EXPECT_THAT(of_client->names, testing::ElementsAre("alice.example", "node:alice"));
    EXPECT_EQ(of_client->fingerprint.size(), 64U);
    EXPECT_NE(of_client->fingerprint, of_server->fingerprint);

    connect(alice(), relay(), {.name = "relay.example", .fingerprints = {of_server->fingerprint}});
    expect_failure();  // made anew, so another one
    EXPECT_THAT(client_->reason(), HasSubstr("is none of those that are expected (CN=relay)"));
}

TEST_F(ATlsLink, TakesAnAddressAsItsName) {
    connect(alice(), relay(), {.name = "127.0.0.1"});
    run();
    EXPECT_EQ(client_->state(), LinkState::running);
    connect(alice(), relay(), {.name = "127.0.0.2"});
    expect_failure();
    EXPECT_THAT(client_->reason(), HasSubstr("it is not for '127.0.0.2', but for 'relay.example', '127.0.0.1'"));
}

TEST_F(ATlsLink, TakesAPinnedCertificate) {
    const TlsContext server = relay();
    std::string fingerprint;
    LinkOptions options;
    options.on_opened = [&](const event::net::RemoteHello& hello) {
        fingerprint = hello.certificate->fingerprint;
        return std::optional<Reason>();
    };
    connect(alice(), server, {.name = "relay.example"}, std::move(options));
    run();
    connect(alice(), server, {.name = "relay.example", .fingerprints = {"", fingerprint}});
    run();
    EXPECT_EQ(client_->state(), LinkState::running);
}

TEST_F(ATlsLink, RefusesAServerOfAnotherAuthority) {
    connect(alice(), context(stranger(), {.name = "relay", .alt = "DNS:relay.example"}, authority()));
    expect_failure();
    EXPECT_THAT(client_->reason(), AllOf(HasSubstr("this side refuses the other's certificate"),
                                         HasSubstr("(CN=relay, issued by CN=another authority)")));
    EXPECT_THAT(server_->reason(), HasSubstr("the other side refuses this side's certificate: unknown CA"));
}

TEST_F(ATlsLink, RefusesAServerThatIsCalledOtherwise) {
    connect(alice(), relay(), {.name = "relay.invalid"});
    expect_failure();
    EXPECT_THAT(client_->reason(),
                HasSubstr("it is not for 'relay.invalid', but for 'relay.example', '127.0.0.1' (CN=relay)"));
    EXPECT_THAT(server_->reason(), HasSubstr("the other side refuses this side's certificate: bad certificate"));
}

TEST_F(ATlsLink, RefusesAServerWhoseTimeIsOver) {
    connect(alice(), context(authority(), {.name = "relay", .from = -2 * day, .until = -day}, authority()));
    expect_failure();
    EXPECT_THAT(client_->reason(), HasSubstr("certificate has expired (CN=relay"));
    EXPECT_THAT(server_->reason(), HasSubstr("refuses this side's certificate: certificate expired"));
}

TEST_F(ATlsLink, RefusesAServerWhoseTimeHasNotCome) {
    connect(alice(), context(authority(), {.name = "relay", .from = day, .until = 2 * day}, authority()));
    expect_failure();
    EXPECT_THAT(client_->reason(), HasSubstr("certificate is not yet valid (CN=relay"));
    EXPECT_THAT(server_->reason(), HasSubstr("the other side refuses this side's certificate: "));
}

TEST_F(ATlsLink, RefusesAClientOfAnotherAuthority) {
    connect(context(stranger(), {.name = "mallory"}, authority()), relay());
    expect_failure();
    EXPECT_THAT(server_->reason(), AllOf(HasSubstr("this side refuses the other's certificate"),
                                         HasSubstr("(CN=mallory, issued by CN=another authority)")));
    EXPECT_THAT(client_->reason(), HasSubstr("the other side refuses this side's certificate: unknown CA"));
}

TEST_F(ATlsLink, RefusesAClientWhoseTimeIsOver) {
    connect(context(authority(), {.name = "alice", .from = -2 * day, .until = -day}, authority()), relay());
    expect_failure();
    EXPECT_THAT(server_->reason(), HasSubstr("certificate has expired (CN=alice"));
    EXPECT_THAT(client_->reason(), HasSubstr("refuses this side's certificate: certificate expired"));
}

TEST_F(ATlsLink, RefusesAClientWithoutACertificate) {
    connect(nobody(), relay());
    expect_failure();
    EXPECT_THAT(server_->reason(), HasSubstr("the other side shows no certificate"));
    EXPECT_THAT(client_->reason(), HasSubstr("the other side refuses this side's certificate: certificate required"));
}

/// A context that makes a handshake without any certificates.
TlsContext anonymous() {
    asio::ssl::context context(asio::ssl::context::tls);
    ::SSL_CTX* const native = context.native_handle();
    ::SSL_CTX_set_max_proto_version(native, TLS1_2_VERSION);
    EXPECT_EQ(::SSL_CTX_set_cipher_list(native, "aNULL:@SECLEVEL=0"), 1);
    return TlsContext(std::move(context));
}

TEST_F(ATlsLink, RefusesAServerThatNothingIsKnownOf) {
    auto ends = make_ends();
    client_.emplace(io_, Stream::as_client(Layer(std::move(ends.first)), anonymous(), {.name = "relay.example"}));
    const TlsContext context = anonymous();
    asio::ssl::stream<Layer> mallory(Layer(std::move(ends.second)), context.native());
    mallory.set_verify_mode(asio::ssl::verify_none);
    std::optional<error_code> shaken;
    mallory.async_handshake(asio::ssl::stream_base::server, [&](const error_code& error) { shaken = error; });
    client_->run();
    drive(io_);
    ASSERT_TRUE(shaken && client_->result);
    EXPECT_FALSE(*shaken) << "of TLS, all is well";
    EXPECT_EQ(*client_->result, end_code::handshake_failed);
    EXPECT_THAT(client_->reason(), HasSubstr("this side has verified no certificate of the other's"));
}

/// It asks for a certificate, and never for what this library thinks of it.
TEST_F(ATlsLink, RefusesWhatItsOwnVerificationHasNotSeen) {
    const auto careless = [](const Authority& issuer, const std::string& name) {
        const auto pem = issuer.issue({.name = name});
        asio::ssl::context context(asio::ssl::context::tls);
        context.use_certificate_chain(asio::buffer(pem.certificate));
        context.use_private_key(asio::buffer(pem.key), asio::ssl::context::pem);
        ::SSL_CTX_set_cert_verify_callback(
            context.native_handle(), [](::X509_STORE_CTX*, void*) { return 1; }, nullptr);
        return TlsContext(std::move(context));
    };
    connect(careless(authority(), "alice"), careless(stranger(), "mallory"));
    run();
    ASSERT_TRUE(client_->result && server_->result);
    EXPECT_EQ(*client_->result, end_code::handshake_failed);
    EXPECT_NE(server_->state(), LinkState::running);
}

/// Signed by the right one, but for something else, or by who may not sign.
TEST_F(ATlsLink, RefusesACertificateThatIsNotForThis) {
    const std::string alt = "DNS:relay.example";
    connect(alice(), context(authority(), {.name = "relay", .alt = alt, .usage = "clientAuth"}, authority()));
    expect_failure();
    EXPECT_THAT(client_->reason(), HasSubstr("(CN=relay, issued by CN=our authority)"));
    connect(context(authority(), {.name = "alice", .usage = "serverAuth"}, authority()), relay());
    expect_failure();
    EXPECT_THAT(server_->reason(), HasSubstr("(CN=alice, issued by CN=our authority)"));
    connect(alice(), context(authority(), {.name = "relay", .alt = alt, .usage = "serverAuth"}, authority()));
    run();
    EXPECT_EQ(client_->state(), LinkState::running);
}

/// What a server that has refused the client leaves: what it said, and a stream that takes nothing more.
TEST_F(ATlsLink, SaysWhyItWasRefusedAlsoWhenItCanWriteNoMore) {
    connect(nobody(), relay());
    client_->run();
    server_->run();
    back_->chunk(1);  // so that what it says comes late
    drive(io_);
    EXPECT_THAT(client_->reason(), HasSubstr("the other side refuses this side's certificate: certificate required"));
}

TEST_F(ATlsLink, TellsOneThatSpeaksNoTls) {
    auto ends = make_ends();
    Node plain(io_);
    plain.make(std::move(ends.first));
    server_.emplace(io_, Stream::as_server(Layer(std::move(ends.second)), relay()));
    plain.run();
    server_->run();
    drive(io_);
    ASSERT_TRUE(plain.result && server_->result);
    EXPECT_EQ(*plain.result, end_code::not_a_link);
    EXPECT_THAT(plain.link->stat().reason->text, HasSubstr("the other side speaks TLS"));
    EXPECT_EQ(*server_->result, end_code::handshake_failed);
    EXPECT_THAT(server_->reason(), HasSubstr("the other side does not speak TLS"));
}

TEST_F(ATlsLink, IsToldByOneThatSpeaksNoTls) {
    auto ends = make_ends();
    Node plain(io_);
    plain.make(std::move(ends.second));
    client_.emplace(io_, Stream::as_client(Layer(std::move(ends.first)), alice(), {.name = "relay.example"}));
    plain.run();
    client_->run();
    drive(io_);
    ASSERT_TRUE(client_->result);
    EXPECT_EQ(*client_->result, end_code::handshake_failed);
    EXPECT_THAT(client_->reason(), HasSubstr("the other side does not speak TLS"));
    pass(5s);
    ASSERT_TRUE(plain.result);
    EXPECT_EQ(*plain.result, end_code::not_a_link);
    EXPECT_THAT(plain.link->stat().reason->text, HasSubstr("the other side speaks TLS"));
}

TEST_F(ATlsLink, EndsWhereTheOtherSideStopsInTheHandshake) {
    connect(alice(), relay());
    back_->hold();
    run();
    pass(9'999ms);
    EXPECT_FALSE(client_->result || server_->result);
    pass(1ms);
    ASSERT_TRUE(client_->result && server_->result) << "with nothing to wait for: no BYE can be said";
    EXPECT_EQ(*client_->result, end_code::handshake_timeout);
    EXPECT_EQ(client_->reason(), "ended here: no HELLO in time (the handshake of the stream)");
}

TEST_F(ATlsLink, CountsTheHandshakeIntoTheTimeForHello) {
    connect(alice(), relay());
    back_->hold();
    client_->run();
    server_->run();
    pass(6s);
    back_->release();
    out_->hold();
    pass(4s);
    ASSERT_TRUE(server_->result);
    EXPECT_EQ(*server_->result, end_code::handshake_timeout);
}

TEST_F(ATlsLink, IsClosedInTheHandshake) {
    connect(alice(), relay());
    back_->hold();
    run();
    client_->link->close({.code = end_code::closed, .text = "no longer"});
    drive(io_);
    ASSERT_TRUE(client_->result);
    EXPECT_FALSE(*client_->result);
    EXPECT_EQ(client_->reason(), "ended here: closed (no longer)");
    ASSERT_TRUE(server_->result);
    EXPECT_EQ(server_->reason(), "ended here: the handshake of the stream failed (the other side closed the stream)");
}

TEST_F(ATlsLink, IsCancelledInTheHandshake) {
    connect(alice(), relay());
    back_->hold();
    run();
    client_->cancel.emit(asio::cancellation_type::terminal);
    drive(io_);
    ASSERT_TRUE(client_->result);
    EXPECT_EQ(*client_->result, asio::error::operation_aborted);
}

TEST_F(ATlsLink, IsDestroyedInTheHandshake) {
    connect(alice(), relay());
    back_->hold();
    run();
    client_->link.reset();
    drive(io_);
    EXPECT_TRUE(client_->result && server_->result);
}

TEST_F(ATlsLink, GoesWithItsContextInTheHandshake) {
    bool has_completed = false;
    {
        asio::io_context io;  // outlives the links, whose handshakes nobody ends
        auto ends = duplex::pair(io);
        ends.second.outgoing().hold();
        Side<Stream> client(io, Stream::as_client(Layer(std::move(ends.first)), alice(), {.name = "relay.example"}));
        Side<Stream> server(io, Stream::as_server(Layer(std::move(ends.second)), relay()));
        client.link->async_run([&](const error_code&) { has_completed = true; });
        server.link->async_run([&](const error_code&) { has_completed = true; });
        drive(io);
    }
    EXPECT_FALSE(has_completed);
}

TEST_F(ATlsLink, EndsInOrderWithCloseNotify) {
    connect(alice(), relay());
    run();
    back_->record();  // the server is the first who has nothing to wait for
    client_->link->close({.code = end_code::closed, .text = "good night"});
    drive(io_);
    ASSERT_TRUE(client_->result && server_->result);
    EXPECT_FALSE(*client_->result || *server_->result);
    ASSERT_TRUE(server_->link->stat().remote_reason);
    EXPECT_EQ(server_->link->stat().remote_reason->text, "good night");
    // two records: BYE, and the alert, which is 2 bytes, their kind, a tag of 16, and a head of 5
    const auto bytes = back_->recorded();
    ASSERT_GT(bytes.size(), 48U);
    EXPECT_EQ(bytes.size() - 24, 5U + std::to_integer<std::size_t>(bytes[4]));
    EXPECT_EQ(std::to_integer<int>(bytes[bytes.size() - 24]), 0x17);
}

TEST_F(ATlsLink, IsLostWhereTheStreamEndsWithoutBye) {
    connect(alice(), relay());
    run();
    out_->eof();
    drive(io_);
    ASSERT_TRUE(server_->result);
    EXPECT_EQ(*server_->result, end_code::lost);
    EXPECT_EQ(server_->reason(), "ended here: the stream ended without a BYE (stream truncated)");
}

TEST_F(ATlsLink, IsMadeOfAStreamThatWasMoved) {
    auto ends = make_ends();
    Stream first = Stream::as_client(Layer(std::move(ends.first)), alice(), {.name = "relay.example"});
    Stream second(std::move(first));
    client_.emplace(io_, std::move(second));
    server_.emplace(io_, Stream::as_server(Layer(std::move(ends.second)), relay()));
    run();
    EXPECT_EQ(client_->state(), LinkState::running);
    EXPECT_THROW(static_cast<void>(Stream::as_client(Layer(duplex::pair(io_).first), alice(), {.name = ""})),
                 std::invalid_argument);
}

// ---- over sockets: a listener and who dials it ---------------------------------------------------------------

class ATlsListener : public testing::Test {
protected:
    using Listener = event::net::Listener<event::net::TlsAcceptor>;
    using Supervisor = event::net::Supervisor<event::net::TlsDialer>;
    using Socket = event::net::TcpDialer::stream_type;

    void listen(const TlsContext& context, event::net::ListenerOptions options = {}) {
        tcp::acceptor acceptor(io_, tcp::endpoint(asio::ip::address_v4::loopback(), port_));
        port_ = acceptor.local_endpoint().port();
        listener_.emplace(bus_, event::net::TlsAcceptor(std::move(acceptor), context), std::move(options),
                          [this](event::net::Remote& remote, const event::net::Peer& peer) {
                              peers_.push_back(peer);
                              remote.serve<Count>();
                              return ask_ ? ask_(peer) : std::optional<Reason>();
                          });
        listener_->async_run([this](const error_code& error) { over_ = error; });
    }
    Supervisor& dial(const TlsContext& context, const std::string& expected = {}) {
        event::net::SupervisorOptions options{.first_backoff = 1ms, .longest_backoff = 5ms, .jitter = 0ms, .seed = 1};
        options.link.on_subscription_ended = [](const auto&) {};
        Supervisor& supervisor = supervisors_.emplace_back(
            client_bus_,
            event::net::TlsDialer(io_, context, "127.0.0.1", std::to_string(port_), {.expected_name = expected}),
            std::move(options));
        supervisor.async_run([](const error_code&) {});
        return supervisor;
    }
    [[nodiscard]] Socket connect() {
        Socket socket(io_);
        socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port_));
        return socket;
    }
    template <class F>
    [[nodiscard]] bool run_until(F&& holds) {
        io_.restart();
        for (int i = 0; i < 100'000 && !holds(); ++i) {
            if (io_.run_one_for(5s) == 0) break;
        }
        return holds();
    }
    [[nodiscard]] static bool is_running(const Supervisor& supervisor) {
        return *supervisor.state().try_get().value() == LinkState::running;
    }

    asio::io_context io_;
    event::EventBus bus_{io_};
    event::EventBus client_bus_{io_};
    std::uint16_t port_ = 0;
    std::vector<event::net::Peer> peers_;
    std::function<std::optional<Reason>(const event::net::Peer&)> ask_;
    std::optional<Listener> listener_;
    std::optional<error_code> over_;
    std::list<Supervisor> supervisors_;
};

TEST_F(ATlsListener, AsksAboutWhoHasProvenWhoTheyAre) {
    ask_ = [](const event::net::Peer& peer) -> std::optional<Reason> {
        if (peer.certificate && peer.certificate->subject == "CN=alice") return std::nullopt;
        return Reason{.code = end_code::rejected, .text = "not you"};
    };
    listen(relay());
    Supervisor& one = dial(alice());
    auto counts = one.subscribe<Count>();
    ASSERT_TRUE(run_until([&] { return bus_.stat<Count>().subscribers == 1; }));
    ASSERT_EQ(peers_.size(), 1U);
    EXPECT_EQ(peers_[0].address, "127.0.0.1");
    ASSERT_TRUE(peers_[0].certificate);
    EXPECT_THAT(peers_[0].certificate->names, testing::ElementsAre("alice.example", "node:alice"));
    bus_.emitter<Count>().emit({7});
    ASSERT_TRUE(run_until([&] { return counts.stat().size == 1; }));
    EXPECT_EQ((*counts.try_receive())->value, 7);

    Supervisor& other = dial(context(authority(), {.name = "bob"}, authority()));
    ASSERT_TRUE(run_until([&] { return other.stat().last_reason.has_value(); }));
    EXPECT_EQ(other.stat().last_reason->text, "not you");
    EXPECT_EQ(listener_->stat().rejected, 1U);
    EXPECT_EQ(listener_->stat().failed_openings, 0U);
    listener_->close();
    EXPECT_TRUE(run_until([&] { return over_.has_value(); }));
}

TEST_F(ATlsListener, SaysWhoWasRefusedAndWhy) {
    listen(relay());
    Supervisor& mallory = dial(context(stranger(), {.name = "mallory"}, authority()));
    ASSERT_TRUE(run_until([&] { return listener_->stat().failed_openings >= 3 && mallory.stat().dials >= 3; }))
        << "it comes back";
    EXPECT_THAT(listener_->stat().last_error,
                AllOf(HasSubstr("127.0.0.1: ended here: the handshake of the stream failed"),
                      HasSubstr("(CN=mallory, issued by CN=another authority)")));
    EXPECT_THAT(mallory.stat().last_error, HasSubstr("the other side refuses this side's certificate: unknown CA"));
    EXPECT_EQ(mallory.stat().last_reason->code, end_code::handshake_failed);
    EXPECT_EQ(mallory.stat().links, 0U);
    EXPECT_TRUE(peers_.empty()) << "nobody is asked about who has not proven anything";
    mallory.close();
    EXPECT_TRUE(run_until([&] { return *mallory.state().try_get().value() == LinkState::closed; }));
}

TEST_F(ATlsListener, IsTakenForTheNameThatIsExpected) {
    listen(relay());
    Supervisor& wrong = dial(alice(), "relay.invalid");
    ASSERT_TRUE(run_until([&] { return !wrong.stat().last_error.empty() && listener_->stat().failed_openings >= 1; }));
    EXPECT_THAT(wrong.stat().last_error, HasSubstr("it is not for 'relay.invalid'"));
    EXPECT_THAT(listener_->stat().last_error, HasSubstr("refuses this side's certificate: bad certificate"));
    wrong.close();
    Supervisor& right = dial(alice(), "relay.example");
    EXPECT_TRUE(run_until([&] { return is_running(right); }));
}

TEST_F(ATlsListener, IsFoundAgainWithAnotherCertificate) {
    listen(relay());
    Supervisor& one = dial(alice());
    auto counts = one.subscribe<Count>();
    ASSERT_TRUE(run_until([&] { return bus_.stat<Count>().subscribers == 1; }));
    listener_->close();
    ASSERT_TRUE(run_until([&] { return over_.has_value() && !is_running(one); }));
    listener_.reset();
    listen(relay());
    ASSERT_TRUE(run_until([&] { return bus_.stat<Count>().subscribers == 1; }));
    bus_.emitter<Count>().emit({3});
    ASSERT_TRUE(run_until([&] { return counts.stat().size == 1; }));
    EXPECT_EQ(one.stat().links, 2U);
}

TEST_F(ATlsListener, IsNotHeldUpByWhoIsSlow) {
    listen(relay(), {.max_opening = 4});
    Socket silent = connect();
    Socket slow = connect();
    asio::write(slow, asio::buffer("\x16\x03\x01", 3));  // and no more of it
    ASSERT_TRUE(run_until([&] { return listener_->stat().opening == 2; }));
    Supervisor& one = dial(alice());
    ASSERT_TRUE(run_until([&] { return is_running(one); }));
    ASSERT_TRUE(run_until([&] { return listener_->stat().links == 3 && listener_->stat().opening == 2; }));
    silent.close();
    slow.close();
    ASSERT_TRUE(run_until([&] { return listener_->stat().links == 1; }));
    EXPECT_EQ(listener_->stat().failed_openings, 2U);
}

TEST_F(ATlsListener, TurnsAwayWhereTooManyShakeHands) {
    listen(relay(), {.max_opening = 1});
    Socket silent = connect();
    ASSERT_TRUE(run_until([&] { return listener_->stat().opening == 1; }));
    Supervisor& one = dial(alice());
    ASSERT_TRUE(run_until([&] { return !one.stat().last_error.empty(); }));
    EXPECT_GE(listener_->stat().turned_away, 1U);
    EXPECT_FALSE(is_running(one));
    silent.close();
    EXPECT_TRUE(run_until([&] { return is_running(one); }));
}

TEST_F(ATlsListener, EndsWhoStopsInTheHandshakeInTime) {
    event::net::ListenerOptions options;
    options.link.times.handshake_timeout = 20ms;
    listen(relay(), std::move(options));
    Socket silent = connect();
    ASSERT_TRUE(run_until([&] { return listener_->stat().failed_openings == 1; }));
    EXPECT_THAT(listener_->stat().last_error, HasSubstr("no HELLO in time (the handshake of the stream)"));
    EXPECT_EQ(listener_->stat().opening, 0U);
}

TEST_F(ATlsListener, EndsInTheMiddleOfHandshakes) {
    listen(relay());
    Socket silent = connect();
    ASSERT_TRUE(run_until([&] { return listener_->stat().opening == 1; }));
    listener_->close();
    ASSERT_TRUE(run_until([&] { return over_.has_value(); }));
    EXPECT_FALSE(*over_);
}

TEST_F(ATlsListener, IsDialedByWhoSpeaksNoTls) {
    listen(relay());
    event::net::Supervisor plain(client_bus_, event::net::TcpDialer(io_, "127.0.0.1", std::to_string(port_)));
    plain.async_run([](const error_code&) {});
    ASSERT_TRUE(run_until([&] { return !plain.stat().last_error.empty() && listener_->stat().failed_openings >= 1; }));
    EXPECT_THAT(plain.stat().last_error, HasSubstr("the other side speaks TLS"));
    EXPECT_THAT(listener_->stat().last_error, HasSubstr("the other side does not speak TLS"));
    plain.close();
}

TEST(ATlsDialer, SaysWhatIsWrong) {
    asio::io_context io;
    event::net::TlsDialer dialer(io, alice(), "127.0.0.1", "1");
    std::optional<error_code> result;
    dialer.async_dial([&](const error_code& error, const auto&) { result = error; });
    io.run();
    EXPECT_EQ(*result, asio::error::connection_refused);
    dialer.async_dial([&](const error_code& error, const auto&) { result = error; });
    dialer.cancel();
    io.restart();
    io.run();
    EXPECT_EQ(*result, asio::error::operation_aborted);
    EXPECT_THROW(event::net::TlsDialer(io, alice(), "", "1"), std::invalid_argument);
    const std::string too_long(256, 'a');  // not when it is dialed, where nobody would be told
    EXPECT_THROW(event::net::TlsDialer(io, alice(), too_long, "1"), std::invalid_argument);
}

// ---- what it is made of --------------------------------------------------------------------------------------

std::string refusal(const event::net::TlsOptions& options) {
    try {
        const TlsContext context(options);
    } catch (const boost::system::system_error& error) {
        return error.what();
    }
    return "none";
}

TEST(ATlsContext, SaysWhatItCannotBeMadeOf) {
    const auto pem = authority().issue({.name = "alice"}), other = authority().issue({.name = "bob"});
    const event::net::TlsOptions well{
        .certificate_chain = pem.certificate, .private_key = pem.key, .trusted = authority().pem()};
    EXPECT_EQ(refusal(well), "none");

    auto options = well;
    options.certificate_chain = "/nowhere/alice.pem";
    EXPECT_THAT(refusal(options), AllOf(HasSubstr("TlsOptions::certificate_chain, the file '/nowhere/alice.pem'"),
                                        HasSubstr("No such file or directory")));
    options = well;
    options.private_key = other.key;
    EXPECT_THAT(refusal(options), AllOf(HasSubstr("TlsOptions::private_key"), HasSubstr("key values mismatch")));
    options = well;
    options.private_key = "";
    EXPECT_THAT(refusal(options), AllOf(HasSubstr("TlsOptions::private_key"), HasSubstr("Invalid argument")));
    options = well;
    options.trusted = pem.key;
    EXPECT_THAT(refusal(options), AllOf(HasSubstr("TlsOptions::trusted"), HasSubstr("holds no certificate")));
    options = well;
    options.certificate_chain = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    EXPECT_THAT(refusal(options), HasSubstr("TlsOptions::certificate_chain"));
}

TEST(ATlsContext, IsReadFromFiles) {
    const auto pem = authority().issue({.name = "alice"});
    const std::string path = "tls_test." + std::to_string(::getpid());
    const auto write = [&](const std::string& name, const std::string& text) {
        std::ofstream(path + name) << text;
        return path + name;
    };
    const event::net::TlsOptions options{.certificate_chain = write(".pem", pem.certificate),
                                         .private_key = write(".key", pem.key),
                                         .trusted = write(".ca", authority().pem())};
    EXPECT_EQ(refusal(options), "none");
    auto wrong = options;
    wrong.trusted = write(".txt", "nothing");
    EXPECT_THAT(refusal(wrong), HasSubstr(path + ".txt', holds no certificate in PEM"));
    wrong.trusted = "/";
    EXPECT_THAT(refusal(wrong), AllOf(HasSubstr("TlsOptions::trusted, the file '/'"), HasSubstr("Is a directory")));
    for (const char* name : {".pem", ".key", ".ca", ".txt"}) std::remove((path + name).c_str());
}

TEST(ATlsContext, IsOfUseWhenItWasMovedFrom) {
    TlsContext one = alice();
    const TlsContext two = std::move(one);
    EXPECT_EQ(&one.native(), &two.native());
}

}  // namespace tls_test
