// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "draw.h"

#include <netinet/in.h>

#define DRAWS_MAX 8

void draw_in(struct gen_random *r, const struct gen_rule *rules, size_t count, size_t first,
	     bool six, struct gen_packet *out)
{
	const struct gen_rule *rule;

	do {
		rule = &rules[first + gen_below(r, (__u32)(count - first))];
	} while (!gen_packet_in(r, rule, six, out));
}

static bool matches_any(const struct gen_rule *rules, size_t count, bool six,
			const struct gen_packet *packet)
{
	for (size_t i = 0; i < count; i++) {
		if (gen_matches(&rules[i], six, packet))
			return true;
	}
	return false;
}

void draw_none(struct gen_random *r, const struct gen_rule *rules, size_t count, bool six,
	       struct gen_packet *out)
{
	struct gen_packet other;

	for (int i = 0; i < DRAWS_MAX; i++) {
		draw_in(r, rules, count, 0, six, out);
		draw_in(r, rules, count, 0, six, &other);
		out->addr[1] = other.addr[1];
		if (!matches_any(rules, count, six, out))
			return;
	}
	do {
		out->addr[0] = (unsigned __int128)gen_next(r) << 64 | gen_next(r);
		out->addr[1] = (unsigned __int128)gen_next(r) << 64 | gen_next(r);
		if (!six) {
			out->addr[0] = (__u32)out->addr[0];
			out->addr[1] = (__u32)out->addr[1];
		}
		/* There are rules that ask for ports alone. */
		out->port[0] = (__u16)gen_next(r);
		out->port[1] = (__u16)gen_next(r);
		out->proto = gen_below(r, 2) ? IPPROTO_TCP : IPPROTO_UDP;
	} while (matches_any(rules, count, six, out));
}

size_t draw_distinct(size_t rules, size_t wanted)
{
	return rules > 1000 ? wanted * 1000 / rules : wanted;
}
