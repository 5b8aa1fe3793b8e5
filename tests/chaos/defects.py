"""Defects that this library, or one before it, has had, as programs showed them: put back one at a time. Each is some
replacements (the file, what stands there once, what is to stand there instead), of which one alone might show nothing.
`tests/mutations/run --defects` runs the chaos on each of them.

All are found, in seconds of the scenario that looks for it, on two busy cores: D1 by AddressSanitizer 6, without it not
in a minute (what it calls is memory that was just freed), its second form 0.1; D3 0.3; D5 1.2; D6 0.1; D7 20, which is
when the watchdog gives up; D9 0.1; D13 0.1 in both forms; that of draining at once, by one thread. Those of shared
queues and of combined values never were in the library; of the shared ones each takes 20, which is the watchdog's, the
three of combined values 0.1, 20 and 0.1."""

DEFECTS = [
    ("D1: a context that dies calls who is just being destroyed",
     ("src/wait/contexts.cpp", "if (pins_ > own_pins || !listener.try_add_reference()) continue;",
      "static_cast<void>(listener.try_add_reference());")),
    ("D1: a context that dies waits for nobody who still has something of it",
     ("src/wait/contexts.cpp", "return pins_ <= own_pins && listeners_.empty();", "return true;")),
    ("D3: who runs a callback waits for another one",
     ("src/queue/slow_notifier.cpp", "if (Calling::depth != 0 || UserCode::runs()) return;",
      "if (UserCode::runs()) return;")),
    ("D5: who merges wants two locks at once, and nobody hands them over",
     ("include/event/detail/order/lock.hpp", "if (is_urgent_.load(std::memory_order_relaxed)) [[unlikely]] {", "if (false) {"),
     ("src/order/domain.cpp",
      "        {\n            const Standstill waiting(*first);\n            second->lock.lock();\n        }\n",
      "        if (!second->lock.try_lock()) {\n            first->lock.unlock();\n            continue;\n        }\n")),
    ("D6: a turn holds for one type, not for the queue",
     ("include/event/detail/order/topic.hpp", "[](Mailbox& queue) { return queue.line().empty() &&",
      "[this](Mailbox& queue) { return (queue.line().empty() || &queue.line().front()->emit->topic() != this) &&")),
    ("D7: a turn that nobody takes stays his",
     ("src/queue/turn.cpp", "    if (std::exchange(turn.is_overlooked, true)) leave(after);\n", "")),
    ("D9: a predicate that rejects keeps the thread",
     ("include/event/detail/wait/watch.hpp", "most_at_once = 16;", "most_at_once = 1 << 30;")),
    ("D13: a post that fails once ends the operation, or leaves it where nobody finds it",
     ("src/wait/parked_op.cpp", "for (int attempts = 2;", "for (int attempts = 1;"),
     ("src/wait/parked_op.cpp", "            return list();\n", "            return;\n")),
    ("D13: a post that fails is not tried again",
     ("src/wait/parked_op.cpp", "for (int attempts = 2;", "for (int attempts = 1;")),
    ("draining: who receives looks whether it drains after it has looked what is there",
     ("include/event/detail/queue/taking.hpp",
      "        const State before = state();  // first: where it drains then, nothing comes that is not seen\n"
      "        chaos(Point::between_looks, this);\n"
      "        seen_tail_ = writer_.count.load(std::memory_order_acquire);\n"
      "        if (head == seen_tail_) return before ==",
      "        seen_tail_ = writer_.count.load(std::memory_order_acquire);\n"
      "        chaos(Point::between_looks, this);\n"
      "        if (head == seen_tail_) return state() ==")),
    ("shared: what was kept for who is cancelled goes to nobody",
     ("src/wait/spot.cpp", "        if (phase != Phase::pending) pass_on(after);\n", ""),
     ("include/event/detail/wait/receive.hpp",
      "        if (mailbox().is_shared()) mailbox().template give_up_reserved<Guard>(*spot_);\n", "")),
    ("shared: several take from a ring without the lock",
     ("include/event/detail/queue/taking.hpp", "        if (linked_ || timings_ || is_shared()) {", "        if (linked_ || timings_) {")),
    ("shared: who only looks wakes nobody for what is still there",
     ("src/queue/receiving.cpp", "            if (found == Look::readable) sharing->have_first_look(after);\n", "")),
    ("combined: the sources are not read at one moment",
     ("src/wait/combination.cpp", "        if (std::partition(order.begin(), order.end(), is_still_so) == order.end()) return;",
      "        if (attempt == 0 || std::partition(order.begin(), order.end(), is_still_so) == order.end()) return;")),
    ("combined: a source that was set tells nobody",
     ("src/wait/combination.cpp", "    if (alive) owner->tell();\n", "")),
    ("combined: what was set before it was heard of is overlooked",
     ("src/wait/combination.cpp", "    return has_changed() ||\n           !std::all_of", "    return !std::all_of")),
]
