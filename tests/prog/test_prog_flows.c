// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * Flows, packet by packet and by every way: which state a packet finds its flow in, and where it
 * goes. The kernel's table must be the host's, word for word.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "flows.h"
#include "lab.h"
#include "names.h"

struct step {
	const struct layer *frame;
	enum sl_flow_state state;
	enum sl_flow_to to;
	unsigned int wait; /* seconds, before the frame */
	enum sl_verdict verdict; /* 0: accepted */
};

struct sequence {
	const char *name;
	struct step steps[12];
	size_t flows; /* in the table at the end */
	const char *rules; /* before the policy that accepts */
	const char *settings; /* before the chains */
};

#define A4    .src = SRC4, .dst = DST4
#define B4    .src = DST4, .dst = SRC4
#define A6    .src = { SRC6_HI, SRC6_LO }, .dst = { SRC6_HI, DST6_LO }
#define B6    .src = { SRC6_HI, DST6_LO }, .dst = { SRC6_HI, SRC6_LO }
/* From the client, and from the server. */
#define C(f)  pkt(eth(), ip4(A4), tcp(.sport = 4000, .dport = 80, .flags = (f)))
#define S(f)  pkt(eth(), ip4(B4), tcp(.sport = 80, .dport = 4000, .flags = (f)))
#define C6(f) pkt(eth(), ip6(A6), tcp(.sport = 4000, .dport = 80, .flags = (f)))
#define S6(f) pkt(eth(), ip6(B6), tcp(.sport = 80, .dport = 4000, .flags = (f)))
#define CD    pkt(eth(), ip4(A4), tcp(.flags = ACK), data(40))
#define CU    pkt(eth(), ip4(A4), udp(.sport = 5000, .dport = 53), data(9))
#define SU    pkt(eth(), ip4(B4), udp(.sport = 53, .dport = 5000), data(9))

#define NEW	  SL_FLOW_NEW
#define EST	  SL_FLOW_ESTABLISHED
#define CLOSING	  SL_FLOW_CLOSING
#define MIDSTREAM SL_FLOW_MIDSTREAM
#define RELATED	  SL_FLOW_RELATED
#define NONE	  SL_FLOW_NONE
#define TO_S	  SL_FLOW_TO_SERVER
#define TO_C	  SL_FLOW_TO_CLIENT

/* clang-format off */
static const struct sequence sequences[] = {
	{ "tcp: a connection", { { C(SYN), NEW, TO_S }, { S(SYN | ACK), EST, TO_C }, { C(ACK), EST, TO_S }, { C(ACK | PSH), EST, TO_S }, { S(ACK), EST, TO_C }, { C(FIN | ACK), CLOSING, TO_S }, { S(FIN | ACK), CLOSING, TO_C }, { C(ACK), CLOSING, TO_S } }, 1 },
	{ "tcp: the same over ipv6", { { C6(SYN), NEW, TO_S }, { S6(SYN | ACK), EST, TO_C }, { C6(ACK), EST, TO_S }, { S6(RST), CLOSING, TO_C } }, 1 },
	{ "tcp: the client has the higher address", { { S(SYN), NEW, TO_S }, { C(SYN | ACK), EST, TO_C }, { S(ACK), EST, TO_S } }, 1 },
	{ "tcp: a syn again", { { C(SYN), NEW, TO_S }, { C(SYN), NEW, TO_S }, { S(SYN | ACK), EST, TO_C }, { C(SYN), EST, TO_S } }, 1 },
	{ "tcp: refused", { { C(SYN), NEW, TO_S }, { S(RST | ACK), CLOSING, TO_C }, { C(SYN), NEW, TO_S } }, 1 },
	{ "tcp: the server's side is not seen", { { C(SYN), NEW, TO_S }, { C(ACK), MIDSTREAM, TO_S }, { C(ACK | PSH), MIDSTREAM, TO_S } }, 1 },
	{ "tcp: the client's side is not seen", { { S(SYN | ACK), MIDSTREAM, TO_C }, { S(ACK), MIDSTREAM, TO_C } }, 1 },
	{ "tcp: the beginning is not seen", { { S(ACK), MIDSTREAM, TO_S }, { C(ACK), MIDSTREAM, TO_C }, { C(FIN | ACK), CLOSING, TO_C } }, 1 },
	{ "tcp: an ack of the server makes nothing", { { C(SYN), NEW, TO_S }, { S(ACK), NEW, TO_C }, { S(ACK | PSH), NEW, TO_C } }, 1 },
	{ "tcp: syn and fin are no syn", { { C(SYN | FIN), CLOSING, TO_S }, { C(SYN | RST), CLOSING, TO_S }, { C(0), MIDSTREAM, TO_S } }, 1 },
	{ "tcp: an end without a beginning makes no flow", { { C(RST), CLOSING, TO_S }, { C(RST | ACK), CLOSING, TO_S }, { C(FIN | ACK), CLOSING, TO_S } }, 0 },
	{ "tcp: the ports once more", { { C(SYN), NEW, TO_S }, { S(SYN | ACK), EST, TO_C }, { C(FIN | ACK), CLOSING, TO_S }, { S(SYN), NEW, TO_S }, { C(SYN | ACK), EST, TO_C } }, 1 },
	{ "tcp: simultaneous open", { { C(SYN), NEW, TO_S }, { S(SYN), NEW, TO_C }, { C(SYN | ACK), NEW, TO_S }, { S(SYN | ACK), EST, TO_C } }, 1 },
	{ "tcp: half open for a minute", { { C(SYN), NEW, TO_S }, { S(SYN | ACK), EST, TO_C }, { S(SYN | ACK), MIDSTREAM, TO_C, .wait = 62 } }, 1 },
	{ "tcp: established for an hour", { { C(SYN), NEW, TO_S }, { S(SYN | ACK), EST, TO_C }, { C(ACK), EST, TO_S }, { C(ACK), EST, TO_S, .wait = 3600 }, { C(ACK), EST, TO_S, .wait = 7100 }, { C(ACK), MIDSTREAM, TO_S, .wait = 7300 } }, 1 },
	{ "tcp: closing for a minute", { { C(SYN), NEW, TO_S }, { S(SYN | ACK), EST, TO_C }, { C(ACK), EST, TO_S }, { C(FIN | ACK), CLOSING, TO_S }, { S(ACK), CLOSING, TO_C, .wait = 50 }, { S(ACK), MIDSTREAM, TO_S, .wait = 62 } }, 1 },
	{ "tcp: midstream for ten minutes", { { C(ACK), MIDSTREAM, TO_S }, { S(ACK), MIDSTREAM, TO_C, .wait = 590 }, { S(ACK), MIDSTREAM, TO_S, .wait = 602 } }, 1 },
	{ "tcp: other ports, another flow", { { C(SYN), NEW, TO_S }, { pkt(eth(), ip4(A4), tcp(.sport = 4001)), NEW, TO_S }, { pkt(eth(), ip4(B4), tcp(.sport = 80, .dport = 4001, .flags = SYN | ACK)), EST, TO_C }, { C(SYN), NEW, TO_S } }, 2 },
	{ "tcp: tags are no part of it", { { C(SYN), NEW, TO_S }, { pkt(eth(), vlan(.id = 7), ip4(B4), tcp(.sport = 80, .dport = 4000, .flags = SYN | ACK)), EST, TO_C } }, 1 },
	{ "tcp: one address, two ports", { { pkt(eth(), ip4(.src = SRC4, .dst = SRC4), tcp(.sport = 9, .dport = 5)), NEW, TO_S }, { pkt(eth(), ip4(.src = SRC4, .dst = SRC4), tcp(.sport = 5, .dport = 9, .flags = SYN | ACK)), EST, TO_C } }, 1 },

	{ "udp: question and answer", { { CU, NEW, TO_S }, { CU, NEW, TO_S }, { SU, EST, TO_C }, { CU, EST, TO_S } }, 1 },
	{ "udp: no answer in time", { { CU, NEW, TO_S }, { SU, NEW, TO_S, .wait = 32 } }, 1 },
	{ "udp: answered, for three minutes", { { CU, NEW, TO_S }, { SU, EST, TO_C }, { CU, EST, TO_S, .wait = 170 }, { CU, NEW, TO_S, .wait = 182 } }, 1 },
	{ "udp: a first fragment has a flow, a later one none", { { pkt(eth(), ip4(A4, .mf = 1, .id = 9), udp(.sport = 5000, .len = 40), data(16)), NEW, TO_S }, { pkt(eth(), ip4(A4, .offset = 24, .id = 9, .proto = 17), data(16)), NONE, TO_S }, { SU, EST, TO_C } }, 1 },
	{ "sctp", { { pkt(eth(), ip4(A4), sctp(), data(8)), NEW, TO_S }, { pkt(eth(), ip4(B4), sctp(.sport = 3868, .dport = 6000), data(8)), EST, TO_C } }, 1 },
	{ "esp: by addresses", { { pkt(eth(), ip4(A4, .proto = 50), data(20)), NEW, TO_S }, { pkt(eth(), ip4(B4, .proto = 50), data(20)), EST, TO_C }, { pkt(eth(), ip4(B4, .proto = 47), data(20)), NEW, TO_S } }, 2 },
	{ "no ip, no flow", { { pkt(eth(), arp()), NONE, TO_S }, { pkt(eth(.type = 0x88cc), data(50)), NONE, TO_S } }, 0 },

	{ "icmp: echo", { { pkt(eth(), ip4(A4), icmp(.id = 7), data(8)), NEW, TO_S }, { pkt(eth(), ip4(B4), icmp(.type = 0, .id = 7), data(8)), EST, TO_C }, { pkt(eth(), ip4(A4), icmp(.id = 7), data(8)), EST, TO_S }, { pkt(eth(), ip4(B4), icmp(.type = 0, .id = 8), data(8)), MIDSTREAM, TO_C } }, 2 },
	{ "icmp: both ask with one identifier", { { pkt(eth(), ip4(B4), icmp(.id = 7)), NEW, TO_S }, { pkt(eth(), ip4(B4), icmp(.type = 13, .id = 7), data(12)), NEW, TO_S }, { pkt(eth(), ip4(A4), icmp(.type = 14, .id = 7), data(12)), EST, TO_C } }, 2 },
	{ "icmpv6: echo", { { pkt(eth(), ip6(A6), icmp6(.id = 7), data(8)), NEW, TO_S }, { pkt(eth(), ip6(B6), icmp6(.type = 129, .id = 7), data(8)), EST, TO_C } }, 1 },
	{ "icmp: neither question, answer nor error", { { pkt(eth(), ip4(A4), icmp(.type = 9), data(8)), NONE, TO_S }, { pkt(eth(), ip6(A6), icmp6(.type = 135), data(16)), NONE, TO_S } }, 0 },
	{ "icmp: for half a minute", { { pkt(eth(), ip4(A4), icmp(.id = 7)), NEW, TO_S }, { pkt(eth(), ip4(B4), icmp(.type = 0, .id = 7)), MIDSTREAM, TO_C, .wait = 32 } }, 1 },

	{ "icmp error: to the client", { { CU, NEW, TO_S }, { pkt(eth(), ip4(.src = 0x0a4d0063, .dst = SRC4), icmp(.type = 3, .code = 3), ip4(A4), udp(.sport = 5000)), RELATED, TO_C }, { SU, EST, TO_C } }, 1 },
	{ "icmp error: to the server", { { C(SYN), NEW, TO_S }, { pkt(eth(), ip4(B4, .dst = DST4), icmp(.type = 11), ip4(B4), tcp(.sport = 80, .dport = 4000)), RELATED, TO_S } }, 1 },
	{ "icmp error: about an echo", { { pkt(eth(), ip4(A4), icmp(.id = 7)), NEW, TO_S }, { pkt(eth(), ip4(.src = 0x0a4d0063, .dst = SRC4), icmp(.type = 3), ip4(A4), icmp(.id = 7)), RELATED, TO_C } }, 1 },
	{ "icmp error: about no flow", { { CU, NEW, TO_S }, { pkt(eth(), ip4(B4), icmp(.type = 3, .code = 3), ip4(A4), udp(.sport = 5001)), NONE, TO_S } }, 1 },
	{ "icmp error: not to who sent it", { { CU, NEW, TO_S }, { pkt(eth(), ip4(.src = DST4, .dst = 0x0a4d0063), icmp(.type = 3), ip4(A4), udp(.sport = 5000)), NONE, TO_S } }, 1 },
	{ "icmp error: quotes too little", { { CU, NEW, TO_S }, { pkt(eth(), ip4(B4), icmp(.type = 3), ip4(A4), bytes("\x13\x88\0\x35\0\0\0")), NONE, TO_S } }, 1 },
	{ "icmp error: quotes nothing", { { CU, NEW, TO_S }, { pkt(eth(), ip4(B4), icmp(.type = 3)), NONE, TO_S }, { pkt(eth(), ip4(B4), icmp(.type = 3), ip4(A4, .ihl = 4, .proto = 17), udp(.sport = 5000)), NONE, TO_S }, { pkt(eth(), ip4(B4), icmp(.type = 3), ip4(A4, .ihl = 15, .proto = 17), udp(.sport = 5000)), NONE, TO_S } }, 1 },
	{ "icmp error: quotes a later fragment", { { CU, NEW, TO_S }, { pkt(eth(), ip4(B4), icmp(.type = 3), ip4(A4, .offset = 8), udp(.sport = 5000)), NONE, TO_S } }, 1 },
	{ "icmp error: with options quoted", { { CU, NEW, TO_S }, { pkt(eth(), ip4(B4), icmp(.type = 12), ip4(A4, OPTS("\1\1\1\1")), udp(.sport = 5000)), RELATED, TO_C } }, 1 },
	{ "icmp error: about an error", { { CU, NEW, TO_S }, { pkt(eth(), ip4(B4), icmp(.type = 3), ip4(A4), icmp(.type = 3)), NONE, TO_S } }, 1 },
	{ "icmpv6 error", { { C6(SYN), NEW, TO_S }, { pkt(eth(), ip6(.src = { SRC6_HI, 99 }, .dst = { SRC6_HI, SRC6_LO }), icmp6(.type = 2), ip6(A6), tcp()), RELATED, TO_C }, { pkt(eth(), ip6(.src = { SRC6_HI, 99 }, .dst = { SRC6_HI, 98 }), icmp6(.type = 2), ip6(A6), tcp()), NONE, TO_S } }, 1 },
	{ "icmp error: keeps nothing alive", { { CU, NEW, TO_S }, { pkt(eth(), ip4(B4), icmp(.type = 3), ip4(A4), udp(.sport = 5000)), RELATED, TO_C, .wait = 20 }, { CU, NEW, TO_S, .wait = 20 } }, 1 },

	{ "what is dropped begins no flow", { { CU, NEW, TO_S, .verdict = SL_DROP }, { SU, NEW, TO_S }, { CU, EST, TO_C, .verdict = SL_DROP } }, 1, "udp dport 53 drop" },
	{ "flow state", { { C(SYN), NEW, TO_S }, { S(SYN | ACK), EST, TO_C, .verdict = SL_DROP }, { C(SYN), EST, TO_S, .verdict = SL_DROP } }, 1, "flow state established drop" },
	{ "flow state: several", { { C(SYN), NEW, TO_S, .verdict = SL_DROP }, { S(ACK), MIDSTREAM, TO_S, .verdict = SL_DROP }, { C(FIN), CLOSING, TO_S } }, 0, "flow state { new, midstream } drop" },
	{ "flow state: not", { { C(SYN), NEW, TO_S }, { C(SYN), NEW, TO_S }, { pkt(eth(), arp()), NONE, TO_S }, { pkt(eth(), ip4(), icmp(.type = 9)), NONE, TO_S }, { C(FIN), CLOSING, TO_S, .verdict = SL_DROP } }, 1, "flow state != new drop" },
	{ "flow state related", { { CU, NEW, TO_S }, { pkt(eth(), ip4(B4), icmp(.type = 3, .code = 3), ip4(A4), udp(.sport = 5000)), RELATED, TO_C }, { pkt(eth(), ip4(B4), icmp(.type = 3, .code = 3), ip4(A4), udp(.sport = 5001)), NONE, TO_S, .verdict = SL_DROP } }, 1, "flow state related accept\nicmp type 3 drop" },
	{ "flow to", { { CU, NEW, TO_S }, { SU, EST, TO_C, .verdict = SL_DROP }, { CU, EST, TO_S } }, 1, "flow to client drop" },
	{ "flow packets", { { CU, NEW, TO_S }, { CU, NEW, TO_S }, { SU, EST, TO_C, .verdict = SL_DROP }, { CU, EST, TO_S, .verdict = SL_DROP } }, 1, "flow packets > 2 drop" },
	{ "flow bytes", { { CU, NEW, TO_S }, { SU, EST, TO_C, .verdict = SL_DROP } }, 1, "flow bytes >= 102 drop" },
	{ "flow bytes: of the first packet", { { CU, NEW, TO_S, .verdict = SL_DROP } }, 0, "flow bytes 51 drop" },
	{ "flow age", { { CU, NEW, TO_S }, { SU, EST, TO_C, .wait = 20 }, { CU, EST, TO_S, .wait = 42, .verdict = SL_DROP } }, 1, "flow age > 1m drop" },
	{ "flow age: between", { { CU, NEW, TO_S }, { SU, EST, TO_C, .wait = 20, .verdict = SL_DROP }, { CU, EST, TO_S, .wait = 20 } }, 1, "flow age 10-30 drop" },

	{ "drop flow: from the packet on that the rule met", { { C(SYN), NEW, TO_S }, { S(SYN | ACK), EST, TO_C }, { CD, EST, TO_S, .verdict = SL_DROP }, { S(ACK), EST, TO_C, .verdict = SL_DROP }, { C(FIN | ACK), EST, TO_S, .verdict = SL_DROP }, { S(RST), EST, TO_C, .verdict = SL_DROP }, { C(SYN), EST, TO_S, .verdict = SL_DROP }, { pkt(eth(), ip4(A4), tcp(.sport = 4001)), NEW, TO_S } }, 2, "payload @0,4 0x78787878 drop flow" },
	{ "drop flow: from the first packet on", { { C(SYN), NEW, TO_S, .verdict = SL_DROP }, { S(SYN | ACK), NEW, TO_C, .verdict = SL_DROP }, { S(ACK), MIDSTREAM, TO_S, .wait = 62 } }, 1, "tcp flags == syn drop flow" },
	{ "drop flow: from its end on, and nothing begins anew", { { C(SYN), NEW, TO_S }, { S(SYN | ACK), EST, TO_C }, { C(FIN | ACK), CLOSING, TO_S, .verdict = SL_DROP }, { C(SYN), CLOSING, TO_S, .verdict = SL_DROP } }, 1, "tcp flags & fin == fin drop flow" },
	{ "drop flow: errors about it, too", { { CU, NEW, TO_S, .verdict = SL_DROP }, { pkt(eth(), ip4(B4), icmp(.type = 3, .code = 3), ip4(A4), udp(.sport = 5000)), RELATED, TO_C, .verdict = SL_DROP } }, 1, "udp drop flow" },
	{ "drop flow: an error says nothing of the flow", { { CU, NEW, TO_S }, { pkt(eth(), ip4(B4), icmp(.type = 3, .code = 3), ip4(A4), udp(.sport = 5000)), RELATED, TO_C, .verdict = SL_DROP }, { CU, NEW, TO_S } }, 1, "icmp drop flow" },
	{ "drop flow: of what has none", { { pkt(eth(), arp()), NONE, TO_S, .verdict = SL_DROP } }, 0, "arp drop flow" },
	{ "drop flow: a first fragment, and the later ones with it", { { CU, NEW, TO_S, .verdict = SL_DROP }, { pkt(eth(), ip4(A4, .mf = 1, .id = 9), udp(.sport = 5000, .len = 40), data(16)), NEW, TO_S, .verdict = SL_DROP }, { pkt(eth(), ip4(A4, .offset = 24, .id = 9, .proto = 17), data(16)), NONE, TO_S, .verdict = SL_DROP } }, 1, "fragment none udp drop flow" },
	{ "accept flow", { { C(SYN), NEW, TO_S }, { S(SYN | ACK), EST, TO_C }, { CD, EST, TO_S }, { C(FIN | ACK), CLOSING, TO_S }, { C(SYN), NEW, TO_S }, { pkt(eth(), ip4(A4), tcp(.sport = 4001, .flags = ACK)), MIDSTREAM, TO_S, .verdict = SL_DROP } }, 1, "tcp flags == syn accept flow\ntcp drop" },
	{ "accept flow: forgotten with the flow", { { C(SYN), NEW, TO_S }, { C(ACK), MIDSTREAM, TO_S }, { C(FIN), CLOSING, TO_S }, { C(ACK), MIDSTREAM, TO_S, .wait = 62, .verdict = SL_DROP } }, 0, "tcp flags == syn accept flow\ntcp drop" },

	{ "accept flow: not when the packet is dropped", { { CU, NEW, TO_S, .verdict = SL_DROP }, { CU, NEW, TO_S, .verdict = SL_DROP }, { SU, NEW, TO_S } }, 1, "udp dport 53 set payload @40,1 7 accept flow", "on write-past drop" },
	{ "accept flow: the flow goes on when one of its packets is dropped", { { CU, NEW, TO_S }, { SU, EST, TO_C, .verdict = SL_DROP }, { CU, EST, TO_S } }, 1, "udp sport 53 set payload @40,1 7 accept flow", "on write-past drop" },

	{ "what is malformed has none", { { pkt(eth(), ip4(A4), tcp(.doff = 4)), NONE, TO_S, .verdict = SL_DROP }, { pkt(eth(), ip4(A4), tcp(), cut(4)), NONE, TO_S, .verdict = SL_DROP } }, 0 },
};
/* clang-format on */

#define NSEQUENCES (sizeof(sequences) / sizeof(*sequences))

static void rules_in_force(const char *rules, const char *settings)
{
	char text[1024];
	struct policy *policy;

	policy_free_all();
	snprintf(text, sizeof(text), "%s\nchain ingress {\n%s\n}\nchain egress {\n%s\n}\n",
		 settings ? settings : "", rules ? rules : "policy accept",
		 rules ? rules : "policy accept");
	policy = policy_new(text);
	policy_need(policy, SL_NEEDS_FLOW);
	policy_flows(policy, FLOWS_MAX);
	policy_use(policy, policy_drops(policy));
	flows_clear();
	host_frags_clear();
	if (!lab_no_kernel)
		kernel_frags_clear();
}

static bool as_step_says(const char *what, const struct step *step, const struct sl_trace *trace)
{
	enum sl_verdict verdict = step->verdict ? step->verdict : SL_ACCEPT;

	if (trace->flow_state == step->state && trace->verdict == (__u32)verdict &&
	    (step->state == SL_FLOW_NONE || trace->flow_to == step->to))
		return true;
	fprintf(stderr, "%s: got %s %s to %s\n", what, sl_verdict_names[trace->verdict],
		sl_flow_state_names[trace->flow_state], sl_flow_to_names[trace->flow_to]);
	return false;
}

static bool take_step(const struct step *step, enum way way, size_t linear)
{
	struct frame frame = lab_frame(step->frame);
	struct sl_trace host, trace;
	int err;

	frame.linear = linear < frame.len ? linear : 0;
	if (step->wait)
		flows_age(step->wait);
	host_run(way_hook(way), way_slot(way), &frame, &host);
	if (!as_step_says("host", step, &host))
		return false;
	if (lab_no_kernel)
		return true;
	err = kernel_run(way, &frame, &trace);
	if (err)
		fprintf(stderr, "%s: %s\n", way_names[way], strerror(-err));
	return !err && lab_same(way_names[way], &frame, &trace, &host);
}

static bool run_sequence(const struct sequence *s, enum way way, size_t linear)
{
	int n = 1;

	rules_in_force(s->rules, s->settings);
	for (const struct step *step = s->steps; step->frame; step++, n++) {
		if (take_step(step, way, linear))
			continue;
		fprintf(stderr, "%s, linear %zu, step %d: wanted %s to %s\n", way_names[way],
			linear, n, sl_flow_state_names[step->state], sl_flow_to_names[step->to]);
		return false;
	}
	if (flows_count(host_arena) != s->flows) {
		fprintf(stderr, "%zu flows\n", flows_count(host_arena));
		return false;
	}
	return lab_no_kernel || flows_same();
}

static void test_sequence(void **state)
{
	static const size_t cuts[] = { 14, 30, 37, 45, 58, 63 };

	for (enum way way = 0; way < WAY_MAX_; way++) {
		if (way != WAY_XDP_CUT)
			assert_true(run_sequence(*state, way, 0));
		for (size_t i = 0; way == WAY_XDP_CUT && i < sizeof(cuts) / sizeof(*cuts); i++)
			assert_true(run_sequence(*state, way, cuts[i]));
	}
}

/* Two flows that differ in nothing but one word of an address, with the same hash, are two. */
static void test_same_hash(void **state)
{
	static const __u64 word = 0x2000000220000003ULL, swapped = 0x2000000320000002ULL;
	const __u64 above = 0x1000000010000000ULL; /* the source is the lower one */

	(void)state;
	for (enum way way = 0; way < WAY_MAX_; way++) {
		for (int i = 0; way != WAY_XDP_CUT && i < 5; i++) {
			const __u64 a[] = { i == 1 ? swapped : word, i == 2 ? swapped : word,
					    above + (i == 3 ? swapped : word),
					    i == 4 ? swapped : word };
			const struct step steps[] = {
				{ pkt(eth(),
				      ip6(.src = { word, word }, .dst = { above + word, word }),
				      tcp()),
				  NEW, TO_S },
				{ pkt(eth(), ip6(.src = { a[0], a[1] }, .dst = { a[2], a[3] }),
				      tcp()),
				  NEW, TO_S },
			};

			rules_in_force(NULL, NULL);
			flows_no_secret();
			assert_true(take_step(&steps[0], way, 0));
			assert_true(take_step(&steps[1], way, 0));
			assert_int_equal(flows_count(host_arena), i ? 2 : 1);
			if (!lab_no_kernel)
				assert_int_equal(flows_count(kernel_arena), i ? 2 : 1);
		}
	}
}

/* Both sides are counted, and the sequence numbers of their SYNs are kept. */
static void test_counts(void **state)
{
	const struct layer *frames[] = {
		pkt(eth(), ip4(A4), tcp(.seq = 0x11111111)),
		pkt(eth(), ip4(B4),
		    tcp(.sport = 80, .dport = 4000, .flags = SYN | ACK, .seq = 0x22222222)),
		pkt(eth(), ip4(A4), tcp(.flags = ACK, .seq = 0x33333333), data(100)),
		pkt(eth(), ip4(A4), tcp(.flags = ACK), data(1000)),
	};
	struct sl_flow *flow;
	struct sl_trace trace;

	(void)state;
	rules_in_force(NULL, NULL);
	for (size_t i = 0; i < 4; i++) {
		struct frame frame = lab_frame(frames[i]);

		host_run(SL_HOOK_XDP, 0, &frame, &trace);
		/* Met once more on its way out: counted where it came in. */
		host_run(SL_HOOK_TC_EGRESS, 3, &frame, &trace);
	}
	flow = flows_find(host_arena, 4000, 80, 6);
	assert_non_null(flow);
	assert_int_equal(flow->client, 0);
	assert_int_equal(flow->count[0].packets, 3);
	assert_int_equal(flow->count[0].bytes, 54 + 154 + 1054);
	assert_int_equal(flow->count[1].packets, 1);
	assert_int_equal(flow->count[1].bytes, 54);
	assert_int_equal(flows_more(host_arena, flow)->isn[0], 0x11111111);
	assert_int_equal(flows_more(host_arena, flow)->isn[1], 0x22222222);
	assert_int_equal(flow->point[0] >> SL_FLOW_POINT_SHIFT, SL_FLOW_POINT(0, SL_HOOK_XDP));
}

/* The words of a count as they are to become one more, and what they make then. */
static const struct {
	__u32 low, high;
	__u64 sum;
} wide[] = {
	{ 0x7ffffffe, 0, 0x7fffffff },
	{ 0x7fffffff, 0, 0x80000000 },
	/* The upper word has not been written yet. */
	{ 0x80000000, 0, 0x80000001 },
	{ 0xffffffff, 1, 0x100000000 },
	{ 0, 1, 0x100000001 },
	{ 0xffffffff, 0x7ffffff1, 0x3ffffff900000000 },
};

static void set_packets(char *arena, __u32 low, __u32 high)
{
	struct sl_flow *flow = flows_find(arena, 5000, 53, 17);

	assert_non_null(flow);
	flow->count[0].packets = low;
	flows_more(arena, flow)->high[0].packets = high;
}

static void wide_in(char *arena, size_t i)
{
	const struct sl_flow *flow = flows_find(arena, 5000, 53, 17);

	assert_int_equal(flows_sum(arena, flow, 0).packets, wide[i].sum);
}

/* Of packets and bytes there may be more than a word holds; rules and lists see all of them. */
static void test_counts_are_wide(void **state)
{
	struct step step = { CU, NEW, TO_S };
	char rules[96];

	(void)state;
	for (enum way way = 0; way < WAY_MAX_; way++) {
		for (size_t i = 0; i < sizeof(wide) / sizeof(*wide); i++) {
			snprintf(rules, sizeof(rules), "flow packets %llu drop\npolicy accept",
				 wide[i].sum);
			rules_in_force(rules, NULL);
			step.verdict = SL_ACCEPT;
			assert_true(take_step(&step, way, 0));
			set_packets(host_arena, wide[i].low, wide[i].high);
			if (!lab_no_kernel)
				set_packets(kernel_arena, wide[i].low, wide[i].high);
			step.verdict = SL_DROP;
			assert_true(take_step(&step, way, 0));
			wide_in(host_arena, i);
			if (!lab_no_kernel)
				wide_in(kernel_arena, i);
			step.verdict = SL_ACCEPT;
			assert_true(take_step(&step, way, 0));
		}
	}
}

/* The upper word goes on by one each time that the lower one has gone half its way. */
static void test_counts_carry(void **state)
{
	struct frame frame = lab_frame(CU);
	struct sl_flow *flow;
	struct sl_trace trace;

	(void)state;
	rules_in_force(NULL, NULL);
	host_run(SL_HOOK_XDP, 0, &frame, &trace);
	flow = flows_find(host_arena, 5000, 53, 17);
	assert_non_null(flow);
	flow->count[0].packets = 0;
	for (__u64 i = 1; i < 6; i++) {
		flow->count[0].packets += 0x7fffffff;
		host_run(SL_HOOK_XDP, 0, &frame, &trace);
		assert_int_equal(flows_sum(host_arena, flow, 0).packets, i << 31);
	}
}

/* When the hook that counted sees no more of it, the next one does. */
static void test_counting_moves(void **state)
{
	struct frame frame = lab_frame(CU);
	struct sl_trace trace;

	(void)state;
	rules_in_force(NULL, NULL);
	host_run(SL_HOOK_XDP, 0, &frame, &trace);
	host_run(SL_HOOK_TC_EGRESS, 3, &frame, &trace);
	assert_int_equal(flows_find(host_arena, 5000, 53, 17)->count[0].packets, 1);
	flows_age(11);
	host_run(SL_HOOK_TC_EGRESS, 3, &frame, &trace);
	host_run(SL_HOOK_TC_EGRESS, 3, &frame, &trace);
	assert_int_equal(flows_find(host_arena, 5000, 53, 17)->count[0].packets, 3);
}

/* What the flow's verdict decides is counted where the rule is that said so. */
static void test_counted_at_the_rule(void **state)
{
	struct sl_trace trace;
	struct policy *policy;
	struct frame frame;

	(void)state;
	policy_free_all();
	policy = policy_new(
		"chain ingress {\n first: udp dport 9 drop\n it: udp dport 53 drop flow\n}\n");
	policy_use(policy, policy_drops(policy));
	flows_clear();
	for (int i = 0; i < 3; i++) {
		frame = i < 2 ? lab_frame(CU) : lab_frame(SU);
		host_run(SL_HOOK_XDP, 0, &frame, &trace);
		assert_int_equal(trace.verdict, SL_DROP);
		assert_int_equal(trace.slot, policy_slot(policy, "ingress", "it"));
	}
}

/* Set to drop, a full table lets no new flow through and evicts none. */
static void test_full_drops(void **state)
{
	struct policy *policy;
	struct sl_trace trace, other;

	(void)state;
	policy_free_all();
	policy = policy_new("on flow-table drop\nchain ingress {\n flow state new count\n}\n");
	policy_flows(policy, SL_FLOW_WAYS);
	policy_use(policy, policy_drops(policy));
	flows_clear();
	for (int i = 0; i < 10; i++) {
		struct frame frame =
			lab_frame(pkt(eth(), ip4(A4), udp(.sport = 1000 + i, .dport = 99)));

		host_run(SL_HOOK_XDP, 0, &frame, &trace);
		assert_int_equal(trace.verdict, i < 8 ? SL_ACCEPT : SL_DROP);
		assert_int_equal(trace.blind, i < 8 ? 0 : SL_REASON_FLOW_TABLE);
		if (lab_no_kernel)
			continue;
		assert_return_code(kernel_run(WAY_XDP, &frame, &other), 0);
		assert_true(lab_same("xdp", &frame, &other, &trace));
	}
	assert_int_equal(flows_stats(host_arena, 1).evicted, 0);
	assert_int_equal(flows_count(host_arena), 8);
}

/* One bucket, and more flows than it holds: the one that was idle longest goes. */
static void test_full(void **state)
{
	const bool kernel = !lab_no_kernel;
	struct policy *policy;
	struct sl_trace trace;

	(void)state;
	policy_free_all();
	policy = policy_new("chain ingress {\n policy accept\n}\n");
	policy_need(policy, SL_NEEDS_FLOW);
	policy_flows(policy, SL_FLOW_WAYS);
	policy_use(policy, policy_drops(policy));
	flows_clear();
	for (int i = 0; i < 10; i++) {
		/* The first is seen again and again, the second is the oldest. */
		struct frame frame =
			lab_frame(pkt(eth(), ip4(A4), udp(.sport = 1000 + i, .dport = 99)));

		host_run(SL_HOOK_XDP, 0, &frame, &trace);
		if (kernel)
			assert_return_code(kernel_run(WAY_XDP, &frame, &trace), 0);
		frame = lab_frame(pkt(eth(), ip4(A4), udp(.sport = 1000, .dport = 99)));
		host_run(SL_HOOK_XDP, 0, &frame, &trace);
		if (kernel)
			assert_return_code(kernel_run(WAY_XDP, &frame, &trace), 0);
		flows_age(2);
	}
	assert_int_equal(flows_stats(host_arena, 1).made, 10);
	assert_int_equal(flows_stats(host_arena, 1).evicted, 2);
	assert_non_null(flows_find(host_arena, 1000, 99, 17));
	assert_null(flows_find(host_arena, 1001, 99, 17));
	assert_null(flows_find(host_arena, 1002, 99, 17));
	assert_non_null(flows_find(host_arena, 1003, 99, 17));
	if (kernel) {
		assert_int_equal(flows_stats(kernel_arena, kernel_ncpus).evicted, 2);
		assert_true(flows_same());
	}
	/* One that has timed out goes first, though it was seen later than others that have not. */
	flows_find(host_arena, 1000, 99, 17);
	flows_age(40);
	{
		struct frame frame =
			lab_frame(pkt(eth(), ip4(A4), udp(.sport = 2000, .dport = 99)));

		host_run(SL_HOOK_XDP, 0, &frame, &trace);
	}
	assert_int_equal(flows_stats(host_arena, 1).made, 11);
	assert_int_equal(flows_stats(host_arena, 1).evicted, 2);
}

int main(void)
{
	struct CMUnitTest tests[NSEQUENCES + 8] = {};
	size_t n = 0;

	for (size_t i = 0; i < NSEQUENCES; i++)
		tests[n++] = (struct CMUnitTest) { .name = sequences[i].name,
						   .test_func = test_sequence,
						   .initial_state = (void *)&sequences[i] };
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_counts);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_same_hash);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_counts_are_wide);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_counts_carry);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_counting_moves);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_full);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_counted_at_the_rule);
	tests[n++] = (struct CMUnitTest)cmocka_unit_test(test_full_drops);
	return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
