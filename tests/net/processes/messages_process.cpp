/// A host with a messenger, as a process that a test starts, stops and kills: it sends numbers to who comes, says which
/// have come of it, and answers its questions.
///
///     eventbus_net_messages_process PATH LIFE reliable|plain

#include "net/processes/messages.hpp"

#include <event/net/listener.hpp>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <unistd.h>

namespace {

namespace asio = boost::asio;
using asio::local::stream_protocol;
using boost::system::error_code;
using namespace processes;

class Host {
public:
    Host(asio::io_context& io, const std::string& path, std::uint64_t life, bool is_reliable)
        : life_(life),
          bus_(io),
          messenger_(bus_, {.reliable = is_reliable, .capacity = queue, .inbox = inbox}),
          listener_(bus_, stream_protocol::acceptor(io, stream_protocol::endpoint(path)), {},
                    [this](event::net::Remote& remote, const event::net::Peer&) {
                        messenger_.attach(remote, "test", event::net::Dialed::there);
                        return std::optional<event::net::Reason>();
                    }),
          timer_(io) {
        listener_.async_run([](const error_code&) {});
        send();
    }

private:
    void send() {
        while (messenger_.send("test", Numbered{life_, number_ + 1})) ++number_;
        timer_.expires_after(std::chrono::milliseconds(1));
        timer_.async_wait([this](const error_code& error) {
            if (!error) send();
        });
    }

    const std::uint64_t life_;
    event::EventBus bus_;
    Messenger messenger_;
    event::net::Handling numbers_ = messenger_.on<Numbered>([](const event::net::PeerId&, const Numbered& numbered) {
        fmt::print("{}\n", numbered.number);
        std::fflush(stdout);
    });
    event::net::Handling questions_ = messenger_.on<Question>(
        [life = life_](const event::net::PeerId&, const Question& question) -> asio::awaitable<Reply> {
            co_return Reply{life, question.number};
        });
    event::net::Listener<stream_protocol::acceptor> listener_;
    asio::steady_timer timer_;
    std::uint64_t number_ = 0;
};

}  // namespace

int main(int argc, char** argv) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // whoever started it may be killed, too
    try {
        if (argc != 4) throw std::invalid_argument("PATH LIFE reliable|plain");
        ::unlink(argv[1]);  // that one which was killed has left
        asio::io_context io(1);
        const Host host(io, argv[1], std::stoull(argv[2]), std::string_view(argv[3]) == "reliable");
        io.run();
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}: {}\n", argv[0], error.what());
        return 1;
    }
}
