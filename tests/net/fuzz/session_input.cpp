#include "net/fuzz/input.hpp"
#include "net/session_pair.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace net_fuzz {
namespace {

using namespace session_test;

/// An input, read as the story of two messengers: what they send, and what becomes of the links between them and of the
/// programs themselves. At each end there may be a second program that is called alike. In some stories the other end
/// lies.
class SessionStory {
    using Kind = event::net::messages::Kind;  // the protocol has one, too

public:
    explicit SessionStory(std::string_view input) : left_(input) {
        const std::uint8_t what = number();
        is_reliable_ = what % 2 != 0;
        lies_ = what / 2 % 4 == 3;
        agree_on_rank_ = what / 8 % 4 != 3;
        most_ = 1 + number() % 12U;
        inbox_ = 1 + number() % 6U;
        for (const std::size_t end : {0U, 1U}) here_[end].program = start(end);
    }

    std::string fault() {
        while (!left_.empty() && fault_.empty()) {
            step();
            check();
        }
        if (fault_.empty() && !lies_) finish();
        return fault_;
    }

private:
    /// What is known of a program, which has one session.
    struct Program {
        std::uint64_t epoch = 0;
        std::size_t written = 0;                               // plain: numbers
        std::map<std::uint64_t, std::size_t> written_to = {};  // plain: of these, to that session
        std::map<std::uint64_t, std::size_t> before = {};  // plain: so many were written before the first to that one
        std::map<std::uint64_t, std::size_t> got = {};     // of that session, also what was refused
        std::uint64_t missed = 0;
        std::size_t unconfirmed = 0;
        std::size_t read = 0;  // of what came
        std::vector<int> sent = {};
    };
    struct Place {
        Program program = {};
        std::optional<std::pair<End, Program>> spare = {};
        std::size_t started = 0;  // since that one has gone
    };
    struct Sent {
        Kind kind = Kind::message;
        Priority priority = Priority::normal;
        std::uint64_t by = 0;
        std::uint64_t only_to = 0;
        bool has_come = false;
        bool was_taken_back = false;
    };

    std::uint8_t number() {
        if (left_.empty()) return 0;
        const auto number = static_cast<std::uint8_t>(left_.front());
        left_.remove_prefix(1);
        return number;
    }
    std::string bytes(std::size_t size) {
        const std::string_view part = left_.substr(0, size);
        left_.remove_prefix(part.size());
        return std::string(part);
    }
    void expect(bool holds, std::string_view otherwise) {
        if (!holds && fault_.empty()) fault_ = otherwise;
    }

    Program start(std::size_t end) {
        sessions_.ends[end] = End(
            {.epoch = ++epoch_, .is_reliable = is_reliable_, .max_messages = most_, .max_bytes = 100, .inbox = inbox_});
        return {.epoch = epoch_};
    }

    // --- what happens

    void step() {
        const std::uint8_t what = number();
        const std::size_t end = what / 16 % 2;
        std::vector<std::unique_ptr<Wire>>& wires = sessions_.wires;
        Wire* const wire = wires.empty() ? nullptr : wires[what / 32U % wires.size()].get();
        switch (what % 16) {
            case 0:
                if (wires.size() < 6) open();
                return;
            case 1:
                return send(end, Kind::message);
            case 2:
                return send_beside(end);
            case 3:
                return sessions_.ends[end].take(1 + number() % 4U);
            case 4:
                return change(end);
            case 5:
                if (lies_) return lie(wire);
                return displace(end);
            default:
                break;
        }
        if (wire == nullptr) return;
        switch (what % 16) {
            case 6:
                return sessions_.attach(*wire, 0);
            case 7:
                return sessions_.attach(*wire, 1);
            case 8:
                return sessions_.cut(*wire);
            case 9:
                sessions_.notice(*wire, end);
                if (!wire->is_attached[0] && !wire->is_attached[1] &&
                    (wire->is_cut || wire->is_gone[0] || wire->is_gone[1]))
                    std::erase_if(wires, [&](const auto& each) { return each.get() == wire; });
                return;
            case 10:
            case 11:
            case 12:
                return static_cast<void>(write(*wire, end));
            default:
                return static_cast<void>(read(*wire, end));
        }
    }

    void open() {
        Wire& wire = sessions_.open(number() % 3U);
        if (agree_on_rank_) return;
        for (const std::size_t end : {0U, 1U}) {
            wire.is_attached[end] = true;
            sessions_.ends[end].session.attach(wire.id, number() % 3U);
        }
    }

    void send(std::size_t end, Kind kind, std::uint64_t id = 0, std::uint64_t only_to = 0) {
        End& from = sessions_.ends[end];
        const int sent = static_cast<int>(sent_.size());
        const auto priority = static_cast<Priority>(number() % 3);
        const std::size_t before = from.session.queued();
        if (kind == Kind::request) id = static_cast<std::uint64_t>(sent);
        if (!from.send(std::to_string(sent), priority, kind, id, only_to)) return;
        expect(!takes_room(kind) || before < most_, "takes more messages than it may");
        if (from.session.queued() == before) return expect(!is_one_life(), "does not send what it takes");
        sent_.push_back({.kind = kind, .priority = priority, .by = here_[end].program.epoch, .only_to = only_to});
        here_[end].program.sent.push_back(sent);
    }
    void send_beside(std::size_t end) {
        End& from = sessions_.ends[end];
        const std::uint8_t what = number();
        switch (what % 4) {
            case 0:
                return send(end, Kind::request);
            case 1: {  // asked long ago, or just now
                std::vector<const Came*> asked;
                for (const Came& came : from.came)
                    if (came.kind == Kind::request) asked.push_back(&came);
                if (asked.empty()) return;
                const Came& request = *asked[asked.size() - 1 - what / 8U % asked.size()];
                return send(end, what / 4 % 2 == 0 ? Kind::answer : Kind::failure, request.id, request.of);
            }
            case 2:
                if (from.session.written_to() != 0) send(end, Kind::cancel, 1, from.session.written_to());
                return;
            default: {
                const auto& sent = here_[end].program.sent;
                if (sent.empty()) return;
                const int which = sent[sent.size() - 1 - what / 4U % sent.size()];
                Sent& of = sent_[static_cast<std::size_t>(which)];
                if (!from.session.take_back(static_cast<std::uint64_t>(which))) return;
                expect(of.kind == Kind::request && !of.has_come && !of.was_taken_back, "takes back what was written");
                of.was_taken_back = true;
            }
        }
    }
    /// Which ones went is not known here: that ends what can be said of who sent them.
    void displace(std::size_t end) {
        End& from = sessions_.ends[end];
        const std::size_t before = from.session.queued();
        const std::size_t went = from.session.drop_oldest(static_cast<Priority>(number() % 3), number() % 128U);
        expect(from.session.queued() + went == before, "displaces others than it says");
        displaced_ = displaced_ || went != 0;
    }

    /// The program at that end is another one: a new one, or the one that was there before, which has lived on.
    void change(std::size_t end) {
        const std::uint8_t what = number();
        Place& place = here_[end];
        End& at = sessions_.ends[end];
        for (auto& wire : sessions_.wires) {
            if (what % 2 == 0) sessions_.cut(*wire);
            if (what % 4 == 3 && wire->is_attached[end]) at.session.detach(wire->id);
            sessions_.leave(*wire, end);
        }
        has_changed_[end] = true;
        collect(end);
        if (what % 4 != 3) {  // it is gone
            gone_.emplace(place.program.epoch, std::move(place.program));
            place.program = start(end);
            ++place.started;
            return;
        }
        End other({.epoch = 1});
        std::swap(other, at);
        std::pair<End, Program> left(std::move(other), std::move(place.program));
        if (place.spare && place.started <= 2) {
            std::swap(at, place.spare->first);
            place.program = std::move(place.spare->second);
        } else {
            if (place.spare) gone_.emplace(place.spare->second.epoch, std::move(place.spare->second));
            place.program = start(end);
        }
        place.spare.emplace(std::move(left));
        place.started = 0;
    }

    bool write(Wire& wire, std::size_t end) {
        const bool has_written = sessions_.write(wire, end);
        if (has_written && wire.on_its_way[1 - end].back().front() <= std::byte{4}) {
            Program& program = here_[end].program;
            const std::uint64_t to = sessions_.ends[end].session.written_to();
            ++program.written;
            ++program.written_to[to];
        }
        return has_written;
    }
    bool read(Wire& wire, std::size_t end) {
        End& at = sessions_.ends[end];
        const std::size_t refused = at.refused.size();
        if (!sessions_.read(wire, end)) return false;
        if (at.refused.size() != refused) ++here_[end].program.got[at.session.their_epoch()];
        if (at.violations != 0) {
            expect(lies_, "takes what is right for a violation");
            at.violations = 0;
            sessions_.lose(wire);
        }
        Program& program = here_[end].program;
        program.before.try_emplace(at.session.written_to(), program.written);
        collect(end);
        return true;
    }

    /// What the other end has not written comes, or what it has written comes otherwise.
    void lie(Wire* wire) {
        if (wire == nullptr || wire->is_cut || !wire->is_attached[0]) return;
        const std::uint8_t what = number();
        auto& payloads = wire->on_its_way[0];
        if (what % 2 == 0 || payloads.empty()) {
            const std::string made = bytes(what / 2 % 16U);
            payloads.emplace_front();
            for (const char each : made) payloads.front().push_back(static_cast<std::byte>(each));
        } else {
            Payload& payload = payloads.front();
            if (payload.empty()) return;
            payload[what / 2U % payload.size()] = static_cast<std::byte>(number());
        }
    }

    // --- what must hold

    void collect(std::size_t end) {
        End& at = sessions_.ends[end];
        Program& program = here_[end].program;
        program.missed += std::exchange(at.missed, 0);
        program.unconfirmed += at.session.take_unconfirmed();
        if (lies_) return;
        for (; program.read < at.came.size(); ++program.read) {
            const Came& came = at.came[program.read];
            const auto which = static_cast<std::size_t>(std::stoi(came.body));
            Sent& sent = sent_[which];
            expect(!std::exchange(sent.has_come, true), "comes twice");
            expect(!sent.was_taken_back, "comes, though it was taken back");
            expect(sent.kind == came.kind && sent.by == came.of, "comes as another one");
            expect(sent.only_to == 0 || sent.only_to == program.epoch, "comes to whom it is not for");
            auto& last = last_[{program.epoch, came.of, sent.priority, takes_room(sent.kind)}];
            expect(last <= which, "comes out of order");
            last = which;
            ++program.got[came.of];
        }
    }

    void check() {
        for (End& end : sessions_.ends) {
            expect(end.inbox.size() <= inbox_, "keeps more than its inbox");
            expect(end.session.queued_bytes() <= 100, "keeps more bytes than it may");
            expect(end.session.links() <= 6, "keeps more links than there are");
        }
        expect(sessions_.disagreements == 0, "has nothing to write when it is due, or something when it is not");
    }

    /// What can come comes, and what was missed is said.
    void finish() {
        for (auto& wire : sessions_.wires) {
            for (const std::size_t end : {0U, 1U}) sessions_.attach(*wire, end);
            for (const std::size_t end : {0U, 1U}) sessions_.notice(*wire, end);
        }
        sessions_.connect(9);
        settle();
        for (const std::size_t end : {0U, 1U}) send(end, Kind::message);
        settle();
        for (const std::size_t end : {0U, 1U}) {
            expect(sessions_.ends[end].session.queued() == 0, "leaves something lying");
            expect(sessions_.ends[end].session.queued_bytes() == 0, "leaves bytes lying");
            expect_complete(end);
        }
    }
    void settle() {
        for (bool goes_on = true; goes_on && fault_.empty();) {
            goes_on = false;
            for (std::size_t i = 0; i < sessions_.wires.size(); ++i) {
                for (const std::size_t end : {0U, 1U}) {
                    while (fault_.empty() && write(*sessions_.wires[i], end)) goes_on = true;
                    while (fault_.empty() && read(*sessions_.wires[i], end)) goes_on = true;
                    goes_on |= !sessions_.ends[end].inbox.empty();
                    sessions_.ends[end].take();
                }
            }
        }
    }

    /// What came to that end.
    void expect_complete(std::size_t end) {
        const Program& to = here_[end].program;
        const Program& from = here_[1 - end].program;
        if (is_reliable_) {
            std::size_t lacking = 0;
            for (const int sent : from.sent) {
                const Sent& each = sent_[static_cast<std::size_t>(sent)];
                // what is for one session only is lost with that
                if (!each.has_come && !each.was_taken_back && (each.only_to == 0 || is_one_life())) ++lacking;
            }
            if (!displaced_) expect(lacking <= from.unconfirmed, "loses what is reliable");
            if (is_one_life()) expect(to.missed + to.unconfirmed == 0, "misses what is reliable");
            return;
        }
        const auto of = [](const auto& map, std::uint64_t key) {
            const auto found = map.find(key);
            return found != map.end() ? found->second : 0;
        };
        // between what was written to this one and has not come, and all that was written since this one resumed
        const std::size_t least = of(from.written_to, to.epoch) - of(to.got, from.epoch);
        std::size_t most = 0;
        const auto add = [&](const Program& each) {
            if (each.before.contains(to.epoch))
                most += each.written - of(each.before, to.epoch) - of(to.got, each.epoch);
        };
        for (const auto& [epoch, program] : gone_) add(program);
        for (const Place& place : here_) {
            add(place.program);
            if (place.spare) add(place.spare->second);
        }
        expect(to.missed >= least, "misses less than is lost");
        expect(to.missed <= most, "misses more than is lost");
    }

    [[nodiscard]] bool is_one_life() const noexcept { return !has_changed_[0] && !has_changed_[1]; }

    struct Way {
        std::uint64_t to;
        std::uint64_t of;
        Priority priority;
        bool takes_room;
        auto operator<=>(const Way&) const = default;
    };

    std::string_view left_;
    bool is_reliable_ = false;
    bool lies_ = false;
    bool agree_on_rank_ = true;
    std::size_t most_ = 1;
    std::size_t inbox_ = 1;
    std::uint64_t epoch_ = 1;
    Sessions sessions_{{.epoch = 1}, {.epoch = 1}};
    Place here_[2];
    std::map<std::uint64_t, Program> gone_;
    bool has_changed_[2] = {false, false};
    bool displaced_ = false;
    std::vector<Sent> sent_;
    std::map<Way, std::size_t> last_;
    std::string fault_;
};

}  // namespace

std::string fault_of_session(std::string_view input) {
    const std::string copy(input);  // so that AddressSanitizer sees its end
    return SessionStory(copy).fault();
}

}  // namespace net_fuzz
