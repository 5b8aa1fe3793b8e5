	switch (t->back) {
	default: Uerror("bad return move");
	case  0: goto R999; /* nothing to undo */

		 /* CLAIM progress */
;
		;
		
	case 4: // STATE 6
		;
		p_restor(II);
		;
		;
		goto R999;

		 /* PROC Monitor */
;
		;
		;
		;
		;
		;
		;
		;
		;
		;
		;
		;
		
	case 11: // STATE 7
		;
		p_restor(II);
		;
		;
		goto R999;

		 /* PROC :init: */

	case 12: // STATE 2
		;
		p_restor(II);
		;
		;
		goto R999;

		 /* PROC Registration */

	case 13: // STATE 2
		;
		now.lock_of[0] = trpt->bup.oval;
		;
		goto R999;
;
		;
		
	case 15: // STATE 7
		;
		now.lock_of[1] = trpt->bup.oval;
		;
		goto R999;

	case 16: // STATE 11
		;
		now.domain_of[1] = trpt->bup.oval;
		;
		goto R999;
;
		;
		
	case 18: // STATE 14
		;
		now.lock_of[1] = trpt->bup.oval;
		;
		goto R999;

	case 19: // STATE 17
		;
		now.lock_of[0] = trpt->bup.oval;
		;
		goto R999;

	case 20: // STATE 18
		;
		now.registered = trpt->bup.oval;
		;
		goto R999;

	case 21: // STATE 19
		;
		p_restor(II);
		;
		;
		goto R999;

		 /* PROC ContextDeath */
;
		;
		
	case 23: // STATE 2
		;
		now.context_dies = trpt->bup.oval;
		;
		goto R999;
;
		;
		;
		;
		
	case 26: // STATE 8
		;
		((P4 *)_this)->domain = trpt->bup.oval;
		;
		goto R999;

	case 27: // STATE 10
		;
		now.lock_of[ Index(((P4 *)_this)->domain, 2) ] = trpt->bup.oval;
		;
		goto R999;
;
		;
		
	case 29: // STATE 15
		;
		now.lock_of[ Index(((P4 *)_this)->domain, 2) ] = trpt->bup.oval;
		;
		goto R999;
;
		;
		
	case 31: // STATE 24
		;
		((P4 *)_this)->has_it = trpt->bup.oval;
		;
		goto R999;

	case 32: // STATE 25
		;
		now.parked[1] = trpt->bup.oval;
		;
		goto R999;

	case 33: // STATE 27
		;
		now.lock_of[ Index(((P4 *)_this)->domain, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 34: // STATE 29
		;
	/* 0 */	((P4 *)_this)->has_it = trpt->bup.oval;
		;
		;
		goto R999;
;
		;
		
	case 36: // STATE 31
		;
		now.alive[1] = trpt->bup.oval;
		;
		goto R999;

	case 37: // STATE 32
		;
		now.finished[1] = trpt->bup.oval;
		;
		goto R999;

	case 38: // STATE 38
		;
		now.posted[1] = trpt->bup.oval;
		;
		goto R999;

	case 39: // STATE 46
		;
		now.context_gone = trpt->bup.ovals[2];
		now.finished[1] = trpt->bup.ovals[1];
		now.alive[1] = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 3);
		goto R999;

	case 40: // STATE 46
		;
		now.context_gone = trpt->bup.oval;
		;
		goto R999;

	case 41: // STATE 48
		;
		p_restor(II);
		;
		;
		goto R999;

		 /* PROC Closer */

	case 42: // STATE 1
		;
		((P3 *)_this)->domain = trpt->bup.oval;
		;
		goto R999;

	case 43: // STATE 3
		;
		now.lock_of[ Index(((P3 *)_this)->domain, 2) ] = trpt->bup.oval;
		;
		goto R999;
;
		;
		
	case 45: // STATE 8
		;
		now.lock_of[ Index(((P3 *)_this)->domain, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 46: // STATE 16
		;
		now.ended[1] = trpt->bup.oval;
		;
		goto R999;
;
		;
		
	case 48: // STATE 18
		;
		((P3 *)_this)->has_it = trpt->bup.oval;
		;
		goto R999;

	case 49: // STATE 19
		;
		now.parked[1] = trpt->bup.oval;
		;
		goto R999;
;
		;
		
	case 51: // STATE 23
		;
		now.pins = trpt->bup.ovals[1];
		((P3 *)_this)->has_pin = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 2);
		goto R999;
;
		;
		
	case 53: // STATE 26
		;
		now.parked[1] = trpt->bup.oval;
		;
		goto R999;

	case 54: // STATE 33
		;
		now.lock_of[ Index(((P3 *)_this)->domain, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 55: // STATE 35
		;
	/* 1 */	((P3 *)_this)->has_pin = trpt->bup.ovals[1];
	/* 0 */	((P3 *)_this)->has_it = trpt->bup.ovals[0];
		;
		;
		ungrab_ints(trpt->bup.ovals, 2);
		goto R999;
;
		;
		;
		;
		
	case 58: // STATE 38
		;
		now.posted[1] = trpt->bup.oval;
		;
		goto R999;

	case 59: // STATE 40
		;
		now.pins = trpt->bup.oval;
		;
		goto R999;

	case 60: // STATE 44
		;
		p_restor(II);
		;
		;
		goto R999;

		 /* PROC Canceller */

	case 61: // STATE 7
		;
		now.cancelled[0] = trpt->bup.oval;
		;
		goto R999;
;
		;
		
	case 63: // STATE 10
		;
		((P2 *)_this)->domain = trpt->bup.oval;
		;
		goto R999;

	case 64: // STATE 12
		;
		now.lock_of[ Index(((P2 *)_this)->domain, 2) ] = trpt->bup.oval;
		;
		goto R999;
;
		;
		
	case 66: // STATE 17
		;
		now.lock_of[ Index(((P2 *)_this)->domain, 2) ] = trpt->bup.oval;
		;
		goto R999;
;
		;
		
	case 68: // STATE 26
		;
		((P2 *)_this)->has_it = trpt->bup.oval;
		;
		goto R999;

	case 69: // STATE 27
		;
		now.parked[0] = trpt->bup.oval;
		;
		goto R999;

	case 70: // STATE 29
		;
		now.lock_of[ Index(((P2 *)_this)->domain, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 71: // STATE 31
		;
	/* 0 */	((P2 *)_this)->has_it = trpt->bup.oval;
		;
		;
		goto R999;
;
		;
		;
		;
		
	case 74: // STATE 34
		;
		now.posted[0] = trpt->bup.oval;
		;
		goto R999;

	case 75: // STATE 43
		;
		p_restor(II);
		;
		;
		goto R999;

		 /* PROC Receiver */

	case 76: // STATE 1
		;
		now.alive[ Index(((P1 *)_this)->topic, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 77: // STATE 2
		;
		now.posted[ Index(((P1 *)_this)->topic, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 78: // STATE 5
		;
		now.runs[ Index(((P1 *)_this)->topic, 2) ] = trpt->bup.ovals[1];
		now.posted[ Index(((P1 *)_this)->topic, 2) ] = trpt->bup.ovals[0];
		;
		ungrab_ints(trpt->bup.ovals, 2);
		goto R999;
;
		;
		;
		;
		
	case 81: // STATE 9
		;
		now.runs[ Index(((P1 *)_this)->topic, 2) ] = trpt->bup.oval;
		;
		goto R999;
;
		;
		
	case 83: // STATE 11
		;
		now.alive[ Index(((P1 *)_this)->topic, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 84: // STATE 12
		;
		now.finished[ Index(((P1 *)_this)->topic, 2) ] = trpt->bup.oval;
		;
		goto R999;
;
		;
		
	case 86: // STATE 19
		;
		now.queued[ Index(((P1 *)_this)->topic, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 87: // STATE 20
		;
		now.taken[ Index(((P1 *)_this)->topic, 2) ] = trpt->bup.oval;
		;
		goto R999;
;
		;
		
	case 89: // STATE 22
		;
		now.runs[ Index(((P1 *)_this)->topic, 2) ] = trpt->bup.oval;
		;
		goto R999;
;
		;
		
	case 91: // STATE 24
		;
		now.alive[ Index(((P1 *)_this)->topic, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 92: // STATE 25
		;
		now.finished[ Index(((P1 *)_this)->topic, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 93: // STATE 29
		;
		now.runs[ Index(((P1 *)_this)->topic, 2) ] = trpt->bup.oval;
		;
		goto R999;
;
		;
		;
		;
		
	case 96: // STATE 32
		;
		now.posted[ Index(((P1 *)_this)->topic, 2) ] = trpt->bup.oval;
		;
		goto R999;
;
		;
		
	case 98: // STATE 38
		;
		now.runs[ Index(((P1 *)_this)->topic, 2) ] = trpt->bup.oval;
		;
		goto R999;
;
		;
		
	case 100: // STATE 40
		;
		now.alive[ Index(((P1 *)_this)->topic, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 101: // STATE 41
		;
		now.finished[ Index(((P1 *)_this)->topic, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 102: // STATE 47
		;
		((P1 *)_this)->domain = trpt->bup.oval;
		;
		goto R999;

	case 103: // STATE 49
		;
		now.lock_of[ Index(((P1 *)_this)->domain, 2) ] = trpt->bup.oval;
		;
		goto R999;
;
		;
		
	case 105: // STATE 54
		;
		now.lock_of[ Index(((P1 *)_this)->domain, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 106: // STATE 62
		;
		((P1 *)_this)->is_idle = trpt->bup.oval;
		;
		goto R999;

	case 107: // STATE 63
		;
		now.runs[ Index(((P1 *)_this)->topic, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 108: // STATE 64
		;
		now.parked[ Index(((P1 *)_this)->topic, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 109: // STATE 65
		;
		now.lock_of[ Index(((P1 *)_this)->domain, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 110: // STATE 67
		;
	/* 0 */	((P1 *)_this)->is_idle = trpt->bup.oval;
		;
		;
		goto R999;
;
		;
		;
		;
		
	case 113: // STATE 71
		;
		now.posted[ Index(((P1 *)_this)->topic, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 114: // STATE 77
		;
	/* 0 */	((P1 *)_this)->topic = trpt->bup.oval;
		;
		;
		goto R999;

	case 115: // STATE 82
		;
		p_restor(II);
		;
		;
		goto R999;

		 /* PROC Emitter */

	case 116: // STATE 2
		;
		((P0 *)_this)->count = trpt->bup.oval;
		;
		goto R999;

	case 117: // STATE 3
		;
		((P0 *)_this)->domain = trpt->bup.oval;
		;
		goto R999;

	case 118: // STATE 5
		;
		now.lock_of[ Index(((P0 *)_this)->domain, 2) ] = trpt->bup.oval;
		;
		goto R999;
;
		;
		
	case 120: // STATE 10
		;
		now.lock_of[ Index(((P0 *)_this)->domain, 2) ] = trpt->bup.oval;
		;
		goto R999;
;
		;
		
	case 122: // STATE 19
		;
		now.queued[ Index(((P0 *)_this)->topic, 2) ] = trpt->bup.oval;
		;
		goto R999;
;
		;
		
	case 124: // STATE 21
		;
		now.lock_of[ Index(((P0 *)_this)->domain, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 125: // STATE 23
		;
		((P0 *)_this)->has_it = trpt->bup.oval;
		;
		goto R999;

	case 126: // STATE 24
		;
		now.parked[ Index(((P0 *)_this)->topic, 2) ] = trpt->bup.oval;
		;
		goto R999;
;
		;
		
	case 128: // STATE 27
		;
		((P0 *)_this)->has_it = trpt->bup.oval;
		;
		goto R999;

	case 129: // STATE 28
		;
		now.parked[ Index(((P0 *)_this)->topic, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 130: // STATE 30
		;
		now.lock_of[ Index(((P0 *)_this)->domain, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 131: // STATE 34
		;
	/* 0 */	((P0 *)_this)->has_it = trpt->bup.oval;
		;
		;
		goto R999;
;
		;
		;
		;
		
	case 134: // STATE 37
		;
		now.posted[ Index(((P0 *)_this)->topic, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 135: // STATE 43
		;
		now.lock_of[ Index(((P0 *)_this)->domain, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 136: // STATE 52
		;
		now.emitter_done[ Index(((P0 *)_this)->topic, 2) ] = trpt->bup.oval;
		;
		goto R999;

	case 137: // STATE 53
		;
		p_restor(II);
		;
		;
		goto R999;
	}

