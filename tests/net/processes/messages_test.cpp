#include "net/processes/child.hpp"
#include "net/processes/messages.hpp"

#include <event/net/dialer.hpp>

#include <boost/asio/io_context.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

/// Messages to a process that is killed again and again, and to one that is stopped.

namespace messages_test {

namespace asio = boost::asio;
using namespace processes;
using namespace std::chrono_literals;
using event::net::error_code;
using event::net::PeerId;

class MessagesToProcesses : public testing::TestWithParam<bool> {
protected:
    MessagesToProcesses() {
        messenger_.dial_by([this](const PeerId& peer) { return event::net::LocalDialer(io_, path_ + peer); },
                           {.supervisor = {.first_backoff = 2ms, .longest_backoff = 20ms, .jitter = 3ms}});
    }
    ~MessagesToProcesses() override {
        for (const char* peer : {"a", "b"}) std::filesystem::remove(path_ + peer);
    }

    static constexpr std::size_t most_sent = queue / 2;  // questions have room beside that

    [[nodiscard]] bool is_reliable() const { return GetParam(); }
    std::unique_ptr<Child> start(const PeerId& name, std::uint64_t life) {
        return std::make_unique<Child>(
            io_, std::vector<std::string>{EVENTBUS_NET_MESSAGES_PROCESS, path_ + name, std::to_string(life),
                                          is_reliable() ? "reliable" : "plain"});
    }
    /// Until it holds; false if it takes far too long.
    template <class Condition>
    [[nodiscard]] bool run_until(Condition holds) {
        const auto watchdog = std::chrono::steady_clock::now() + 40s;
        io_.restart();
        while (!holds()) {
            if (std::chrono::steady_clock::now() > watchdog || io_.run_one_for(20s) == 0) return false;
            while (is_sending_ && messenger_.stat("a").queued < most_sent &&
                   messenger_.send("a", Numbered{1, sent_ + 1}))
                ++sent_;
        }
        return true;
    }
    /// One at a time, as long as it is sending.
    void ask() {
        const Question question{++asked_};
        messenger_.async_request<Reply>("a", question, 30s, [this, question](error_code error, const Reply& reply) {
            if (error) {  // if it is plain, the inbox there may have been full
                EXPECT_TRUE(error == event::net::errc::unconfirmed ||
                            (!is_reliable() && error == event::net::errc::no_room))
                    << error.message();
                ++failed_questions_;
            } else {
                EXPECT_EQ(reply.number, question.number);
                EXPECT_LE(reply.life, life_);
                ++answered_;
            }
            if (is_sending_) ask();
        });
    }
    /// What came of a process in each of its lives.
    void take(const Numbered& numbered) {
        if (numbered.life != heard_.life) {
            EXPECT_GT(numbered.life, heard_.life) << "of the dead";
            heard_ = {.life = numbered.life};
        }
        if (is_reliable()) {
            EXPECT_EQ(numbered.number, heard_.number + 1) << "each, once, in order";
        } else {
            EXPECT_GT(numbered.number, heard_.number) << "once, in order";
        }
        heard_.number = numbered.number;
    }
    static std::uint64_t number(const std::string& line) { return std::stoull(line); }
    /// If it is plain, the last ones may have found the inbox full.
    [[nodiscard]] bool has_said(const Child& process, std::uint64_t last) const {
        return !is_reliable() || (!process.lines().empty() && number(process.lines().back()) == last);
    }

    const std::string path_ = testing::TempDir() + "messages_test." + std::to_string(::getpid()) + '.';
    asio::io_context io_;
    event::EventBus bus_{io_};
    event::Subscription<event::net::Undelivered> undelivered_ = bus_.subscribe<event::net::Undelivered>();
    Messenger messenger_{bus_, {.reliable = GetParam(), .capacity = queue, .inbox = inbox, .keep = 1h}};
    event::net::Handling numbers_ = messenger_.on<Numbered>(
        [this](const PeerId& from, const Numbered& numbered) { from == "a" ? take(numbered) : void(++from_others_); });
    bool is_sending_ = false;
    std::uint64_t sent_ = 0, asked_ = 0, answered_ = 0, failed_questions_ = 0, from_others_ = 0;
    std::uint64_t life_ = 0;
    Numbered heard_;
};

TEST_P(MessagesToProcesses, ArriveOnceAndInOrderWhoeverIsKilled) {
#ifdef EVENTBUS_LONG_STRESS
    constexpr std::uint64_t lives = 100;
#else
    constexpr std::uint64_t lives = 10;
#endif
    is_sending_ = true;
    ask();
    std::uint64_t last = 0, lost = 0;
    const auto count = [&](const Child& process) {
        for (std::size_t i = 0; i < process.lines().size(); ++i) {
            const std::uint64_t here = number(process.lines()[i]);
            ASSERT_GT(here, last) << "nothing twice, and in order";
            const bool is_first = i == 0;
            if (is_reliable() && !is_first) {
                ASSERT_EQ(here, last + 1) << "in one life nothing is lost";
            }
            if (is_first) lost += here - last - 1;
            last = here;
        }
    };
    for (life_ = 1; life_ <= lives; ++life_) {
        SCOPED_TRACE(life_);
        auto process = start("a", life_);
        const std::size_t enough = 1 + life_ * 37 % 101;
        ASSERT_TRUE(run_until([&] { return process->lines().size() >= enough && heard_.life == life_; }));
        const bool is_last = life_ == lives;
        if (is_last) {
            is_sending_ = false;
            ASSERT_TRUE(run_until([&] {
                const auto stat = messenger_.stat("a");
                return stat.queued == 0 && stat.asked == 0 && has_said(*process, sent_);
            }));
        }
        process->kill();
        // what it has said is there to be read
        ASSERT_TRUE(run_until([&] { return process->has_ended(); }));
        count(*process);
        ASSERT_FALSE(HasFatalFailure());
    }
    EXPECT_EQ(answered_ + failed_questions_, asked_);
    EXPECT_GT(answered_, 0U);
    if (!is_reliable()) return;
    // what may have been lost is said, but for what has arrived in an inbox and died there
    std::uint64_t said = 0;
    while (const auto each = undelivered_.try_receive()) {
        EXPECT_EQ((*each)->unsent, 0U);
        said += (*each)->unconfirmed;
    }
    EXPECT_LE(lost, said + lives * (inbox + 1));
}

TEST_P(MessagesToProcesses, WaitForOneThatIsStoppedAndHoldUpNobodyElse) {
    const auto a = start("a", 1), b = start("b", 1);
    is_sending_ = true;
    ASSERT_TRUE(run_until([&] { return a->lines().size() > 10; }));
    a->signal(SIGSTOP);
    const std::uint64_t before = sent_;
    ASSERT_TRUE(run_until([&] { return sent_ > before + 10 * queue || messenger_.stat("a").queued == most_sent; }));
    is_sending_ = false;
    constexpr std::uint64_t others = 500;
    std::uint64_t to_b = 0;
    ASSERT_TRUE(run_until([&] {
        while ((!is_reliable() || to_b < others) && messenger_.send("b", Numbered{1, to_b + 1})) ++to_b;
        return !b->lines().empty() && number(b->lines().back()) >= others;
    }));
    EXPECT_GT(from_others_, 0U);
    a->signal(SIGCONT);
    ASSERT_TRUE(run_until([&] { return messenger_.stat("a").queued == 0 && has_said(*a, sent_); }));
    if (is_reliable()) {
        EXPECT_EQ(a->lines().size(), sent_);
    }
}

INSTANTIATE_TEST_SUITE_P(, MessagesToProcesses, testing::Bool(),
                         [](const auto& kind) { return std::string(kind.param ? "Reliable" : "Plain"); });

}  // namespace messages_test
