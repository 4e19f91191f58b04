// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * Bytes that nobody meant well: the frames of the rows, mutated, through the host under ASan and
 * UBSan and through the kernel. Whatever they are, all ways must agree on them to the bit.
 *
 *   SEED=n COUNT=n build/tests/test_prog_hostile
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

#define LONGEST 3400U
#define BATCH	1024U /* frames between two times that the fragments are forgotten */

static const struct rows *const corpus[] = {
	&rows_link, &rows_ip4, &rows_ip6, &rows_transport, &rows_fragment, &rows_tunnel,
};

static const char rules[] =
	"chain ingress {\n"
	" policy drop\n"
	" seen:    tcp count\n"
	" tagged:  vlan id 1-99 tcp dport 1-1023 accept\n"
	" net:     saddr 10.77.0.0/17 udp dport 53 accept\n"
	" net6:    saddr 2001:db8:77::/48 tcp flags & (syn|ack) == syn drop\n"
	" ping:    icmp type echo-request accept\n"
	" later:   fragment later drop\n"
	" low:     ttl < 9 drop\n"
	" ef:      dscp ef accept\n"
	" sctp:    sctp dport 3868 accept\n"
	" arp:     arp accept\n"
	" inside:  inner ttl > 5 inner tcp mss 0-1460 drop\n"
	" second:  inner inner payload @0,1 0-127 count\n"
	" key:     gre key 7 inner frame length > 60 accept\n"
	" headers: inner exthdr hbh exists inner udp dport 53 inner network @0,8 >= 0 accept\n"
	" rest:    th sport != 4000-6000 accept\n"
	"}\n"
	"chain egress {\n policy accept\n no: udp dport 5353 drop\n no6: ip6 saddr fe80::/10 drop\n}\n";

static __u64 random_state;

/* xorshift64*: the same numbers everywhere for a seed. */
static __u32 draw(__u32 below)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (__u32)((random_state * 0x2545f4914f6cdd1dULL >> 33) % below);
}

static void mutate(__u8 *bytes, size_t *len)
{
	static const __u8 telling[] = { 0,    1,    4,	  5,	6,    8,    17,	  41,	44,
					51,   58,   60,	  0x45, 0x46, 0x60, 0x81, 0x88, 0xa8,
					0xdd, 0x86, 0x20, 0x3f, 0x7f, 0x80, 0xff };
	/* Mostly in the headers: what lies behind them is not read. */
	size_t reach = *len < 120 ? *len : 120;
	size_t at = reach ? draw((__u32)reach) : 0;

	switch (draw(8)) {
	case 0:
	case 1:
		if (reach)
			bytes[at] = (__u8)draw(256);
		break;
	case 2:
		if (reach)
			bytes[at] = telling[draw(sizeof(telling))];
		break;
	case 3:
		if (reach)
			bytes[at] ^= (__u8)(1 << draw(8));
		break;
	case 4: /* ends earlier */
		*len -= draw((__u32)*len / 2 + 1);
		break;
	case 5: { /* ends later */
		size_t more = draw(64);

		for (size_t i = 0; i < more; i++)
			bytes[*len + i] = (__u8)draw(256);
		*len += more;
		break;
	}
	case 6: { /* a piece of it comes twice */
		size_t size = reach - at < 24 ? reach - at : 24;

		memmove(bytes + at + size, bytes + at, *len - at);
		*len += size;
		break;
	}
	case 7: { /* a piece of it is missing */
		size_t size = reach - at < 8 ? reach - at : 8;

		memmove(bytes + at, bytes + at + size, *len - at - size);
		*len -= size;
		break;
	}
	}
}

static struct frame next_frame(void)
{
	struct frame frame;
	unsigned int times;

	do {
		const struct rows *rows = corpus[draw(sizeof(corpus) / sizeof(*corpus))];

		frame = lab_frame(rows->rows[draw((__u32)rows->count)].frame);
	} while (frame.len > LONGEST - 1000);

	for (times = draw(5); times; times--)
		mutate((__u8 *)frame.bytes, &frame.len);
	if (draw(64) == 0) {
		frame.len = draw(200);
		for (size_t i = 0; i < frame.len; i++)
			((__u8 *)frame.bytes)[i] = (__u8)draw(256);
	}
	return frame;
}

/* A trace without what is about the hook and not about the packet. */
static bool same_packet(const struct sl_trace *a, const struct sl_trace *b)
{
	return !memcmp(&a->key, &b->key, sizeof(a->key)) && a->length == b->length &&
	       a->network == b->network && a->transport == b->transport &&
	       a->payload == b->payload && a->payload_length == b->payload_length &&
	       !memcmp(a->inner, b->inner, sizeof(a->inner));
}

static bool agree(enum way way, struct frame frame, struct sl_trace *host)
{
	struct sl_trace trace;
	int err;

	host_run(way_hook(way), way_slot(way), &frame, host);
	if (lab_no_kernel)
		return true;
	err = kernel_run(way, &frame, &trace);
	if (err)
		fprintf(stderr, "%s: %s\n", way_names[way], strerror(-err));
	return lab_same(way_names[way], &frame, &trace, host) && !err;
}

/* How often each reason was met. */
static unsigned long met[SL_REASON_MAX_];

static bool all_agree(struct frame frame)
{
	struct sl_trace xdp, other;

	if (!lab_kernel_takes(WAY_XDP, &frame)) {
		host_run(SL_HOOK_XDP, 0, &frame, &xdp);
		return true;
	}
	if (!agree(WAY_XDP, frame, &xdp))
		return false;
	met[xdp.reason]++;
	if (frame.len > 14) {
		struct frame in_two = frame;

		in_two.linear = 14 + draw((__u32)(frame.len < 150 ? frame.len : 150) - 14);
		if (!agree(WAY_XDP_CUT, in_two, &other) || !same_packet(&xdp, &other) ||
		    xdp.reason != other.reason || xdp.verdict != other.verdict)
			return false;
	}
	if (!lab_kernel_takes(WAY_TC_IN, &frame))
		return true;
	if (!agree(WAY_TC_IN, frame, &other) || !same_packet(&xdp, &other))
		return false;
	if (draw(4))
		return true;
	frame.is_gso = draw(2);
	return agree(WAY_TC_OUT, frame, &other) && (frame.is_gso || same_packet(&xdp, &other));
}

static unsigned long number(const char *variable, unsigned long otherwise)
{
	const char *text = getenv(variable);

	return text ? strtoul(text, NULL, 0) : otherwise;
}

/* Frames of less than 14 and more than 65535 bytes are none of this test. */
static bool out_of_reach(int reason)
{
	return reason == SL_REASON_SHORT_ETHERNET || reason == SL_REASON_JUMBOGRAM ||
	       reason == SL_REASON_NO_VIEW || reason == SL_REASON_NO_RULES ||
	       sl_reason_classes[reason] >= SL_CLASS_UNSENT; /* no rule of the test does anything */
}

static void test_hostile(void **state)
{
	unsigned long seed = number("SEED", 20261121);
	unsigned long count = number("COUNT", getenv("SLUICE_QUICK") ? 50000 : 200000);
	const struct policy *policy = policy_new(rules);

	(void)state;
	policy_use(policy, policy_drops(policy));
	random_state = seed * 0x9e3779b97f4a7c15ULL | 1;
	for (unsigned long i = 0; i < count; i++) {
		struct frame frame;

		if (i % BATCH == 0) {
			host_frags_clear();
			if (!lab_no_kernel)
				kernel_frags_clear();
			/* Now by one setting, now by the other. */
			policy_use(policy, i / BATCH % 3   ? policy_drops(policy)
					   : i / BATCH % 2 ? 0
							   : ~0ULL);
		}
		frame = next_frame();
		if (!all_agree(frame)) {
			fprintf(stderr, "SEED=%lu, frame %lu, %zu bytes:\n", seed, i, frame.len);
			packet_print(frame.bytes, frame.len);
			fail();
		}
	}
	/* Else the frames are not hostile enough. */
	for (int reason = 0; reason < SL_REASON_MAX_ && count >= 100000; reason++) {
		if (!met[reason] && !out_of_reach(reason))
			fail_msg("SEED=%lu: '%s' was never met", seed, sl_reason_names[reason]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hostile),
		cmocka_unit_test(lab_test_kernel),
	};

	return cmocka_run_group_tests(tests, lab_setup, lab_teardown) ? 1 : 0;
}
