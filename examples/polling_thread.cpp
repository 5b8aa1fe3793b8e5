/// Two threads that talk so often that they would rather poll for a while than sleep.

#include <event/bus.hpp>
#include <event/run_polling.hpp>

#include <boost/asio/bind_executor.hpp>
#include <boost/asio/io_context.hpp>

#include <fmt/format.h>

#include <chrono>
#include <thread>

namespace asio = boost::asio;
using namespace std::chrono_literals;

struct Question {
    int number = 0;
};
struct Answer {
    int number = 0;
};

int main() {
    constexpr int questions = 10'000;
    int answered = 0;
    asio::io_context network;
    asio::io_context worker;
    event::EventBus bus{network};
    const auto ask = bus.emitter<Question>();
    const auto answer = bus.emitter<Answer>();

    auto asked = bus.subscribe<Question>(
        {}, asio::bind_executor(worker, [&](const Question& question) { answer.emit({question.number}); }));
    event::Subscription<Answer> replies = bus.subscribe<Answer>([&](const Answer& reply) {
        answered = reply.number;
        if (answered < questions) {
            ask.emit({answered + 1});
        } else {
            asked.close();
            replies.close();
        }
    });
    ask.emit({1});

    // [polling]
    std::thread other([&] { event::run_polling(worker, 100us); });
    event::run_polling(network, 100us);
    // [polling]
    other.join();
    fmt::print("{} questions were answered\n", answered);
    if (answered != questions) return 1;
}
