// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * Packets that a rule rejects or sends elsewhere: the answer, byte by byte, through every way, with
 * checksums computed anew (sums.c); what is never answered; and how many are.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "flows.h"
#include "lab.h"
#include "names.h"
#include "sums.h"

struct answer_row {
	const char *name;
	const char *rule;
	const struct layer *frame;
	const struct layer *answer; /* the headers; of ICMP, the packet is behind it */
	enum sl_reason reason; /* instead of an answer */
	size_t quote; /* bytes of the packet in the answer; 0: none */
};

/* Turned round. */
#define ETH_BACK eth(.src = { 2, 0, 0, 0, 0, 2 }, .dst = { 2, 0, 0, 0, 0, 1 })
#define IP4_BACK .src = DST4, .dst = SRC4, .df = 1
#define IP6_BACK .src = { SRC6_HI, DST6_LO }, .dst = { SRC6_HI, SRC6_LO }
#define TCP_BACK .sport = 80, .dport = 4000

/* clang-format off */
static const struct answer_row rows[] = {
	{ "syn", "reject", pkt(eth(), ip4(), tcp()), pkt(ETH_BACK, ip4(IP4_BACK), tcp(TCP_BACK, .flags = RST | ACK)) },
	{ "syn with options and data", "reject with tcp reset", pkt(eth(), ip4(OPTS("\1\1\1\1")), tcp(OPTS("\2\4\5\xb4")), data(100)), pkt(ETH_BACK, ip4(IP4_BACK), tcp(TCP_BACK, .flags = RST | ACK)) },
	{ "ack", "reject", pkt(eth(), ip4(), tcp(.flags = ACK), data(1000)), pkt(ETH_BACK, ip4(IP4_BACK), tcp(TCP_BACK, .flags = RST)) },
	{ "fin", "reject", pkt(eth(), ip6(), tcp(.flags = FIN), data(9)), pkt(ETH_BACK, ip6(IP6_BACK), tcp(TCP_BACK, .flags = RST | ACK)) },
	{ "syn, ipv6 behind a header, tagged", "reject", pkt(eth(), vlan(.id = 9), ip6(), dstopts(), tcp()), pkt(ETH_BACK, vlan(.id = 9), ip6(IP6_BACK), tcp(TCP_BACK, .flags = RST | ACK)) },
	{ "udp", "reject", pkt(eth(), ip4(), udp(), data(200)), pkt(ETH_BACK, ip4(IP4_BACK, .tos = 0xc0), icmp(.type = 3, .code = 3)), .quote = 228 },
	{ "udp, long", "reject", pkt(eth(), ip4(), udp(), data(1400)), pkt(ETH_BACK, ip4(IP4_BACK, .tos = 0xc0), icmp(.type = 3, .code = 3)), .quote = 548 },
	{ "udp, just quoted whole", "reject", pkt(eth(), ip4(), udp(), data(517)), pkt(ETH_BACK, ip4(IP4_BACK, .tos = 0xc0), icmp(.type = 3, .code = 3)), .quote = 545 },
	{ "udp, an odd number of bytes", "reject with icmp host-unreachable", pkt(eth(), ip4(), udp(), data(201)), pkt(ETH_BACK, ip4(IP4_BACK, .tos = 0xc0), icmp(.type = 3, .code = 1)), .quote = 229 },
	{ "udp, ipv6", "reject", pkt(eth(), ip6(), udp(), data(200)), pkt(ETH_BACK, ip6(IP6_BACK), icmp6(.type = 1, .code = 4)), .quote = 248 },
	{ "udp, ipv6, long", "reject with icmpv6 admin-prohibited", pkt(eth(), ip6(), udp(), data(1400)), pkt(ETH_BACK, ip6(IP6_BACK), icmp6(.type = 1, .code = 1)), .quote = 1232 },
	{ "tcp, by icmp", "reject with icmp admin-prohibited", pkt(eth(), ip4(), tcp(), data(100)), pkt(ETH_BACK, ip4(IP4_BACK, .tos = 0xc0), icmp(.type = 3, .code = 13)), .quote = 140 },
	{ "ping", "reject", pkt(eth(), ip4(), icmp(), data(60)), pkt(ETH_BACK, ip4(IP4_BACK, .tos = 0xc0), icmp(.type = 3, .code = 3)), .quote = 88 },
	{ "first fragment", "reject", pkt(eth(), ip4(.mf = 1), udp(.len = 400), data(192)), pkt(ETH_BACK, ip4(IP4_BACK, .tos = 0xc0), icmp(.type = 3, .code = 3)), .quote = 220 },

	{ "never: a reset", "reject", pkt(eth(), ip4(), tcp(.flags = RST)), NULL, SL_REASON_REJECT_SILENT },
	{ "never: an icmp error", "reject", pkt(eth(), ip4(), icmp(.type = 3, .code = 1), data(28)), NULL, SL_REASON_REJECT_SILENT },
	{ "never: an icmp reply", "reject", pkt(eth(), ip4(), icmp(.type = 0), data(28)), NULL, SL_REASON_REJECT_SILENT },
	{ "never: an icmpv6 error", "reject", pkt(eth(), ip6(), icmp6(.type = 1), data(48)), NULL, SL_REASON_REJECT_SILENT },
	{ "never: to a group", "reject", pkt(eth(), ip4(.dst = 0xe0000001), udp(), data(80)), NULL, SL_REASON_REJECT_SILENT },
	{ "never: to all", "reject", pkt(eth(), ip4(.dst = 0xffffffff), udp(), data(80)), NULL, SL_REASON_REJECT_SILENT },
	{ "never: from nobody", "reject", pkt(eth(), ip4(.src = 0), udp(), data(80)), NULL, SL_REASON_REJECT_SILENT },
	{ "never: from nobody, ipv6", "reject", pkt(eth(), ip6(.src = { 0, 0 }), udp(), data(80)), NULL, SL_REASON_REJECT_SILENT },
	{ "never: to a group, ipv6", "reject", pkt(eth(), ip6(.dst = { 0xff02ULL << 48, 1 }), udp(), data(80)), NULL, SL_REASON_REJECT_SILENT },
	{ "never: to a group of the link", "reject", pkt(eth(.dst = { 1, 0, 0x5e, 0, 0, 1 }), ip4(), udp(), data(80)), NULL, SL_REASON_REJECT_SILENT },
	{ "never: no ip", "reject", pkt(eth(), arp()), NULL, SL_REASON_REJECT_SILENT },
	{ "never: a segment in fragments", "reject with tcp reset", pkt(eth(), ip4(.mf = 1), tcp(), data(180)), NULL, SL_REASON_REJECT_SILENT },
	{ "redirect: no such interface", "redirect nowhere0", pkt(eth(), ip4(), udp(), data(80)), NULL, SL_REASON_REDIRECT_PORT },
};
/* clang-format on */

#define NROWS (sizeof(rows) / sizeof(*rows))

static size_t network_of(const struct layer *layers)
{
	return 14 + 4 * (layers[1].kind == LAYER_VLAN);
}

/* What the headers of a SYN-like segment acknowledge: written by hand, as RFC 9293 has it. */
static void tcp_numbers(const struct answer_row *row, const __u8 *frame, size_t len, __u8 *tcp)
{
	size_t at = network_of(row->frame);
	size_t head = frame[at] >> 4 == 4 ? (frame[at] & 15) * 4U : 40U;
	const __u8 *from;
	__u32 next;

	if (row->frame[2].kind == LAYER_IP6 && row->frame[3].kind == LAYER_EXT)
		head += 8;
	from = frame + at + head;
	next = (__u32)(from[4] << 24 | from[5] << 16 | from[6] << 8 | from[7]);
	memset(tcp + 4, 0, 8);
	memset(tcp + 14, 0, 2); /* window */
	if (from[13] & ACK) {
		memcpy(tcp + 4, from + 8, 4);
		return;
	}
	next += (__u32)(len - (size_t)(from - frame)) - (from[12] >> 4) * 4U;
	next += !!(from[13] & SYN) + !!(from[13] & FIN);
	for (int i = 0; i < 4; i++)
		tcp[8 + i] = (__u8)(next >> (24 - 8 * i));
}

/* The answer that a row asks for, when quote bytes of the packet fit. */
static size_t wanted(const struct answer_row *row, const __u8 *frame, size_t len, size_t quote,
		     __u8 *to)
{
	struct frame head = lab_frame(row->answer);
	size_t at = network_of(row->frame), size = head.len;
	bool six;

	memcpy(to, head.bytes, head.len);
	six = to[at] >> 4 == 6;
	if (!row->quote) {
		tcp_numbers(row, frame, len, to + size - 20);
	} else {
		memset(to + size - 4, 0, 4);
		memcpy(to + size, frame + at, quote);
		size += quote;
		to[at + (six ? 4 : 2)] = (__u8)((size - at - (six ? 40 : 0)) >> 8);
		to[at + (six ? 5 : 3)] = (__u8)(size - at - (six ? 40 : 0));
	}
	sums_fill(to, size);
	return size;
}

struct check {
	const struct answer_row *row;
	struct frame frame;
};

/* out starts with the answer; what is behind it is padding. */
static bool answered(const struct check *check, const char *way, const __u8 *out, size_t len,
		     bool grows)
{
	static __u8 want[PACKET_ROOM];
	const struct answer_row *row = check->row;
	size_t at = network_of(row->frame), quote = row->quote, size;

	/* A frame that keeps its length has room for less. */
	if (quote && !grows) {
		size_t head = lab_frame(row->answer).len;

		if (quote > check->frame.len - head)
			quote = (check->frame.len - head) & ~3UL;
	}
	size = wanted(row, check->frame.bytes, check->frame.len, quote, want);
	if (len >= size && !memcmp(out, want, size) && sums_good(out, len))
		return true;
	fprintf(stderr, "%s: %zu bytes came out, %zu are wanted (from %zu on)\n", way, len, size,
		at);
	packet_print(out, len);
	packet_print(want, size);
	return false;
}

static bool as_wanted(const struct answer_row *row, const char *way, const struct sl_trace *trace)
{
	enum sl_verdict verdict = row->reason ? SL_DROP : SL_REJECT;

	if (trace->verdict == verdict && trace->reason == row->reason && trace->slot)
		return true;
	lab_print(way, trace);
	return false;
}

static bool on_kernel(const struct check *check, enum way way, const struct frame *frame)
{
	static __u8 out[PACKET_ROOM];
	bool grows = way == WAY_XDP_META || way_hook(way) != SL_HOOK_XDP;
	struct sl_trace trace;
	size_t len;
	__u32 mark;
	int err;

	lab_bucket_fill();
	err = kernel_run_out(way, frame, &trace, out, &len, &mark);
	if (lab_is_fragment(&trace))
		kernel_frags_clear();
	if (err || !as_wanted(check->row, way_names[way], &trace)) {
		fprintf(stderr, "%s: %s\n", way_names[way], strerror(-err));
		return false;
	}
	return check->row->reason || answered(check, way_names[way], out, len, grows);
}

static void test_row(void **state)
{
	static __u8 bytes[PACKET_ROOM];
	const struct answer_row *row = *state;
	struct frame built = lab_frame(row->frame);
	struct check check = { .row = row, .frame = { .bytes = bytes, .len = built.len } };
	struct policy *policy = policy_of(row->rule);
	struct frame cut;
	struct sl_trace trace;

	memcpy(bytes, built.bytes, built.len);
	sums_fill(bytes, built.len);
	lab_bucket_fill();
	policy_use(policy, policy_drops(policy));
	host_run(SL_HOOK_XDP, 0, &check.frame, &trace);
	host_frags_clear();
	assert_true(as_wanted(row, "host", &trace));
	if (!row->reason)
		assert_true(answered(&check, "host", host_done.bytes, host_done.len, true));
	for (enum way way = 0; way < WAY_MAX_ && !lab_no_kernel; way++)
		assert_true(on_kernel(&check, way, &check.frame));
	cut = check.frame;
	for (cut.linear = 14; cut.linear < 90 && cut.linear < cut.len && !lab_no_kernel;
	     cut.linear++)
		assert_true(on_kernel(&check, WAY_XDP_CUT, &cut));
}

/* Where the frame cannot grow, a short packet is not answered: its answer would not say whose it is. */
static void test_no_room(void **state)
{
	struct frame frame = lab_frame(pkt(eth(), ip4(), udp(), data(4)));
	struct policy *policy = policy_of("reject");
	struct sl_trace trace;

	(void)state;
	if (lab_no_kernel) {
		print_message("skip: %s\n", lab_no_kernel);
		skip();
	}
	lab_bucket_fill();
	policy_use(policy, policy_drops(policy));
	assert_return_code(kernel_run(WAY_XDP, &frame, &trace), 0);
	assert_int_equal(trace.verdict, SL_DROP);
	assert_int_equal(trace.reason, SL_REASON_REJECT_ROOM);
	assert_return_code(kernel_run(WAY_XDP_META, &frame, &trace), 0);
	assert_int_equal(trace.verdict, SL_REJECT);
	/* A setting of the operator's. */
	policy_use(policy, 0);
	assert_return_code(kernel_run(WAY_XDP, &frame, &trace), 0);
	assert_int_equal(trace.verdict, SL_ACCEPT);
	assert_int_equal(trace.reason, SL_REASON_REJECT_ROOM);
}

/* All answers together have one bucket: 200, and 1,000 in a second. */
static void test_not_too_many(void **state)
{
	static __u8 bytes[256];
	struct frame built = lab_frame(pkt(eth(), ip4(), tcp()));
	struct frame frame = { .bytes = bytes, .len = built.len };
	struct policy *policy = policy_of("reject");
	unsigned int sent = 0, held = 0;
	struct sl_trace trace;

	(void)state;
	memcpy(bytes, built.bytes, built.len);
	lab_bucket_fill();
	policy_use(policy, policy_drops(policy));
	for (int i = 0; i < 500; i++) {
		host_run(SL_HOOK_XDP, 0, &frame, &trace);
		sent += trace.verdict == SL_REJECT;
		held += trace.verdict == SL_DROP && trace.reason == SL_REASON_REJECT_LIMIT;
	}
	assert_int_equal(sent, 200);
	assert_int_equal(held, 300);
	for (int i = 0; i < 10000; i++, host_now += 100000) {
		host_run(SL_HOOK_XDP, 0, &frame, &trace);
		sent += trace.verdict == SL_REJECT;
	}
	assert_in_range(sent, 1195, 1205);
}

/* Later fragments of a packet that was answered are dropped; of one that went elsewhere, they follow. */
static void test_later_fragments(void **state)
{
	struct policy *policy = policy_of("reject");
	static __u8 first[512], second[512];
	struct frame frames[2];
	struct sl_trace trace;
	struct frame built;

	(void)state;
	lab_bucket_fill();
	policy_use(policy, policy_drops(policy));
	built = lab_frame(pkt(eth(), ip4(.mf = 1, .id = 7), udp(.len = 400), data(192)));
	memcpy(first, built.bytes, built.len);
	frames[0] = (struct frame) { .bytes = first, .len = built.len };
	built = lab_frame(pkt(eth(), ip4(.offset = 200, .id = 7, .proto = 17), data(200)));
	memcpy(second, built.bytes, built.len);
	frames[1] = (struct frame) { .bytes = second, .len = built.len };
	host_run(SL_HOOK_XDP, 0, &frames[0], &trace);
	assert_int_equal(trace.verdict, SL_REJECT);
	host_run(SL_HOOK_XDP, 0, &frames[1], &trace);
	assert_int_equal(trace.verdict, SL_DROP);
	assert_int_equal(trace.reason, SL_REASON_NONE);
	assert_int_equal(trace.slot, policy_slot(policy, "ingress", "ingress#1"));
	host_frags_clear();
}

static void redirect_to(char *arena, __u32 ifindex)
{
	const struct sl_root *root = (const void *)(arena + SL_ARENA_ROOT);
	const struct sl_ruleset *set = (const void *)(arena + root->ruleset);

	((struct sl_rule_port *)(void *)(arena + set->ports))->ifindex = ifindex;
}

/* kernel_run() checks that the programs return what redirects. */
static void test_redirect(void **state)
{
	struct frame frame = lab_frame(pkt(eth(), ip4(), udp(), data(80)));
	struct policy *policy = policy_of("redirect lo");
	struct sl_trace trace;

	(void)state;
	policy_use(policy, policy_drops(policy));
	redirect_to(host_arena, 1);
	host_run(SL_HOOK_XDP, 0, &frame, &trace);
	assert_int_equal(trace.verdict, SL_REDIRECT);
	if (lab_no_kernel)
		return;
	redirect_to(kernel_arena, 1);
	for (enum way way = 0; way < WAY_MAX_; way++) {
		assert_return_code(kernel_run(way, &frame, &trace), 0);
		assert_int_equal(trace.verdict, SL_REDIRECT);
		assert_int_equal(trace.reason, SL_REASON_NONE);
	}
}

/* A flow is decided by who says so, and not by what an answer or an interface has for a number. */
static const struct {
	const struct layer *frame;
	enum sl_verdict verdict;
	enum sl_reason reason;
} undecided[] = {
	{ pkt(eth(), ip4(), tcp(.flags = ACK)), SL_ACCEPT, SL_REASON_NONE },
	{ pkt(eth(), ip4(), tcp(.flags = RST)), SL_DROP, SL_REASON_REJECT_SILENT },
	{ pkt(eth(), ip4(), tcp(.flags = ACK)), SL_ACCEPT, SL_REASON_NONE },
	{ pkt(eth(), ip4(), udp(), data(80)), SL_REDIRECT, SL_REASON_NONE },
	{ pkt(eth(), ip4(.src = DST4, .dst = SRC4), udp(.sport = 53, .dport = 5000), data(80)),
	  SL_ACCEPT, SL_REASON_NONE },
};

static void test_flow_goes_on(void **state)
{
	struct policy *policy = policy_new("chain ingress {\n flow state new count\n"
					   " tcp flags rst reject with tcp reset\n"
					   " udp dport 53 redirect lo\n}\nchain egress {\n}\n");
	struct sl_trace trace;

	(void)state;
	lab_bucket_fill();
	policy_flows(policy, FLOWS_MAX);
	policy_use(policy, policy_drops(policy));
	flows_clear();
	redirect_to(host_arena, 1);
	if (!lab_no_kernel)
		redirect_to(kernel_arena, 1);
	for (size_t i = 0; i < sizeof(undecided) / sizeof(*undecided); i++) {
		struct frame frame = lab_frame(undecided[i].frame);

		host_run(SL_HOOK_XDP, 0, &frame, &trace);
		assert_int_equal(trace.verdict, undecided[i].verdict);
		assert_int_equal(trace.reason, undecided[i].reason);
		if (lab_no_kernel)
			continue;
		assert_return_code(kernel_run(WAY_XDP, &frame, &trace), 0);
		assert_int_equal(trace.verdict, undecided[i].verdict);
	}
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(test_no_room),		cmocka_unit_test(test_not_too_many),
		cmocka_unit_test(test_later_fragments), cmocka_unit_test(test_redirect),
		cmocka_unit_test(test_flow_goes_on),	cmocka_unit_test(lab_test_kernel),
	};

	return lab_run("actions", rows, sizeof(*rows), NROWS, test_row, others,
		       sizeof(others) / sizeof(*others));
}
