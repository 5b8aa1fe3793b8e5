/* The protocol by which a queue is drained, and its receiver and who waits for its end learn that it has ended, for
   spin, as parking.pml.

   What is modelled, and where it stands in the library:
     Emitter         SharedTopic::emit, Mailbox::push, make_room   detail/queue/mailbox.hpp, src/queue/filling.cpp
     Closer          BusCore::close, Mailbox::drain, Mailbox::end  src/bus/bus_core.cpp, src/queue/mailbox.cpp
     Receiver        StandingOp::run, Mailbox::take_from_ring      detail/wait/push_op.hpp, detail/queue/mailbox.hpp
     Waiter          WaitForEnd                                    detail/wait/receive.hpp

   One topic, whose emitter goes on until that is closed, a queue with a handler, who takes without the lock, and an
   operation that waits for its end, on another thread. BROKEN is the step that `check` breaks; 0: none. */

#ifndef BROKEN
#define BROKEN 0
#endif
#ifndef EVENTS
#define EVENTS 3
#endif
#define CAPACITY 2
#define AT_ONCE 2        /* so many calls of the handler, then others have their turn */

mtype = { open, draining, closed };         /* the queue */
mtype = { readable, nothing, over };        /* what a look at it finds */

bool locked;
bool topic_closed;
bool connected = true;   /* the queue is fed */
mtype state = open;
bool simple = true;      /* as long as it is open */
byte tail, head;         /* events that ever came, and were taken */
byte limit;              /* of the tail: where a push looks at more than the next place */
bool lost;               /* an episode: the queue was full, and has not been seen empty since */

bool push_parked = true, push_posted, push_gone, handles;
bool wait_parked = true, wait_posted, told;

inline lock() { atomic { !locked -> locked = true } }
inline unlock() { locked = false }

/* Under the lock: takes an operation out of its spot; it is posted once the lock is released. */
inline claim(parked, claimed) { if :: parked -> parked = false; claimed = true :: else fi }
inline post(posted, claimed) { if :: claimed -> claimed = false; assert(!posted); posted = true :: else fi }
inline settle() { post(push_posted, wakes_push); post(wait_posted, wakes_wait) }

inline end() {
    simple = false;
    state = closed;
    limit = tail;
    claim(push_parked, wakes_push);
    claim(wait_parked, wakes_wait)
}

active proctype Emitter() {
    byte emitted, seen_head;
    bool wakes_push, wakes_wait;
    do
    :: emitted < EVENTS ->
       emitted++;
       lock();
       if
       :: topic_closed || !connected || state == closed -> skip
       :: else ->
          if
          :: tail != limit -> tail++
          :: else ->
             seen_head = head;
             if :: seen_head == tail -> lost = false :: else fi;
             if
             :: tail >= seen_head + CAPACITY -> limit = tail; lost = true   /* refused */
             :: else ->
                limit = (lost -> tail + 1 : seen_head + CAPACITY);
                tail++;
                claim(push_parked, wakes_push)
             fi
          fi
       fi;
       unlock();
       settle()
    :: topic_closed -> break
    od
}

active proctype Closer() {
    bool wakes_push, wakes_wait;
    lock();
    topic_closed = true;
    unlock();
    lock();
    simple = false;
    state = draining;
    if
    :: BROKEN != 2 && head == tail -> end()
    :: else
    fi;
    connected = false;
    unlock();
    settle();
    told && push_gone -> assert(head == tail && state == closed)
}

inline finish_draining() {
    lock();
    if
    :: state == draining && head == tail -> end()
    :: else
    fi;
    unlock();
    settle()
}

inline take() {
    if
    :: !simple && state == closed -> look = over
    :: else ->
       look = readable;
       if
       :: head == seen_tail ->
          if :: BROKEN != 1 -> before = state :: else fi;
          seen_tail = tail;
          if
          :: head != seen_tail -> skip
          :: else ->
             if :: BROKEN == 1 -> before = state :: else fi;
             if
             :: before == draining -> finish_draining(); look = over
             :: else -> look = nothing
             fi
          fi
       :: else
       fi;
       if
       :: look != readable -> skip
       :: else ->
          head++;
          if   /* who takes no more than this one learns of the end, too */
          :: head == seen_tail && state == draining -> finish_draining()
          :: else
          fi
       fi
    fi
}

active proctype Receiver() {
    byte seen_tail, budget;
    mtype before, look;
    bool wakes_push, wakes_wait;
    do
    :: push_posted ->
       push_posted = false;
       handles = true;
       budget = AT_ONCE;
       do
       :: budget > 0 ->
          take();
          if :: look == readable -> budget-- :: else -> break fi
       :: else -> break
       od;
       handles = false;
       if
       :: BROKEN != 3 && state == closed ->
          lock();
          claim(wait_parked, wakes_wait);
          unlock();
          settle()
       :: else
       fi;
       if
       :: look == over -> push_gone = true; break
       :: else ->
          lock();
          if
          :: BROKEN == 4 || (state == open && head == tail) -> push_parked = true; limit = tail
          :: else -> wakes_push = true
          fi;
          unlock();
          settle()
       fi
    od
}

active proctype Waiter() {
    bool wakes_push, wakes_wait;
    do
    :: wait_posted ->
       wait_posted = false;
       if
       :: state == closed && !handles -> told = true; break
       :: else ->
          lock();
          if
          :: state == closed && !handles -> wakes_wait = true
          :: else -> wait_parked = true
          fi;
          unlock();
          settle()
       fi
    od
}
