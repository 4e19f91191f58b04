// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * Each row through every way a packet can take: the pipeline on the host, XDP and TC in the kernel,
 * XDP with the frame cut in two at each byte of its headers; with its reason set to drop and to
 * accept, under both policies, with and without a rule that names the sender. The verdict must be
 * what abi/reason.h says, and what the rules get to see the same to the bit.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab.h"
#include "names.h"

static const struct rows *const all_rows[] = {
	&rows_link, &rows_ip4, &rows_ip6, &rows_transport, &rows_fragment, &rows_tunnel,
};

/* Reasons without a row, and which test has them in its place. */
static const char *const rowless[SL_REASON_MAX_] = {
	[SL_REASON_FRAG_OVERLAP] = "takes two packets: test_prog_sequences",
	[SL_REASON_FRAG_DUPLICATE] = "takes two packets: test_prog_sequences",
	[SL_REASON_BAD_TUNNEL] = "takes a rule that asks: test_prog_inner",
	[SL_REASON_BAD_INNER] = "takes a rule that asks: test_prog_inner",
	[SL_REASON_TUNNEL_DEPTH] = "takes a rule that asks: test_prog_inner",
	[SL_REASON_TUNNEL_FRAGMENT] = "takes a rule that asks: test_prog_inner",
	[SL_REASON_NO_VIEW] = "no kernel refuses a view of a packet: pretended below",
	[SL_REASON_NO_RULES] = "is about the rule set: no_rules below",
	/* What a rule says and cannot be done. */
	[SL_REASON_REJECT_LIMIT] = "test_prog_actions",
	[SL_REASON_REJECT_SILENT] = "test_prog_actions",
	[SL_REASON_REJECT_ROOM] = "test_prog_actions",
	[SL_REASON_REJECT_UNSENT] = "takes an interface: tests/netns/test_resets.py",
	[SL_REASON_REDIRECT_PORT] = "test_prog_actions",
	[SL_REASON_MIRROR_PORT] = "test_prog_ops",
	[SL_REASON_WRITE_PAST] = "test_prog_ops",
	[SL_REASON_WRITE_REFUSED] = "test_prog_ops",
	[SL_REASON_LIMIT_TABLE] = "test_prog_ops",
	[SL_REASON_BAN_FULL] = "takes a set of entries: netns-sets",
	[SL_REASON_EVENT_LOST] = "test_prog_ops",
	/* Of rule sets that look behind the headers. */
	[SL_REASON_LATER_FRAGMENT] = "test_prog_blind",
	[SL_REASON_DOT] = "test_prog_blind",
	[SL_REASON_DOH] = "test_prog_app",
	[SL_REASON_ECH] = "test_prog_app",
	[SL_REASON_QUIC] = "test_prog_app",
	[SL_REASON_STREAM_PENDING] = "test_prog_stream",
	[SL_REASON_STREAM_SPLIT] = "test_prog_stream",
	[SL_REASON_STREAM_SIZE] = "test_prog_stream",
	[SL_REASON_STREAM_TABLE] = "test_prog_stream_parts",
	[SL_REASON_STREAM_OVERLAP] = "test_prog_stream",
	[SL_REASON_STREAM_BROKEN] = "test_prog_app",
	[SL_REASON_FLOW_TABLE] = "test_prog_flows",
	[SL_REASON_BAD_DNS] = "test_prog_blind",
	[SL_REASON_PATTERN_BUDGET] = "test_prog_scan",
};

/* The four rule sets, by policy and by whether a rule drops the sender of the rows. */
static struct policy *policies[2][2];

static int setup(void **state)
{
	static const char *const texts[2][2] = {
		{ "chain ingress { policy accept }\nchain egress { policy accept }\n",
		  "chain ingress {\n policy accept\n sender: saddr { 10.77.0.1, 2001:db8:77::1 } drop\n}\n"
		  "chain egress {\n policy accept\n sender: saddr { 10.77.0.1, 2001:db8:77::1 } drop\n}\n" },
		{ "chain ingress { policy drop }\nchain egress { policy drop }\n",
		  "chain ingress {\n policy drop\n sender: saddr { 10.77.0.1, 2001:db8:77::1 } drop\n}\n"
		  "chain egress {\n policy drop\n sender: saddr { 10.77.0.1, 2001:db8:77::1 } drop\n}\n" },
	};
	int err = lab_setup(state);

	if (err)
		return err;
	for (int drop = 0; drop < 2; drop++) {
		for (int rule = 0; rule < 2; rule++)
			policies[drop][rule] = policy_new(texts[drop][rule]);
	}
	return 0;
}

/* What the rules can know of the sender when parsing stopped for this reason. */
static bool sender_known(const struct row *row)
{
	switch (row->reason) {
	case SL_REASON_SHORT_ETHERNET:
	case SL_REASON_SHORT_VLAN:
	case SL_REASON_VLAN_DEPTH:
	case SL_REASON_UNKNOWN_ETHERTYPE:
	case SL_REASON_LLC:
	case SL_REASON_SHORT_ARP:
	case SL_REASON_BAD_ARP:
	case SL_REASON_SHORT_IP4:
	case SL_REASON_BAD_IP4_VERSION:
	case SL_REASON_SHORT_IP6:
	case SL_REASON_BAD_IP6_VERSION:
		return false;
	case SL_REASON_NONE:
		/* Rows that say nothing of the key are about IP. */
		return !row->want ||
		       (row->want->l3 == SL_L3_IP4 && row->want->addr[0] >> 32 == SRC4) ||
		       (row->want->l3 == SL_L3_IP6 && row->want->addr[0] == SRC6_HI);
	default:
		return true;
	}
}

struct variant {
	bool policy_drops, has_rule;
	__u64 drop_reasons;
};

static void decide(const struct row *row, enum sl_hook hook, const struct variant *v,
		   enum sl_verdict *verdict, __u32 *slot)
{
	const struct policy *p = policies[v->policy_drops][v->has_rule];
	const char *chain = hook == SL_HOOK_TC_EGRESS ? "egress" : "ingress";

	*slot = SL_NO_SLOT;
	if (row->reason && (v->drop_reasons >> row->reason & 1)) {
		*verdict = SL_DROP;
	} else if (v->has_rule && sender_known(row)) {
		*verdict = SL_DROP;
		*slot = policy_slot(p, chain, "sender");
	} else if (row->reason) {
		*verdict = SL_ACCEPT;
	} else {
		*verdict = v->policy_drops ? SL_DROP : SL_ACCEPT;
		*slot = policy_slot(p, chain, "policy");
	}
}

static __u64 link_of(const struct want *w)
{
	return (__u64)w->ethertype << SL_LINK_ETHERTYPE_SHIFT |
	       (__u64)w->vlan << SL_LINK_VLAN_SHIFT | (__u64)w->pcp << SL_LINK_PCP_SHIFT |
	       (__u64)w->cvlan << SL_LINK_IVLAN_SHIFT | (__u64)w->cpcp << SL_LINK_IPCP_SHIFT |
	       (__u64)w->tags << SL_LINK_TAGS_SHIFT;
}

static __u8 ext_of(int kind)
{
	switch (kind) {
	case 0:
		return 1 << SL_EXT_HOPOPTS;
	case 43:
		return 1 << SL_EXT_ROUTING;
	case 51:
		return 1 << SL_EXT_AH;
	case 60:
		return 1 << SL_EXT_DSTOPTS;
	case 135:
		return 1 << SL_EXT_MOBILITY;
	default:
		return 1 << SL_EXT_OTHER;
	}
}

/* The extension headers that the row's frame is made of, as far as they are followed. */
static __u64 exts_of(const struct row *row)
{
	const struct layer *layer = row->frame;
	__u64 exts = 0;

	/* Those of a packet in a tunnel are none of the frame's. */
	if (row->want && row->want->l3 == SL_L3_IP4)
		return 0;

	while (layer->kind != LAYER_IP6 && layer->kind != LAYER_END)
		layer++;
	if (layer->kind == LAYER_END)
		return 0;
	for (layer++; layer->kind == LAYER_EXT || layer->kind == LAYER_FRAGMENT; layer++) {
		if (layer->kind == LAYER_EXT) {
			exts |= ext_of(layer->ext.kind);
			continue;
		}
		exts |= 1 << SL_EXT_FRAGMENT;
		if (layer->fragment.offset)
			break;
	}
	return exts;
}

static __u64 xport_of(const struct want *w)
{
	__u64 ttl = w->l3 == SL_L3_OTHER ? 0 : (__u64)w->ttl;

	return (__u64)w->proto << SL_XPORT_PROTO_SHIFT | (__u64)w->flags << SL_XPORT_FLAGS_SHIFT |
	       (__u64)w->frag << SL_XPORT_FRAG_SHIFT | (__u64)w->dscp << SL_XPORT_DSCP_SHIFT |
	       ttl << SL_XPORT_TTL_SHIFT;
}

static __u16 dport_of(const struct want *w)
{
	switch (w->l4) {
	case SL_L4_ICMP:
		return (__u16)w->code;
	case SL_L4_OTHER:
		return (__u16)w->proto;
	default:
		return (__u16)w->dport;
	}
}

/* What the row says the trace must be. */
static struct sl_trace wanted(const struct row *row, const struct frame *frame, enum sl_hook hook,
			      const struct variant *v)
{
	const struct want *w = row->want;
	struct sl_trace t = {};
	enum sl_verdict verdict;

	decide(row, hook, v, &verdict, &t.slot);
	t.verdict = verdict;
	t.reason = row->reason;
	t.length = (__u32)frame->len;
	if (!w)
		return t;
	t.key.link = link_of(w);
	t.key.xport = xport_of(w);
	if (!row->reason)
		t.key.xport |= exts_of(row) << SL_XPORT_EXT_SHIFT;
	if (w->l3 == SL_L3_IP6 && w->proto == 50)
		t.key.xport |= 1ULL << (SL_XPORT_EXT_SHIFT + SL_EXT_ESP);
	memcpy(t.key.addr, w->addr, sizeof(t.key.addr));
	t.key.sport = (__u16)(w->l4 == SL_L4_ICMP ? w->type : w->sport);
	t.key.dport = dport_of(w);
	t.key.l3 = (__u8)w->l3;
	t.key.l4 = (__u8)w->l4;
	t.network = w->network;
	t.transport = w->transport;
	t.payload = w->payload;
	t.payload_length = w->payload_length;
	return t;
}

/* Fields that the row says nothing about, as another way found them. */
static void take_unsaid(const struct row *row, struct sl_trace *t, const struct sl_trace *from)
{
	/* How far the chain of extension headers was followed. */
	if (row->reason)
		t->key.xport |= from->key.xport & 0xffULL << SL_XPORT_EXT_SHIFT;
	if (row->want)
		return;
	t->key = from->key;
	t->network = from->network;
	t->transport = from->transport;
	t->payload = from->payload;
	t->payload_length = from->payload_length;
}

static bool row_on_kernel(const struct row *row, enum way way, const struct frame *frame,
			  const struct sl_trace *want)
{
	struct sl_trace trace;
	int err;

	if (!lab_kernel_takes(way, frame))
		return true;
	err = kernel_run(way, frame, &trace);
	if (err) {
		fprintf(stderr, "%s: %s\n", way_names[way], strerror(-err));
		lab_print("trace", &trace);
		return false;
	}
	if (lab_is_fragment(&trace))
		kernel_frags_clear();
	return lab_same(way_names[way], frame, &trace, want);
}

static bool row_on_host(const struct row *row, enum sl_hook hook, const struct frame *frame,
			struct sl_trace *want)
{
	struct sl_trace trace;

	host_run(hook, 0, frame, &trace);
	host_frags_clear();
	take_unsaid(row, want, &trace);
	return lab_same("host", frame, &trace, want);
}

/* Where a frame may be cut: each byte of the headers and some behind them. */
static size_t last_cut(const struct sl_trace *trace, size_t len)
{
	size_t last = (trace->payload ? trace->payload : trace->network + 64) + 12;

	return last < len ? last : len;
}

static bool row_cut(const struct row *row, struct frame *frame, const struct sl_trace *want)
{
	size_t last = last_cut(want, frame->len);
	bool good = true;

	for (frame->linear = 14; frame->linear < last; frame->linear++) {
		struct sl_trace host = *want;

		good = good && row_on_host(row, SL_HOOK_XDP, frame, &host);
		if (!lab_no_kernel)
			good = good && row_on_kernel(row, WAY_XDP_CUT, frame, want);
	}
	frame->linear = 0;
	return good;
}

static bool row_in_variant(const struct row *row, struct frame *frame, const struct variant *v,
			   bool with_cuts)
{
	static const enum way ways[] = { WAY_XDP, WAY_XDP_META, WAY_TC_IN, WAY_TC_OUT };
	bool good = true;

	policy_use(policies[v->policy_drops][v->has_rule], v->drop_reasons);
	for (size_t i = 0; i < sizeof(ways) / sizeof(*ways); i++) {
		enum sl_hook hook = way_hook(ways[i]);
		struct sl_trace want = wanted(row, frame, hook, v);

		if (frame->is_gso && hook == SL_HOOK_XDP)
			continue;
		good = good && row_on_host(row, hook, frame, &want);
		if (!lab_no_kernel)
			good = good && row_on_kernel(row, ways[i], frame, &want);
		if (with_cuts && ways[i] == WAY_XDP)
			good = good && row_cut(row, frame, &want);
	}
	if (!good)
		fprintf(stderr, "policy %s, %s rule, reasons that drop %llx\n",
			v->policy_drops ? "drop" : "accept", v->has_rule ? "a" : "no",
			v->drop_reasons);
	return good;
}

static void test_row(void **state)
{
	const struct row *row = *state;
	struct frame frame = lab_frame(row->frame);
	__u64 defaults = policy_drops(policies[0][0]);
	__u64 own = row->reason ? 1ULL << row->reason : 0;
	const __u64 drops[] = { defaults, 0, ~0ULL, own, ~own };

	frame.is_gso = row->is_gso;
	for (size_t i = 0; i < 4 * sizeof(drops) / sizeof(*drops); i++) {
		const struct variant v = {
			.policy_drops = i & 1,
			.has_rule = i >> 1 & 1,
			.drop_reasons = drops[i >> 2],
		};
		enum sl_verdict verdict;
		__u32 slot;

		/* The row itself speaks of the first. */
		decide(row, SL_HOOK_XDP, &v, &verdict, &slot);
		if (i == 0)
			assert_int_equal(verdict, row->verdict);
		assert_true(row_in_variant(row, &frame, &v, i == 0 || i == 7));
	}
}

/* A frame that ends anywhere before its payload does is never taken for a whole one. */
static void test_cut_short(void **state)
{
	const struct row *row = *state;
	struct frame whole = lab_frame(row->frame), frame = whole;
	size_t end = row->want->payload ? row->want->payload + row->want->payload_length
					: row->want->network + 28;
	size_t step = end > 2000 ? 97 : 1;

	policy_use(policies[0][0], policy_drops(policies[0][0]));
	for (frame.len = 0; frame.len < end; frame.len += step) {
		struct sl_trace host, trace;

		host_run(SL_HOOK_XDP, 0, &frame, &host);
		host_frags_clear();
		if (host.verdict != SL_DROP || host.reason == SL_REASON_NONE) {
			lab_print("cut short", &host);
			fail_msg("%zu of %zu bytes pass", frame.len, whole.len);
		}
		for (enum way way = 0; way < WAY_MAX_ && !lab_no_kernel; way++) {
			if (!lab_kernel_takes(way, &frame) || way == WAY_XDP_CUT)
				continue;
			assert_return_code(kernel_run(way, &frame, &trace), 0);
			if (lab_is_fragment(&trace))
				kernel_frags_clear();
			assert_true(lab_same(way_names[way], &frame, &trace, &host));
		}
	}
}

static void test_every_reason_has_a_row(void **state)
{
	bool seen[SL_REASON_MAX_] = {};

	(void)state;
	for (size_t i = 0; i < sizeof(all_rows) / sizeof(*all_rows); i++) {
		for (size_t j = 0; j < all_rows[i]->count; j++)
			seen[all_rows[i]->rows[j].reason] = true;
	}
	for (int reason = 0; reason < SL_REASON_MAX_; reason++) {
		if (seen[reason] == !!rowless[reason])
			fail_msg("reason '%s' has %s", sl_reason_names[reason],
				 seen[reason] ? "a row, and an excuse for having none" : "no row");
	}
}

/* A row is named by what it is about, once. */
static void test_rows_have_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(all_rows) / sizeof(*all_rows); i++) {
		for (size_t j = 0; j < all_rows[i]->count; j++) {
			for (size_t k = 0; k < j; k++)
				assert_string_not_equal(all_rows[i]->rows[j].name,
							all_rows[i]->rows[k].name);
		}
	}
}

static void test_no_view(void **state)
{
	const __u64 no_view = 1ULL << SL_REASON_NO_VIEW;
	struct sl_trace trace;

	(void)state;
	for (int hook = 0; hook < SL_HOOK_MAX_; hook++) {
		policy_use(policies[0][0], policy_drops(policies[0][0]));
		host_run_no_view(hook, &trace);
		assert_int_equal(trace.reason, SL_REASON_NO_VIEW);
		assert_int_equal(trace.verdict, SL_DROP);
		policy_use(policies[1][1], ~no_view);
		host_run_no_view(hook, &trace);
		assert_int_equal(trace.verdict, SL_ACCEPT);
		assert_int_equal(trace.slot, SL_NO_SLOT);
	}
}

static void test_no_rules(void **state)
{
	struct frame frame = lab_frame(pkt(eth(), ip4(.ihl = 4), tcp()));
	struct sl_trace want = {
		.verdict = SL_ACCEPT, .reason = SL_REASON_NO_RULES, .length = (__u32)frame.len,
	}, trace;

	(void)state;
	policy_none();
	host_run(SL_HOOK_XDP, 0, &frame, &trace);
	assert_true(lab_same("host", &frame, &trace, &want));
	for (enum way way = 0; way < WAY_MAX_ && !lab_no_kernel; way++) {
		assert_return_code(kernel_run(way, &frame, &trace), 0);
		assert_true(lab_same(way_names[way], &frame, &trace, &want));
	}
}

/* Programs that are not in charge let all pass, and count nothing. */
static void test_not_in_charge(void **state)
{
	struct frame frame = lab_frame(pkt(eth(), ip4(.ihl = 4), tcp()));
	struct sl_root *root = (void *)(kernel_arena + SL_ARENA_ROOT);

	(void)state;
	if (lab_no_kernel) {
		print_message("skip: %s\n", lab_no_kernel);
		skip();
	}
	policy_use(policies[1][1], ~0ULL);
	for (enum way way = 0; way < WAY_MAX_; way++) {
		__u32 *instance = &root->iface[way_slot(way)].instance[way_hook(way)];
		struct sl_hook_stats before, after;
		struct sl_trace trace, none = {};

		*instance = 2;
		before = kernel_hook_stats(way_slot(way), way_hook(way));
		/* -EPROTO on TC would say that the return code was not TCX_NEXT. */
		assert_return_code(kernel_run(way, &frame, &trace), 0);
		after = kernel_hook_stats(way_slot(way), way_hook(way));
		*instance = 1;
		assert_memory_equal(&trace, &none, sizeof(none));
		assert_memory_equal(&before, &after, sizeof(before));
	}
}

static size_t add(struct CMUnitTest **tests, size_t count, const char *name, CMUnitTestFunction run,
		  const struct row *row)
{
	*tests = realloc(*tests, (count + 1) * sizeof(**tests));
	if (!*tests)
		abort();
	(*tests)[count] = (struct CMUnitTest) { .name = name,
						.test_func = run,
						.initial_state = (void *)row };
	return count + 1;
}

int main(void)
{
	struct CMUnitTest *tests = NULL;
	size_t count = 0;
	int failed;

	count = add(&tests, count, "every reason has a row", test_every_reason_has_a_row, NULL);
	count = add(&tests, count, "names are told apart", test_rows_have_names, NULL);
	for (size_t i = 0; i < sizeof(all_rows) / sizeof(*all_rows); i++) {
		for (size_t j = 0; j < all_rows[i]->count; j++) {
			const struct row *row = &all_rows[i]->rows[j];

			count = add(&tests, count, row->name, test_row, row);
		}
	}
	for (size_t i = 0; i < sizeof(all_rows) / sizeof(*all_rows); i++) {
		for (size_t j = 0; j < all_rows[i]->count; j++) {
			const struct row *row = &all_rows[i]->rows[j];

			if (row->reason == SL_REASON_NONE && row->want && !row->is_gso)
				count = add(&tests, count, "cut short", test_cut_short, row);
		}
	}
	count = add(&tests, count, "no view of the packet", test_no_view, NULL);
	count = add(&tests, count, "no rules", test_no_rules, NULL);
	count = add(&tests, count, "not in charge", test_not_in_charge, NULL);
	failed = _cmocka_run_group_tests("rows", tests, count, setup, lab_teardown);
	free(tests);
	return failed ? 1 : 0;
}
