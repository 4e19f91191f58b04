// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * Connections that a rule rejects for what is said in them: the reset that goes back to who sent the
 * segment and the one that goes on in its place, byte by byte; and which rules do so.
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
#include "sums.h"

struct reset_row {
	const char *name;
	const char *rule;
	const struct layer *frame;
	const struct layer *back; /* headers */
	const struct layer *on;
	size_t transport; /* in the frame */
	bool is_gso;
};

#define REQUEST "GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n"

#define ETH_BACK eth(.src = { 2, 0, 0, 0, 0, 2 }, .dst = { 2, 0, 0, 0, 0, 1 })
#define IP4_BACK .src = DST4, .dst = SRC4, .df = 1
#define IP6_BACK .src = { SRC6_HI, DST6_LO }, .dst = { SRC6_HI, SRC6_LO }
#define TCP_BACK tcp(.sport = 80, .dport = 4000, .flags = RST)
#define TCP_ON	 tcp(.flags = RST | ACK)
#define DATA	 .flags = PSH | ACK, .seq = 0xfffffff0

/* clang-format off */
static const struct reset_row rows[] = {
	{ "ipv4", "app http reject", pkt(eth(), ip4(), tcp(DATA), bytes(REQUEST)), pkt(ETH_BACK, ip4(IP4_BACK), TCP_BACK), pkt(eth(), ip4(.df = 1), TCP_ON), 34 },
	{ "ipv6", "app http reject", pkt(eth(), ip6(), tcp(DATA), bytes(REQUEST)), pkt(ETH_BACK, ip6(IP6_BACK), TCP_BACK), pkt(eth(), ip6(), TCP_ON), 54 },
	{ "a tag", "http method GET reject with tcp reset", pkt(eth(), vlan(.id = 9, .pcp = 3), ip4(), tcp(DATA), bytes(REQUEST)), pkt(ETH_BACK, vlan(.id = 9, .pcp = 3), ip4(IP4_BACK), TCP_BACK), pkt(eth(), vlan(.id = 9, .pcp = 3), ip4(.df = 1), TCP_ON), 38 },
	{ "two tags, ipv6", "http host www.example.com reject", pkt(eth(), vlan(.id = 9), vlan(.id = 8), ip6(), tcp(DATA), bytes(REQUEST)), pkt(ETH_BACK, vlan(.id = 9), vlan(.id = 8), ip6(IP6_BACK), TCP_BACK), pkt(eth(), vlan(.id = 9), vlan(.id = 8), ip6(), TCP_ON), 62 },
	{ "options of ip and tcp", "tcp payload contains \"www.example\" reject", pkt(eth(), ip4(OPTS("\1\1\1\1"), .tos = 0x88, .ttl = 7, .id = 77), tcp(DATA, OPTS("\1\1\x8\xa" "12345678")), bytes(REQUEST)), pkt(ETH_BACK, ip4(IP4_BACK), TCP_BACK), pkt(eth(), ip4(.df = 1), TCP_ON), 38 },
	{ "behind an extension header", "app http reject", pkt(eth(), ip6(), dstopts(), tcp(DATA), bytes(REQUEST)), pkt(ETH_BACK, ip6(IP6_BACK), TCP_BACK), pkt(eth(), ip6(), TCP_ON), 62 },
	{ "no acknowledgement", "app http reject", pkt(eth(), ip4(), tcp(.flags = PSH, .seq = 5), bytes(REQUEST)), pkt(ETH_BACK, ip4(IP4_BACK), tcp(.sport = 80, .dport = 4000, .flags = RST | ACK)), pkt(eth(), ip4(.df = 1), tcp(.flags = RST)), 34 },
	{ "data of a syn", "app http reject", pkt(eth(), ip4(), tcp(.flags = SYN, .seq = 5), bytes(REQUEST)), pkt(ETH_BACK, ip4(IP4_BACK), tcp(.sport = 80, .dport = 4000, .flags = RST | ACK)), pkt(eth(), ip4(.df = 1), tcp(.flags = RST)), 34 },
	{ "the last segment", "app http reject", pkt(eth(), ip4(), tcp(.flags = FIN | ACK, .seq = 5), bytes(REQUEST)), pkt(ETH_BACK, ip4(IP4_BACK), TCP_BACK), pkt(eth(), ip4(.df = 1), TCP_ON), 34 },
	{ "longer than an answer", "tcp payload contains \"www.example\" reject", pkt(eth(), ip4(), tcp(DATA), bytes(REQUEST), data(1300)), pkt(ETH_BACK, ip4(IP4_BACK), TCP_BACK), pkt(eth(), ip4(.df = 1), TCP_ON), 34 },
	{ "flags that the rule has set are not those of the segment", "app http set transport @13,1 0 reject", pkt(eth(), ip4(), tcp(DATA), bytes(REQUEST)), pkt(ETH_BACK, ip4(IP4_BACK), TCP_BACK), pkt(eth(), ip4(.df = 1), TCP_ON), 34 },
	{ "segments in one", "app http reject", pkt(eth(), ip4(), tcp(DATA), bytes(REQUEST), data(1400)), pkt(ETH_BACK, ip4(IP4_BACK), TCP_BACK), pkt(eth(), ip4(.df = 1), TCP_ON), 34, .is_gso = true },
};
/* clang-format on */

#define NROWS (sizeof(rows) / sizeof(*rows))

static __u32 get32(const __u8 *at)
{
	return (__u32)at[0] << 24 | (__u32)at[1] << 16 | (__u32)at[2] << 8 | at[3];
}

static void put32(__u8 *at, __u32 value)
{
	for (int i = 0; i < 4; i++)
		at[i] = (__u8)(value >> (24 - 8 * i));
}

/* The frame that comes in: with an acknowledgement where its flags say so. */
static struct frame frame_of(const struct reset_row *row)
{
	static __u8 bytes[PACKET_ROOM];
	struct frame built = lab_frame(row->frame);

	memcpy(bytes, built.bytes, built.len);
	if (bytes[row->transport + 13] & ACK)
		put32(bytes + row->transport + 8, 0x89abcdef);
	if (!row->is_gso)
		sums_fill(bytes, built.len);
	return (struct frame) { .bytes = bytes, .len = built.len, .is_gso = row->is_gso };
}

/* As RFC 9293, 3.10.7 and RFC 5961, 3.2 have the numbers of both, written by hand. */
static size_t wanted(const struct reset_row *row, const struct frame *in, bool back, __u8 *to)
{
	const __u8 *from = (const __u8 *)in->bytes + row->transport;
	struct frame head = lab_frame(back ? row->back : row->on);
	__u8 *tcp = to + head.len - 20;
	bool acks = from[13] & ACK;

	memcpy(to, head.bytes, head.len);
	put32(tcp + 4, back ? (acks ? get32(from + 8) : 0) : get32(from + 4));
	put32(tcp + 8, back || !acks ? 0 : get32(from + 8));
	if (back && !acks)
		put32(tcp + 8, get32(from + 4) + (__u32)(in->len - row->transport) -
				       (from[12] >> 4) * 4U + !!(from[13] & SYN));
	memset(tcp + 14, 0, 2); /* window */
	sums_fill(to, head.len);
	return head.len;
}

static void assert_reset(const struct reset_row *row, const struct frame *in, bool back,
			 const char *way, const __u8 *out, size_t len)
{
	__u8 want[256];
	size_t size = wanted(row, in, back, want);

	if (len == size && !memcmp(out, want, size))
		return;
	fail_msg("%s, %s: %zu bytes came out, %zu are wanted:\n%s", way, back ? "back" : "on", len,
		 size, (packet_print(out, len), packet_print(want, size), ""));
}

static void test_row(void **state)
{
	static __u8 out[PACKET_ROOM];
	const struct reset_row *row = *state;
	struct policy *policy = policy_of(row->rule);
	struct frame in = frame_of(row);
	struct sl_trace trace;
	size_t len;
	__u32 mark;

	policy_use(policy, policy_drops(policy));
	lab_bucket_fill();
	for (enum sl_hook hook = SL_HOOK_TC_INGRESS; hook <= SL_HOOK_TC_EGRESS; hook++) {
		host_run(hook, 0, &in, &trace);
		assert_int_equal(trace.verdict, SL_REJECT);
		assert_int_equal(trace.reason, SL_REASON_NONE);
		assert_reset(row, &in, true, "host", host_done.back, host_done.back_len);
		assert_reset(row, &in, false, "host", host_done.bytes, host_done.len);
	}
	in.resets = true;
	for (enum way way = WAY_TC_IN; way <= WAY_TC_OUT && !lab_no_kernel; way++) {
		assert_return_code(kernel_run_out(way, &in, &trace, out, &len, &mark), 0);
		assert_int_equal(trace.verdict, SL_REJECT);
		assert_int_equal(trace.reason, SL_REASON_NONE);
		assert_reset(row, &in, false, way_names[way], out, len);
	}
}

/* XDP has no copies: it leaves the packet, as it came, to TC. */
static void test_left_to_tc(void **state)
{
	static __u8 out[PACKET_ROOM];
	struct policy *policy = policy_of("app http reject");
	struct frame in = frame_of(&rows[0]);
	struct sl_trace trace;
	size_t len;
	__u32 mark;

	(void)state;
	lab_bucket_fill();
	policy_use(policy, policy_drops(policy));
	host_run(SL_HOOK_XDP, 0, &in, &trace);
	assert_int_equal(trace.verdict, SL_CONTINUE);
	assert_int_not_equal(trace.key.from, 0);
	if (lab_no_kernel)
		return;
	assert_return_code(kernel_run_out(WAY_XDP, &in, &trace, out, &len, &mark), 0);
	assert_int_equal(trace.verdict, SL_CONTINUE);
	assert_int_not_equal(trace.key.from, 0);
	assert_int_equal(len, in.len);
	assert_memory_equal(out, in.bytes, len);
}

/* What a rule does not ask of what is said, or asks of other packets, too, is answered as ever. */
static void test_others(void **state)
{
	static const char *const rules[] = {
		"reject",
		"tcp dport 80 reject with tcp reset",
		"app { http, dns } reject",
		"payload contains \"GET\" reject",
	};
	struct frame in = frame_of(&rows[0]);
	struct sl_trace trace;

	(void)state;
	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		struct policy *policy = policy_of(rules[i]);

		lab_bucket_fill();
		policy_use(policy, policy_drops(policy));
		host_run(SL_HOOK_XDP, 0, &in, &trace);
		assert_int_equal(trace.verdict, SL_REJECT);
		assert_reset(&rows[0], &in, true, rules[i], host_done.bytes, host_done.len);
		host_run(SL_HOOK_TC_INGRESS, 0, &in, &trace);
		assert_int_equal(trace.verdict, SL_REJECT);
		assert_int_equal(host_done.back_len, 0);
		assert_reset(&rows[0], &in, true, rules[i], host_done.bytes, host_done.len);
	}
}

/* Two resets are one answer to the bucket, and where it is empty the segment is what it was. */
static void test_not_too_many(void **state)
{
	struct policy *policy = policy_of("app http reject");
	struct frame in = frame_of(&rows[0]);
	unsigned int sent = 0;
	struct sl_trace trace;

	(void)state;
	lab_bucket_fill();
	policy_use(policy, 0);
	for (int i = 0; i < 300; i++) {
		host_run(SL_HOOK_TC_INGRESS, 0, &in, &trace);
		sent += trace.verdict == SL_REJECT;
		if (trace.verdict == SL_REJECT)
			continue;
		assert_int_equal(trace.reason, SL_REASON_REJECT_LIMIT);
		assert_int_equal(host_done.len, in.len);
		assert_memory_equal(host_done.bytes, in.bytes, in.len);
	}
	assert_int_equal(sent, 200);
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(test_left_to_tc),
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_not_too_many),
		cmocka_unit_test(lab_test_kernel),
	};

	return lab_run("resets", rows, sizeof(*rows), NROWS, test_row, others,
		       sizeof(others) / sizeof(*others));
}
