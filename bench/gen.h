/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Rule sets of the shapes that ClassBench made known, by a generator of our own: what share of
 * rules leaves which field open, how long prefixes are and how they nest, which ports are exact and
 * which are ranges. The figures are in gen.c. The same seed gives the same rules.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <linux/types.h>

#define GEN_SHAPES(X)                                                       \
	X(ACL, "acl") /* router access lists: destinations known exactly */ \
	X(FW, "fw") /* firewalls: many rules leave one side open */         \
	X(IPC, "ipc") /* packet filters of hosts: a mix of both */

enum gen_shape {
#define X(name, word) GEN_##name,
	GEN_SHAPES(X)
#undef X
	GEN_SHAPE_MAX_
};

extern const char *const gen_shape_names[GEN_SHAPE_MAX_];

struct gen_random {
	__u64 state;
};

__u64 gen_next(struct gen_random *r);
/* 0 to below - 1. */
__u32 gen_below(struct gen_random *r, __u32 below);

struct gen_prefix {
	unsigned __int128 value; /* IPv4: the low 32 bits */
	unsigned int len;
};

struct gen_range {
	__u16 low;
	__u16 high;
};

struct gen_rule {
	struct gen_prefix addr[2]; /* source, destination */
	struct gen_range port[2]; /* of TCP and UDP */
	__u8 proto; /* 0: any */
	bool accept;
};

/* No two of the rules are equal. 0, or -ENOMEM. */
int gen_rules(enum gen_shape shape, bool six, __u64 seed, struct gen_rule *rules, size_t count);
/* As Sluice reads it: the match and the verdict. */
void gen_print_sluice(const struct gen_rule *rule, bool six, FILE *to);
/* The same for nftables. */
void gen_print_nft(const struct gen_rule *rule, bool six, FILE *to);
void gen_print_addr(unsigned __int128 value, bool six, FILE *to);
void gen_print_prefix(const struct gen_prefix *prefix, bool six, FILE *to);
/* Of a rule for TCP or UDP: that a side's port is not open. */
bool gen_has_port(const struct gen_rule *rule, int side);

struct gen_packet {
	unsigned __int128 addr[2];
	__u16 port[2];
	__u8 proto; /* TCP or UDP */
};

/* A packet that the rule matches; false when that is neither TCP nor UDP. */
bool gen_packet_in(struct gen_random *r, const struct gen_rule *rule, bool six,
		   struct gen_packet *out);
bool gen_matches(const struct gen_rule *rule, bool six, const struct gen_packet *packet);
