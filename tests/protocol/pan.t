#ifdef PEG
struct T_SRC {
	char *fl; int ln;
} T_SRC[NTRANS];

void
tr_2_src(int m, char *file, int ln)
{	T_SRC[m].fl = file;
	T_SRC[m].ln = ln;
}

void
putpeg(int n, int m)
{	printf("%5d	trans %4d ", m, n);
	printf("%s:%d\n",
		T_SRC[n].fl, T_SRC[n].ln);
}
#endif

void
settable(void)
{	Trans *T;
	Trans *settr(int, int, int, int, int, char *, int, int, int);

	trans = (Trans ***) emalloc(10*sizeof(Trans **));

	/* proctype 8: progress */

	trans[8] = (Trans **) emalloc(7*sizeof(Trans *));

	trans[8][4]	= settr(301,0,3,1,0,".(goto)", 0, 2, 0);
	T = trans[8][3] = settr(300,0,0,0,0,"DO", 0, 2, 0);
	    T->nxt	= settr(300,0,1,0,0,"DO", 0, 2, 0);
	trans[8][1]	= settr(298,0,3,3,0,"(!(((((emitter_done[0]&&emitter_done[1])&&registered)&&(finished[1]==1))&&((finished[0]==1)||parked[0]))))", 1, 2, 0);
	trans[8][2]	= settr(299,0,3,1,0,"goto T0_init", 0, 2, 0);
	trans[8][5]	= settr(302,0,6,1,0,"break", 0, 2, 0);
	trans[8][6]	= settr(303,0,0,4,4,"-end-", 0, 3500, 0);

	/* proctype 7: Monitor */

	trans[7] = (Trans **) emalloc(8*sizeof(Trans *));

	trans[7][1]	= settr(291,0,2,5,0,"(timeout)", 1, 3000, 0);
	trans[7][2]	= settr(292,0,3,6,0,"assert(!((parked[0]&&((queued[0]>0)||cancelled[0]))))", 1, 2, 0);
	trans[7][3]	= settr(293,0,4,7,0,"assert(!((parked[1]&&((queued[1]>0)||ended[1]))))", 1, 2, 0);
	trans[7][4]	= settr(294,0,5,8,0,"assert((!(posted[0])&&!(posted[1])))", 1, 2, 0);
	trans[7][5]	= settr(295,0,6,9,0,"assert(((lock_of[0]==0)&&(lock_of[1]==0)))", 1, 2, 0);
	trans[7][6]	= settr(296,0,7,10,0,"assert(!(alive[1]))", 1, 2, 0);
	trans[7][7]	= settr(297,0,0,11,11,"-end-", 0, 3500, 0);

	/* proctype 6: :init: */

	trans[6] = (Trans **) emalloc(3*sizeof(Trans *));

	trans[6][1]	= settr(289,0,2,1,0,"(1)", 0, 2, 0);
	trans[6][2]	= settr(290,0,0,12,12,"-end-", 0, 3500, 0);

	/* proctype 5: Registration */

	trans[5] = (Trans **) emalloc(20*sizeof(Trans *));

	T = trans[ 5][3] = settr(272,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(272,2,1,0,0,"ATOMIC", 1, 2, 0);
	trans[5][1]	= settr(270,4,9,13,13,"((lock_of[0]==0))", 1, 2, 0); /* m: 2 -> 9,0 */
	reached5[2] = 1;
	trans[5][2]	= settr(0,0,0,0,0,"lock_of[0] = (_pid+1)",0,0,0);
	T = trans[5][9] = settr(278,0,0,0,0,"IF", 0, 2, 0);
	T = T->nxt	= settr(278,0,4,0,0,"IF", 0, 2, 0);
	    T->nxt	= settr(278,0,5,0,0,"IF", 0, 2, 0);
	trans[5][4]	= settr(273,0,11,14,0,"((0==11))", 0, 2, 0);
	trans[5][10]	= settr(279,0,11,1,0,".(goto)", 0, 2, 0);
	trans[5][5]	= settr(274,0,8,2,0,"else", 0, 2, 0);
	T = trans[ 5][8] = settr(277,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(277,2,6,0,0,"ATOMIC", 1, 2, 0);
	trans[5][6]	= settr(275,0,11,15,15,"((lock_of[1]==0))", 1, 2, 0); /* m: 7 -> 11,0 */
	reached5[7] = 1;
	trans[5][7]	= settr(0,0,0,0,0,"lock_of[1] = (_pid+1)",0,0,0);
	trans[5][11]	= settr(280,0,15,16,16,"domain_of[1] = 0", 1, 2, 0);
	T = trans[5][15] = settr(284,0,0,0,0,"IF", 0, 2, 0);
	T = T->nxt	= settr(284,0,12,0,0,"IF", 0, 2, 0);
	    T->nxt	= settr(284,0,13,0,0,"IF", 0, 2, 0);
	trans[5][12]	= settr(281,0,17,17,0,"((0==11))", 0, 2, 0);
	trans[5][16]	= settr(285,0,17,1,0,".(goto)", 0, 2, 0);
	trans[5][13]	= settr(282,0,14,2,0,"else", 0, 2, 0);
	trans[5][14]	= settr(283,0,17,18,18,"lock_of[1] = 0", 1, 2, 0);
	trans[5][17]	= settr(286,0,18,19,19,"lock_of[0] = 0", 1, 2, 0);
	trans[5][18]	= settr(287,0,19,20,20,"registered = 1", 1, 2, 0);
	trans[5][19]	= settr(288,0,0,21,21,"-end-", 0, 3500, 0);

	/* proctype 4: ContextDeath */

	trans[4] = (Trans **) emalloc(49*sizeof(Trans *));

	trans[4][1]	= settr(222,0,2,22,0,"(emitter_done[1])", 1, 2, 0);
	trans[4][2]	= settr(223,0,6,23,23,"context_dies = 1", 1, 2, 0);
	T = trans[4][6] = settr(227,0,0,0,0,"IF", 0, 2, 0);
	T = T->nxt	= settr(227,0,3,0,0,"IF", 0, 2, 0);
	    T->nxt	= settr(227,0,4,0,0,"IF", 0, 2, 0);
	trans[4][3]	= settr(224,0,22,24,0,"((0==10))", 0, 2, 0);
	trans[4][7]	= settr(228,0,22,1,0,".(goto)", 0, 2, 0);
	trans[4][4]	= settr(225,0,5,2,0,"else", 0, 2, 0);
	trans[4][5]	= settr(226,0,22,25,0,"(((pins==0)&&!(runs[1])))", 1, 2, 0);
	T = trans[ 4][22] = settr(243,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(243,0,19,0,0,"sub-sequence", 0, 2, 0);
	trans[4][20]	= settr(241,0,19,1,0,".(goto)", 0, 2, 0);
	T = trans[4][19] = settr(240,0,0,0,0,"DO", 0, 2, 0);
	    T->nxt	= settr(240,0,8,0,0,"DO", 0, 2, 0);
	trans[4][8]	= settr(229,0,11,26,26,"domain = domain_of[1]", 1, 2, 0);
	T = trans[ 4][11] = settr(232,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(232,2,9,0,0,"ATOMIC", 1, 2, 0);
	trans[4][9]	= settr(230,4,17,27,27,"((lock_of[domain]==0))", 1, 2, 0); /* m: 10 -> 17,0 */
	reached4[10] = 1;
	trans[4][10]	= settr(0,0,0,0,0,"lock_of[domain] = (_pid+1)",0,0,0);
	T = trans[4][17] = settr(238,0,0,0,0,"IF", 0, 2, 0);
	T = T->nxt	= settr(238,0,12,0,0,"IF", 0, 2, 0);
	    T->nxt	= settr(238,0,14,0,0,"IF", 0, 2, 0);
	trans[4][12]	= settr(233,0,26,28,0,"(((0==1)||(domain_of[1]==domain)))", 1, 2, 0);
	trans[4][13]	= settr(234,0,26,1,0,"goto :b6", 0, 2, 0);
	trans[4][18]	= settr(239,0,19,1,0,".(goto)", 0, 2, 0);
	trans[4][14]	= settr(235,0,16,2,0,"else", 0, 2, 0);
	T = trans[ 4][16] = settr(237,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(237,0,15,0,0,"sub-sequence", 0, 2, 0);
	trans[4][15]	= settr(236,0,19,29,29,"lock_of[domain] = 0", 1, 2, 0);
	trans[4][21]	= settr(242,0,26,1,0,"break", 0, 2, 0);
	T = trans[ 4][26] = settr(247,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(247,0,23,0,0,"sub-sequence", 0, 2, 0);
	trans[4][23]	= settr(244,0,24,30,0,"assert((lock_of[domain_of[1]]==(_pid+1)))", 1, 2, 0);
	trans[4][24]	= settr(245,0,25,31,31,"has_it = parked[1]", 1, 2, 0);
	trans[4][25]	= settr(246,0,28,32,32,"parked[1] = 0", 1, 2, 0);
	T = trans[ 4][28] = settr(249,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(249,0,27,0,0,"sub-sequence", 0, 2, 0);
	trans[4][27]	= settr(248,0,35,33,33,"lock_of[domain] = 0", 1, 2, 0);
	T = trans[4][35] = settr(256,0,0,0,0,"IF", 0, 2, 0);
	T = T->nxt	= settr(256,0,29,0,0,"IF", 0, 2, 0);
	    T->nxt	= settr(256,0,34,0,0,"IF", 0, 2, 0);
	trans[4][29]	= settr(250,0,33,34,34,"(has_it)", 0, 2, 0);
	T = trans[ 4][33] = settr(254,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(254,0,30,0,0,"sub-sequence", 0, 2, 0);
	trans[4][30]	= settr(251,0,31,35,0,"assert((alive[1]&&(finished[1]==0)))", 1, 2, 0);
	trans[4][31]	= settr(252,0,32,36,36,"alive[1] = 0", 1, 2, 0);
	trans[4][32]	= settr(253,0,47,37,37,"finished[1] = (finished[1]+1)", 1, 2, 0);
	trans[4][36]	= settr(257,0,47,1,0,".(goto)", 0, 2, 0);
	trans[4][34]	= settr(255,0,47,2,0,"else", 0, 2, 0);
	T = trans[ 4][47] = settr(268,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(268,2,44,0,0,"ATOMIC", 1, 2, 0);
	T = trans[4][44] = settr(265,2,0,0,0,"IF", 1, 2, 0);
	T = T->nxt	= settr(265,2,37,0,0,"IF", 1, 2, 0);
	    T->nxt	= settr(265,2,43,0,0,"IF", 1, 2, 0);
	trans[4][37]	= settr(258,2,42,38,38,"(posted[1])", 1, 2, 0); /* m: 38 -> 42,0 */
	reached4[38] = 1;
	trans[4][38]	= settr(0,0,0,0,0,"posted[1] = 0",0,0,0);
	T = trans[ 4][42] = settr(263,0,0,0,0,"sub-sequence", 1, 2, 0);
	T->nxt	= settr(263,0,39,0,0,"sub-sequence", 1, 2, 0);
	trans[4][39]	= settr(260,4,48,39,39,"assert((alive[1]&&(finished[1]==0)))", 1, 2, 0); /* m: 40 -> 0,48 */
	reached4[40] = 1;
	trans[4][40]	= settr(0,0,0,0,0,"alive[1] = 0",0,0,0);
	trans[4][41]	= settr(0,0,0,0,0,"finished[1] = (finished[1]+1)",0,0,0);
	trans[4][45]	= settr(266,4,48,40,40,".(goto)", 1, 2, 0); /* m: 46 -> 0,48 */
	reached4[46] = 1;
	trans[4][43]	= settr(264,2,45,2,0,"else", 1, 2, 0);
	trans[4][46]	= settr(0,0,0,0,0,"context_gone = 1",0,0,0);
	trans[4][48]	= settr(269,0,0,41,41,"-end-", 0, 3500, 0);

	/* proctype 3: Closer */

	trans[3] = (Trans **) emalloc(45*sizeof(Trans *));

	T = trans[ 3][15] = settr(192,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(192,0,12,0,0,"sub-sequence", 0, 2, 0);
	trans[3][13]	= settr(190,0,12,1,0,".(goto)", 0, 2, 0);
	T = trans[3][12] = settr(189,0,0,0,0,"DO", 0, 2, 0);
	    T->nxt	= settr(189,0,1,0,0,"DO", 0, 2, 0);
	trans[3][1]	= settr(178,0,4,42,42,"domain = domain_of[1]", 1, 2, 0);
	T = trans[ 3][4] = settr(181,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(181,2,2,0,0,"ATOMIC", 1, 2, 0);
	trans[3][2]	= settr(179,4,10,43,43,"((lock_of[domain]==0))", 1, 2, 0); /* m: 3 -> 10,0 */
	reached3[3] = 1;
	trans[3][3]	= settr(0,0,0,0,0,"lock_of[domain] = (_pid+1)",0,0,0);
	T = trans[3][10] = settr(187,0,0,0,0,"IF", 0, 2, 0);
	T = T->nxt	= settr(187,0,5,0,0,"IF", 0, 2, 0);
	    T->nxt	= settr(187,0,7,0,0,"IF", 0, 2, 0);
	trans[3][5]	= settr(182,0,16,44,0,"(((0==1)||(domain_of[1]==domain)))", 1, 2, 0);
	trans[3][6]	= settr(183,0,16,1,0,"goto :b5", 0, 2, 0);
	trans[3][11]	= settr(188,0,12,1,0,".(goto)", 0, 2, 0);
	trans[3][7]	= settr(184,0,9,2,0,"else", 0, 2, 0);
	T = trans[ 3][9] = settr(186,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(186,0,8,0,0,"sub-sequence", 0, 2, 0);
	trans[3][8]	= settr(185,0,12,45,45,"lock_of[domain] = 0", 1, 2, 0);
	trans[3][14]	= settr(191,0,16,1,0,"break", 0, 2, 0);
	trans[3][16]	= settr(193,0,20,46,46,"ended[1] = 1", 1, 2, 0);
	T = trans[ 3][20] = settr(197,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(197,0,17,0,0,"sub-sequence", 0, 2, 0);
	trans[3][17]	= settr(194,0,18,47,0,"assert((lock_of[domain_of[1]]==(_pid+1)))", 1, 2, 0);
	trans[3][18]	= settr(195,0,19,48,48,"has_it = parked[1]", 1, 2, 0);
	trans[3][19]	= settr(196,0,31,49,49,"parked[1] = 0", 1, 2, 0);
	T = trans[3][31] = settr(208,0,0,0,0,"IF", 0, 2, 0);
	T = T->nxt	= settr(208,0,21,0,0,"IF", 0, 2, 0);
	    T->nxt	= settr(208,0,30,0,0,"IF", 0, 2, 0);
	trans[3][21]	= settr(198,0,24,50,0,"(has_it)", 0, 2, 0);
	T = trans[ 3][24] = settr(201,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(201,2,22,0,0,"ATOMIC", 1, 2, 0);
	trans[3][22]	= settr(199,4,28,51,51,"has_pin = (!(context_dies)||(0==9))", 1, 2, 0); /* m: 23 -> 0,28 */
	reached3[23] = 1;
	trans[3][23]	= settr(0,0,0,0,0,"pins = (pins+( (has_pin) -> (1) : (0) ))",0,0,0);
	T = trans[3][28] = settr(205,0,0,0,0,"IF", 0, 2, 0);
	T = T->nxt	= settr(205,0,25,0,0,"IF", 0, 2, 0);
	    T->nxt	= settr(205,0,27,0,0,"IF", 0, 2, 0);
	trans[3][25]	= settr(202,0,26,52,0,"(!(has_pin))", 0, 2, 0);
	trans[3][26]	= settr(203,0,34,53,53,"parked[1] = 1", 1, 2, 0);
	trans[3][29]	= settr(206,0,34,1,0,".(goto)", 0, 2, 0);
	trans[3][27]	= settr(204,0,34,2,0,"else", 0, 2, 0);
	trans[3][32]	= settr(209,0,34,1,0,".(goto)", 0, 2, 0);
	trans[3][30]	= settr(207,0,34,2,0,"else", 0, 2, 0);
	T = trans[ 3][34] = settr(211,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(211,0,33,0,0,"sub-sequence", 0, 2, 0);
	trans[3][33]	= settr(210,0,42,54,54,"lock_of[domain] = 0", 1, 2, 0);
	T = trans[3][42] = settr(219,0,0,0,0,"IF", 0, 2, 0);
	T = T->nxt	= settr(219,0,35,0,0,"IF", 0, 2, 0);
	    T->nxt	= settr(219,0,41,0,0,"IF", 0, 2, 0);
	trans[3][35]	= settr(212,0,39,55,55,"((has_it&&has_pin))", 0, 2, 0);
	T = trans[ 3][39] = settr(216,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(216,0,36,0,0,"sub-sequence", 0, 2, 0);
	trans[3][36]	= settr(213,0,37,56,0,"assert(((alive[1]&&!(parked[1]))&&!(posted[1])))", 1, 2, 0);
	trans[3][37]	= settr(214,0,38,57,0,"assert(((1==0)||!(context_gone)))", 1, 2, 0);
	trans[3][38]	= settr(215,0,40,58,58,"posted[1] = 1", 1, 2, 0);
	trans[3][40]	= settr(217,0,44,59,59,"pins = (pins-1)", 1, 2, 0);
	trans[3][43]	= settr(220,0,44,1,0,".(goto)", 0, 2, 0);
	trans[3][41]	= settr(218,0,44,2,0,"else", 0, 2, 0);
	trans[3][44]	= settr(221,0,0,60,60,"-end-", 0, 3500, 0);

	/* proctype 2: Canceller */

	trans[2] = (Trans **) emalloc(44*sizeof(Trans *));

	T = trans[2][4] = settr(138,0,0,0,0,"IF", 0, 2, 0);
	T = T->nxt	= settr(138,0,1,0,0,"IF", 0, 2, 0);
	    T->nxt	= settr(138,0,3,0,0,"IF", 0, 2, 0);
	trans[2][1]	= settr(135,0,42,1,0,"(1)", 0, 2, 0);
	trans[2][2]	= settr(136,0,42,1,0,"goto end", 0, 2, 0);
	trans[2][5]	= settr(139,0,8,1,0,".(goto)", 0, 2, 0);
	trans[2][3]	= settr(137,0,8,1,0,"(1)", 0, 2, 0);
	T = trans[ 2][8] = settr(142,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(142,2,6,0,0,"ATOMIC", 1, 2, 0);
	trans[2][6]	= settr(140,4,40,61,61,"(((alive[0]&&!(cancelled[0]))||(finished[0]==1)))", 1, 2, 0); /* m: 7 -> 40,0 */
	reached2[7] = 1;
	trans[2][7]	= settr(0,0,0,0,0,"cancelled[0] = 1",0,0,0);
	T = trans[2][40] = settr(174,0,0,0,0,"IF", 0, 2, 0);
	T = T->nxt	= settr(174,0,9,0,0,"IF", 0, 2, 0);
	    T->nxt	= settr(174,0,39,0,0,"IF", 0, 2, 0);
	trans[2][9]	= settr(143,0,24,62,0,"((0!=8))", 0, 2, 0);
	T = trans[ 2][24] = settr(158,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(158,0,21,0,0,"sub-sequence", 0, 2, 0);
	trans[2][22]	= settr(156,0,21,1,0,".(goto)", 0, 2, 0);
	T = trans[2][21] = settr(155,0,0,0,0,"DO", 0, 2, 0);
	    T->nxt	= settr(155,0,10,0,0,"DO", 0, 2, 0);
	trans[2][10]	= settr(144,0,13,63,63,"domain = domain_of[0]", 1, 2, 0);
	T = trans[ 2][13] = settr(147,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(147,2,11,0,0,"ATOMIC", 1, 2, 0);
	trans[2][11]	= settr(145,4,19,64,64,"((lock_of[domain]==0))", 1, 2, 0); /* m: 12 -> 19,0 */
	reached2[12] = 1;
	trans[2][12]	= settr(0,0,0,0,0,"lock_of[domain] = (_pid+1)",0,0,0);
	T = trans[2][19] = settr(153,0,0,0,0,"IF", 0, 2, 0);
	T = T->nxt	= settr(153,0,14,0,0,"IF", 0, 2, 0);
	    T->nxt	= settr(153,0,16,0,0,"IF", 0, 2, 0);
	trans[2][14]	= settr(148,0,28,65,0,"(((0==1)||(domain_of[0]==domain)))", 1, 2, 0);
	trans[2][15]	= settr(149,0,28,1,0,"goto :b4", 0, 2, 0);
	trans[2][20]	= settr(154,0,21,1,0,".(goto)", 0, 2, 0);
	trans[2][16]	= settr(150,0,18,2,0,"else", 0, 2, 0);
	T = trans[ 2][18] = settr(152,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(152,0,17,0,0,"sub-sequence", 0, 2, 0);
	trans[2][17]	= settr(151,0,21,66,66,"lock_of[domain] = 0", 1, 2, 0);
	trans[2][23]	= settr(157,0,28,1,0,"break", 0, 2, 0);
	T = trans[ 2][28] = settr(162,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(162,0,25,0,0,"sub-sequence", 0, 2, 0);
	trans[2][25]	= settr(159,0,26,67,0,"assert((lock_of[domain_of[0]]==(_pid+1)))", 1, 2, 0);
	trans[2][26]	= settr(160,0,27,68,68,"has_it = parked[0]", 1, 2, 0);
	trans[2][27]	= settr(161,0,30,69,69,"parked[0] = 0", 1, 2, 0);
	T = trans[ 2][30] = settr(164,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(164,0,29,0,0,"sub-sequence", 0, 2, 0);
	trans[2][29]	= settr(163,0,37,70,70,"lock_of[domain] = 0", 1, 2, 0);
	T = trans[2][37] = settr(171,0,0,0,0,"IF", 0, 2, 0);
	T = T->nxt	= settr(171,0,31,0,0,"IF", 0, 2, 0);
	    T->nxt	= settr(171,0,36,0,0,"IF", 0, 2, 0);
	trans[2][31]	= settr(165,0,35,71,71,"(has_it)", 0, 2, 0);
	T = trans[ 2][35] = settr(169,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(169,0,32,0,0,"sub-sequence", 0, 2, 0);
	trans[2][32]	= settr(166,0,33,72,0,"assert(((alive[0]&&!(parked[0]))&&!(posted[0])))", 1, 2, 0);
	trans[2][33]	= settr(167,0,34,73,0,"assert(((0==0)||!(context_gone)))", 1, 2, 0);
	trans[2][34]	= settr(168,0,42,74,74,"posted[0] = 1", 1, 2, 0);
	trans[2][38]	= settr(172,0,42,1,0,".(goto)", 0, 2, 0);
	trans[2][36]	= settr(170,0,42,2,0,"else", 0, 2, 0);
	trans[2][41]	= settr(175,0,42,1,0,".(goto)", 0, 2, 0);
	trans[2][39]	= settr(173,0,42,2,0,"else", 0, 2, 0);
	trans[2][42]	= settr(176,0,43,1,0,"(1)", 0, 2, 0);
	trans[2][43]	= settr(177,0,0,75,75,"-end-", 0, 3500, 0);

	/* proctype 1: Receiver */

	trans[1] = (Trans **) emalloc(83*sizeof(Trans *));

	trans[1][1]	= settr(53,0,2,76,76,"alive[topic] = 1", 1, 2, 0);
	trans[1][2]	= settr(54,0,79,77,77,"posted[topic] = 1", 1, 2, 0);
	trans[1][80]	= settr(132,0,79,1,0,".(goto)", 0, 2, 0);
	T = trans[1][79] = settr(131,0,0,0,0,"DO", 0, 2, 0);
	T = T->nxt	= settr(131,0,6,0,0,"DO", 0, 2, 0);
	    T->nxt	= settr(131,0,77,0,0,"DO", 0, 2, 0);
	T = trans[ 1][6] = settr(58,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(58,2,3,0,0,"ATOMIC", 1, 2, 0);
	trans[1][3]	= settr(55,4,7,78,78,"((posted[topic]&&!(((topic==1)&&context_dies))))", 1, 2, 0); /* m: 4 -> 7,0 */
	reached1[4] = 1;
	trans[1][4]	= settr(0,0,0,0,0,"posted[topic] = 0",0,0,0);
	trans[1][5]	= settr(0,0,0,0,0,"runs[topic] = 1",0,0,0);
	trans[1][7]	= settr(59,0,16,79,0,"assert((alive[topic]&&!(parked[topic])))", 1, 2, 0);
	T = trans[1][16] = settr(68,0,0,0,0,"IF", 0, 2, 0);
	T = T->nxt	= settr(68,0,8,0,0,"IF", 0, 2, 0);
	    T->nxt	= settr(68,0,15,0,0,"IF", 0, 2, 0);
	trans[1][8]	= settr(60,0,9,80,0,"((cancelled[topic]||ended[topic]))", 1, 2, 0);
	trans[1][9]	= settr(61,0,13,81,81,"runs[topic] = 0", 1, 2, 0);
	T = trans[ 1][13] = settr(65,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(65,0,10,0,0,"sub-sequence", 0, 2, 0);
	trans[1][10]	= settr(62,0,11,82,0,"assert((alive[topic]&&(finished[topic]==0)))", 1, 2, 0);
	trans[1][11]	= settr(63,0,12,83,83,"alive[topic] = 0", 1, 2, 0);
	trans[1][12]	= settr(64,0,82,84,84,"finished[topic] = (finished[topic]+1)", 1, 2, 0);
	trans[1][14]	= settr(66,0,82,1,0,"goto :b2", 0, 2, 0);
	trans[1][17]	= settr(69,0,75,1,0,".(goto)", 0, 2, 0);
	trans[1][15]	= settr(67,0,75,2,0,"else", 0, 2, 0);
	T = trans[1][75] = settr(127,0,0,0,0,"IF", 0, 2, 0);
	T = T->nxt	= settr(127,0,18,0,0,"IF", 0, 2, 0);
	    T->nxt	= settr(127,0,36,0,0,"IF", 0, 2, 0);
	trans[1][18]	= settr(70,0,19,85,0,"((queued[topic]>0))", 1, 2, 0);
	trans[1][19]	= settr(71,0,20,86,86,"queued[topic] = (queued[topic]-1)", 1, 2, 0);
	trans[1][20]	= settr(72,0,34,87,87,"taken[topic] = (taken[topic]+1)", 1, 2, 0);
	T = trans[1][34] = settr(86,0,0,0,0,"IF", 0, 2, 0);
	T = T->nxt	= settr(86,0,21,0,0,"IF", 0, 2, 0);
	    T->nxt	= settr(86,0,28,0,0,"IF", 0, 2, 0);
	trans[1][21]	= settr(73,0,22,88,0,"((taken[topic]==2))", 1, 2, 0);
	trans[1][22]	= settr(74,0,26,89,89,"runs[topic] = 0", 1, 2, 0);
	T = trans[ 1][26] = settr(78,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(78,0,23,0,0,"sub-sequence", 0, 2, 0);
	trans[1][23]	= settr(75,0,24,90,0,"assert((alive[topic]&&(finished[topic]==0)))", 1, 2, 0);
	trans[1][24]	= settr(76,0,25,91,91,"alive[topic] = 0", 1, 2, 0);
	trans[1][25]	= settr(77,0,82,92,92,"finished[topic] = (finished[topic]+1)", 1, 2, 0);
	trans[1][27]	= settr(79,0,82,1,0,"goto :b2", 0, 2, 0);
	trans[1][35]	= settr(87,0,79,1,0,".(goto)", 0, 2, 0);
	trans[1][28]	= settr(80,0,29,2,0,"else", 0, 2, 0);
	trans[1][29]	= settr(81,0,33,93,93,"runs[topic] = 0", 1, 2, 0);
	T = trans[ 1][33] = settr(85,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(85,0,30,0,0,"sub-sequence", 0, 2, 0);
	trans[1][30]	= settr(82,0,31,94,0,"assert(((alive[topic]&&!(parked[topic]))&&!(posted[topic])))", 1, 2, 0);
	trans[1][31]	= settr(83,0,32,95,0,"assert(((topic==0)||!(context_gone)))", 1, 2, 0);
	trans[1][32]	= settr(84,0,79,96,96,"posted[topic] = 1", 1, 2, 0);
	trans[1][76]	= settr(128,0,79,1,0,".(goto)", 0, 2, 0);
	trans[1][36]	= settr(88,0,45,2,0,"else", 0, 2, 0);
	T = trans[1][45] = settr(97,0,0,0,0,"IF", 0, 2, 0);
	T = T->nxt	= settr(97,0,37,0,0,"IF", 0, 2, 0);
	    T->nxt	= settr(97,0,44,0,0,"IF", 0, 2, 0);
	trans[1][37]	= settr(89,0,38,97,0,"((((topic==1)&&context_dies)&&(0!=4)))", 1, 2, 0);
	trans[1][38]	= settr(90,0,42,98,98,"runs[topic] = 0", 1, 2, 0);
	T = trans[ 1][42] = settr(94,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(94,0,39,0,0,"sub-sequence", 0, 2, 0);
	trans[1][39]	= settr(91,0,40,99,0,"assert((alive[topic]&&(finished[topic]==0)))", 1, 2, 0);
	trans[1][40]	= settr(92,0,41,100,100,"alive[topic] = 0", 1, 2, 0);
	trans[1][41]	= settr(93,0,82,101,101,"finished[topic] = (finished[topic]+1)", 1, 2, 0);
	trans[1][43]	= settr(95,0,82,1,0,"goto :b2", 0, 2, 0);
	trans[1][46]	= settr(98,0,61,1,0,".(goto)", 0, 2, 0);
	trans[1][44]	= settr(96,0,61,2,0,"else", 0, 2, 0);
	T = trans[ 1][61] = settr(113,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(113,0,58,0,0,"sub-sequence", 0, 2, 0);
	trans[1][59]	= settr(111,0,58,1,0,".(goto)", 0, 2, 0);
	T = trans[1][58] = settr(110,0,0,0,0,"DO", 0, 2, 0);
	    T->nxt	= settr(110,0,47,0,0,"DO", 0, 2, 0);
	trans[1][47]	= settr(99,0,50,102,102,"domain = domain_of[topic]", 1, 2, 0);
	T = trans[ 1][50] = settr(102,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(102,2,48,0,0,"ATOMIC", 1, 2, 0);
	trans[1][48]	= settr(100,4,56,103,103,"((lock_of[domain]==0))", 1, 2, 0); /* m: 49 -> 56,0 */
	reached1[49] = 1;
	trans[1][49]	= settr(0,0,0,0,0,"lock_of[domain] = (_pid+1)",0,0,0);
	T = trans[1][56] = settr(108,0,0,0,0,"IF", 0, 2, 0);
	T = T->nxt	= settr(108,0,51,0,0,"IF", 0, 2, 0);
	    T->nxt	= settr(108,0,53,0,0,"IF", 0, 2, 0);
	trans[1][51]	= settr(103,0,62,104,0,"(((0==1)||(domain_of[topic]==domain)))", 1, 2, 0);
	trans[1][52]	= settr(104,0,62,1,0,"goto :b3", 0, 2, 0);
	trans[1][57]	= settr(109,0,58,1,0,".(goto)", 0, 2, 0);
	trans[1][53]	= settr(105,0,55,2,0,"else", 0, 2, 0);
	T = trans[ 1][55] = settr(107,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(107,0,54,0,0,"sub-sequence", 0, 2, 0);
	trans[1][54]	= settr(106,0,58,105,105,"lock_of[domain] = 0", 1, 2, 0);
	trans[1][60]	= settr(112,0,62,1,0,"break", 0, 2, 0);
	trans[1][62]	= settr(114,0,63,106,106,"is_idle = ((((queued[topic]==0)||(0==5))&&(!(cancelled[topic])||(0==6)))&&(!(ended[topic])||(0==7)))", 1, 2, 0);
	trans[1][63]	= settr(115,0,64,107,107,"runs[topic] = 0", 1, 2, 0);
	trans[1][64]	= settr(116,0,66,108,108,"parked[topic] = is_idle", 1, 2, 0);
	T = trans[ 1][66] = settr(118,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(118,0,65,0,0,"sub-sequence", 0, 2, 0);
	trans[1][65]	= settr(117,0,73,109,109,"lock_of[domain] = 0", 1, 2, 0);
	T = trans[1][73] = settr(125,0,0,0,0,"IF", 0, 2, 0);
	T = T->nxt	= settr(125,0,67,0,0,"IF", 0, 2, 0);
	    T->nxt	= settr(125,0,68,0,0,"IF", 0, 2, 0);
	trans[1][67]	= settr(119,0,79,110,110,"(is_idle)", 0, 2, 0);
	trans[1][74]	= settr(126,0,79,1,0,".(goto)", 0, 2, 0);
	trans[1][68]	= settr(120,0,72,2,0,"else", 0, 2, 0);
	T = trans[ 1][72] = settr(124,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(124,0,69,0,0,"sub-sequence", 0, 2, 0);
	trans[1][69]	= settr(121,0,70,111,0,"assert(((alive[topic]&&!(parked[topic]))&&!(posted[topic])))", 1, 2, 0);
	trans[1][70]	= settr(122,0,71,112,0,"assert(((topic==0)||!(context_gone)))", 1, 2, 0);
	trans[1][71]	= settr(123,0,79,113,113,"posted[topic] = 1", 1, 2, 0);
	trans[1][77]	= settr(129,0,82,114,114,"((finished[topic]==1))", 1, 2, 0);
	trans[1][78]	= settr(130,0,82,1,0,"goto :b2", 0, 2, 0);
	trans[1][81]	= settr(133,0,82,1,0,"break", 0, 2, 0);
	trans[1][82]	= settr(134,0,0,115,115,"-end-", 0, 3500, 0);

	/* proctype 0: Emitter */

	trans[0] = (Trans **) emalloc(54*sizeof(Trans *));

	trans[0][50]	= settr(49,0,49,1,0,".(goto)", 0, 2, 0);
	T = trans[0][49] = settr(48,0,0,0,0,"DO", 0, 2, 0);
	T = T->nxt	= settr(48,0,1,0,0,"DO", 0, 2, 0);
	    T->nxt	= settr(48,0,47,0,0,"DO", 0, 2, 0);
	trans[0][1]	= settr(0,0,17,116,116,"((count<2))", 0, 2, 0); /* m: 2 -> 17,0 */
	reached0[2] = 1;
	trans[0][2]	= settr(0,0,0,0,0,"count = (count+1)",0,0,0);
	T = trans[ 0][17] = settr(16,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(16,0,14,0,0,"sub-sequence", 0, 2, 0);
	trans[0][15]	= settr(14,0,14,1,0,".(goto)", 0, 2, 0);
	T = trans[0][14] = settr(13,0,0,0,0,"DO", 0, 2, 0);
	    T->nxt	= settr(13,0,3,0,0,"DO", 0, 2, 0);
	trans[0][3]	= settr(2,0,6,117,117,"domain = domain_of[topic]", 1, 2, 0);
	T = trans[ 0][6] = settr(5,2,0,0,0,"ATOMIC", 1, 2, 0);
	T->nxt	= settr(5,2,4,0,0,"ATOMIC", 1, 2, 0);
	trans[0][4]	= settr(3,4,12,118,118,"((lock_of[domain]==0))", 1, 2, 0); /* m: 5 -> 12,0 */
	reached0[5] = 1;
	trans[0][5]	= settr(0,0,0,0,0,"lock_of[domain] = (_pid+1)",0,0,0);
	T = trans[0][12] = settr(11,0,0,0,0,"IF", 0, 2, 0);
	T = T->nxt	= settr(11,0,7,0,0,"IF", 0, 2, 0);
	    T->nxt	= settr(11,0,9,0,0,"IF", 0, 2, 0);
	trans[0][7]	= settr(6,0,45,119,0,"(((0==1)||(domain_of[topic]==domain)))", 1, 2, 0);
	trans[0][8]	= settr(7,0,45,1,0,"goto :b1", 0, 2, 0);
	trans[0][13]	= settr(12,0,14,1,0,".(goto)", 0, 2, 0);
	trans[0][9]	= settr(8,0,11,2,0,"else", 0, 2, 0);
	T = trans[ 0][11] = settr(10,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(10,0,10,0,0,"sub-sequence", 0, 2, 0);
	trans[0][10]	= settr(9,0,14,120,120,"lock_of[domain] = 0", 1, 2, 0);
	trans[0][16]	= settr(15,0,45,1,0,"break", 0, 2, 0);
	T = trans[0][45] = settr(44,0,0,0,0,"IF", 0, 2, 0);
	T = T->nxt	= settr(44,0,18,0,0,"IF", 0, 2, 0);
	    T->nxt	= settr(44,0,42,0,0,"IF", 0, 2, 0);
	trans[0][18]	= settr(17,0,19,121,0,"(!(ended[topic]))", 1, 2, 0);
	trans[0][19]	= settr(18,0,32,122,122,"queued[topic] = (queued[topic]+1)", 1, 2, 0);
	T = trans[0][32] = settr(31,0,0,0,0,"IF", 0, 2, 0);
	T = T->nxt	= settr(31,0,20,0,0,"IF", 0, 2, 0);
	    T->nxt	= settr(31,0,25,0,0,"IF", 0, 2, 0);
	trans[0][20]	= settr(19,0,22,123,0,"((0==2))", 0, 2, 0);
	T = trans[ 0][22] = settr(21,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(21,0,21,0,0,"sub-sequence", 0, 2, 0);
	trans[0][21]	= settr(20,0,23,124,124,"lock_of[domain] = 0", 1, 2, 0);
	trans[0][23]	= settr(22,0,24,125,125,"has_it = parked[topic]", 1, 2, 0);
	trans[0][24]	= settr(23,0,40,126,126,"parked[topic] = 0", 1, 2, 0);
	trans[0][33]	= settr(32,0,40,1,0,".(goto)", 0, 2, 0);
	trans[0][25]	= settr(24,0,29,2,0,"else", 0, 2, 0);
	T = trans[ 0][29] = settr(28,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(28,0,26,0,0,"sub-sequence", 0, 2, 0);
	trans[0][26]	= settr(25,0,27,127,0,"assert((lock_of[domain_of[topic]]==(_pid+1)))", 1, 2, 0);
	trans[0][27]	= settr(26,0,28,128,128,"has_it = parked[topic]", 1, 2, 0);
	trans[0][28]	= settr(27,0,31,129,129,"parked[topic] = 0", 1, 2, 0);
	T = trans[ 0][31] = settr(30,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(30,0,30,0,0,"sub-sequence", 0, 2, 0);
	trans[0][30]	= settr(29,0,40,130,130,"lock_of[domain] = 0", 1, 2, 0);
	T = trans[0][40] = settr(39,0,0,0,0,"IF", 0, 2, 0);
	T = T->nxt	= settr(39,0,34,0,0,"IF", 0, 2, 0);
	    T->nxt	= settr(39,0,39,0,0,"IF", 0, 2, 0);
	trans[0][34]	= settr(33,0,38,131,131,"((has_it&&(0!=3)))", 0, 2, 0);
	T = trans[ 0][38] = settr(37,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(37,0,35,0,0,"sub-sequence", 0, 2, 0);
	trans[0][35]	= settr(34,0,36,132,0,"assert(((alive[topic]&&!(parked[topic]))&&!(posted[topic])))", 1, 2, 0);
	trans[0][36]	= settr(35,0,37,133,0,"assert(((topic==0)||!(context_gone)))", 1, 2, 0);
	trans[0][37]	= settr(36,0,49,134,134,"posted[topic] = 1", 1, 2, 0);
	trans[0][41]	= settr(40,0,49,1,0,".(goto)", 0, 2, 0);
	trans[0][39]	= settr(38,0,49,2,0,"else", 0, 2, 0);
	trans[0][46]	= settr(45,0,49,1,0,".(goto)", 0, 2, 0);
	trans[0][42]	= settr(41,0,44,2,0,"else", 0, 2, 0);
	T = trans[ 0][44] = settr(43,0,0,0,0,"sub-sequence", 0, 2, 0);
	T->nxt	= settr(43,0,43,0,0,"sub-sequence", 0, 2, 0);
	trans[0][43]	= settr(42,0,49,135,135,"lock_of[domain] = 0", 1, 2, 0);
	trans[0][47]	= settr(46,0,52,2,0,"else", 0, 2, 0);
	trans[0][48]	= settr(47,0,52,1,0,"goto :b0", 0, 2, 0);
	trans[0][51]	= settr(50,0,52,1,0,"break", 0, 2, 0);
	trans[0][52]	= settr(51,0,53,136,136,"emitter_done[topic] = 1", 1, 2, 0);
	trans[0][53]	= settr(52,0,0,137,137,"-end-", 0, 3500, 0);
	/* np_ demon: */
	trans[_NP_] = (Trans **) emalloc(3*sizeof(Trans *));
	T = trans[_NP_][0] = settr(9997,0,1,_T5,0,"(np_)", 1,2,0);
	    T->nxt	  = settr(9998,0,0,_T2,0,"(1)",   0,2,0);
	T = trans[_NP_][1] = settr(9999,0,1,_T5,0,"(np_)", 1,2,0);
}

Trans *
settr(	int t_id, int a, int b, int c, int d,
	char *t, int g, int tpe0, int tpe1)
{	Trans *tmp = (Trans *) emalloc(sizeof(Trans));

	tmp->atom  = a&(6|32);	/* only (2|8|32) have meaning */
	if (!g) tmp->atom |= 8;	/* no global references */
	tmp->st    = b;
	tmp->tpe[0] = tpe0;
	tmp->tpe[1] = tpe1;
	tmp->tp    = t;
	tmp->t_id  = t_id;
	tmp->forw  = c;
	tmp->back  = d;
	return tmp;
}

Trans *
cpytr(Trans *a)
{	Trans *tmp = (Trans *) emalloc(sizeof(Trans));

	int i;
	tmp->atom  = a->atom;
	tmp->st    = a->st;
#ifdef HAS_UNLESS
	tmp->e_trans = a->e_trans;
	for (i = 0; i < HAS_UNLESS; i++)
		tmp->escp[i] = a->escp[i];
#endif
	tmp->tpe[0] = a->tpe[0];
	tmp->tpe[1] = a->tpe[1];
	for (i = 0; i < 6; i++)
	{	tmp->qu[i] = a->qu[i];
		tmp->ty[i] = a->ty[i];
	}
	tmp->tp    = (char *) emalloc(strlen(a->tp)+1);
	strcpy(tmp->tp, a->tp);
	tmp->t_id  = a->t_id;
	tmp->forw  = a->forw;
	tmp->back  = a->back;
	return tmp;
}

#ifndef NOREDUCE
int
srinc_set(int n)
{	if (n <= 2) return LOCAL;
	if (n <= 2+  DELTA) return Q_FULL_F; /* 's' or nfull  */
	if (n <= 2+2*DELTA) return Q_EMPT_F; /* 'r' or nempty */
	if (n <= 2+3*DELTA) return Q_EMPT_T; /* empty */
	if (n <= 2+4*DELTA) return Q_FULL_T; /* full  */
	if (n ==   5*DELTA) return GLOBAL;
	if (n ==   6*DELTA) return TIMEOUT_F;
	if (n ==   7*DELTA) return ALPHA_F;
	Uerror("cannot happen srinc_class");
	return BAD;
}
int
srunc(int n, int m)
{	switch(m) {
	case Q_FULL_F: return n-2;
	case Q_EMPT_F: return n-2-DELTA;
	case Q_EMPT_T: return n-2-2*DELTA;
	case Q_FULL_T: return n-2-3*DELTA;
	case ALPHA_F:
	case TIMEOUT_F: return 257; /* non-zero, and > MAXQ */
	}
	Uerror("cannot happen srunc");
	return 0;
}
#endif
int cnt;
#ifdef HAS_UNLESS
int
isthere(Trans *a, int b)
{	Trans *t;
	for (t = a; t; t = t->nxt)
		if (t->t_id == b)
			return 1;
	return 0;
}
#endif
#ifndef NOREDUCE
int
mark_safety(Trans *t) /* for conditional safety */
{	int g = 0, i, j, k;

	if (!t) return 0;
	if (t->qu[0])
		return (t->qu[1])?2:1;	/* marked */

	for (i = 0; i < 2; i++)
	{	j = srinc_set(t->tpe[i]);
		if (j >= GLOBAL && j != ALPHA_F)
			return -1;
		if (j != LOCAL)
		{	k = srunc(t->tpe[i], j);
			if (g == 0
			||  t->qu[0] != k
			||  t->ty[0] != j)
			{	t->qu[g] = k;
				t->ty[g] = j;
				g++;
	}	}	}
	return g;
}
#endif
void
retrans(int n, int m, int is, short srcln[], uchar reach[], uchar lpstate[])
	/* process n, with m states, is=initial state */
{	Trans *T0, *T1, *T2, *T3;
	Trans *T4, *T5; /* t_reverse or has_unless */
	int i;
#if defined(HAS_UNLESS) || !defined(NOREDUCE)
	int k;
#endif
#ifndef NOREDUCE
	int g, h, j, aa;
#endif
#ifdef HAS_UNLESS
	int p;
#endif
	if (state_tables >= 4)
	{	printf("STEP 1 %s\n", 
			procname[n]);
		for (i = 1; i < m; i++)
		for (T0 = trans[n][i]; T0; T0 = T0->nxt)
			crack(n, i, T0, srcln);
		return;
	}
	do {
		for (i = 1, cnt = 0; i < m; i++)
		{	T2 = trans[n][i];
			T1 = T2?T2->nxt:(Trans *)0;
/* prescan: */		for (T0 = T1; T0; T0 = T0->nxt)
/* choice in choice */	{	if (T0->st && trans[n][T0->st]
				&&  trans[n][T0->st]->nxt)
					break;
			}
#if 0
		if (T0)
		printf("\tstate %d / %d: choice in choice\n",
		i, T0->st);
#endif
			if (T0)
			for (T0 = T1; T0; T0 = T0->nxt)
			{	T3 = trans[n][T0->st];
				if (!T3->nxt)
				{	T2->nxt = cpytr(T0);
					T2 = T2->nxt;
					imed(T2, T0->st, n, i);
					continue;
				}
				do {	T3 = T3->nxt;
					T2->nxt = cpytr(T3);
					T2 = T2->nxt;
					imed(T2, T0->st, n, i);
				} while (T3->nxt);
				cnt++;
			}
		}
	} while (cnt);
	if (state_tables >= 3)
	{	printf("STEP 2 %s\n", 
			procname[n]);
		for (i = 1; i < m; i++)
		for (T0 = trans[n][i]; T0; T0 = T0->nxt)
			crack(n, i, T0, srcln);
		return;
	}
	for (i = 1; i < m; i++)
	{	if (trans[n][i] && trans[n][i]->nxt) /* optimize */
		{	T1 = trans[n][i]->nxt;
#if 0
			printf("\t\tpull %d (%d) to %d\n",
			T1->st, T1->forw, i);
#endif
			srcln[i] = srcln[T1->st];	/* Oyvind Teig, 5.2.0 */

			if (!trans[n][T1->st]) continue;
			T0 = cpytr(trans[n][T1->st]);
			trans[n][i] = T0;
			reach[T1->st] = 1;
			imed(T0, T1->st, n, i);
			for (T1 = T1->nxt; T1; T1 = T1->nxt)
			{
#if 0
			printf("\t\tpull %d (%d) to %d\n",
				T1->st, T1->forw, i);
#endif
		/*		srcln[i] = srcln[T1->st];  gh: not useful */
				if (!trans[n][T1->st]) continue;
				T0->nxt = cpytr(trans[n][T1->st]);
				T0 = T0->nxt;
				reach[T1->st] = 1;
				imed(T0, T1->st, n, i);
	}	}	}
	if (state_tables >= 2)
	{	printf("STEP 3 %s\n", 
			procname[n]);
		for (i = 1; i < m; i++)
		for (T0 = trans[n][i]; T0; T0 = T0->nxt)
			crack(n, i, T0, srcln);
		return;
	}
#ifdef HAS_UNLESS
	for (i = 1; i < m; i++)
	{	if (!trans[n][i]) continue;
		/* check for each state i if an
		 * escape to some state p is defined
		 * if so, copy and mark p's transitions
		 * and prepend them to the transition-
		 * list of state i
		 */
	 if (!like_java) /* the default */
	 {	for (T0 = trans[n][i]; T0; T0 = T0->nxt)
		for (k = HAS_UNLESS-1; k >= 0; k--)
		{	if (p = T0->escp[k])
			for (T1 = trans[n][p]; T1; T1 = T1->nxt)
			{	if (isthere(trans[n][i], T1->t_id))
					continue;
				T2 = cpytr(T1);
				T2->e_trans = p;
				T2->nxt = trans[n][i];
				trans[n][i] = T2;
		}	}
	 } else /* outermost unless checked first */
	 {	T4 = T3 = (Trans *) 0;
		for (T0 = trans[n][i]; T0; T0 = T0->nxt)
		for (k = HAS_UNLESS-1; k >= 0; k--)
		{	if (p = T0->escp[k])
			for (T1 = trans[n][p]; T1; T1 = T1->nxt)
			{	if (isthere(trans[n][i], T1->t_id))
					continue;
				T2 = cpytr(T1);
				T2->nxt = (Trans *) 0;
				T2->e_trans = p;
				if (T3)	T3->nxt = T2;
				else	T4 = T2;
				T3 = T2;
		}	}
		if (T4)
		{	T3->nxt = trans[n][i];
			trans[n][i] = T4;
		}
	 }
	}
#endif
#ifndef NOREDUCE
	for (i = 1; i < m; i++)
	{	if (a_cycles)
		{ /* moves through these states are visible */
	#if PROG_LAB>0 && defined(HAS_NP)
			if (progstate[n][i])
				goto degrade;
			for (T1 = trans[n][i]; T1; T1 = T1->nxt)
				if (progstate[n][T1->st])
					goto degrade;
	#endif
			if (accpstate[n][i] || visstate[n][i])
				goto degrade;
			for (T1 = trans[n][i]; T1; T1 = T1->nxt)
				if (accpstate[n][T1->st])
					goto degrade;
		}
		T1 = trans[n][i];
		if (!T1) continue;
		g = mark_safety(T1);	/* V3.3.1 */
		if (g < 0) goto degrade; /* global */
		/* check if mixing of guards preserves reduction */
		if (T1->nxt)
		{	k = 0;
			for (T0 = T1; T0; T0 = T0->nxt)
			{	if (!(T0->atom&8))
					goto degrade;
				for (aa = 0; aa < 2; aa++)
				{	j = srinc_set(T0->tpe[aa]);
					if (j >= GLOBAL && j != ALPHA_F)
						goto degrade;
					if (T0->tpe[aa]
					&&  T0->tpe[aa]
					!=  T1->tpe[0])
						k = 1;
			}	}
			/* g = 0;	V3.3.1 */
			if (k)	/* non-uniform selection */
			for (T0 = T1; T0; T0 = T0->nxt)
			for (aa = 0; aa < 2; aa++)
			{	j = srinc_set(T0->tpe[aa]);
				if (j != LOCAL)
				{	k = srunc(T0->tpe[aa], j);
					for (h = 0; h < 6; h++)
						if (T1->qu[h] == k
						&&  T1->ty[h] == j)
							break;
					if (h >= 6)
					{	T1->qu[g%6] = k;
						T1->ty[g%6] = j;
						g++;
			}	}	}
			if (g > 6)
			{	T1->qu[0] = 0;	/* turn it off */
				printf("pan: warning, line %d, ",
					srcln[i]);
			 	printf("too many stmnt types (%d)",
					g);
			  	printf(" in selection\n");
			  goto degrade;
			}
		}
		/* mark all options global if >=1 is global */
		for (T1 = trans[n][i]; T1; T1 = T1->nxt)
			if (!(T1->atom&8)) break;
		if (T1)
degrade:	for (T1 = trans[n][i]; T1; T1 = T1->nxt)
			T1->atom &= ~8;	/* mark as unsafe */
		/* can only mix 'r's or 's's if on same chan */
		/* and not mixed with other local operations */
		T1 = trans[n][i];
		if (!T1 || T1->qu[0]) continue;
		j = T1->tpe[0];
		if (T1->nxt && T1->atom&8)
		{ if (j == 5*DELTA)
		  {	printf("warning: line %d ", srcln[i]);
			printf("mixed condition ");
			printf("(defeats reduction)\n");
			goto degrade;
		  }
		  for (T0 = T1; T0; T0 = T0->nxt)
		  for (aa = 0; aa < 2; aa++)
		  if  (T0->tpe[aa] && T0->tpe[aa] != j)
		  {	printf("warning: line %d ", srcln[i]);
			printf("[%d-%d] mixed %stion ",
				T0->tpe[aa], j, 
				(j==5*DELTA)?"condi":"selec");
			printf("(defeats reduction)\n");
			printf("	'%s' <-> '%s'\n",
				T1->tp, T0->tp);
			goto degrade;
		} }
	}
#endif
	for (i = 1; i < m; i++)
	{	T2 = trans[n][i];
		if (!T2
		||  T2->nxt
		||  strncmp(T2->tp, ".(goto)", 7)
		||  !stopstate[n][i])
			continue;
		stopstate[n][T2->st] = 1;
	}
	if (state_tables && !verbose)
	{	if (dodot)
		{	char buf[256], *q = buf, *p = procname[n];
			while (*p != '\0')
			{	if (*p != ':')
				{	*q++ = *p;
				}
				p++;
			}
			*q = '\0';
			printf("digraph ");
			switch (Btypes[n]) {
			case I_PROC:  printf("init {\n"); break;
			case N_CLAIM: printf("claim_%s {\n", buf); break;
			case E_TRACE: printf("notrace {\n"); break;
			case N_TRACE: printf("trace {\n"); break;
			default:      printf("p_%s {\n", buf); break;
			}
			printf("size=\"8,10\";\n");
			printf("  GT [shape=box,style=dotted,label=\"%s\"];\n", buf);
			printf("  GT -> S%d;\n", is);
		} else
		{	switch (Btypes[n]) {
			case I_PROC:  printf("init\n"); break;
			case N_CLAIM: printf("claim %s\n", procname[n]); break;
			case E_TRACE: printf("notrace assertion\n"); break;
			case N_TRACE: printf("trace assertion\n"); break;
			default:      printf("proctype %s\n", procname[n]); break;
		}	}
		for (i = 1; i < m; i++)
		{	reach[i] = 1;
		}
		tagtable(n, m, is, srcln, reach);
		if (dodot) printf("}\n");
	} else
	for (i = 1; i < m; i++)
	{	int nrelse;
		if (Btypes[n] != N_CLAIM)
		{	for (T0 = trans[n][i]; T0; T0 = T0->nxt)
			{	if (T0->st == i
				&& strcmp(T0->tp, "(1)") == 0)
				{	printf("error: proctype '%s' ",
						procname[n]);
		  			printf("line %d, state %d: has un",
						srcln[i], i);
					printf("conditional self-loop\n");
					pan_exit(1);
		}	}	}
		nrelse = 0;
		for (T0 = trans[n][i]; T0; T0 = T0->nxt)
		{	if (strcmp(T0->tp, "else") == 0)
				nrelse++;
		}
		if (nrelse > 1)
		{	printf("error: proctype '%s' state",
				procname[n]);
		  	printf(" %d, inherits %d", i, nrelse);
		  	printf(" 'else' stmnts\n");
			pan_exit(1);
	}	}
#if !defined(LOOPSTATE) && !defined(BFS_PAR)
	if (state_tables)
#endif
	do_dfs(n, m, is, srcln, reach, lpstate);

	if (!t_reverse)
	{	return;
	}
	/* process n, with m states, is=initial state -- reverse list */
	if (!state_tables && Btypes[n] != N_CLAIM)
	{	for (i = 1; i < m; i++)
		{	Trans *Tx = (Trans *) 0; /* list of escapes */
			Trans *Ty = (Trans *) 0; /* its tail element */
			T1 = (Trans *) 0; /* reversed list */
			T2 = (Trans *) 0; /* its tail */
			T3 = (Trans *) 0; /* remembers possible 'else' */

			/* find unless-escapes, they should go first */
			T4 = T5 = T0 = trans[n][i];
	#ifdef HAS_UNLESS
			while (T4 && T4->e_trans) /* escapes are first in orig list */
			{	T5 = T4;	  /* remember predecessor */
				T4 = T4->nxt;
			}
	#endif
			/* T4 points to first non-escape, T5 to its parent, T0 to original list */
			if (T4 != T0)		 /* there was at least one escape */
			{	T3 = T5->nxt;		 /* start of non-escapes */
				T5->nxt = (Trans *) 0;	 /* separate */
				Tx = T0;		 /* start of the escapes */
				Ty = T5;		 /* its tail */
				T0 = T3;		 /* the rest, to be reversed */
			}
			/* T0 points to first non-escape, Tx to the list of escapes, Ty to its tail */

			/* first tail-add non-escape transitions, reversed */
			T3 = (Trans *) 0;
			for (T5 = T0; T5; T5 = T4)
			{	T4 = T5->nxt;
	#ifdef HAS_UNLESS
				if (T5->e_trans)
				{	printf("error: cannot happen!\n");
					continue;
				}
	#endif
				if (strcmp(T5->tp, "else") == 0)
				{	T3 = T5;
					T5->nxt = (Trans *) 0;
				} else
				{	T5->nxt = T1;
					if (!T1) { T2 = T5; }
					T1 = T5;
			}	}
			/* T3 points to a possible else, which is removed from the list */
			/* T1 points to the reversed list so far (without escapes) */
			/* T2 points to the tail element -- where the else should go */
			if (T2 && T3)
			{	T2->nxt = T3;	/* add else */
			} else
			{	if (T3) /* there was an else, but there's no tail */
				{	if (!T1)	/* and no reversed list */
					{	T1 = T3; /* odd, but possible */
					} else		/* even stranger */
					{	T1->nxt = T3;
			}	}	}

			/* add in the escapes, to that they appear at the front */
			if (Tx && Ty) { Ty->nxt = T1; T1 = Tx; }

			trans[n][i] = T1;
			/* reversed, with escapes first and else last */
	}	}
	if (state_tables && verbose)
	{	printf("FINAL proctype %s\n", 
			procname[n]);
		for (i = 1; i < m; i++)
		for (T0 = trans[n][i]; T0; T0 = T0->nxt)
			crack(n, i, T0, srcln);
	}
}
void
imed(Trans *T, int v, int n, int j)	/* set intermediate state */
{	progstate[n][T->st] |= progstate[n][v];
	accpstate[n][T->st] |= accpstate[n][v];
	stopstate[n][T->st] |= stopstate[n][v];
	mapstate[n][j] = T->st;
}
void
tagtable(int n, int m, int is, short srcln[], uchar reach[])
{	Trans *z;

	if (is >= m || !trans[n][is]
	||  is <= 0 || reach[is] == 0)
		return;
	reach[is] = 0;
	if (state_tables)
	for (z = trans[n][is]; z; z = z->nxt)
	{	if (dodot)
			dot_crack(n, is, z);
		else
			crack(n, is, z, srcln);
	}

	for (z = trans[n][is]; z; z = z->nxt)
	{
#ifdef HAS_UNLESS
		int i, j;
#endif
		tagtable(n, m, z->st, srcln, reach);
#ifdef HAS_UNLESS
		for (i = 0; i < HAS_UNLESS; i++)
		{	j = trans[n][is]->escp[i];
			if (!j) break;
			tagtable(n, m, j, srcln, reach);
		}
#endif
	}
}

extern Trans *t_id_lkup[];

void
dfs_table(int n, int m, int is, short srcln[], uchar reach[], uchar lpstate[])
{	Trans *z;

	if (is >= m || is <= 0 || !trans[n][is])
		return;
	if ((reach[is] & (4|8|16)) != 0)
	{	if ((reach[is] & (8|16)) == 16)	/* on stack, not yet recorded */
		{	lpstate[is] = 1;
			reach[is] |= 8; /* recorded */
			if (state_tables && verbose)
			{	printf("state %d line %d is a loopstate\n", is, srcln[is]);
		}	}
		return;
	}
	reach[is] |= (4|16);	/* visited | onstack */
	for (z = trans[n][is]; z; z = z->nxt)
	{	t_id_lkup[z->t_id] = z;
#ifdef HAS_UNLESS
		int i, j;
#endif
		dfs_table(n, m, z->st, srcln, reach, lpstate);
#ifdef HAS_UNLESS
		for (i = 0; i < HAS_UNLESS; i++)
		{	j = trans[n][is]->escp[i];
			if (!j) break;
			dfs_table(n, m, j, srcln, reach, lpstate);
		}
#endif
	}
	reach[is] &= ~16; /* no longer on stack */
}
void
do_dfs(int n, int m, int is, short srcln[], uchar reach[], uchar lpstate[])
{	int i;
	dfs_table(n, m, is, srcln, reach, lpstate);
	for (i = 0; i < m; i++)
		reach[i] &= ~(4|8|16);
}
void
crack(int n, int j, Trans *z, short srcln[])
{	int i;

	if (!z) return;
	printf("	state %3d -(tr %3d)-> state %3d  ",
		j, z->forw, z->st);
	printf("[id %3d tp %3d", z->t_id, z->tpe[0]);
	if (z->tpe[1]) printf(",%d", z->tpe[1]);
#ifdef HAS_UNLESS
	if (z->e_trans)
		printf(" org %3d", z->e_trans);
	else if (state_tables >= 2)
	for (i = 0; i < HAS_UNLESS; i++)
	{	if (!z->escp[i]) break;
		printf(" esc %d", z->escp[i]);
	}
#endif
	printf("]");
	printf(" [%s%s%s%s%s] %s:%d => ",
		z->atom&6?"A":z->atom&32?"D":"-",
		accpstate[n][j]?"a" :"-",
		stopstate[n][j]?"e" : "-",
		progstate[n][j]?"p" : "-",
		z->atom & 8 ?"L":"G",
		PanSource, srcln[j]);
	for (i = 0; z->tp[i]; i++)
		if (z->tp[i] == '\n')
			printf("\\n");
		else
			putchar(z->tp[i]);
	if (verbose && z->qu[0])
	{	printf("\t[");
		for (i = 0; i < 6; i++)
			if (z->qu[i])
				printf("(%d,%d)",
				z->qu[i], z->ty[i]);
		printf("]");
	}
	printf("\n");
	fflush(stdout);
}
/* spin -a m.pml; cc -o pan pan.c; ./pan -D | dot -Tps > foo.ps; ps2pdf foo.ps */
void
dot_crack(int n, int j, Trans *z)
{	int i;

	if (!z) return;
	printf("	S%d -> S%d  [color=black", j, z->st);

	if (z->atom&6) printf(",style=dashed");
	else if (z->atom&32) printf(",style=dotted");
	else if (z->atom&8) printf(",style=solid");
	else printf(",style=bold");

	printf(",label=\"");
	for (i = 0; z->tp[i]; i++)
	{	if (z->tp[i] == '\\'
		&&  z->tp[i+1] == 'n')
		{	i++; printf(" ");
		} else
		{	putchar(z->tp[i]);
	}	}
	printf("\"];\n");
	if (accpstate[n][j]) printf("  S%d [color=red,style=bold];\n", j);
	else if (progstate[n][j]) printf("  S%d [color=green,style=bold];\n", j);
	if (stopstate[n][j]) printf("  S%d [color=blue,style=bold,shape=box];\n", j);
}

#ifdef VAR_RANGES
#define BYTESIZE	32	/* 2^8 : 2^3 = 256:8 = 32 */

typedef struct Vr_Ptr {
	char	*nm;
	uchar	vals[BYTESIZE];
	struct Vr_Ptr *nxt;
} Vr_Ptr;
Vr_Ptr *ranges = (Vr_Ptr *) 0;

void
logval(char *s, int v)
{	Vr_Ptr *tmp;

	if (v<0 || v > 255) return;
	for (tmp = ranges; tmp; tmp = tmp->nxt)
		if (!strcmp(tmp->nm, s))
			goto found;
	tmp = (Vr_Ptr *) emalloc(sizeof(Vr_Ptr));
	tmp->nxt = ranges;
	ranges = tmp;
	tmp->nm = s;
found:
	tmp->vals[(v)/8] |= 1<<((v)%8);
}

void
dumpval(uchar X[], int range)
{	int w, x, i, j = -1;

	for (w = i = 0; w < range; w++)
	for (x = 0; x < 8; x++, i++)
	{
from:		if ((X[w] & (1<<x)))
		{	printf("%d", i);
			j = i;
			goto upto;
	}	}
	return;
	for (w = 0; w < range; w++)
	for (x = 0; x < 8; x++, i++)
	{
upto:		if (!(X[w] & (1<<x)))
		{	if (i-1 == j)
				printf(", ");
			else
				printf("-%d, ", i-1);
			goto from;
	}	}
	if (j >= 0 && j != 255)
		printf("-255");
}

void
dumpranges(void)
{	Vr_Ptr *tmp;
	printf("\nValues assigned within ");
	printf("interval [0..255]:\n");
	for (tmp = ranges; tmp; tmp = tmp->nxt)
	{	printf("\t%s\t: ", tmp->nm);
		dumpval(tmp->vals, BYTESIZE);
		printf("\n");
	}
}
#endif
