/* The protocol by which an operation parks, is woken, cancelled, closed, and dies with its context, while domains are
   merged and part again. For spin (https://spinroot.com); `check` runs it, and breaks each guarded step to see it fail.

   What is modelled, and where it stands in the library:
     lock_domain     DomainGuard, DomainGuard::follow            detail/order/domain.hpp, src/order/domain.cpp
     Registration    DomainMember::merge, Parting::part          src/order/domain.cpp, src/order/parting.cpp
     Emitter         InlineTopic::emit, Mailbox::push, Aftermath detail/order/typed_topic.hpp, detail/queue/mailbox.hpp
     Receiver        Operation::run and wait, ParkedOp::try_park detail/wait/operation.hpp, detail/wait/parked_op.hpp
     Canceller       ParkingSpot::cancel and wake_cancelled      src/wait/spot.cpp
     Closer          Mailbox::close, Mailbox::end                src/queue/mailbox.cpp
     pin, ContextDeath  ContextRegistry                          detail/wait/contexts.hpp, src/wait/contexts.cpp

   Two topics, each with an emitter and a receiver; the first receiver is cancelled, the second one closed while its
   context dies. To emit to a receiver that waits on a dying context is the caller's race, as with asio::post, and so
   the context waits for the emitter. BROKEN is the step that `check` breaks; 0: none. */

#ifndef BROKEN
#define BROKEN 0
#endif
#ifndef EVENTS
#define EVENTS 2
#endif
/* Without the one or the other half there are few enough states to see that nobody starves. */
#ifndef HALF
#define HALF 2          /* 0: the first receiver and its canceller; 1: the second one, its end and its context; 2: all */
#endif
#define has(half) (HALF == half || HALF == 2)

#define is_free(domain) (lock_of[domain] == 0)

byte lock_of[2];         /* 0: free, else the process that holds it, plus one */
byte domain_of[2] = { 0, 1 };    /* of a topic: at first each has its own */

byte queued[2];          /* events in the queue */
byte taken[2];           /* for who looks at a trail */
bool ended[2];           /* the subscription */
bool cancelled[2];       /* the phase of the pending operation */

bool alive[2];           /* the operation */
bool parked[2];          /* it lies in its spot, */
bool posted[2];          /* or in the queue of its context, */
bool runs[2];            /* its context runs it, on one thread */
byte finished[2];        /* how often it completed or was destroyed */

bool context_dies;       /* of the second receiver: asked by who pins */
bool context_gone;
byte pins;
bool emitter_done[2];
bool registered;

/* Locks the domain that the topic belongs to: which it was may have changed until the lock was there. */
inline lock_domain(topic, domain) {
    do
    :: domain = domain_of[topic];
       atomic { is_free(domain) -> lock_of[domain] = _pid + 1 };
       if
       :: BROKEN == 1 || domain_of[topic] == domain -> break
       :: else -> unlock(domain)
       fi
    od
}
inline unlock(domain) { lock_of[domain] = 0 }
#define holds(topic) (lock_of[domain_of[topic]] == _pid + 1)

/* An operation is handed from one to another, and by one at a time: under the lock, whoever claims it has it alone. */
inline claim(topic, has_it) {
    assert(holds(topic));
    has_it = parked[topic];
    parked[topic] = false
}
inline wake(topic) {
    assert(alive[topic] && !parked[topic] && !posted[topic]);
    assert(topic == 0 || !context_gone);      /* a post there would be a use after its end */
    posted[topic] = true
}
inline finish(topic) {
    assert(alive[topic] && finished[topic] == 0);
    alive[topic] = false;
    finished[topic]++
}

active [2] proctype Emitter() {
    byte topic = _pid % 2, domain, count;
    bool has_it;
    do
    :: count < EVENTS ->
       count++;
       lock_domain(topic, domain);
       if
       :: !ended[topic] ->
          queued[topic]++;
          if
          :: BROKEN == 2 -> unlock(domain); has_it = parked[topic]; parked[topic] = false
          :: else -> claim(topic, has_it); unlock(domain)
          fi;
          if
          :: has_it && BROKEN != 3 -> wake(topic)
          :: else
          fi
       :: else -> unlock(domain)
       fi
    :: else -> break
    od;
    emitter_done[topic] = true
}

/* An operation that wants one event more than there are: it ends when it is cancelled, or finds the end. */
active [2] proctype Receiver() {
    byte topic = _pid % 2, domain;
    bool is_idle;
    if
    :: has(topic)
    :: else -> goto over
    fi;
    atomic {
        alive[topic] = true;
        if
        :: topic == 1 && context_dies && BROKEN != 4 -> finish(topic)       /* it began too late */
        :: else -> posted[topic] = true
        fi
    };
end:
    do
    :: atomic { posted[topic] && !(topic == 1 && context_dies) -> posted[topic] = false; runs[topic] = true };
       assert(alive[topic] && !parked[topic]);
       if
       :: cancelled[topic] || ended[topic] -> runs[topic] = false; finish(topic); break
       :: else
       fi;
       if
       :: queued[topic] > 0 ->
          queued[topic]--;
          taken[topic]++;
          wake(topic)       /* and again */
       :: else ->
          lock_domain(topic, domain);
          is_idle = (queued[topic] == 0 || BROKEN == 5) && (!cancelled[topic] || BROKEN == 6) &&
                    (!ended[topic] || BROKEN == 7);
          parked[topic] = is_idle;
          unlock(domain);
          if
          :: is_idle
          :: else -> wake(topic)
          fi
       fi;
       runs[topic] = false
    :: finished[topic] == 1 -> break
    od;
over:
    skip
}

active proctype Canceller() {
    byte domain;
    bool has_it;
    if
    :: true -> goto end          /* or nobody cancels */
    :: has(0)
    fi;
    atomic { alive[0] && !cancelled[0] || finished[0] == 1 -> cancelled[0] = true };
    if
    :: BROKEN != 8 ->
       lock_domain(0, domain);
       claim(0, has_it);
       unlock(domain);
       if
       :: has_it -> wake(0)
       :: else
       fi
    :: else
    fi;
end:
    skip
}

/* Pins the context before it claims: who only ends something may meet its death. */
active proctype Closer() {
    byte domain;
    bool has_it, has_pin;
    if
    :: has(1)
    :: else -> goto end
    fi;
    lock_domain(1, domain);
    ended[1] = true;
    claim(1, has_it);
    if
    :: has_it ->
       atomic { has_pin = !context_dies || BROKEN == 9; pins = pins + (has_pin -> 1 : 0) };
       if
       :: !has_pin -> parked[1] = true       /* its context destroys it */
       :: else
       fi
    :: else
    fi;
    unlock(domain);
    if
    :: has_it && has_pin -> wake(1); pins--
    :: else
    fi;
end:
    skip
}

/* Destroys what is parked, and what was posted; waits for who pins, and for what runs. */
active proctype ContextDeath() {
    byte domain;
    bool has_it;
    if
    :: has(1)
    :: else -> goto end
    fi;
    if
    :: true -> goto end          /* or it lives on */
    :: emitter_done[1]
    fi;
    context_dies = true;
    if
    :: BROKEN == 10
    :: else -> pins == 0 && !runs[1]
    fi;
    lock_domain(1, domain);
    claim(1, has_it);
    unlock(domain);
    if
    :: has_it -> finish(1)
    :: else
    fi;
    atomic {
        if
        :: posted[1] -> posted[1] = false; finish(1)
        :: else
        fi;
        context_gone = true
    };
end:
    skip
}

/* Somebody subscribes to both topics: the second domain is merged into the first. He goes, and they part. */
active proctype Registration() {
    atomic { is_free(0) -> lock_of[0] = _pid + 1 };
    if
    :: BROKEN == 11
    :: else -> atomic { is_free(1) -> lock_of[1] = _pid + 1 }
    fi;
    domain_of[1] = 0;
    if
    :: BROKEN == 11
    :: else -> lock_of[1] = 0
    fi;
    lock_of[0] = 0;

    if
    :: BROKEN == 12
    :: else -> atomic { is_free(0) -> lock_of[0] = _pid + 1 }
    fi;
    atomic { is_free(1) -> lock_of[1] = _pid + 1 };
    domain_of[1] = 1;
    lock_of[1] = 0;
    if
    :: BROKEN == 12
    :: else -> lock_of[0] = 0
    fi;
    registered = true
}

/* Whatever happens, nobody waits for what is there: at rest, an operation that is parked has nothing to do. */
active proctype Monitor() {
end:
    timeout ->
       assert(!(parked[0] && (queued[0] > 0 || cancelled[0])));
       assert(!(parked[1] && (queued[1] > 0 || ended[1])));
       assert(!posted[0] && !posted[1]);
       assert(!alive[0] || parked[0]);         /* or nobody has it */
       assert(lock_of[0] == 0 && lock_of[1] == 0);
       assert(!alive[1])                       /* it was closed, or its context died */
}

/* Nobody starves: under weak fairness each of them ends. */
ltl progress { <> (emitter_done[0] && emitter_done[1] && registered && (finished[1] == 1 || !has(1)) &&
                   (finished[0] == 1 || parked[0] || !has(0))) }
