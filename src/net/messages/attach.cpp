#include "net/messages/attach.hpp"

#include <event/net/detail/serving.hpp>

#include <boost/asio/append.hpp>
#include <boost/asio/post.hpp>

#include <optional>
#include <utility>

/// How a link gets to a messenger's peer: as what it serves, and what it consumes.

namespace event::net::messages {
namespace {

using namespace detail;

/// One link after the other, or one alone, to a peer. On the link's strand. The session gets to know of a link once
/// both sides' subscriptions are on their way there: so what either says of the session comes behind its own, and
/// nobody gets it before there is a session.
class Attached {
public:
    Attached(std::shared_ptr<MessengerCore> messenger, const PeerId& peer, Dialed by, bool is_own)
        : messenger_(std::move(messenger)), id_(peer), by_(by), is_own_(is_own) {}

    [[nodiscard]] const MessengerCore& messenger() const noexcept { return *messenger_; }

    void subscribed() {
        has_subscribed_ = true;
        begin();
    }
    void interrupt() noexcept {
        has_subscribed_ = false;
        end();
    }

    /// What the node with the lower epoch has dialed is used: both sides know that.
    void open(std::uint64_t epoch, std::uint64_t remote_epoch) {
        rank_ = (by_ == Dialed::here ? epoch < remote_epoch : remote_epoch < epoch) ? 1 : 0;
        is_open_ = true;
        begin();
    }
    [[nodiscard]] bool is_open() const noexcept { return is_open_; }
    void close() noexcept {
        is_open_ = false;
        waiting_.reset();
        end();
    }

    [[nodiscard]] bool next(Bytes& payload) { return peer_ && peer_->next(link_, payload); }
    void wait(ServingReady&& ready) {
        if (peer_) return peer_->wait(link_, std::move(ready));
        waiting_.emplace(std::move(ready));
        if (was_refused_) refuse_waiting();
    }
    void received(ByteView payload, Consumed& consumed) {
        if (const auto peer = peer_) peer->received(link_, payload, consumed);
    }

private:
    void begin() {
        if (!is_open_ || !has_subscribed_ || peer_) return;
        while (auto peer = messenger_->find_or_make(id_)) {
            if (link_ = peer->attach(rank_, is_own_); link_ == 0) continue;  // it has just ended: the next one
            peer_ = std::move(peer);
            if (waiting_) peer_->wait(link_, *std::exchange(waiting_, {}));
            return;
        }
        was_refused_ = true;
        refuse_waiting();
    }
    void end() noexcept {
        was_refused_ = false;  // the next link may find room
        if (const auto peer = std::exchange(peer_, nullptr)) peer->detach(link_);
    }
    /// There are too many peers, or the messenger has closed.
    void refuse_waiting() {
        if (!waiting_) return;
        const auto executor = waiting_->get_executor();
        boost::asio::post(executor,
                          boost::asio::append(*std::exchange(waiting_, {}), make_error_code(event::errc::closed)));
    }

    const std::shared_ptr<MessengerCore> messenger_;
    const PeerId id_;
    const Dialed by_;
    const bool is_own_;
    std::uint64_t rank_ = 0;
    bool is_open_ = false;         // the other side has subscribed here
    bool has_subscribed_ = false;  // this side there
    bool was_refused_ = false;
    std::shared_ptr<PeerCore> peer_;  // while both are so
    PeerCore::LinkId link_ = 0;
    std::optional<ServingReady> waiting_;  // before
};

/// What goes out: what the session says.
class ServedSession final : public Serving {
public:
    explicit ServedSession(std::shared_ptr<Attached> attached) noexcept : attached_(std::move(attached)) {}
    ~ServedSession() override { attached_->close(); }

    bool next_event(Bytes& out, std::size_t room, ServedItem& item) override {
        item = {};
        if (!attached_->next(payload_)) return false;
        Appending appending(out);
        out.resize(out.size() + room);
        out.insert(out.end(), payload_.begin(), payload_.end());
        appending.done();
        return true;
    }
    void wait(ServingReady ready) override { attached_->wait(std::move(ready)); }

private:
    const std::shared_ptr<Attached> attached_;
    Bytes payload_;
};

class SessionGroup final : public Group {
public:
    explicit SessionGroup(std::shared_ptr<Attached> attached) noexcept : attached_(std::move(attached)) {}

    [[nodiscard]] std::vector<WireType> types() const override { return {attached_->messenger().wire_type()}; }
    [[nodiscard]] std::unique_ptr<Serving> open(const ServingContext& in, const Asked& asked,
                                                const std::vector<std::size_t>&) const override {
        const Asked::Type& type = asked.types.front();
        if (asked.is_latest || attached_->is_open() || !type.keys.empty())
            refuse(end_code::not_served, type, "messages are subscribed to once, and all of them");
        auto served = std::make_unique<ServedSession>(attached_);
        attached_->open(in.epoch, in.remote_epoch);
        return served;
    }

private:
    const std::shared_ptr<Attached> attached_;
};

/// What comes in.
class ConsumedSession final : public Consumer {
public:
    explicit ConsumedSession(std::shared_ptr<Attached> attached) noexcept : attached_(std::move(attached)) {}

    [[nodiscard]] std::vector<WireType> types() const override { return {attached_->messenger().wire_type()}; }
    void subscribed() override { attached_->subscribed(); }
    void events(detail::Incoming& in, Consumed& consumed) override {
        consumed.is_wanted = !attached_->messenger().has_closed();
        attached_->received(in.payload, consumed);
    }
    void end() noexcept override {
        attached_->interrupt();
        has_ended_ = true;
    }
    [[nodiscard]] bool has_ended() const noexcept override { return has_ended_ || attached_->messenger().has_closed(); }
    void interrupt() noexcept override { attached_->interrupt(); }

private:
    const std::shared_ptr<Attached> attached_;
    bool has_ended_ = false;
};

}  // namespace

void attach(Port& port, const std::shared_ptr<MessengerCore>& messenger, const PeerId& peer, Dialed by, bool is_own) {
    const auto attached = std::make_shared<Attached>(messenger, peer, by, is_own);
    port.serve(std::make_shared<SessionGroup>(attached));
    port.consume(std::make_shared<ConsumedSession>(attached));
}

}  // namespace event::net::messages
