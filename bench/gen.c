/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "gen.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define TCP  6
#define UDP  17
#define ICMP 1

/* Shares in percent; each list adds up to 100. */
struct shares {
	/* Lengths of prefixes: 0, 8 to 15, 16 to 23, 24, 25 to 31, 32. IPv6: four times as long. */
	__u8 len[2][6]; /* source, destination */
	/* Any, 1024 and up, one port, another range. */
	__u8 port[2][4];
	/* TCP, UDP, ICMP, any. */
	__u8 proto[4];
};

static const struct shares shares[GEN_SHAPE_MAX_] = {
	[GEN_ACL] = {
		.len = { { 25, 2, 8, 25, 10, 30 }, { 1, 1, 8, 15, 20, 55 } },
		.port = { { 97, 1, 1, 1 }, { 20, 6, 60, 14 } },
		.proto = { 80, 14, 2, 4 },
	},
	[GEN_FW] = {
		.len = { { 45, 4, 8, 15, 3, 25 }, { 25, 2, 10, 20, 8, 35 } },
		.port = { { 75, 10, 13, 2 }, { 28, 12, 45, 15 } },
		.proto = { 55, 30, 5, 10 },
	},
	[GEN_IPC] = {
		.len = { { 8, 4, 12, 25, 13, 38 }, { 8, 4, 12, 25, 13, 38 } },
		.port = { { 65, 10, 20, 5 }, { 45, 8, 40, 7 } },
		.proto = { 50, 30, 8, 12 },
	},
};

#define X(name, word) [GEN_##name] = word,
const char *const gen_shape_names[GEN_SHAPE_MAX_] = { GEN_SHAPES(X) };
#undef X

__u64 gen_next(struct gen_random *r)
{
	__u64 x = r->state += 0x9e3779b97f4a7c15ULL;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9ULL;
	x = (x ^ x >> 27) * 0x94d049bb133111ebULL;
	return x ^ x >> 31;
}

__u32 gen_below(struct gen_random *r, __u32 below)
{
	return (__u32)((gen_next(r) >> 32) * below >> 32);
}

/* Small numbers more often: networks and hosts are not used evenly. */
static __u32 skewed(struct gen_random *r, __u32 below)
{
	__u32 once = gen_below(r, below), again = gen_below(r, below);

	return once < again ? once : again;
}

static unsigned int pick(struct gen_random *r, const __u8 *share)
{
	unsigned int i = 0, left = gen_below(r, 100);

	while (left >= share[i])
		left -= share[i++];
	return i;
}

static unsigned int pick_len(struct gen_random *r, const __u8 *share)
{
	switch (pick(r, share)) {
	case 0:
		return 0;
	case 1:
		return 8 + gen_below(r, 8);
	case 2:
		return 16 + gen_below(r, 8);
	case 3:
		return 24;
	case 4:
		return 25 + gen_below(r, 7);
	default:
		return 32;
	}
}

/*
 * An address in a tree of networks: some 16-bit ones (the more rules, the more), a part of their
 * 24-bit ones, hosts in these. Sources and destinations have networks of their own.
 */
static __u32 draw_addr4(struct gen_random *r, bool source, size_t count)
{
	__u32 nets = 8 + (__u32)(count / 1000);
	struct gen_random net = { 77 + source * 1000003ULL + skewed(r, nets) };
	__u32 high = (__u32)gen_next(&net) % 0xdf00 + 0x0100;

	return high << 16 | skewed(r, 256) << 8 | gen_below(r, 256);
}

/* The same 32 bits, each eight of them with 24 of a fixed kind behind: /8 is a /32, /16 a /64. */
static unsigned __int128 spread(__u32 addr)
{
	unsigned __int128 wide = 0;
	int i;

	for (i = 24; i >= 0; i -= 8) {
		__u32 part = addr >> i & 0xff;

		wide = wide << 32 | (part << 24 | (part * 2654435761U >> 8));
	}
	return wide;
}

static struct gen_prefix draw_prefix(struct gen_random *r, const struct shares *s, int side,
				     bool six, size_t count)
{
	struct gen_prefix prefix = { .len = pick_len(r, s->len[side]) };
	unsigned int width = six ? 128 : 32;

	prefix.value = draw_addr4(r, side == 0, count);
	if (six) {
		prefix.len *= 4;
		prefix.value = spread((__u32)prefix.value);
	}
	if (!prefix.len)
		prefix.value = 0;
	else
		prefix.value = prefix.value >> (width - prefix.len) << (width - prefix.len);
	return prefix;
}

static struct gen_range draw_port(struct gen_random *r, const __u8 *share)
{
	static const __u16 known[] = { 80,  443,  22,	53,   25,   123,  161,	389,  445,
				       993, 1433, 3306, 3389, 5060, 5432, 8080, 8443, 1521 };
	__u16 low;

	switch (pick(r, share)) {
	case 0:
		return (struct gen_range) { 0, 65535 };
	case 1:
		return (struct gen_range) { 1024, 65535 };
	case 2:
		low = gen_below(r, 3) ? known[gen_below(r, sizeof(known) / sizeof(known[0]))]
				      : (__u16)(1 + gen_below(r, 65535));
		return (struct gen_range) { low, low };
	default:
		low = (__u16)(1 + gen_below(r, 60000));
		return (struct gen_range) { low, (__u16)(low + 1 + gen_below(r, 2000)) };
	}
}

static struct gen_rule draw_rule(struct gen_random *r, const struct shares *s, bool six,
				 size_t count)
{
	static const __u8 protos[] = { TCP, UDP, ICMP, 0 };
	const struct gen_range any = { 0, 65535 };
	struct gen_rule rule;

	memset(&rule, 0, sizeof(rule));
	rule.proto = protos[pick(r, s->proto)];
	rule.accept = gen_below(r, 2);
	for (int side = 0; side < 2; side++) {
		rule.addr[side] = draw_prefix(r, s, side, six, count);
		rule.port[side] = draw_port(r, s->port[side]);
		if (rule.proto != TCP && rule.proto != UDP)
			rule.port[side] = any;
	}
	return rule;
}

static int by_match(const void *a, const void *b)
{
	const struct gen_rule *left = a, *right = b;
	int order = memcmp(left->addr, right->addr, sizeof(left->addr));

	if (!order)
		order = memcmp(left->port, right->port, sizeof(left->port));
	return order ? order : (int)left->proto - (int)right->proto;
}

/*
 * Few rules leave both sides open, whatever the shares of each side are, and those ask for one port:
 * wider ones would leave nothing to those behind them, and no packet without a match.
 */
static bool is_open(struct gen_random *r, const struct gen_rule *rule)
{
	return !rule->addr[0].len && !rule->addr[1].len &&
	       (rule->port[1].low != rule->port[1].high || gen_below(r, 8));
}

/* Draws until there are count different ones. */
static void draw_rules(struct gen_random *r, const struct shares *s, bool six,
		       struct gen_rule *rules, size_t count)
{
	size_t have = 0, i;

	while (have < count) {
		for (i = have; i < count; i++)
			do {
				rules[i] = draw_rule(r, s, six, count);
			} while (is_open(r, &rules[i]));
		qsort(rules, count, sizeof(*rules), by_match);
		for (have = 1, i = 1; i < count; i++) {
			if (by_match(&rules[have - 1], &rules[i]))
				rules[have++] = rules[i];
		}
	}
}

struct ranked {
	__u64 rank;
	struct gen_rule rule;
};

static int by_rank(const void *a, const void *b)
{
	const struct ranked *left = a, *right = b;

	return left->rank < right->rank ? -1 : left->rank > right->rank;
}

/* Narrow rules stand before wide ones, as people write them, but not strictly. */
static __u64 rank_of(struct gen_random *r, const struct gen_rule *rule, bool six)
{
	unsigned int narrow = rule->addr[0].len + rule->addr[1].len;
	__u64 wide = six ? 256 - narrow : (64 - narrow) * 4;

	return (wide + gen_below(r, 64)) << 32 | (gen_next(r) >> 32);
}

int gen_rules(enum gen_shape shape, bool six, __u64 seed, struct gen_rule *rules, size_t count)
{
	struct ranked *ranked = calloc(count, sizeof(*ranked));
	struct gen_random r = { seed };
	size_t i;

	if (!ranked)
		return -ENOMEM;
	draw_rules(&r, &shares[shape], six, rules, count);
	for (i = 0; i < count; i++)
		ranked[i] = (struct ranked) { rank_of(&r, &rules[i], six), rules[i] };
	qsort(ranked, count, sizeof(*ranked), by_rank);
	for (i = 0; i < count; i++)
		rules[i] = ranked[i].rule;
	free(ranked);
	return 0;
}

void gen_print_addr(unsigned __int128 value, bool six, FILE *to)
{
	__be64 words[2] = { htobe64((__u64)(value >> 64)), htobe64((__u64)value) };
	__be32 four = htonl((__u32)value);
	char text[INET6_ADDRSTRLEN];

	fputs(inet_ntop(six ? AF_INET6 : AF_INET, six ? (const void *)words : &four, text,
			sizeof(text)),
	      to);
}

void gen_print_prefix(const struct gen_prefix *prefix, bool six, FILE *to)
{
	gen_print_addr(prefix->value, six, to);
	fprintf(to, "/%u", prefix->len);
}

static void print_match(const struct gen_rule *rule, bool six, const char *const addr[2],
			const char *const ports[2], FILE *to)
{
	const char *proto = rule->proto == TCP ? "tcp" : "udp";

	for (int side = 0; side < 2; side++) {
		if (!rule->addr[side].len)
			continue;
		fprintf(to, "%s ", addr[side]);
		gen_print_prefix(&rule->addr[side], six, to);
		fputc(' ', to);
	}
	for (int side = 0; side < 2; side++) {
		struct gen_range port = rule->port[side];

		if (port.low == port.high)
			fprintf(to, "%s %s %u ", proto, ports[side], port.low);
		else if (port.low || port.high != 65535)
			fprintf(to, "%s %s %u-%u ", proto, ports[side], port.low, port.high);
	}
}

bool gen_has_port(const struct gen_rule *rule, int side)
{
	return rule->port[side].low || rule->port[side].high != 65535;
}

static bool has_port(const struct gen_rule *rule)
{
	return gen_has_port(rule, 0) || gen_has_port(rule, 1);
}

void gen_print_sluice(const struct gen_rule *rule, bool six, FILE *to)
{
	static const char *const addr[] = { "saddr", "daddr" }, *const ports[] = { "sport",
										   "dport" };

	if (!rule->addr[0].len && !rule->addr[1].len)
		fprintf(to, "%s ", six ? "ip6" : "ip");
	if (rule->proto && !has_port(rule))
		fprintf(to, "proto %u ", rule->proto == ICMP && six ? 58U : rule->proto);
	print_match(rule, six, addr, ports, to);
	fputs(rule->accept ? "accept" : "drop", to);
}

void gen_print_nft(const struct gen_rule *rule, bool six, FILE *to)
{
	static const char *const four[] = { "ip saddr", "ip daddr" },
				 *const wide[] = { "ip6 saddr", "ip6 daddr" },
				 *const ports[] = { "sport", "dport" };

	if (!rule->addr[0].len && !rule->addr[1].len)
		fprintf(to, "meta protocol %s ", six ? "ip6" : "ip");
	if (rule->proto && !has_port(rule))
		fprintf(to, "%s %u ", six ? "ip6 nexthdr" : "ip protocol",
			rule->proto == ICMP && six ? 58U : rule->proto);
	print_match(rule, six, six ? wide : four, ports, to);
	fputs(rule->accept ? "accept" : "drop", to);
}

static unsigned __int128 draw_inside(struct gen_random *r, const struct gen_prefix *prefix,
				     bool six)
{
	unsigned __int128 any =
		six ? (unsigned __int128)gen_next(r) << 64 | gen_next(r) : gen_next(r) >> 32;
	unsigned int width = six ? 128 : 32;

	if (!prefix->len)
		return any;
	if (prefix->len == width)
		return prefix->value;
	return prefix->value | (any & ~(~(unsigned __int128)0 << (width - prefix->len)));
}

bool gen_packet_in(struct gen_random *r, const struct gen_rule *rule, bool six,
		   struct gen_packet *out)
{
	if (rule->proto == ICMP)
		return false;
	out->proto = rule->proto ? rule->proto : gen_below(r, 2) ? TCP : UDP;
	for (int side = 0; side < 2; side++) {
		struct gen_range port = rule->port[side];

		out->addr[side] = draw_inside(r, &rule->addr[side], six);
		out->port[side] = (__u16)(port.low + gen_below(r, port.high - port.low + 1U));
	}
	return true;
}

static bool is_inside(unsigned __int128 addr, const struct gen_prefix *prefix, bool six)
{
	unsigned int width = six ? 128 : 32;

	return !prefix->len || (addr ^ prefix->value) >> (width - prefix->len) == 0;
}

bool gen_matches(const struct gen_rule *rule, bool six, const struct gen_packet *packet)
{
	if (rule->proto && rule->proto != packet->proto)
		return false;
	for (int side = 0; side < 2; side++) {
		if (packet->port[side] < rule->port[side].low ||
		    packet->port[side] > rule->port[side].high ||
		    !is_inside(packet->addr[side], &rule->addr[side], six))
			return false;
	}
	return true;
}
