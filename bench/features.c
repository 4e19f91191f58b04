// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * What a rule costs that asks or does more than its box of addresses and ports, for a packet that it
 * matches; and what it costs a packet of another protocol: nothing. The policy drops all of them.
 */

#include <stdio.h>

#include "bench.h"
#include "names.h"

#define ROUNDS 9

struct feature {
	const char *name;
	const char *rules;
	double ns;
};

#define SETS                                                            \
	"set plain { type addr; elements { 10.1.0.0/16 } }\n"           \
	"set counting { type addr; counters; elements { 10.1.0.1 } }\n" \
	"set pairs { type addr . port; elements { 10.1.0.1 . 80 } }\n"

#define RULE(text) SETS "chain ingress { policy drop\n" text "\n}\n"

/* The first is the one that the others are compared with. */
static struct feature features[] = {
	{ "no rule", "chain ingress { policy drop }\n", 0 },
	{ "all of these, for SCTP alone",
	  RULE("ip protocol sctp ttl 64 count\n"
	       "ip protocol sctp iifname \"*\" count\n"
	       "ip protocol sctp payload @0,4 == 0 count\n"
	       "ip protocol sctp ip saddr @plain count\n"
	       "ip protocol sctp ip saddr @counting count\n"
	       "ip saddr . sctp dport @pairs count\n"
	       "ip protocol sctp 1 in 100 count\n"
	       "ip protocol sctp limit 1000/second count\n"
	       "ip protocol sctp limit 1000/second per saddr count\n"
	       "ip protocol sctp log rate 1/hour\n"
	       "ip protocol sctp set dscp ef"),
	  0 },
	{ "count", RULE("tcp dport 80 count"), 0 },
	{ "ttl, flags", RULE("tcp dport 80 ip ttl 64 tcp flags syn count"), 0 },
	{ "interface", RULE("tcp dport 80 iifname \"*\" count"), 0 },
	{ "bytes of the payload", RULE("tcp dport 80 payload @0,4 == 0 count"), 0 },
	{ "set", RULE("tcp dport 80 ip saddr @plain count"), 0 },
	{ "set that counts", RULE("tcp dport 80 ip saddr @counting count"), 0 },
	{ "set of pairs", RULE("ip saddr . tcp dport @pairs count"), 0 },
	{ "one in a hundred", RULE("tcp dport 80 1 in 100 count"), 0 },
	{ "limit", RULE("tcp dport 80 limit 1000/second count"), 0 },
	{ "limit per saddr", RULE("tcp dport 80 limit 1000/second per saddr count"), 0 },
	{ "log that is held back", RULE("tcp dport 80 log rate 1/hour"), 0 },
	{ "set dscp", RULE("tcp dport 80 set dscp ef"), 0 },
};

#define NFEATURES (sizeof(features) / sizeof(features[0]))

static int features_round(struct sl_dp *dp, int fd)
{
	for (size_t i = 0; i < NFEATURES; i++) {
		struct feature *feature = &features[i];

		if (bench_apply(dp, feature->rules) ||
		    bench_turn(feature->name, fd, SL_HOOK_XDP, 64, &feature->ns))
			return 1;
	}
	return 0;
}

int bench_features(struct sl_dp *dp)
{
	int fd = sl_dp_load_for_bench(dp, SL_HOOK_XDP);

	if (fd < 0)
		return bench_fail(sl_hook_names[SL_HOOK_XDP], sl_dp_error(dp));
	for (int i = 0; i < ROUNDS; i++)
		if (features_round(dp, fd))
			return 1;
	printf("\n%-30s %10s %12s\n", "a rule with", "ns/packet", "over no rule");
	for (size_t i = 0; i < NFEATURES; i++)
		printf("%-30s %10.1f %+12.1f\n", features[i].name, features[i].ns,
		       features[i].ns - features[0].ns);
	return 0;
}
