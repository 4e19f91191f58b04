// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * What rules ask beyond addresses and ports, and what they do to a packet. Each row is one rule and
 * one frame, through every way: the host, XDP, XDP with the frame cut in two at each byte, TC. The
 * bytes that come out are compared whole, and checksums are computed anew (sums.c).
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "event.h"
#include "lab.h"
#include "names.h"
#include "prog.h"
#include "sums.h"

struct op_row {
	const char *name;
	const char *rule; /* in both chains; the policy accepts */
	const struct layer *frame;
	enum sl_verdict verdict;
	const struct layer *out; /* NULL: as it came */
	enum sl_reason reason;
	bool no_sums; /* transport checksums are 0 */
	bool skb; /* needs one: XDP leaves it */
};

#define MSS(n)	"\2\4" n
#define ZEROS16 "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

/* clang-format off */
static const struct op_row rows[] = {
	{ "bytes: payload", "payload @1,2 0x6263 drop", pkt(eth(), ip4(), udp(), bytes("abc")), SL_DROP },
	{ "bytes: payload, others", "payload @1,2 0x6263 drop", pkt(eth(), ip4(), udp(), bytes("abd")), SL_ACCEPT },
	{ "bytes: payload, not", "payload @1,2 != 0x6263 drop", pkt(eth(), ip4(), udp(), bytes("abd")), SL_DROP },
	{ "bytes: one past the payload", "payload @1,3 0-0xffffff drop", pkt(eth(), ip4(), udp(), bytes("abc")), SL_ACCEPT },
	{ "bytes: one past the payload, not", "payload @1,3 != 0 drop", pkt(eth(), ip4(), udp(), bytes("abc")), SL_ACCEPT },
	{ "bytes: padding is no payload", "payload @3,1 0-255 drop", pkt(eth(), ip4(), udp(), bytes("abc"), pad(20)), SL_ACCEPT },
	{ "bytes: padding is frame", "frame @45,1 0 drop", pkt(eth(), ip4(), udp(), bytes("abc"), pad(20)), SL_DROP },
	{ "bytes: what udp leaves is no payload", "payload @2,1 0-255 drop", pkt(eth(), ip4(), udp(.len = 10), data(20)), SL_ACCEPT },
	{ "bytes: what udp leaves is network", "network @40,1 0x78 drop", pkt(eth(), ip4(), udp(.len = 10), data(20)), SL_DROP, .no_sums = true },
	{ "bytes: payload of tcp with options", "payload @0,4 0x61626364 drop", pkt(eth(), ip6(), tcp(OPTS("\1\1\1\1")), bytes("abcd")), SL_DROP },
	{ "bytes: masked", "payload @0,4 & 0xffff0000 0x61620000 drop", pkt(eth(), ip4(), udp(), bytes("abxy")), SL_DROP },
	{ "bytes: sixteen", "payload @0,16 0x30313233343536373839616263646566 drop", pkt(eth(), ip6(), udp(), bytes("0123456789abcdef")), SL_DROP },
	{ "bytes: sixteen, the last differs", "payload @0,16 0x30313233343536373839616263646566 drop", pkt(eth(), ip6(), udp(), bytes("0123456789abcdeg")), SL_ACCEPT },
	{ "bytes: a range over 64 bits", "payload @0,9 0x300000000000000000-0x31ffffffffffffffff drop", pkt(eth(), ip4(), udp(), bytes("123456789")), SL_DROP },
	{ "bytes: transport", "transport @0,2 5000 drop", pkt(eth(), vlan(.id = 3), ip4(), udp()), SL_DROP },
	{ "bytes: network", "network @12,4 10.77.0.1 drop", pkt(eth(), vlan(), vlan(), ip4(OPTS("\1\1\1\1")), udp()), SL_DROP },
	{ "bytes: frame", "frame @0,6 0x020000000002 drop", pkt(eth(), arp()), SL_DROP },
	{ "bytes: mac", "ether saddr 02:00:00:00:00:01 drop", pkt(eth(), ip6(), udp()), SL_DROP },
	{ "bytes: among many", "payload @0,1 { 1, 3, 5, 7, 9-11, 13, 97, 200 } drop", pkt(eth(), ip4(), udp(), bytes("a")), SL_DROP },
	{ "bytes: between many", "payload @0,1 { 1, 3, 5, 7, 9-11, 13, 98, 200 } drop", pkt(eth(), ip4(), udp(), bytes("a")), SL_ACCEPT },
	{ "bytes: far behind", "payload @1400,2 0x7878 drop", pkt(eth(), ip4(), udp(), data(1402)), SL_DROP },
	{ "bytes: payload of what has none", "payload @0,1 0-255 drop", pkt(eth(), arp()), SL_ACCEPT },
	{ "bytes: tcp window", "tcp window 8192 drop", pkt(eth(), ip4(), tcp()), SL_ACCEPT },

	{ "length: packet", "ip length 31 drop", pkt(eth(), ip4(), udp(), data(3), pad(15)), SL_DROP },
	{ "length: packet, ipv6", "ip6 length 11 drop", pkt(eth(), ip6(), udp(), data(3), pad(1)), SL_DROP },
	{ "length: frame", "length 60 drop", pkt(eth(), ip4(), udp(), data(3), pad(15)), SL_DROP },
	{ "length: payload", "payload length 3-5 drop", pkt(eth(), ip4(), udp(), data(3), pad(15)), SL_DROP },
	{ "length: payload, not", "payload length != 3 drop", pkt(eth(), arp()), SL_ACCEPT },

	{ "extension headers: destination options", "exthdr dst exists drop", pkt(eth(), ip6(), dstopts(), udp()), SL_DROP },
	{ "extension headers: others", "exthdr dst exists drop", pkt(eth(), ip6(), hopopts(), routing(), udp()), SL_ACCEPT },
	{ "extension headers: hop-by-hop", "exthdr hbh exists drop", pkt(eth(), ip6(), hopopts(), dstopts(), tcp()), SL_DROP },
	{ "extension headers: esp", "exthdr esp exists drop", pkt(eth(), ip6(.next = 50), data(20)), SL_DROP },
	{ "extension headers: none", "exthdr hbh missing drop", pkt(eth(), ip6(), udp()), SL_DROP },

	{ "mss: offered", "tcp mss 1400-1460 drop", pkt(eth(), ip4(), tcp(OPTS("\1\1\1\1" MSS("\5\xb4")))), SL_DROP },
	{ "mss: another", "tcp mss < 1400 drop", pkt(eth(), ip4(), tcp(OPTS(MSS("\5\xb4")))), SL_ACCEPT },
	{ "mss: none", "tcp mss 0-65535 drop", pkt(eth(), ip4(), tcp(OPTS("\1\1\1\0"))), SL_ACCEPT },
	{ "mss: behind the end of options", "tcp mss 0-65535 drop", pkt(eth(), ip4(), tcp(OPTS("\0\1\1\1" MSS("\5\xb4")))), SL_ACCEPT },
	{ "mss: option of length 0", "tcp mss 0-65535 drop", pkt(eth(), ip4(), tcp(OPTS("\3\0\1\1" MSS("\5\xb4")))), SL_ACCEPT },
	{ "mss: option of length 1", "tcp mss 0-65535 drop", pkt(eth(), ip4(), tcp(OPTS("\3\1\1\1" MSS("\5\xb4")))), SL_ACCEPT },
	{ "mss: option past the header", "tcp mss 0-65535 drop", pkt(eth(), ip4(), tcp(OPTS("\1\1\2\4")), bytes("\5\xb4")), SL_ACCEPT },
	{ "mss: option without length", "tcp mss 0-65535 drop", pkt(eth(), ip4(), tcp(OPTS("\1\1\1\2")), bytes("\4\5\xb4")), SL_ACCEPT },
	{ "mss: of length 3", "tcp mss 0-65535 drop", pkt(eth(), ip4(), tcp(OPTS("\2\3\5\1" MSS("\5\xb4")))), SL_ACCEPT },
	{ "mss: not in a syn", "tcp mss 0-65535 drop", pkt(eth(), ip4(), tcp(.flags = ACK, OPTS(MSS("\5\xb4")))), SL_ACCEPT },
	{ "mss: last of 40 bytes", "tcp mss 1460 drop", pkt(eth(), ip6(), tcp(OPTS("\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1" MSS("\5\xb4")))), SL_DROP },

	{ "set dscp", "ip set dscp ef", pkt(eth(), ip4(.tos = 3), udp(), data(5)), SL_ACCEPT, pkt(eth(), ip4(.tos = 46 << 2 | 3), udp(), data(5)) },
	{ "set dscp, ipv6", "ip6 set dscp ef", pkt(eth(), ip6(.tc = 1), tcp(), data(5)), SL_ACCEPT, pkt(eth(), ip6(.tc = 46 << 2 | 1), tcp(), data(5)) },
	{ "set dscp is seen behind", "ip set dscp ef\n dscp ef drop", pkt(eth(), vlan(), ip4(), udp()), SL_DROP, pkt(eth(), vlan(), ip4(.tos = 46 << 2), udp()) },
	{ "set ttl", "ip set ttl 7", pkt(eth(), ip4(OPTS("\1\1\1\1")), udp()), SL_ACCEPT, pkt(eth(), ip4(.ttl = 7, OPTS("\1\1\1\1")), udp()) },
	{ "set ttl, ipv6", "ip6 set hoplimit 255", pkt(eth(), ip6(), hopopts(), udp()), SL_ACCEPT, pkt(eth(), ip6(.hop = 255), hopopts(), udp()) },
	{ "set mss", "tcp flags syn set mss 1200", pkt(eth(), ip4(), tcp(OPTS("\1\1\1\1" MSS("\5\xb4")))), SL_ACCEPT, pkt(eth(), ip4(), tcp(OPTS("\1\1\1\1" MSS("\4\xb0")))) },
	{ "set mss, odd", "tcp flags syn set mss 1200", pkt(eth(), ip6(), tcp(OPTS("\1" MSS("\5\xb4") "\1\1\1"))), SL_ACCEPT, pkt(eth(), ip6(), tcp(OPTS("\1" MSS("\4\xb0") "\1\1\1"))) },
	{ "set mss: less is offered", "tcp flags syn set mss 1200", pkt(eth(), ip4(), tcp(OPTS(MSS("\2\xb4")))), SL_ACCEPT },
	{ "set mss: none", "tcp flags syn set mss 1200", pkt(eth(), ip4(), tcp()), SL_ACCEPT },
	{ "set payload", "udp set payload @1,3 0x414243", pkt(eth(), ip4(), udp(), bytes("abcde")), SL_ACCEPT, pkt(eth(), ip4(), udp(), bytes("aABCe")) },
	{ "set payload, tcp over ipv6", "tcp set payload @0,4 0x41424344", pkt(eth(), ip6(), tcp(), bytes("abcde")), SL_ACCEPT, pkt(eth(), ip6(), tcp(), bytes("ABCDe")) },
	{ "set payload, masked", "udp set payload @0,2 & 0x0fff 0x0142", pkt(eth(), ip4(), udp(), bytes("abc")), SL_ACCEPT, pkt(eth(), ip4(), udp(), bytes("aBc")) },
	{ "set payload, icmp", "icmp type echo-request set payload @2,1 0x41", pkt(eth(), ip4(), icmp(), data(9)), SL_ACCEPT, pkt(eth(), ip4(), icmp(), bytes("xxAxxxxxx")) },
	{ "set payload, icmpv6", "icmpv6 type echo-request set payload @3,1 0x41", pkt(eth(), ip6(), icmp6(), data(9)), SL_ACCEPT, pkt(eth(), ip6(), icmp6(), bytes("xxxAxxxxx")) },
	{ "set payload, udp without checksum", "udp set payload @1,3 0x414243", pkt(eth(), ip4(), udp(), bytes("abcde")), SL_ACCEPT, pkt(eth(), ip4(), udp(), bytes("aABCe")), .no_sums = true },
	{ "set payload: sixteen bytes", "udp set payload @0,16 0", pkt(eth(), ip4(), udp(), bytes("0123456789abcdef!")), SL_ACCEPT, pkt(eth(), ip4(), udp(), bytes(ZEROS16 "!")) },
	{ "set payload: past the end", "udp set payload @3,4 0", pkt(eth(), ip4(), udp(), bytes("abcde"), pad(9)), SL_ACCEPT, .reason = SL_REASON_WRITE_PAST },
	{ "set payload: of sctp", "sctp set payload @0,1 0", pkt(eth(), ip4(), sctp(), data(20)), SL_ACCEPT, .reason = SL_REASON_WRITE_REFUSED },
	{ "set payload: is seen behind", "udp set payload @0,1 0x41\n payload @0,1 0x41 drop", pkt(eth(), ip4(), udp(), bytes("abcde")), SL_DROP, pkt(eth(), ip4(), udp(), bytes("Abcde")) },
	{ "set network: crosses headers", "udp set network @19,2 0", pkt(eth(), ip4(), udp()), SL_ACCEPT, .reason = SL_REASON_WRITE_PAST },
	{ "set network: address", "udp set network @12,4 10.77.0.9", pkt(eth(), ip4(), udp(), data(3)), SL_ACCEPT, pkt(eth(), ip4(.src = 0x0a4d0009), udp(), data(3)) },
	{ "set network: address, icmp", "icmp type echo-request set network @12,4 10.77.0.9", pkt(eth(), ip4(), icmp(), data(3)), SL_ACCEPT, pkt(eth(), ip4(.src = 0x0a4d0009), icmp(), data(3)) },
	{ "set network: address, ipv6", "tcp set network @22,2 9", pkt(eth(), ip6(), tcp(), data(3)), SL_ACCEPT, pkt(eth(), ip6(.src = { SRC6_HI, 9 }), tcp(), data(3)) },
	{ "set network: behind a datagram that is shorter than its packet", "udp set network @34,2 0x4142", pkt(eth(), ip4(), udp(.len = 10), bytes("abcdefghij")), SL_ACCEPT, pkt(eth(), ip4(), udp(.len = 10), bytes("abcdefABij")) },
	{ "set vlan id", "vlan id 5 set vlan id 6", pkt(eth(), vlan(.id = 5, .pcp = 3), ip4(), udp()), SL_ACCEPT, pkt(eth(), vlan(.id = 6, .pcp = 3), ip4(), udp()) },
	{ "set vlan pcp", "vlan id 5 set vlan pcp 7\n vlan pcp 7 drop", pkt(eth(), vlan(.id = 5, .pcp = 3), vlan(.id = 8), ip4(), udp()), SL_DROP, pkt(eth(), vlan(.id = 5, .pcp = 7), vlan(.id = 8), ip4(), udp()) },
	{ "mark", "udp mark set 0x10", pkt(eth(), ip4(), udp()), SL_ACCEPT, .skb = true },
	{ "what XDP leaves, TC goes on with", "udp count\n udp mark set 0x10\n udp drop", pkt(eth(), ip4(), udp()), SL_DROP, .skb = true },
};
/* clang-format on */

#define NROWS (sizeof(rows) / sizeof(*rows))

static void state_clear(void)
{
	memset(host_arena + SL_ARENA_STATE, 0, 64 * sizeof(struct sl_state));
	if (kernel_arena)
		memset(kernel_arena + SL_ARENA_STATE, 0, 64 * sizeof(struct sl_state));
	host_limits_clear();
	if (!lab_no_kernel)
		kernel_limits_clear();
}

static size_t build(__u8 *to, const struct layer *layers, bool no_sums)
{
	struct frame frame = lab_frame(layers);

	memcpy(to, frame.bytes, frame.len);
	if (!no_sums)
		sums_fill(to, frame.len);
	return frame.len;
}

static bool same_bytes(const char *way, const __u8 *got, size_t len, const __u8 *want, size_t size)
{
	if (len == size && !memcmp(got, want, len))
		return true;
	fprintf(stderr, "%s: %zu bytes came out, %zu are wanted\n", way, len, size);
	packet_print(got, len);
	packet_print(want, size);
	return false;
}

struct check {
	const struct op_row *row;
	struct frame frame;
	const __u8 *want;
	size_t size;
};

static bool on_kernel(const struct check *check, enum way way, const struct frame *frame)
{
	static __u8 out[PACKET_ROOM];
	struct sl_trace trace;
	size_t len;
	__u32 mark;
	int err = kernel_run_out(way, frame, &trace, out, &len, &mark);
	bool left = check->row->skb && way_hook(way) == SL_HOOK_XDP;

	if (err) {
		fprintf(stderr, "%s: %s\n", way_names[way], strerror(-err));
		return false;
	}
	if (trace.verdict != (left ? SL_CONTINUE : check->row->verdict) ||
	    trace.reason != check->row->reason) {
		lab_print(way_names[way], &trace);
		return false;
	}
	if (left)
		return trace.key.from > 0;
	/* What is left for TC stands before the packet. */
	if (way == WAY_XDP_META && trace.verdict == SL_ACCEPT) {
		memmove(out, out + sizeof(struct sl_meta), len - sizeof(struct sl_meta));
		len -= sizeof(struct sl_meta);
	}
	return (trace.verdict == SL_DROP && !check->row->out) ||
	       same_bytes(way_names[way], out, len, check->want, check->size);
}

static bool cut_everywhere(const struct check *check)
{
	struct frame frame = check->frame;
	size_t end = frame.len < 150 ? frame.len : 150;

	for (frame.linear = 14; frame.linear < end; frame.linear++) {
		if (!on_kernel(check, WAY_XDP_CUT, &frame)) {
			fprintf(stderr, "cut at %zu\n", frame.linear);
			return false;
		}
	}
	return true;
}

static void test_row(void **state)
{
	static __u8 bytes[PACKET_ROOM], want[PACKET_ROOM];
	const struct op_row *row = *state;
	struct check check = { .row = row, .want = want };
	struct policy *policy = policy_of(row->rule);
	struct sl_trace trace;

	state_clear();
	policy_use(policy, policy_drops(policy));
	check.size = build(want, row->out ? row->out : row->frame, row->no_sums);
	check.frame = (struct frame) { .bytes = bytes };
	check.frame.len = build(bytes, row->frame, row->no_sums);

	host_run(SL_HOOK_TC_INGRESS, 0, &check.frame, &trace);
	if (trace.verdict != row->verdict || trace.reason != row->reason) {
		lab_print("host", &trace);
		fail();
	}
	assert_true(same_bytes("host", host_done.bytes, host_done.len, want, check.size));
	if (!row->no_sums)
		assert_true(sums_good(host_done.bytes, host_done.len));
	for (enum way way = 0; way < WAY_MAX_ && !lab_no_kernel; way++)
		assert_true(on_kernel(&check, way, &check.frame));
	if (!lab_no_kernel)
		assert_true(cut_everywhere(&check));
}

/* --- limits --- */

#define SECOND 1000000000ULL

static unsigned int passed(const struct frame *frame, unsigned int times, __u64 every)
{
	struct sl_trace trace;
	unsigned int count = 0;

	for (unsigned int i = 0; i < times; i++, host_now += every) {
		host_run(SL_HOOK_XDP, 0, frame, &trace);
		count += trace.verdict == SL_ACCEPT;
	}
	return count;
}

static const struct layer *const one = pkt(eth(), ip4(), udp(), data(58));
static const struct layer *const other = pkt(eth(), ip4(.src = 0x0a4d0003), udp(), data(58));

static struct frame take(__u8 *to, const struct layer *layers)
{
	struct frame frame = { .bytes = to, .len = build(to, layers, false) };

	return frame;
}

static void test_limit_rate(void **state)
{
	static __u8 bytes[256];
	struct frame frame = take(bytes, one);
	struct policy *policy = policy_of("limit 100/second burst 5 accept\n drop");
	unsigned int count;

	(void)state;
	state_clear();
	policy_use(policy, policy_drops(policy));
	/* The burst, and no more of it. */
	assert_int_equal(passed(&frame, 20, 0), 5);
	host_now += SECOND;
	assert_int_equal(passed(&frame, 20, 0), 5);
	/* Over time, what the rate says. */
	host_now += SECOND;
	count = passed(&frame, 20000, SECOND / 1000);
	assert_in_range(count, 2000, 2006);
	/* A clock that stands before the bucket is no debt for ever. */
	host_now += 60 * SECOND;
	assert_int_equal(passed(&frame, 10, 0), 5);
}

static void test_limit_bytes(void **state)
{
	static __u8 bytes[256];
	struct frame frame = take(bytes, one); /* 100 bytes */
	struct policy *policy =
		policy_of("limit 10000 bytes/second burst 1000 bytes accept\n drop");

	(void)state;
	assert_int_equal(frame.len, 100);
	state_clear();
	policy_use(policy, policy_drops(policy));
	assert_int_equal(passed(&frame, 50, 0), 10);
	assert_in_range(passed(&frame, 10000, SECOND / 1000), 999, 1001);
}

static void test_limit_over(void **state)
{
	static __u8 bytes[256];
	struct frame frame = take(bytes, one);
	struct policy *policy = policy_of("limit over 10/second burst 3 drop");

	(void)state;
	state_clear();
	policy_use(policy, policy_drops(policy));
	assert_int_equal(passed(&frame, 10, 0), 3);
}

static void test_limit_per_address(void **state)
{
	static const char *const rules[] = {
		"limit 10/second burst 3 per saddr accept\n drop",
		"limit 10/second burst 3 per daddr accept\n drop",
		"limit 10/second burst 3 per flow accept\n drop",
	};
	static __u8 bytes[2][256];
	struct frame frames[] = { take(bytes[0], one), take(bytes[1], other) };
	struct sl_trace trace;

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct policy *policy = policy_of(rules[i]);

		state_clear();
		policy_use(policy, policy_drops(policy));
		assert_int_equal(passed(&frames[0], 10, 0), 3);
		assert_int_equal(passed(&frames[1], 10, 0), i == 1 ? 0 : 3);
		for (int j = 0, count = 0; j < 10 && !lab_no_kernel; j++) {
			assert_return_code(kernel_run(WAY_XDP, &frames[0], &trace), 0);
			count += trace.verdict == SL_ACCEPT;
			if (j == 9)
				assert_in_range(count, 3, 4);
		}
	}
}

/* What cannot be known does not hold, and is counted. */
static void test_limit_table_full(void **state)
{
	static __u8 bytes[256];
	struct frame frame = take(bytes, one);
	struct policy *policy = policy_of("limit over 10/second burst 3 per flow drop");
	struct sl_trace trace;

	(void)state;
	state_clear();
	policy_use(policy, policy_drops(policy));
	for (int i = 0; i < 65; i++) {
		bytes[34] = (__u8)i;
		host_run(SL_HOOK_XDP, 0, &frame, &trace);
		assert_int_equal(trace.verdict, SL_ACCEPT);
	}
	assert_int_equal(trace.reason, SL_REASON_LIMIT_TABLE);
	policy_use(policy, policy_drops(policy) | 1ULL << SL_REASON_LIMIT_TABLE);
	host_run(SL_HOOK_XDP, 0, &frame, &trace);
	assert_int_equal(trace.verdict, SL_DROP);
	assert_int_equal(trace.slot, SL_NO_SLOT);
}

static void test_sample(void **state)
{
	static __u8 bytes[256];
	struct frame frame = take(bytes, one);
	struct policy *policy = policy_of("1 in 4 accept\n drop");

	(void)state;
	policy_use(policy, policy_drops(policy));
	host_random = 0;
	host_random_step = 0x01234567;
	assert_in_range(passed(&frame, 4000, 0), 990, 1010);
	host_random_step = 0;
}

/* --- events --- */

static void check_event(const struct host_event *event, const struct policy *policy,
			const struct frame *frame, size_t snap, enum sl_hook hook)
{
	assert_int_equal(event->event.slot, policy_slot(policy, "ingress", "seen"));
	assert_int_equal(event->event.length, frame->len);
	assert_int_equal(event->event.snap, snap);
	assert_memory_equal(event->snap, frame->bytes, snap);
	assert_int_equal(event->event.action, SL_DROP);
	assert_int_equal(event->event.hook, hook);
	assert_int_equal(event->event.key.addr[0] >> 32, SRC4);
	assert_int_equal(event->event.key.sport, 5000);
	assert_int_equal(event->event.payload, 42);
}

static void test_log(void **state)
{
	static const struct {
		const char *rule;
		size_t snap;
	} logs[] = {
		{ "seen: udp log drop", 0 },
		{ "seen: udp log snap 64 drop", 64 },
		{ "seen: udp log snap 2048 drop", 100 },
	};
	static __u8 bytes[256];
	static struct host_event event;
	struct frame frame = take(bytes, one);
	struct sl_trace trace;

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct policy *policy = policy_of(logs[i].rule);
		size_t snap = logs[i].snap;

		state_clear();
		policy_use(policy, policy_drops(policy));
		host_run(SL_HOOK_XDP, 0, &frame, &trace);
		assert_int_equal(host_done.nevents, 1);
		if (!snap)
			snap = host_done.event.event.snap; /* what the language says unless told */
		check_event(&host_done.event, policy, &frame, snap, SL_HOOK_XDP);
		if (lab_no_kernel)
			continue;
		kernel_events_take(&event);
		assert_return_code(kernel_run(WAY_TC_IN, &frame, &trace), 0);
		assert_int_equal(kernel_events_take(&event), 1);
		check_event(&event, policy, &frame, snap, SL_HOOK_TC_INGRESS);
		frame.linear = 20;
		assert_return_code(kernel_run(WAY_XDP_CUT, &frame, &trace), 0);
		assert_int_equal(kernel_events_take(&event), 1);
		check_event(&event, policy, &frame, snap, SL_HOOK_XDP);
		frame.linear = 0;
	}
}

static void test_log_bucket(void **state)
{
	static __u8 bytes[256];
	struct frame frame = take(bytes, one);
	struct policy *policy = policy_of("udp log rate 10/second burst 2 drop");
	struct sl_trace trace;
	unsigned int count = 0;

	(void)state;
	state_clear();
	policy_use(policy, policy_drops(policy));
	for (int i = 0; i < 10; i++) {
		host_run(SL_HOOK_XDP, 0, &frame, &trace);
		assert_int_equal(trace.reason, SL_REASON_NONE);
		count += host_done.nevents;
	}
	assert_int_equal(count, 2);
	host_now += SECOND;
	host_run(SL_HOOK_XDP, 0, &frame, &trace);
	assert_int_equal(host_done.event.event.held, 8);
}

static void test_event_lost(void **state)
{
	static __u8 bytes[2300];
	static struct host_event event;
	struct frame frame = take(bytes, pkt(eth(), ip4(), udp(), data(2200)));
	struct policy *policy = policy_of("udp log snap 2048 accept");
	struct sl_trace trace;

	(void)state;
	state_clear();
	policy_use(policy, policy_drops(policy));
	host_ring_full = true;
	host_run(SL_HOOK_XDP, 0, &frame, &trace);
	host_ring_full = false;
	assert_int_equal(trace.reason, SL_REASON_EVENT_LOST);
	assert_int_equal(trace.verdict, SL_ACCEPT);
	if (lab_no_kernel)
		return;
	assert_return_code(kernel_repeat(WAY_XDP, &frame, 600), 0);
	assert_return_code(kernel_run(WAY_XDP, &frame, &trace), 0);
	assert_int_equal(trace.reason, SL_REASON_EVENT_LOST);
	assert_in_range(kernel_events_take(&event), 400, 500);
}

/* --- what an skb has --- */

static void test_mark(void **state)
{
	static __u8 bytes[256], out[PACKET_ROOM];
	struct frame frame = take(bytes, one);
	struct policy *policy = policy_of("udp mark set 0x10\n udp mark set 0x3/0xf");
	struct sl_trace trace;
	size_t len;
	__u32 mark;

	(void)state;
	policy_use(policy, policy_drops(policy));
	host_run(SL_HOOK_TC_INGRESS, 0, &frame, &trace);
	assert_int_equal(host_done.mark, 0x13);
	for (enum way way = WAY_TC_IN; way <= WAY_TC_OUT && !lab_no_kernel; way++) {
		assert_return_code(kernel_run_out(way, &frame, &trace, out, &len, &mark), 0);
		assert_int_equal(mark, 0x13);
	}
}

/* clang-format off */
static const struct {
	const char *rule;
	const struct layer *in;
	int tci; /* beside the frame; -1: none */
	const struct layer *out;
} tags[] = {
	{ "push vlan id 7 pcp 2\n vlan id 7 vlan tags 1 accept\n drop", pkt(eth(), ip4(), udp()),
	  2 << 13 | 7, pkt(eth(), ip4(), udp()) },
	{ "push vlan id 7\n push vlan id 8\n vlan id 8 cvlan id 7 accept\n drop",
	  pkt(eth(), ip4(), udp()), 8, pkt(eth(), vlan(.id = 7), ip4(), udp()) },
	{ "vlan id 5 pop vlan\n not vlan accept\n drop", pkt(eth(), vlan(.id = 5), ip4(), udp()),
	  -1, pkt(eth(), ip4(), udp()) },
	{ "pop vlan\n vlan id 6 accept\n drop",
	  pkt(eth(), vlan(.id = 5), vlan(.id = 6), ip4(), udp()), 6, pkt(eth(), ip4(), udp()) },
	{ "push vlan id 9\n vlan cvlan vlan tags 4 accept\n drop",
	  pkt(eth(), vlan(.id = 5), vlan(.id = 6), vlan(.id = 7), vlan(.id = 8), ip4(), udp()), 9,
	  pkt(eth(), vlan(.id = 5), vlan(.id = 6), vlan(.id = 7), vlan(.id = 8), ip4(), udp()) },
	{ "push vlan id 9\n pop vlan\n vlan id 5 accept\n drop",
	  pkt(eth(), vlan(.id = 5), ip4(), udp()), -1, pkt(eth(), vlan(.id = 5), ip4(), udp()) },
};
/* clang-format on */

static void test_tags(void **state)
{
	static __u8 bytes[256], want[256];

	(void)state;
	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
		struct policy *policy = policy_of(tags[i].rule);
		struct frame frame = take(bytes, tags[i].in);
		struct sl_trace trace;
		size_t size = build(want, tags[i].out, false);

		policy_use(policy, policy_drops(policy));
		host_run(SL_HOOK_TC_INGRESS, 0, &frame, &trace);
		assert_int_equal(trace.verdict, SL_ACCEPT);
		assert_true(same_bytes(tags[i].rule, host_done.bytes, host_done.len, want, size));
		assert_int_equal(host_done.has_tag ? host_done.tci : -1, tags[i].tci);
		for (enum way way = WAY_TC_IN; way <= WAY_TC_OUT && !lab_no_kernel; way++) {
			assert_return_code(kernel_run(way, &frame, &trace), 0);
			assert_int_equal(trace.verdict, SL_ACCEPT);
			assert_int_equal(trace.reason, SL_REASON_NONE);
		}
	}
}

/* The kernel takes a tag off, finds half of one behind it, and says no. */
static void test_tags_refused(void **state)
{
	static const struct {
		const char *set;
		enum sl_verdict verdict;
	} settings[2] = { { "", SL_ACCEPT }, { "on write-refused drop\n", SL_DROP } };
	static __u8 bytes[256];
	struct frame frame = take(bytes, pkt(eth(), vlan(.id = 5), vlan(.id = 6)));

	(void)state;
	frame.len -= 2;
	for (size_t i = 0; i < 2 && !lab_no_kernel; i++) {
		struct policy *policy;
		struct sl_trace trace;
		char text[128];

		snprintf(
			text, sizeof(text),
			"on malformed accept\n%schain ingress { pop vlan }\nchain egress { pop vlan }",
			settings[i].set);
		policy = policy_new(text);
		policy_use(policy, policy_drops(policy));
		for (enum way way = WAY_TC_IN; way <= WAY_TC_OUT; way++) {
			assert_return_code(kernel_run(way, &frame, &trace), 0);
			assert_int_equal(trace.verdict, settings[i].verdict);
		}
	}
}

static void test_mirror(void **state)
{
	static __u8 bytes[256];
	struct frame frame = take(bytes, one);
	struct policy *policy = policy_of("udp mirror nowhere0");
	struct sl_trace trace;

	(void)state;
	policy_use(policy, policy_drops(policy));
	host_run(SL_HOOK_TC_EGRESS, 0, &frame, &trace);
	assert_int_equal(trace.verdict, SL_ACCEPT);
	assert_int_equal(trace.reason, SL_REASON_MIRROR_PORT);
	for (enum way way = WAY_TC_IN; way <= WAY_TC_OUT && !lab_no_kernel; way++) {
		assert_return_code(kernel_run(way, &frame, &trace), 0);
		assert_int_equal(trace.reason, SL_REASON_MIRROR_PORT);
	}
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(test_limit_rate),
		cmocka_unit_test(test_limit_bytes),
		cmocka_unit_test(test_limit_over),
		cmocka_unit_test(test_limit_per_address),
		cmocka_unit_test(test_limit_table_full),
		cmocka_unit_test(test_sample),
		cmocka_unit_test(test_log),
		cmocka_unit_test(test_log_bucket),
		cmocka_unit_test(test_event_lost),
		cmocka_unit_test(test_mark),
		cmocka_unit_test(test_tags),
		cmocka_unit_test(test_tags_refused),
		cmocka_unit_test(test_mirror),
		cmocka_unit_test(lab_test_kernel),
	};

	return lab_run("ops", rows, sizeof(*rows), NROWS, test_row, others,
		       sizeof(others) / sizeof(*others));
}
