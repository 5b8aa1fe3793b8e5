#define rand	pan_rand
#define pthread_equal(a,b)	((a)==(b))
#if defined(HAS_CODE) && defined(VERBOSE)
	#ifdef BFS_PAR
		bfs_printf("Pr: %d Tr: %d\n", II, t->forw);
	#else
		cpu_printf("Pr: %d Tr: %d\n", II, t->forw);
	#endif
#endif
	switch (t->forw) {
	default: Uerror("bad forward move");
	case 0:	/* if without executable clauses */
		continue;
	case 1: /* generic 'goto' or 'skip' */
		IfNotBlocked
		_m = 3; goto P999;
	case 2: /* generic 'else' */
		IfNotBlocked
		if (trpt->o_pm&1) continue;
		_m = 3; goto P999;

		 /* CLAIM progress */
	case 3: // STATE 1 - _spin_nvr.tmp:4 - [(!(((((emitter_done[0]&&emitter_done[1])&&registered)&&(finished[1]==1))&&((finished[0]==1)||parked[0]))))] (0:0:0 - 1)
		
#if defined(VERI) && !defined(NP)
#if NCLAIMS>1
		{	static int reported1 = 0;
			if (verbose && !reported1)
			{	int nn = (int) ((Pclaim *)pptr(0))->_n;
				printf("depth %ld: Claim %s (%d), state %d (line %d)\n",
					depth, procname[spin_c_typ[nn]], nn, (int) ((Pclaim *)pptr(0))->_p, src_claim[ (int) ((Pclaim *)pptr(0))->_p ]);
				reported1 = 1;
				fflush(stdout);
		}	}
#else
		{	static int reported1 = 0;
			if (verbose && !reported1)
			{	printf("depth %d: Claim, state %d (line %d)\n",
					(int) depth, (int) ((Pclaim *)pptr(0))->_p, src_claim[ (int) ((Pclaim *)pptr(0))->_p ]);
				reported1 = 1;
				fflush(stdout);
		}	}
#endif
#endif
		reached[8][1] = 1;
		if (!( !(((((((int)now.emitter_done[0])&&((int)now.emitter_done[1]))&&((int)now.registered))&&(((int)now.finished[1])==1))&&((((int)now.finished[0])==1)||((int)now.parked[0]))))))
			continue;
		_m = 3; goto P999; /* 0 */
	case 4: // STATE 6 - _spin_nvr.tmp:6 - [-end-] (0:0:0 - 1)
		
#if defined(VERI) && !defined(NP)
#if NCLAIMS>1
		{	static int reported6 = 0;
			if (verbose && !reported6)
			{	int nn = (int) ((Pclaim *)pptr(0))->_n;
				printf("depth %ld: Claim %s (%d), state %d (line %d)\n",
					depth, procname[spin_c_typ[nn]], nn, (int) ((Pclaim *)pptr(0))->_p, src_claim[ (int) ((Pclaim *)pptr(0))->_p ]);
				reported6 = 1;
				fflush(stdout);
		}	}
#else
		{	static int reported6 = 0;
			if (verbose && !reported6)
			{	printf("depth %d: Claim, state %d (line %d)\n",
					(int) depth, (int) ((Pclaim *)pptr(0))->_p, src_claim[ (int) ((Pclaim *)pptr(0))->_p ]);
				reported6 = 1;
				fflush(stdout);
		}	}
#endif
#endif
		reached[8][6] = 1;
		if (!delproc(1, II)) continue;
		_m = 3; goto P999; /* 0 */

		 /* PROC Monitor */
	case 5: // STATE 1 - parking.pml:237 - [(timeout)] (0:0:0 - 1)
		IfNotBlocked
		reached[7][1] = 1;
		if (!(((trpt->tau)&1)))
			continue;
		_m = 1; goto P999; /* 0 */
	case 6: // STATE 2 - parking.pml:238 - [assert(!((parked[0]&&((queued[0]>0)||cancelled[0]))))] (0:0:0 - 1)
		IfNotBlocked
		reached[7][2] = 1;
		spin_assert( !((((int)now.parked[0])&&((((int)now.queued[0])>0)||((int)now.cancelled[0])))), " !((parked[0]&&((queued[0]>0)||cancelled[0])))", II, tt, t);
		_m = 3; goto P999; /* 0 */
	case 7: // STATE 3 - parking.pml:239 - [assert(!((parked[1]&&((queued[1]>0)||ended[1]))))] (0:0:0 - 1)
		IfNotBlocked
		reached[7][3] = 1;
		spin_assert( !((((int)now.parked[1])&&((((int)now.queued[1])>0)||((int)now.ended[1])))), " !((parked[1]&&((queued[1]>0)||ended[1])))", II, tt, t);
		_m = 3; goto P999; /* 0 */
	case 8: // STATE 4 - parking.pml:240 - [assert((!(posted[0])&&!(posted[1])))] (0:0:0 - 1)
		IfNotBlocked
		reached[7][4] = 1;
		spin_assert(( !(((int)now.posted[0]))&& !(((int)now.posted[1]))), "( !(posted[0])&& !(posted[1]))", II, tt, t);
		_m = 3; goto P999; /* 0 */
	case 9: // STATE 5 - parking.pml:241 - [assert(((lock_of[0]==0)&&(lock_of[1]==0)))] (0:0:0 - 1)
		IfNotBlocked
		reached[7][5] = 1;
		spin_assert(((((int)now.lock_of[0])==0)&&(((int)now.lock_of[1])==0)), "((lock_of[0]==0)&&(lock_of[1]==0))", II, tt, t);
		_m = 3; goto P999; /* 0 */
	case 10: // STATE 6 - parking.pml:242 - [assert(!(alive[1]))] (0:0:0 - 1)
		IfNotBlocked
		reached[7][6] = 1;
		spin_assert( !(((int)now.alive[1])), " !(alive[1])", II, tt, t);
		_m = 3; goto P999; /* 0 */
	case 11: // STATE 7 - parking.pml:243 - [-end-] (0:0:0 - 1)
		IfNotBlocked
		reached[7][7] = 1;
		if (!delproc(1, II)) continue;
		_m = 3; goto P999; /* 0 */

		 /* PROC :init: */
	case 12: // STATE 2 - parking.pml:232 - [-end-] (0:0:0 - 1)
		IfNotBlocked
		reached[6][2] = 1;
		if (!delproc(1, II)) continue;
		_m = 3; goto P999; /* 0 */

		 /* PROC Registration */
	case 13: // STATE 1 - parking.pml:218 - [((lock_of[0]==0))] (9:0:1 - 1)
		IfNotBlocked
		reached[5][1] = 1;
		if (!((((int)now.lock_of[0])==0)))
			continue;
		/* merge: lock_of[0] = (_pid+1)(0, 2, 9) */
		reached[5][2] = 1;
		(trpt+1)->bup.oval = ((int)now.lock_of[0]);
		now.lock_of[0] = (((int)((P5 *)_this)->_pid)+1);
#ifdef VAR_RANGES
		logval("lock_of[0]", ((int)now.lock_of[0]));
#endif
		;
		_m = 3; goto P999; /* 1 */
	case 14: // STATE 4 - parking.pml:220 - [((0==11))] (0:0:0 - 1)
		IfNotBlocked
		reached[5][4] = 1;
		if (!((0==11)))
			continue;
		_m = 3; goto P999; /* 0 */
	case 15: // STATE 6 - parking.pml:221 - [((lock_of[1]==0))] (11:0:1 - 1)
		IfNotBlocked
		reached[5][6] = 1;
		if (!((((int)now.lock_of[1])==0)))
			continue;
		/* merge: lock_of[1] = (_pid+1)(0, 7, 11) */
		reached[5][7] = 1;
		(trpt+1)->bup.oval = ((int)now.lock_of[1]);
		now.lock_of[1] = (((int)((P5 *)_this)->_pid)+1);
#ifdef VAR_RANGES
		logval("lock_of[1]", ((int)now.lock_of[1]));
#endif
		;
		/* merge: .(goto)(0, 10, 11) */
		reached[5][10] = 1;
		;
		_m = 3; goto P999; /* 2 */
	case 16: // STATE 11 - parking.pml:223 - [domain_of[1] = 0] (0:0:1 - 3)
		IfNotBlocked
		reached[5][11] = 1;
		(trpt+1)->bup.oval = ((int)now.domain_of[1]);
		now.domain_of[1] = 0;
#ifdef VAR_RANGES
		logval("domain_of[1]", ((int)now.domain_of[1]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 17: // STATE 12 - parking.pml:225 - [((0==11))] (0:0:0 - 1)
		IfNotBlocked
		reached[5][12] = 1;
		if (!((0==11)))
			continue;
		_m = 3; goto P999; /* 0 */
	case 18: // STATE 14 - parking.pml:226 - [lock_of[1] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[5][14] = 1;
		(trpt+1)->bup.oval = ((int)now.lock_of[1]);
		now.lock_of[1] = 0;
#ifdef VAR_RANGES
		logval("lock_of[1]", ((int)now.lock_of[1]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 19: // STATE 17 - parking.pml:228 - [lock_of[0] = 0] (0:0:1 - 3)
		IfNotBlocked
		reached[5][17] = 1;
		(trpt+1)->bup.oval = ((int)now.lock_of[0]);
		now.lock_of[0] = 0;
#ifdef VAR_RANGES
		logval("lock_of[0]", ((int)now.lock_of[0]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 20: // STATE 18 - parking.pml:229 - [registered = 1] (0:0:1 - 1)
		IfNotBlocked
		reached[5][18] = 1;
		(trpt+1)->bup.oval = ((int)now.registered);
		now.registered = 1;
#ifdef VAR_RANGES
		logval("registered", ((int)now.registered));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 21: // STATE 19 - parking.pml:230 - [-end-] (0:0:0 - 1)
		IfNotBlocked
		reached[5][19] = 1;
		if (!delproc(1, II)) continue;
		_m = 3; goto P999; /* 0 */

		 /* PROC ContextDeath */
	case 22: // STATE 1 - parking.pml:193 - [(emitter_done[1])] (0:0:0 - 1)
		IfNotBlocked
		reached[4][1] = 1;
		if (!(((int)now.emitter_done[1])))
			continue;
		_m = 3; goto P999; /* 0 */
	case 23: // STATE 2 - parking.pml:194 - [context_dies = 1] (0:0:1 - 1)
		IfNotBlocked
		reached[4][2] = 1;
		(trpt+1)->bup.oval = ((int)now.context_dies);
		now.context_dies = 1;
#ifdef VAR_RANGES
		logval("context_dies", ((int)now.context_dies));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 24: // STATE 3 - parking.pml:196 - [((0==10))] (0:0:0 - 1)
		IfNotBlocked
		reached[4][3] = 1;
		if (!((0==10)))
			continue;
		_m = 3; goto P999; /* 0 */
	case 25: // STATE 5 - parking.pml:197 - [(((pins==0)&&!(runs[1])))] (0:0:0 - 1)
		IfNotBlocked
		reached[4][5] = 1;
		if (!(((((int)now.pins)==0)&& !(((int)now.runs[1])))))
			continue;
		_m = 3; goto P999; /* 0 */
	case 26: // STATE 8 - parking.pml:47 - [domain = domain_of[1]] (0:0:1 - 1)
		IfNotBlocked
		reached[4][8] = 1;
		(trpt+1)->bup.oval = ((int)((P4 *)_this)->domain);
		((P4 *)_this)->domain = ((int)now.domain_of[1]);
#ifdef VAR_RANGES
		logval("ContextDeath:domain", ((int)((P4 *)_this)->domain));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 27: // STATE 9 - parking.pml:48 - [((lock_of[domain]==0))] (17:0:1 - 1)
		IfNotBlocked
		reached[4][9] = 1;
		if (!((((int)now.lock_of[ Index(((int)((P4 *)_this)->domain), 2) ])==0)))
			continue;
		/* merge: lock_of[domain] = (_pid+1)(0, 10, 17) */
		reached[4][10] = 1;
		(trpt+1)->bup.oval = ((int)now.lock_of[ Index(((int)((P4 *)_this)->domain), 2) ]);
		now.lock_of[ Index(((P4 *)_this)->domain, 2) ] = (((int)((P4 *)_this)->_pid)+1);
#ifdef VAR_RANGES
		logval("lock_of[ContextDeath:domain]", ((int)now.lock_of[ Index(((int)((P4 *)_this)->domain), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 1 */
	case 28: // STATE 12 - parking.pml:50 - [(((0==1)||(domain_of[1]==domain)))] (0:0:0 - 1)
		IfNotBlocked
		reached[4][12] = 1;
		if (!(((0==1)||(((int)now.domain_of[1])==((int)((P4 *)_this)->domain)))))
			continue;
		_m = 3; goto P999; /* 0 */
	case 29: // STATE 15 - parking.pml:55 - [lock_of[domain] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[4][15] = 1;
		(trpt+1)->bup.oval = ((int)now.lock_of[ Index(((int)((P4 *)_this)->domain), 2) ]);
		now.lock_of[ Index(((P4 *)_this)->domain, 2) ] = 0;
#ifdef VAR_RANGES
		logval("lock_of[ContextDeath:domain]", ((int)now.lock_of[ Index(((int)((P4 *)_this)->domain), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 30: // STATE 23 - parking.pml:60 - [assert((lock_of[domain_of[1]]==(_pid+1)))] (0:0:0 - 1)
		IfNotBlocked
		reached[4][23] = 1;
		spin_assert((((int)now.lock_of[ Index(((int)now.domain_of[1]), 2) ])==(((int)((P4 *)_this)->_pid)+1)), "(lock_of[domain_of[1]]==(_pid+1))", II, tt, t);
		_m = 3; goto P999; /* 0 */
	case 31: // STATE 24 - parking.pml:61 - [has_it = parked[1]] (0:0:1 - 1)
		IfNotBlocked
		reached[4][24] = 1;
		(trpt+1)->bup.oval = ((int)((P4 *)_this)->has_it);
		((P4 *)_this)->has_it = ((int)now.parked[1]);
#ifdef VAR_RANGES
		logval("ContextDeath:has_it", ((int)((P4 *)_this)->has_it));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 32: // STATE 25 - parking.pml:62 - [parked[1] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[4][25] = 1;
		(trpt+1)->bup.oval = ((int)now.parked[1]);
		now.parked[1] = 0;
#ifdef VAR_RANGES
		logval("parked[1]", ((int)now.parked[1]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 33: // STATE 27 - parking.pml:55 - [lock_of[domain] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[4][27] = 1;
		(trpt+1)->bup.oval = ((int)now.lock_of[ Index(((int)((P4 *)_this)->domain), 2) ]);
		now.lock_of[ Index(((P4 *)_this)->domain, 2) ] = 0;
#ifdef VAR_RANGES
		logval("lock_of[ContextDeath:domain]", ((int)now.lock_of[ Index(((int)((P4 *)_this)->domain), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 34: // STATE 29 - parking.pml:203 - [(has_it)] (0:0:1 - 1)
		IfNotBlocked
		reached[4][29] = 1;
		if (!(((int)((P4 *)_this)->has_it)))
			continue;
		if (TstOnly) return 1; /* TT */
		/* dead 1: has_it */  (trpt+1)->bup.oval = ((P4 *)_this)->has_it;
#ifdef HAS_CODE
		if (!readtrail)
#endif
			((P4 *)_this)->has_it = 0;
		_m = 3; goto P999; /* 0 */
	case 35: // STATE 30 - parking.pml:70 - [assert((alive[1]&&(finished[1]==0)))] (0:0:0 - 1)
		IfNotBlocked
		reached[4][30] = 1;
		spin_assert((((int)now.alive[1])&&(((int)now.finished[1])==0)), "(alive[1]&&(finished[1]==0))", II, tt, t);
		_m = 3; goto P999; /* 0 */
	case 36: // STATE 31 - parking.pml:71 - [alive[1] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[4][31] = 1;
		(trpt+1)->bup.oval = ((int)now.alive[1]);
		now.alive[1] = 0;
#ifdef VAR_RANGES
		logval("alive[1]", ((int)now.alive[1]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 37: // STATE 32 - parking.pml:72 - [finished[1] = (finished[1]+1)] (0:0:1 - 1)
		IfNotBlocked
		reached[4][32] = 1;
		(trpt+1)->bup.oval = ((int)now.finished[1]);
		now.finished[1] = (((int)now.finished[1])+1);
#ifdef VAR_RANGES
		logval("finished[1]", ((int)now.finished[1]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 38: // STATE 37 - parking.pml:208 - [(posted[1])] (42:0:1 - 1)
		IfNotBlocked
		reached[4][37] = 1;
		if (!(((int)now.posted[1])))
			continue;
		/* merge: posted[1] = 0(0, 38, 42) */
		reached[4][38] = 1;
		(trpt+1)->bup.oval = ((int)now.posted[1]);
		now.posted[1] = 0;
#ifdef VAR_RANGES
		logval("posted[1]", ((int)now.posted[1]));
#endif
		;
		_m = 3; goto P999; /* 1 */
	case 39: // STATE 39 - parking.pml:70 - [assert((alive[1]&&(finished[1]==0)))] (0:48:3 - 1)
		IfNotBlocked
		reached[4][39] = 1;
		spin_assert((((int)now.alive[1])&&(((int)now.finished[1])==0)), "(alive[1]&&(finished[1]==0))", II, tt, t);
		/* merge: alive[1] = 0(48, 40, 48) */
		reached[4][40] = 1;
		(trpt+1)->bup.ovals = grab_ints(3);
		(trpt+1)->bup.ovals[0] = ((int)now.alive[1]);
		now.alive[1] = 0;
#ifdef VAR_RANGES
		logval("alive[1]", ((int)now.alive[1]));
#endif
		;
		/* merge: finished[1] = (finished[1]+1)(48, 41, 48) */
		reached[4][41] = 1;
		(trpt+1)->bup.ovals[1] = ((int)now.finished[1]);
		now.finished[1] = (((int)now.finished[1])+1);
#ifdef VAR_RANGES
		logval("finished[1]", ((int)now.finished[1]));
#endif
		;
		/* merge: .(goto)(48, 45, 48) */
		reached[4][45] = 1;
		;
		/* merge: context_gone = 1(48, 46, 48) */
		reached[4][46] = 1;
		(trpt+1)->bup.ovals[2] = ((int)now.context_gone);
		now.context_gone = 1;
#ifdef VAR_RANGES
		logval("context_gone", ((int)now.context_gone));
#endif
		;
		_m = 3; goto P999; /* 4 */
	case 40: // STATE 45 - parking.pml:211 - [.(goto)] (0:48:1 - 2)
		IfNotBlocked
		reached[4][45] = 1;
		;
		/* merge: context_gone = 1(48, 46, 48) */
		reached[4][46] = 1;
		(trpt+1)->bup.oval = ((int)now.context_gone);
		now.context_gone = 1;
#ifdef VAR_RANGES
		logval("context_gone", ((int)now.context_gone));
#endif
		;
		_m = 3; goto P999; /* 1 */
	case 41: // STATE 48 - parking.pml:213 - [-end-] (0:0:0 - 1)
		IfNotBlocked
		reached[4][48] = 1;
		if (!delproc(1, II)) continue;
		_m = 3; goto P999; /* 0 */

		 /* PROC Closer */
	case 42: // STATE 1 - parking.pml:47 - [domain = domain_of[1]] (0:0:1 - 1)
		IfNotBlocked
		reached[3][1] = 1;
		(trpt+1)->bup.oval = ((int)((P3 *)_this)->domain);
		((P3 *)_this)->domain = ((int)now.domain_of[1]);
#ifdef VAR_RANGES
		logval("Closer:domain", ((int)((P3 *)_this)->domain));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 43: // STATE 2 - parking.pml:48 - [((lock_of[domain]==0))] (10:0:1 - 1)
		IfNotBlocked
		reached[3][2] = 1;
		if (!((((int)now.lock_of[ Index(((int)((P3 *)_this)->domain), 2) ])==0)))
			continue;
		/* merge: lock_of[domain] = (_pid+1)(0, 3, 10) */
		reached[3][3] = 1;
		(trpt+1)->bup.oval = ((int)now.lock_of[ Index(((int)((P3 *)_this)->domain), 2) ]);
		now.lock_of[ Index(((P3 *)_this)->domain, 2) ] = (((int)((P3 *)_this)->_pid)+1);
#ifdef VAR_RANGES
		logval("lock_of[Closer:domain]", ((int)now.lock_of[ Index(((int)((P3 *)_this)->domain), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 1 */
	case 44: // STATE 5 - parking.pml:50 - [(((0==1)||(domain_of[1]==domain)))] (0:0:0 - 1)
		IfNotBlocked
		reached[3][5] = 1;
		if (!(((0==1)||(((int)now.domain_of[1])==((int)((P3 *)_this)->domain)))))
			continue;
		_m = 3; goto P999; /* 0 */
	case 45: // STATE 8 - parking.pml:55 - [lock_of[domain] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[3][8] = 1;
		(trpt+1)->bup.oval = ((int)now.lock_of[ Index(((int)((P3 *)_this)->domain), 2) ]);
		now.lock_of[ Index(((P3 *)_this)->domain, 2) ] = 0;
#ifdef VAR_RANGES
		logval("lock_of[Closer:domain]", ((int)now.lock_of[ Index(((int)((P3 *)_this)->domain), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 46: // STATE 16 - parking.pml:171 - [ended[1] = 1] (0:0:1 - 3)
		IfNotBlocked
		reached[3][16] = 1;
		(trpt+1)->bup.oval = ((int)now.ended[1]);
		now.ended[1] = 1;
#ifdef VAR_RANGES
		logval("ended[1]", ((int)now.ended[1]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 47: // STATE 17 - parking.pml:60 - [assert((lock_of[domain_of[1]]==(_pid+1)))] (0:0:0 - 1)
		IfNotBlocked
		reached[3][17] = 1;
		spin_assert((((int)now.lock_of[ Index(((int)now.domain_of[1]), 2) ])==(((int)((P3 *)_this)->_pid)+1)), "(lock_of[domain_of[1]]==(_pid+1))", II, tt, t);
		_m = 3; goto P999; /* 0 */
	case 48: // STATE 18 - parking.pml:61 - [has_it = parked[1]] (0:0:1 - 1)
		IfNotBlocked
		reached[3][18] = 1;
		(trpt+1)->bup.oval = ((int)((P3 *)_this)->has_it);
		((P3 *)_this)->has_it = ((int)now.parked[1]);
#ifdef VAR_RANGES
		logval("Closer:has_it", ((int)((P3 *)_this)->has_it));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 49: // STATE 19 - parking.pml:62 - [parked[1] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[3][19] = 1;
		(trpt+1)->bup.oval = ((int)now.parked[1]);
		now.parked[1] = 0;
#ifdef VAR_RANGES
		logval("parked[1]", ((int)now.parked[1]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 50: // STATE 21 - parking.pml:174 - [(has_it)] (0:0:0 - 1)
		IfNotBlocked
		reached[3][21] = 1;
		if (!(((int)((P3 *)_this)->has_it)))
			continue;
		_m = 3; goto P999; /* 0 */
	case 51: // STATE 22 - parking.pml:175 - [has_pin = (!(context_dies)||(0==9))] (0:28:2 - 1)
		IfNotBlocked
		reached[3][22] = 1;
		(trpt+1)->bup.ovals = grab_ints(2);
		(trpt+1)->bup.ovals[0] = ((int)((P3 *)_this)->has_pin);
		((P3 *)_this)->has_pin = ( !(((int)now.context_dies))||(0==9));
#ifdef VAR_RANGES
		logval("Closer:has_pin", ((int)((P3 *)_this)->has_pin));
#endif
		;
		/* merge: pins = (pins+( (has_pin) -> (1) : (0) ))(28, 23, 28) */
		reached[3][23] = 1;
		(trpt+1)->bup.ovals[1] = ((int)now.pins);
		now.pins = (((int)now.pins)+( (((int)((P3 *)_this)->has_pin)) ? (1) : (0) ));
#ifdef VAR_RANGES
		logval("pins", ((int)now.pins));
#endif
		;
		_m = 3; goto P999; /* 1 */
	case 52: // STATE 25 - parking.pml:177 - [(!(has_pin))] (0:0:0 - 1)
		IfNotBlocked
		reached[3][25] = 1;
		if (!( !(((int)((P3 *)_this)->has_pin))))
			continue;
		_m = 3; goto P999; /* 0 */
	case 53: // STATE 26 - parking.pml:177 - [parked[1] = 1] (0:0:1 - 1)
		IfNotBlocked
		reached[3][26] = 1;
		(trpt+1)->bup.oval = ((int)now.parked[1]);
		now.parked[1] = 1;
#ifdef VAR_RANGES
		logval("parked[1]", ((int)now.parked[1]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 54: // STATE 33 - parking.pml:55 - [lock_of[domain] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[3][33] = 1;
		(trpt+1)->bup.oval = ((int)now.lock_of[ Index(((int)((P3 *)_this)->domain), 2) ]);
		now.lock_of[ Index(((P3 *)_this)->domain, 2) ] = 0;
#ifdef VAR_RANGES
		logval("lock_of[Closer:domain]", ((int)now.lock_of[ Index(((int)((P3 *)_this)->domain), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 55: // STATE 35 - parking.pml:184 - [((has_it&&has_pin))] (0:0:2 - 1)
		IfNotBlocked
		reached[3][35] = 1;
		if (!((((int)((P3 *)_this)->has_it)&&((int)((P3 *)_this)->has_pin))))
			continue;
		if (TstOnly) return 1; /* TT */
		/* dead 1: has_it */  (trpt+1)->bup.ovals = grab_ints(2);
		(trpt+1)->bup.ovals[0] = ((P3 *)_this)->has_it;
#ifdef HAS_CODE
		if (!readtrail)
#endif
			((P3 *)_this)->has_it = 0;
		if (TstOnly) return 1; /* TT */
		/* dead 1: has_pin */  (trpt+1)->bup.ovals[1] = ((P3 *)_this)->has_pin;
#ifdef HAS_CODE
		if (!readtrail)
#endif
			((P3 *)_this)->has_pin = 0;
		_m = 3; goto P999; /* 0 */
	case 56: // STATE 36 - parking.pml:65 - [assert(((alive[1]&&!(parked[1]))&&!(posted[1])))] (0:0:0 - 1)
		IfNotBlocked
		reached[3][36] = 1;
		spin_assert(((((int)now.alive[1])&& !(((int)now.parked[1])))&& !(((int)now.posted[1]))), "((alive[1]&& !(parked[1]))&& !(posted[1]))", II, tt, t);
		_m = 3; goto P999; /* 0 */
	case 57: // STATE 37 - parking.pml:66 - [assert(((1==0)||!(context_gone)))] (0:0:0 - 1)
		IfNotBlocked
		reached[3][37] = 1;
		spin_assert(((1==0)|| !(((int)now.context_gone))), "((1==0)|| !(context_gone))", II, tt, t);
		_m = 3; goto P999; /* 0 */
	case 58: // STATE 38 - parking.pml:67 - [posted[1] = 1] (0:0:1 - 1)
		IfNotBlocked
		reached[3][38] = 1;
		(trpt+1)->bup.oval = ((int)now.posted[1]);
		now.posted[1] = 1;
#ifdef VAR_RANGES
		logval("posted[1]", ((int)now.posted[1]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 59: // STATE 40 - parking.pml:184 - [pins = (pins-1)] (0:0:1 - 1)
		IfNotBlocked
		reached[3][40] = 1;
		(trpt+1)->bup.oval = ((int)now.pins);
		now.pins = (((int)now.pins)-1);
#ifdef VAR_RANGES
		logval("pins", ((int)now.pins));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 60: // STATE 44 - parking.pml:187 - [-end-] (0:0:0 - 3)
		IfNotBlocked
		reached[3][44] = 1;
		if (!delproc(1, II)) continue;
		_m = 3; goto P999; /* 0 */

		 /* PROC Canceller */
	case 61: // STATE 6 - parking.pml:150 - [(((alive[0]&&!(cancelled[0]))||(finished[0]==1)))] (40:0:1 - 1)
		IfNotBlocked
		reached[2][6] = 1;
		if (!(((((int)now.alive[0])&& !(((int)now.cancelled[0])))||(((int)now.finished[0])==1))))
			continue;
		/* merge: cancelled[0] = 1(0, 7, 40) */
		reached[2][7] = 1;
		(trpt+1)->bup.oval = ((int)now.cancelled[0]);
		now.cancelled[0] = 1;
#ifdef VAR_RANGES
		logval("cancelled[0]", ((int)now.cancelled[0]));
#endif
		;
		_m = 3; goto P999; /* 1 */
	case 62: // STATE 9 - parking.pml:152 - [((0!=8))] (0:0:0 - 1)
		IfNotBlocked
		reached[2][9] = 1;
		if (!((0!=8)))
			continue;
		_m = 3; goto P999; /* 0 */
	case 63: // STATE 10 - parking.pml:47 - [domain = domain_of[0]] (0:0:1 - 1)
		IfNotBlocked
		reached[2][10] = 1;
		(trpt+1)->bup.oval = ((int)((P2 *)_this)->domain);
		((P2 *)_this)->domain = ((int)now.domain_of[0]);
#ifdef VAR_RANGES
		logval("Canceller:domain", ((int)((P2 *)_this)->domain));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 64: // STATE 11 - parking.pml:48 - [((lock_of[domain]==0))] (19:0:1 - 1)
		IfNotBlocked
		reached[2][11] = 1;
		if (!((((int)now.lock_of[ Index(((int)((P2 *)_this)->domain), 2) ])==0)))
			continue;
		/* merge: lock_of[domain] = (_pid+1)(0, 12, 19) */
		reached[2][12] = 1;
		(trpt+1)->bup.oval = ((int)now.lock_of[ Index(((int)((P2 *)_this)->domain), 2) ]);
		now.lock_of[ Index(((P2 *)_this)->domain, 2) ] = (((int)((P2 *)_this)->_pid)+1);
#ifdef VAR_RANGES
		logval("lock_of[Canceller:domain]", ((int)now.lock_of[ Index(((int)((P2 *)_this)->domain), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 1 */
	case 65: // STATE 14 - parking.pml:50 - [(((0==1)||(domain_of[0]==domain)))] (0:0:0 - 1)
		IfNotBlocked
		reached[2][14] = 1;
		if (!(((0==1)||(((int)now.domain_of[0])==((int)((P2 *)_this)->domain)))))
			continue;
		_m = 3; goto P999; /* 0 */
	case 66: // STATE 17 - parking.pml:55 - [lock_of[domain] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[2][17] = 1;
		(trpt+1)->bup.oval = ((int)now.lock_of[ Index(((int)((P2 *)_this)->domain), 2) ]);
		now.lock_of[ Index(((P2 *)_this)->domain, 2) ] = 0;
#ifdef VAR_RANGES
		logval("lock_of[Canceller:domain]", ((int)now.lock_of[ Index(((int)((P2 *)_this)->domain), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 67: // STATE 25 - parking.pml:60 - [assert((lock_of[domain_of[0]]==(_pid+1)))] (0:0:0 - 1)
		IfNotBlocked
		reached[2][25] = 1;
		spin_assert((((int)now.lock_of[ Index(((int)now.domain_of[0]), 2) ])==(((int)((P2 *)_this)->_pid)+1)), "(lock_of[domain_of[0]]==(_pid+1))", II, tt, t);
		_m = 3; goto P999; /* 0 */
	case 68: // STATE 26 - parking.pml:61 - [has_it = parked[0]] (0:0:1 - 1)
		IfNotBlocked
		reached[2][26] = 1;
		(trpt+1)->bup.oval = ((int)((P2 *)_this)->has_it);
		((P2 *)_this)->has_it = ((int)now.parked[0]);
#ifdef VAR_RANGES
		logval("Canceller:has_it", ((int)((P2 *)_this)->has_it));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 69: // STATE 27 - parking.pml:62 - [parked[0] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[2][27] = 1;
		(trpt+1)->bup.oval = ((int)now.parked[0]);
		now.parked[0] = 0;
#ifdef VAR_RANGES
		logval("parked[0]", ((int)now.parked[0]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 70: // STATE 29 - parking.pml:55 - [lock_of[domain] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[2][29] = 1;
		(trpt+1)->bup.oval = ((int)now.lock_of[ Index(((int)((P2 *)_this)->domain), 2) ]);
		now.lock_of[ Index(((P2 *)_this)->domain, 2) ] = 0;
#ifdef VAR_RANGES
		logval("lock_of[Canceller:domain]", ((int)now.lock_of[ Index(((int)((P2 *)_this)->domain), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 71: // STATE 31 - parking.pml:157 - [(has_it)] (0:0:1 - 1)
		IfNotBlocked
		reached[2][31] = 1;
		if (!(((int)((P2 *)_this)->has_it)))
			continue;
		if (TstOnly) return 1; /* TT */
		/* dead 1: has_it */  (trpt+1)->bup.oval = ((P2 *)_this)->has_it;
#ifdef HAS_CODE
		if (!readtrail)
#endif
			((P2 *)_this)->has_it = 0;
		_m = 3; goto P999; /* 0 */
	case 72: // STATE 32 - parking.pml:65 - [assert(((alive[0]&&!(parked[0]))&&!(posted[0])))] (0:0:0 - 1)
		IfNotBlocked
		reached[2][32] = 1;
		spin_assert(((((int)now.alive[0])&& !(((int)now.parked[0])))&& !(((int)now.posted[0]))), "((alive[0]&& !(parked[0]))&& !(posted[0]))", II, tt, t);
		_m = 3; goto P999; /* 0 */
	case 73: // STATE 33 - parking.pml:66 - [assert(((0==0)||!(context_gone)))] (0:0:0 - 1)
		IfNotBlocked
		reached[2][33] = 1;
		spin_assert(((0==0)|| !(((int)now.context_gone))), "((0==0)|| !(context_gone))", II, tt, t);
		_m = 3; goto P999; /* 0 */
	case 74: // STATE 34 - parking.pml:67 - [posted[0] = 1] (0:0:1 - 1)
		IfNotBlocked
		reached[2][34] = 1;
		(trpt+1)->bup.oval = ((int)now.posted[0]);
		now.posted[0] = 1;
#ifdef VAR_RANGES
		logval("posted[0]", ((int)now.posted[0]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 75: // STATE 43 - parking.pml:164 - [-end-] (0:0:0 - 1)
		IfNotBlocked
		reached[2][43] = 1;
		if (!delproc(1, II)) continue;
		_m = 3; goto P999; /* 0 */

		 /* PROC Receiver */
	case 76: // STATE 1 - parking.pml:104 - [alive[topic] = 1] (0:0:1 - 1)
		IfNotBlocked
		reached[1][1] = 1;
		(trpt+1)->bup.oval = ((int)now.alive[ Index(((int)((P1 *)_this)->topic), 2) ]);
		now.alive[ Index(((P1 *)_this)->topic, 2) ] = 1;
#ifdef VAR_RANGES
		logval("alive[Receiver:topic]", ((int)now.alive[ Index(((int)((P1 *)_this)->topic), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 77: // STATE 2 - parking.pml:105 - [posted[topic] = 1] (0:0:1 - 1)
		IfNotBlocked
		reached[1][2] = 1;
		(trpt+1)->bup.oval = ((int)now.posted[ Index(((int)((P1 *)_this)->topic), 2) ]);
		now.posted[ Index(((P1 *)_this)->topic, 2) ] = 1;
#ifdef VAR_RANGES
		logval("posted[Receiver:topic]", ((int)now.posted[ Index(((int)((P1 *)_this)->topic), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 78: // STATE 3 - parking.pml:108 - [((posted[topic]&&!(((topic==1)&&context_dies))))] (7:0:2 - 1)
		IfNotBlocked
		reached[1][3] = 1;
		if (!((((int)now.posted[ Index(((int)((P1 *)_this)->topic), 2) ])&& !(((((int)((P1 *)_this)->topic)==1)&&((int)now.context_dies))))))
			continue;
		/* merge: posted[topic] = 0(7, 4, 7) */
		reached[1][4] = 1;
		(trpt+1)->bup.ovals = grab_ints(2);
		(trpt+1)->bup.ovals[0] = ((int)now.posted[ Index(((int)((P1 *)_this)->topic), 2) ]);
		now.posted[ Index(((P1 *)_this)->topic, 2) ] = 0;
#ifdef VAR_RANGES
		logval("posted[Receiver:topic]", ((int)now.posted[ Index(((int)((P1 *)_this)->topic), 2) ]));
#endif
		;
		/* merge: runs[topic] = 1(7, 5, 7) */
		reached[1][5] = 1;
		(trpt+1)->bup.ovals[1] = ((int)now.runs[ Index(((int)((P1 *)_this)->topic), 2) ]);
		now.runs[ Index(((P1 *)_this)->topic, 2) ] = 1;
#ifdef VAR_RANGES
		logval("runs[Receiver:topic]", ((int)now.runs[ Index(((int)((P1 *)_this)->topic), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 2 */
	case 79: // STATE 7 - parking.pml:109 - [assert((alive[topic]&&!(parked[topic])))] (0:0:0 - 1)
		IfNotBlocked
		reached[1][7] = 1;
		spin_assert((((int)now.alive[ Index(((int)((P1 *)_this)->topic), 2) ])&& !(((int)now.parked[ Index(((int)((P1 *)_this)->topic), 2) ]))), "(alive[topic]&& !(parked[topic]))", II, tt, t);
		_m = 3; goto P999; /* 0 */
	case 80: // STATE 8 - parking.pml:111 - [((cancelled[topic]||ended[topic]))] (0:0:0 - 1)
		IfNotBlocked
		reached[1][8] = 1;
		if (!((((int)now.cancelled[ Index(((int)((P1 *)_this)->topic), 2) ])||((int)now.ended[ Index(((int)((P1 *)_this)->topic), 2) ]))))
			continue;
		_m = 3; goto P999; /* 0 */
	case 81: // STATE 9 - parking.pml:111 - [runs[topic] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[1][9] = 1;
		(trpt+1)->bup.oval = ((int)now.runs[ Index(((int)((P1 *)_this)->topic), 2) ]);
		now.runs[ Index(((P1 *)_this)->topic, 2) ] = 0;
#ifdef VAR_RANGES
		logval("runs[Receiver:topic]", ((int)now.runs[ Index(((int)((P1 *)_this)->topic), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 82: // STATE 10 - parking.pml:70 - [assert((alive[topic]&&(finished[topic]==0)))] (0:0:0 - 1)
		IfNotBlocked
		reached[1][10] = 1;
		spin_assert((((int)now.alive[ Index(((int)((P1 *)_this)->topic), 2) ])&&(((int)now.finished[ Index(((int)((P1 *)_this)->topic), 2) ])==0)), "(alive[topic]&&(finished[topic]==0))", II, tt, t);
		_m = 3; goto P999; /* 0 */
	case 83: // STATE 11 - parking.pml:71 - [alive[topic] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[1][11] = 1;
		(trpt+1)->bup.oval = ((int)now.alive[ Index(((int)((P1 *)_this)->topic), 2) ]);
		now.alive[ Index(((P1 *)_this)->topic, 2) ] = 0;
#ifdef VAR_RANGES
		logval("alive[Receiver:topic]", ((int)now.alive[ Index(((int)((P1 *)_this)->topic), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 84: // STATE 12 - parking.pml:72 - [finished[topic] = (finished[topic]+1)] (0:0:1 - 1)
		IfNotBlocked
		reached[1][12] = 1;
		(trpt+1)->bup.oval = ((int)now.finished[ Index(((int)((P1 *)_this)->topic), 2) ]);
		now.finished[ Index(((P1 *)_this)->topic, 2) ] = (((int)now.finished[ Index(((int)((P1 *)_this)->topic), 2) ])+1);
#ifdef VAR_RANGES
		logval("finished[Receiver:topic]", ((int)now.finished[ Index(((int)((P1 *)_this)->topic), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 85: // STATE 18 - parking.pml:115 - [((queued[topic]>0))] (0:0:0 - 1)
		IfNotBlocked
		reached[1][18] = 1;
		if (!((((int)now.queued[ Index(((int)((P1 *)_this)->topic), 2) ])>0)))
			continue;
		_m = 3; goto P999; /* 0 */
	case 86: // STATE 19 - parking.pml:116 - [queued[topic] = (queued[topic]-1)] (0:0:1 - 1)
		IfNotBlocked
		reached[1][19] = 1;
		(trpt+1)->bup.oval = ((int)now.queued[ Index(((int)((P1 *)_this)->topic), 2) ]);
		now.queued[ Index(((P1 *)_this)->topic, 2) ] = (((int)now.queued[ Index(((int)((P1 *)_this)->topic), 2) ])-1);
#ifdef VAR_RANGES
		logval("queued[Receiver:topic]", ((int)now.queued[ Index(((int)((P1 *)_this)->topic), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 87: // STATE 20 - parking.pml:117 - [taken[topic] = (taken[topic]+1)] (0:0:1 - 1)
		IfNotBlocked
		reached[1][20] = 1;
		(trpt+1)->bup.oval = ((int)now.taken[ Index(((int)((P1 *)_this)->topic), 2) ]);
		now.taken[ Index(((P1 *)_this)->topic, 2) ] = (((int)now.taken[ Index(((int)((P1 *)_this)->topic), 2) ])+1);
#ifdef VAR_RANGES
		logval("taken[Receiver:topic]", ((int)now.taken[ Index(((int)((P1 *)_this)->topic), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 88: // STATE 21 - parking.pml:119 - [((taken[topic]==2))] (0:0:0 - 1)
		IfNotBlocked
		reached[1][21] = 1;
		if (!((((int)now.taken[ Index(((int)((P1 *)_this)->topic), 2) ])==2)))
			continue;
		_m = 3; goto P999; /* 0 */
	case 89: // STATE 22 - parking.pml:119 - [runs[topic] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[1][22] = 1;
		(trpt+1)->bup.oval = ((int)now.runs[ Index(((int)((P1 *)_this)->topic), 2) ]);
		now.runs[ Index(((P1 *)_this)->topic, 2) ] = 0;
#ifdef VAR_RANGES
		logval("runs[Receiver:topic]", ((int)now.runs[ Index(((int)((P1 *)_this)->topic), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 90: // STATE 23 - parking.pml:70 - [assert((alive[topic]&&(finished[topic]==0)))] (0:0:0 - 1)
		IfNotBlocked
		reached[1][23] = 1;
		spin_assert((((int)now.alive[ Index(((int)((P1 *)_this)->topic), 2) ])&&(((int)now.finished[ Index(((int)((P1 *)_this)->topic), 2) ])==0)), "(alive[topic]&&(finished[topic]==0))", II, tt, t);
		_m = 3; goto P999; /* 0 */
	case 91: // STATE 24 - parking.pml:71 - [alive[topic] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[1][24] = 1;
		(trpt+1)->bup.oval = ((int)now.alive[ Index(((int)((P1 *)_this)->topic), 2) ]);
		now.alive[ Index(((P1 *)_this)->topic, 2) ] = 0;
#ifdef VAR_RANGES
		logval("alive[Receiver:topic]", ((int)now.alive[ Index(((int)((P1 *)_this)->topic), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 92: // STATE 25 - parking.pml:72 - [finished[topic] = (finished[topic]+1)] (0:0:1 - 1)
		IfNotBlocked
		reached[1][25] = 1;
		(trpt+1)->bup.oval = ((int)now.finished[ Index(((int)((P1 *)_this)->topic), 2) ]);
		now.finished[ Index(((P1 *)_this)->topic, 2) ] = (((int)now.finished[ Index(((int)((P1 *)_this)->topic), 2) ])+1);
#ifdef VAR_RANGES
		logval("finished[Receiver:topic]", ((int)now.finished[ Index(((int)((P1 *)_this)->topic), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 93: // STATE 29 - parking.pml:120 - [runs[topic] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[1][29] = 1;
		(trpt+1)->bup.oval = ((int)now.runs[ Index(((int)((P1 *)_this)->topic), 2) ]);
		now.runs[ Index(((P1 *)_this)->topic, 2) ] = 0;
#ifdef VAR_RANGES
		logval("runs[Receiver:topic]", ((int)now.runs[ Index(((int)((P1 *)_this)->topic), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 94: // STATE 30 - parking.pml:65 - [assert(((alive[topic]&&!(parked[topic]))&&!(posted[topic])))] (0:0:0 - 1)
		IfNotBlocked
		reached[1][30] = 1;
		spin_assert(((((int)now.alive[ Index(((int)((P1 *)_this)->topic), 2) ])&& !(((int)now.parked[ Index(((int)((P1 *)_this)->topic), 2) ])))&& !(((int)now.posted[ Index(((int)((P1 *)_this)->topic), 2) ]))), "((alive[topic]&& !(parked[topic]))&& !(posted[topic]))", II, tt, t);
		_m = 3; goto P999; /* 0 */
	case 95: // STATE 31 - parking.pml:66 - [assert(((topic==0)||!(context_gone)))] (0:0:0 - 1)
		IfNotBlocked
		reached[1][31] = 1;
		spin_assert(((((int)((P1 *)_this)->topic)==0)|| !(((int)now.context_gone))), "((topic==0)|| !(context_gone))", II, tt, t);
		_m = 3; goto P999; /* 0 */
	case 96: // STATE 32 - parking.pml:67 - [posted[topic] = 1] (0:0:1 - 1)
		IfNotBlocked
		reached[1][32] = 1;
		(trpt+1)->bup.oval = ((int)now.posted[ Index(((int)((P1 *)_this)->topic), 2) ]);
		now.posted[ Index(((P1 *)_this)->topic, 2) ] = 1;
#ifdef VAR_RANGES
		logval("posted[Receiver:topic]", ((int)now.posted[ Index(((int)((P1 *)_this)->topic), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 97: // STATE 37 - parking.pml:125 - [((((topic==1)&&context_dies)&&(0!=4)))] (0:0:0 - 1)
		IfNotBlocked
		reached[1][37] = 1;
		if (!((((((int)((P1 *)_this)->topic)==1)&&((int)now.context_dies))&&(0!=4))))
			continue;
		_m = 3; goto P999; /* 0 */
	case 98: // STATE 38 - parking.pml:125 - [runs[topic] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[1][38] = 1;
		(trpt+1)->bup.oval = ((int)now.runs[ Index(((int)((P1 *)_this)->topic), 2) ]);
		now.runs[ Index(((P1 *)_this)->topic, 2) ] = 0;
#ifdef VAR_RANGES
		logval("runs[Receiver:topic]", ((int)now.runs[ Index(((int)((P1 *)_this)->topic), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 99: // STATE 39 - parking.pml:70 - [assert((alive[topic]&&(finished[topic]==0)))] (0:0:0 - 1)
		IfNotBlocked
		reached[1][39] = 1;
		spin_assert((((int)now.alive[ Index(((int)((P1 *)_this)->topic), 2) ])&&(((int)now.finished[ Index(((int)((P1 *)_this)->topic), 2) ])==0)), "(alive[topic]&&(finished[topic]==0))", II, tt, t);
		_m = 3; goto P999; /* 0 */
	case 100: // STATE 40 - parking.pml:71 - [alive[topic] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[1][40] = 1;
		(trpt+1)->bup.oval = ((int)now.alive[ Index(((int)((P1 *)_this)->topic), 2) ]);
		now.alive[ Index(((P1 *)_this)->topic, 2) ] = 0;
#ifdef VAR_RANGES
		logval("alive[Receiver:topic]", ((int)now.alive[ Index(((int)((P1 *)_this)->topic), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 101: // STATE 41 - parking.pml:72 - [finished[topic] = (finished[topic]+1)] (0:0:1 - 1)
		IfNotBlocked
		reached[1][41] = 1;
		(trpt+1)->bup.oval = ((int)now.finished[ Index(((int)((P1 *)_this)->topic), 2) ]);
		now.finished[ Index(((P1 *)_this)->topic, 2) ] = (((int)now.finished[ Index(((int)((P1 *)_this)->topic), 2) ])+1);
#ifdef VAR_RANGES
		logval("finished[Receiver:topic]", ((int)now.finished[ Index(((int)((P1 *)_this)->topic), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 102: // STATE 47 - parking.pml:47 - [domain = domain_of[topic]] (0:0:1 - 1)
		IfNotBlocked
		reached[1][47] = 1;
		(trpt+1)->bup.oval = ((int)((P1 *)_this)->domain);
		((P1 *)_this)->domain = ((int)now.domain_of[ Index(((int)((P1 *)_this)->topic), 2) ]);
#ifdef VAR_RANGES
		logval("Receiver:domain", ((int)((P1 *)_this)->domain));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 103: // STATE 48 - parking.pml:48 - [((lock_of[domain]==0))] (56:0:1 - 1)
		IfNotBlocked
		reached[1][48] = 1;
		if (!((((int)now.lock_of[ Index(((int)((P1 *)_this)->domain), 2) ])==0)))
			continue;
		/* merge: lock_of[domain] = (_pid+1)(0, 49, 56) */
		reached[1][49] = 1;
		(trpt+1)->bup.oval = ((int)now.lock_of[ Index(((int)((P1 *)_this)->domain), 2) ]);
		now.lock_of[ Index(((P1 *)_this)->domain, 2) ] = (((int)((P1 *)_this)->_pid)+1);
#ifdef VAR_RANGES
		logval("lock_of[Receiver:domain]", ((int)now.lock_of[ Index(((int)((P1 *)_this)->domain), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 1 */
	case 104: // STATE 51 - parking.pml:50 - [(((0==1)||(domain_of[topic]==domain)))] (0:0:0 - 1)
		IfNotBlocked
		reached[1][51] = 1;
		if (!(((0==1)||(((int)now.domain_of[ Index(((int)((P1 *)_this)->topic), 2) ])==((int)((P1 *)_this)->domain)))))
			continue;
		_m = 3; goto P999; /* 0 */
	case 105: // STATE 54 - parking.pml:55 - [lock_of[domain] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[1][54] = 1;
		(trpt+1)->bup.oval = ((int)now.lock_of[ Index(((int)((P1 *)_this)->domain), 2) ]);
		now.lock_of[ Index(((P1 *)_this)->domain, 2) ] = 0;
#ifdef VAR_RANGES
		logval("lock_of[Receiver:domain]", ((int)now.lock_of[ Index(((int)((P1 *)_this)->domain), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 106: // STATE 62 - parking.pml:129 - [is_idle = ((((queued[topic]==0)||(0==5))&&(!(cancelled[topic])||(0==6)))&&(!(ended[topic])||(0==7)))] (0:0:1 - 3)
		IfNotBlocked
		reached[1][62] = 1;
		(trpt+1)->bup.oval = ((int)((P1 *)_this)->is_idle);
		((P1 *)_this)->is_idle = ((((((int)now.queued[ Index(((int)((P1 *)_this)->topic), 2) ])==0)||(0==5))&&( !(((int)now.cancelled[ Index(((int)((P1 *)_this)->topic), 2) ]))||(0==6)))&&( !(((int)now.ended[ Index(((int)((P1 *)_this)->topic), 2) ]))||(0==7)));
#ifdef VAR_RANGES
		logval("Receiver:is_idle", ((int)((P1 *)_this)->is_idle));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 107: // STATE 63 - parking.pml:131 - [runs[topic] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[1][63] = 1;
		(trpt+1)->bup.oval = ((int)now.runs[ Index(((int)((P1 *)_this)->topic), 2) ]);
		now.runs[ Index(((P1 *)_this)->topic, 2) ] = 0;
#ifdef VAR_RANGES
		logval("runs[Receiver:topic]", ((int)now.runs[ Index(((int)((P1 *)_this)->topic), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 108: // STATE 64 - parking.pml:132 - [parked[topic] = is_idle] (0:0:1 - 1)
		IfNotBlocked
		reached[1][64] = 1;
		(trpt+1)->bup.oval = ((int)now.parked[ Index(((int)((P1 *)_this)->topic), 2) ]);
		now.parked[ Index(((P1 *)_this)->topic, 2) ] = ((int)((P1 *)_this)->is_idle);
#ifdef VAR_RANGES
		logval("parked[Receiver:topic]", ((int)now.parked[ Index(((int)((P1 *)_this)->topic), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 109: // STATE 65 - parking.pml:55 - [lock_of[domain] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[1][65] = 1;
		(trpt+1)->bup.oval = ((int)now.lock_of[ Index(((int)((P1 *)_this)->domain), 2) ]);
		now.lock_of[ Index(((P1 *)_this)->domain, 2) ] = 0;
#ifdef VAR_RANGES
		logval("lock_of[Receiver:domain]", ((int)now.lock_of[ Index(((int)((P1 *)_this)->domain), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 110: // STATE 67 - parking.pml:135 - [(is_idle)] (0:0:1 - 1)
		IfNotBlocked
		reached[1][67] = 1;
		if (!(((int)((P1 *)_this)->is_idle)))
			continue;
		if (TstOnly) return 1; /* TT */
		/* dead 1: is_idle */  (trpt+1)->bup.oval = ((P1 *)_this)->is_idle;
#ifdef HAS_CODE
		if (!readtrail)
#endif
			((P1 *)_this)->is_idle = 0;
		_m = 3; goto P999; /* 0 */
	case 111: // STATE 69 - parking.pml:65 - [assert(((alive[topic]&&!(parked[topic]))&&!(posted[topic])))] (0:0:0 - 1)
		IfNotBlocked
		reached[1][69] = 1;
		spin_assert(((((int)now.alive[ Index(((int)((P1 *)_this)->topic), 2) ])&& !(((int)now.parked[ Index(((int)((P1 *)_this)->topic), 2) ])))&& !(((int)now.posted[ Index(((int)((P1 *)_this)->topic), 2) ]))), "((alive[topic]&& !(parked[topic]))&& !(posted[topic]))", II, tt, t);
		_m = 3; goto P999; /* 0 */
	case 112: // STATE 70 - parking.pml:66 - [assert(((topic==0)||!(context_gone)))] (0:0:0 - 1)
		IfNotBlocked
		reached[1][70] = 1;
		spin_assert(((((int)((P1 *)_this)->topic)==0)|| !(((int)now.context_gone))), "((topic==0)|| !(context_gone))", II, tt, t);
		_m = 3; goto P999; /* 0 */
	case 113: // STATE 71 - parking.pml:67 - [posted[topic] = 1] (0:0:1 - 1)
		IfNotBlocked
		reached[1][71] = 1;
		(trpt+1)->bup.oval = ((int)now.posted[ Index(((int)((P1 *)_this)->topic), 2) ]);
		now.posted[ Index(((P1 *)_this)->topic, 2) ] = 1;
#ifdef VAR_RANGES
		logval("posted[Receiver:topic]", ((int)now.posted[ Index(((int)((P1 *)_this)->topic), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 114: // STATE 77 - parking.pml:139 - [((finished[topic]==1))] (0:0:1 - 1)
		IfNotBlocked
		reached[1][77] = 1;
		if (!((((int)now.finished[ Index(((int)((P1 *)_this)->topic), 2) ])==1)))
			continue;
		if (TstOnly) return 1; /* TT */
		/* dead 1: topic */  (trpt+1)->bup.oval = ((P1 *)_this)->topic;
#ifdef HAS_CODE
		if (!readtrail)
#endif
			((P1 *)_this)->topic = 0;
		_m = 3; goto P999; /* 0 */
	case 115: // STATE 82 - parking.pml:141 - [-end-] (0:0:0 - 9)
		IfNotBlocked
		reached[1][82] = 1;
		if (!delproc(1, II)) continue;
		_m = 3; goto P999; /* 0 */

		 /* PROC Emitter */
	case 116: // STATE 1 - parking.pml:79 - [((count<2))] (17:0:1 - 1)
		IfNotBlocked
		reached[0][1] = 1;
		if (!((((int)((P0 *)_this)->count)<2)))
			continue;
		/* merge: count = (count+1)(0, 2, 17) */
		reached[0][2] = 1;
		(trpt+1)->bup.oval = ((int)((P0 *)_this)->count);
		((P0 *)_this)->count = (((int)((P0 *)_this)->count)+1);
#ifdef VAR_RANGES
		logval("Emitter:count", ((int)((P0 *)_this)->count));
#endif
		;
		_m = 3; goto P999; /* 1 */
	case 117: // STATE 3 - parking.pml:47 - [domain = domain_of[topic]] (0:0:1 - 1)
		IfNotBlocked
		reached[0][3] = 1;
		(trpt+1)->bup.oval = ((int)((P0 *)_this)->domain);
		((P0 *)_this)->domain = ((int)now.domain_of[ Index(((int)((P0 *)_this)->topic), 2) ]);
#ifdef VAR_RANGES
		logval("Emitter:domain", ((int)((P0 *)_this)->domain));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 118: // STATE 4 - parking.pml:48 - [((lock_of[domain]==0))] (12:0:1 - 1)
		IfNotBlocked
		reached[0][4] = 1;
		if (!((((int)now.lock_of[ Index(((int)((P0 *)_this)->domain), 2) ])==0)))
			continue;
		/* merge: lock_of[domain] = (_pid+1)(0, 5, 12) */
		reached[0][5] = 1;
		(trpt+1)->bup.oval = ((int)now.lock_of[ Index(((int)((P0 *)_this)->domain), 2) ]);
		now.lock_of[ Index(((P0 *)_this)->domain, 2) ] = (((int)((P0 *)_this)->_pid)+1);
#ifdef VAR_RANGES
		logval("lock_of[Emitter:domain]", ((int)now.lock_of[ Index(((int)((P0 *)_this)->domain), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 1 */
	case 119: // STATE 7 - parking.pml:50 - [(((0==1)||(domain_of[topic]==domain)))] (0:0:0 - 1)
		IfNotBlocked
		reached[0][7] = 1;
		if (!(((0==1)||(((int)now.domain_of[ Index(((int)((P0 *)_this)->topic), 2) ])==((int)((P0 *)_this)->domain)))))
			continue;
		_m = 3; goto P999; /* 0 */
	case 120: // STATE 10 - parking.pml:55 - [lock_of[domain] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[0][10] = 1;
		(trpt+1)->bup.oval = ((int)now.lock_of[ Index(((int)((P0 *)_this)->domain), 2) ]);
		now.lock_of[ Index(((P0 *)_this)->domain, 2) ] = 0;
#ifdef VAR_RANGES
		logval("lock_of[Emitter:domain]", ((int)now.lock_of[ Index(((int)((P0 *)_this)->domain), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 121: // STATE 18 - parking.pml:83 - [(!(ended[topic]))] (0:0:0 - 1)
		IfNotBlocked
		reached[0][18] = 1;
		if (!( !(((int)now.ended[ Index(((int)((P0 *)_this)->topic), 2) ]))))
			continue;
		_m = 3; goto P999; /* 0 */
	case 122: // STATE 19 - parking.pml:84 - [queued[topic] = (queued[topic]+1)] (0:0:1 - 1)
		IfNotBlocked
		reached[0][19] = 1;
		(trpt+1)->bup.oval = ((int)now.queued[ Index(((int)((P0 *)_this)->topic), 2) ]);
		now.queued[ Index(((P0 *)_this)->topic, 2) ] = (((int)now.queued[ Index(((int)((P0 *)_this)->topic), 2) ])+1);
#ifdef VAR_RANGES
		logval("queued[Emitter:topic]", ((int)now.queued[ Index(((int)((P0 *)_this)->topic), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 123: // STATE 20 - parking.pml:86 - [((0==2))] (0:0:0 - 1)
		IfNotBlocked
		reached[0][20] = 1;
		if (!((0==2)))
			continue;
		_m = 3; goto P999; /* 0 */
	case 124: // STATE 21 - parking.pml:55 - [lock_of[domain] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[0][21] = 1;
		(trpt+1)->bup.oval = ((int)now.lock_of[ Index(((int)((P0 *)_this)->domain), 2) ]);
		now.lock_of[ Index(((P0 *)_this)->domain, 2) ] = 0;
#ifdef VAR_RANGES
		logval("lock_of[Emitter:domain]", ((int)now.lock_of[ Index(((int)((P0 *)_this)->domain), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 125: // STATE 23 - parking.pml:86 - [has_it = parked[topic]] (0:0:1 - 1)
		IfNotBlocked
		reached[0][23] = 1;
		(trpt+1)->bup.oval = ((int)((P0 *)_this)->has_it);
		((P0 *)_this)->has_it = ((int)now.parked[ Index(((int)((P0 *)_this)->topic), 2) ]);
#ifdef VAR_RANGES
		logval("Emitter:has_it", ((int)((P0 *)_this)->has_it));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 126: // STATE 24 - parking.pml:86 - [parked[topic] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[0][24] = 1;
		(trpt+1)->bup.oval = ((int)now.parked[ Index(((int)((P0 *)_this)->topic), 2) ]);
		now.parked[ Index(((P0 *)_this)->topic, 2) ] = 0;
#ifdef VAR_RANGES
		logval("parked[Emitter:topic]", ((int)now.parked[ Index(((int)((P0 *)_this)->topic), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 127: // STATE 26 - parking.pml:60 - [assert((lock_of[domain_of[topic]]==(_pid+1)))] (0:0:0 - 1)
		IfNotBlocked
		reached[0][26] = 1;
		spin_assert((((int)now.lock_of[ Index(((int)now.domain_of[ Index(((int)((P0 *)_this)->topic), 2) ]), 2) ])==(((int)((P0 *)_this)->_pid)+1)), "(lock_of[domain_of[topic]]==(_pid+1))", II, tt, t);
		_m = 3; goto P999; /* 0 */
	case 128: // STATE 27 - parking.pml:61 - [has_it = parked[topic]] (0:0:1 - 1)
		IfNotBlocked
		reached[0][27] = 1;
		(trpt+1)->bup.oval = ((int)((P0 *)_this)->has_it);
		((P0 *)_this)->has_it = ((int)now.parked[ Index(((int)((P0 *)_this)->topic), 2) ]);
#ifdef VAR_RANGES
		logval("Emitter:has_it", ((int)((P0 *)_this)->has_it));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 129: // STATE 28 - parking.pml:62 - [parked[topic] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[0][28] = 1;
		(trpt+1)->bup.oval = ((int)now.parked[ Index(((int)((P0 *)_this)->topic), 2) ]);
		now.parked[ Index(((P0 *)_this)->topic, 2) ] = 0;
#ifdef VAR_RANGES
		logval("parked[Emitter:topic]", ((int)now.parked[ Index(((int)((P0 *)_this)->topic), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 130: // STATE 30 - parking.pml:55 - [lock_of[domain] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[0][30] = 1;
		(trpt+1)->bup.oval = ((int)now.lock_of[ Index(((int)((P0 *)_this)->domain), 2) ]);
		now.lock_of[ Index(((P0 *)_this)->domain, 2) ] = 0;
#ifdef VAR_RANGES
		logval("lock_of[Emitter:domain]", ((int)now.lock_of[ Index(((int)((P0 *)_this)->domain), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 131: // STATE 34 - parking.pml:90 - [((has_it&&(0!=3)))] (0:0:1 - 1)
		IfNotBlocked
		reached[0][34] = 1;
		if (!((((int)((P0 *)_this)->has_it)&&(0!=3))))
			continue;
		if (TstOnly) return 1; /* TT */
		/* dead 1: has_it */  (trpt+1)->bup.oval = ((P0 *)_this)->has_it;
#ifdef HAS_CODE
		if (!readtrail)
#endif
			((P0 *)_this)->has_it = 0;
		_m = 3; goto P999; /* 0 */
	case 132: // STATE 35 - parking.pml:65 - [assert(((alive[topic]&&!(parked[topic]))&&!(posted[topic])))] (0:0:0 - 1)
		IfNotBlocked
		reached[0][35] = 1;
		spin_assert(((((int)now.alive[ Index(((int)((P0 *)_this)->topic), 2) ])&& !(((int)now.parked[ Index(((int)((P0 *)_this)->topic), 2) ])))&& !(((int)now.posted[ Index(((int)((P0 *)_this)->topic), 2) ]))), "((alive[topic]&& !(parked[topic]))&& !(posted[topic]))", II, tt, t);
		_m = 3; goto P999; /* 0 */
	case 133: // STATE 36 - parking.pml:66 - [assert(((topic==0)||!(context_gone)))] (0:0:0 - 1)
		IfNotBlocked
		reached[0][36] = 1;
		spin_assert(((((int)((P0 *)_this)->topic)==0)|| !(((int)now.context_gone))), "((topic==0)|| !(context_gone))", II, tt, t);
		_m = 3; goto P999; /* 0 */
	case 134: // STATE 37 - parking.pml:67 - [posted[topic] = 1] (0:0:1 - 1)
		IfNotBlocked
		reached[0][37] = 1;
		(trpt+1)->bup.oval = ((int)now.posted[ Index(((int)((P0 *)_this)->topic), 2) ]);
		now.posted[ Index(((P0 *)_this)->topic, 2) ] = 1;
#ifdef VAR_RANGES
		logval("posted[Emitter:topic]", ((int)now.posted[ Index(((int)((P0 *)_this)->topic), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 135: // STATE 43 - parking.pml:55 - [lock_of[domain] = 0] (0:0:1 - 1)
		IfNotBlocked
		reached[0][43] = 1;
		(trpt+1)->bup.oval = ((int)now.lock_of[ Index(((int)((P0 *)_this)->domain), 2) ]);
		now.lock_of[ Index(((P0 *)_this)->domain, 2) ] = 0;
#ifdef VAR_RANGES
		logval("lock_of[Emitter:domain]", ((int)now.lock_of[ Index(((int)((P0 *)_this)->domain), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 136: // STATE 52 - parking.pml:97 - [emitter_done[topic] = 1] (0:0:1 - 3)
		IfNotBlocked
		reached[0][52] = 1;
		(trpt+1)->bup.oval = ((int)now.emitter_done[ Index(((int)((P0 *)_this)->topic), 2) ]);
		now.emitter_done[ Index(((P0 *)_this)->topic, 2) ] = 1;
#ifdef VAR_RANGES
		logval("emitter_done[Emitter:topic]", ((int)now.emitter_done[ Index(((int)((P0 *)_this)->topic), 2) ]));
#endif
		;
		_m = 3; goto P999; /* 0 */
	case 137: // STATE 53 - parking.pml:98 - [-end-] (0:0:0 - 1)
		IfNotBlocked
		reached[0][53] = 1;
		if (!delproc(1, II)) continue;
		_m = 3; goto P999; /* 0 */
	case  _T5:	/* np_ */
		if (!((!(trpt->o_pm&4) && !(trpt->tau&128))))
			continue;
		/* else fall through */
	case  _T2:	/* true */
		_m = 3; goto P999;
#undef rand
	}

