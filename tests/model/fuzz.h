/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Rules and packets by chance, run through the model and through every way a packet can take, and
 * compared. A case is one rule set and the packets that meet it one after the other; a case is made
 * from a number, and made again by it.
 */

#include <stdio.h>

#include "chance.h"
#include "model.h"

#define FRAME_MAX (72U << 10)
#define ITEMS	  64

struct item {
	__u64 wait; /* ns before the packet */
	__u8 *bytes;
	size_t len;
	size_t linear; /* where XDP frames are cut in two; 0: nowhere */
	bool is_gso, has_tag;
	__u16 tci;
};

struct fuzz_case {
	__u64 seed; /* also what else differs from case to case: see run.c */
	int flavour;
	struct m_conf conf;
	struct item item[ITEMS];
	int count;
};

/* What the rules of a case ask for beside headers: each of them needs packets of its own. */
enum flavour {
	FLAVOUR_PLAIN,
	FLAVOUR_NAMES,
	FLAVOUR_SAID,
	FLAVOUR_BYTES,
	FLAVOUR_TUNNELS,
	FLAVOUR_FLOWS,
};

/* make_rules.c, make_more.c, make_wish.c */
void make_rules(struct chance *c, struct m_conf *conf, int flavour);
void make_match(struct chance *c, struct m_match *m);
/* A match of that flavour; false: none, this time. */
bool make_more(struct chance *c, struct m_match *m, int flavour);
/* A value near what the rules ask for, so that packets meet them at their edges. */
struct wish {
	bool has[M_FIELDS];
	wide value[M_FIELDS];
	int family;
	int transport;
	bool has_echo; /* ICMP: an identifier */
	__u16 echo;
	bool has_number; /* TCP: of its first byte */
	__u32 number;
	bool is_whole; /* it does not end early */
	const struct draft *load; /* what is to be its payload; NULL: anything */
	struct m_range bytes; /* that are to be in its payload; family 0: none */
	struct m_range name; /* that a message is about; family 0: any */
	bool has_text[M_TEXT_KINDS];
	struct m_range text[M_TEXT_KINDS];
};

/* The packet, the one in that, and the one in that one. */
#define WISHES 3

void make_wish(struct chance *c, const struct m_conf *conf, struct wish wish[WISHES]);
void wish_for_more(struct chance *c, struct wish wish[WISHES], const struct m_match *m,
		   const struct m_range *r, wide value);
/* Addresses that rules and packets share. */
wide make_address(struct chance *c, int family);
__u16 make_port(struct chance *c);

/* make_packets.c, make_series.c, mutate.c */

/* Bytes being put together, and where in them it is worth to lie. */
#define MARKS 160

struct mark {
	__u32 at;
	__u32 size; /* bytes: 1, 2 or 4 */
};

struct draft {
	__u8 bytes[FRAME_MAX];
	__u32 len;
	struct mark mark[MARKS];
	int marks;
	/* Where the lengths are that speak of all that follows; 0: none. */
	__u32 ip4_at, ip6_at;
};

void draft_mark(struct draft *d, __u32 at, __u32 size);
void draft_put(struct draft *d, wide value, __u32 size);
void draft_set(struct draft *d, __u32 at, wide value, __u32 size);
void draft_random(struct draft *d, struct chance *c, __u32 size);
/* Bytes of another one, and the marks in them. */
void draft_append(struct draft *d, const struct draft *part, __u32 from, __u32 size);

/* A packet before it is cut into frames: what precedes and follows the place of a fragment header. */
struct plan {
	int tags;
	__u16 tpid[8], tci[8];
	int family;
	wide saddr, daddr, smac, dmac;
	__u8 tos, ttl;
	__u32 id;
	bool df;
	__u8 options[40];
	__u32 options_size;
	struct draft head; /* IPv6: extension headers before the fragment header */
	__u8 head_next; /* number of the first; of the last its next header is patched */
	__u32 head_link; /* where in head the last one's next header is */
	struct draft body; /* what fragments divide */
	__u8 body_next;
};

struct cutting {
	bool is_fragment;
	__u32 from, size;
	bool more;
};

void plan_make(struct chance *c, const struct wish *wish, struct plan *plan);
void plan_emit(struct chance *c, const struct plan *plan, const struct cutting *cutting,
	       struct draft *d);
/* A frame that is not IP, or whose IP header never was meant to be one. */
void make_other(struct chance *c, const struct wish *wish, struct draft *d);
/* IPv6 about the size of a jumbogram (RFC 2675). */
void make_jumbo(struct chance *c, struct draft *d);
void mutate(struct chance *c, struct draft *d);
/* make_loads.c: what the packet carries, and what it must be for that. seed: the case's. */
void make_load(struct chance *c, struct wish wish[WISHES], int flavour, __u64 seed);

/* make_said.c, make_connection.c */
void make_said(struct chance *c, struct draft *d, const struct wish *w);
void load_said(struct chance *c, struct wish *w);
/* A message of DNS. */
void make_dns(struct chance *c, struct draft *d, const struct wish *w);
/* Messages, and what is none, in several segments of a connection. */
void make_connection(struct chance *c, struct fuzz_case *fc, struct plan *p, struct draft *d);
void load_over_tcp(struct chance *c, struct wish *w, struct draft *d);

void make_case(struct fuzz_case *fc, __u64 seed);
void case_add(struct chance *c, struct fuzz_case *fc, const struct draft *d);
void make_series(struct chance *c, struct fuzz_case *fc, struct plan *plan, struct draft *d);
void case_clear(struct fuzz_case *fc);

/* text_more.c: matches that are not a field and numbers; false: it is another one */
bool text_special(FILE *to, const struct m_match *m);
/* text_does.c */
void text_stmt(FILE *to, const struct m_stmt *s);
void text_answer(FILE *to, const struct m_rule *rule, struct chance *c);
/* text_values.c */
void put_hex(FILE *to, wide value);
void put_mac(FILE *to, wide value);
void put_address(FILE *to, wide value, int family);
void text_addresses(FILE *to, const struct m_range *r, struct chance *c);
void text_flags(FILE *to, const struct m_match *m, struct chance *c);
/* text.c: as an operator would write it. line[dir][i]: where rule i begins. */
struct lines {
	unsigned int line[SL_DIR_MAX_][M_RULES];
};
char *conf_text(const struct m_conf *conf, struct lines *lines);

/* record.c: a case as a file, to be run again */
void case_write(const struct fuzz_case *fc, FILE *to);
bool case_read(struct fuzz_case *fc, FILE *from);

/* run.c */
struct report {
	int item; /* where they fell out; -1: with the rules themselves */
	char text[4096];
};

int run_init(void);
void run_exit(void);
/* place_sets.c: builds the sets that the rules were compiled to; 0 or a negative errno. */
struct sl_conf;
int place_sets(struct sl_conf *conf);

extern const char *run_no_kernel; /* why there are no programs; NULL: there are */
/* Whether all agree on all packets of the case. */
bool run_case(const struct fuzz_case *fc, struct report *report);

struct run_counts {
	__u64 packets, cases, runs; /* runs: packets by ways */
	__u64 reason[SL_REASON_MAX_];
	__u64 answered[SL_REJECT_MAX_]; /* of the runs */
	__u64 copies, resets; /* that the programs have sent and somebody got */
	__u64 refused_resets; /* that nobody took */
	__u64 by_rule, by_policy, refused, too_large, changed;
	__u64 given_up; /* runs in which too much was nearly what is searched for */
};
extern struct run_counts run_counts;

/* shrink.c: leaves out what is not needed for them to fall out */
void shrink(struct fuzz_case *fc, struct report *report);
