// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * DNS queries that a rule replies to: the answer, byte by byte, through every way, with checksums
 * computed anew (sums.c); and what is never answered.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "lab.h"
#include "sums.h"

struct reply_row {
	const char *name;
	const char *rule;
	const struct layer *frame;
	const struct layer *answer;
	enum sl_reason reason; /* instead of an answer */
};

/* Turned round. */
#define BACK4                                                          \
	eth(.src = { 2, 0, 0, 0, 0, 2 }, .dst = { 2, 0, 0, 0, 0, 1 }), \
		ip4(.src = DST4, .dst = SRC4, .df = 1), udp(.sport = 53, .dport = 5000)
#define BACK6                                                                  \
	eth(.src = { 2, 0, 0, 0, 0, 2 }, .dst = { 2, 0, 0, 0, 0, 1 }),         \
		ip6(.src = { SRC6_HI, DST6_LO }, .dst = { SRC6_HI, SRC6_LO }), \
		udp(.sport = 53, .dport = 5000)
#define TO4 eth(), ip4(), udp(.sport = 5000, .dport = 53)
#define TO6 eth(), ip6(), udp(.sport = 5000, .dport = 53)

#define ID				"\x12\x34"
#define QUERY				ID "\1\0\0\1\0\0\0\0\0\0"
#define WITH				ID "\1\0\0\1\0\0\0\0\0\1" /* an option record */
#define NAME				"\3wWw\7Example\3com\0"
#define A_IN				"\0\1\0\1"
#define AAAA_IN				"\0\x1c\0\1"
#define OPT(code, version, flags, size) "\0\0\x29" size code version flags "\0"
#define OURS				"\4\xd0" /* 1232 */
#define COOKIE         \
	"\0\x0a\0\x08" \
	"abcdefgh"
#define RECORD_A    "\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\xc0\0\2\1"
#define RECORD_AAAA "\xc0\x0c\0\x1c\0\1\0\0\0\x3c\0\x10\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
#define L63    \
	"\x3f" \
	"abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwxyz"
#define L61    \
	"\x3d" \
	"abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwx"

/* clang-format off */
static const struct reply_row rows[] = {
	{ "nxdomain", "reply nxdomain", pkt(TO4, bytes(QUERY NAME A_IN)),
	  pkt(BACK4, bytes(ID "\x81\x83\0\1\0\0\0\0\0\0" NAME A_IN)) },
	{ "refused", "reply refused", pkt(TO4, bytes(QUERY NAME A_IN)),
	  pkt(BACK4, bytes(ID "\x81\x85\0\1\0\0\0\0\0\0" NAME A_IN)) },
	{ "refused, an update", "reply refused", pkt(TO4, bytes(ID "\x28\0\0\1\0\0\0\1\0\0" NAME "\0\6\0\1" "rest")),
	  pkt(BACK4, bytes(ID "\xa8\x85\0\1\0\0\0\0\0\0" NAME "\0\6\0\1")) },
	{ "nxdomain, ipv6", "reply nxdomain", pkt(TO6, bytes(QUERY NAME A_IN)),
	  pkt(BACK6, bytes(ID "\x81\x83\0\1\0\0\0\0\0\0" NAME A_IN)) },
	{ "address", "reply A 192.0.2.1", pkt(TO4, bytes(QUERY NAME A_IN)),
	  pkt(BACK4, bytes(ID "\x81\x80\0\1\0\1\0\0\0\0" NAME A_IN RECORD_A)) },
	{ "address, ipv6", "reply AAAA 2001:db8::1", pkt(TO4, bytes(QUERY NAME AAAA_IN)),
	  pkt(BACK4, bytes(ID "\x81\x80\0\1\0\1\0\0\0\0" NAME AAAA_IN RECORD_AAAA)) },
	{ "address over ipv6", "reply AAAA 2001:db8::1", pkt(TO6, bytes(QUERY NAME AAAA_IN)),
	  pkt(BACK6, bytes(ID "\x81\x80\0\1\0\1\0\0\0\0" NAME AAAA_IN RECORD_AAAA)) },
	{ "address, any type", "reply A 192.0.2.1", pkt(TO4, bytes(QUERY NAME "\0\xff\0\1")),
	  pkt(BACK4, bytes(ID "\x81\x80\0\1\0\1\0\0\0\0" NAME "\0\xff\0\1" RECORD_A)) },
	{ "address, another type", "reply A 192.0.2.1", pkt(TO4, bytes(QUERY NAME AAAA_IN)),
	  pkt(BACK4, bytes(ID "\x81\x80\0\1\0\0\0\0\0\0" NAME AAAA_IN)) },
	{ "address, another class", "reply A 192.0.2.1", pkt(TO4, bytes(QUERY NAME "\0\1\0\3")),
	  pkt(BACK4, bytes(ID "\x81\x80\0\1\0\0\0\0\0\0" NAME "\0\1\0\3")) },
	{ "address of the root", "reply A 192.0.2.1", pkt(TO4, bytes(QUERY "\0" A_IN)),
	  pkt(BACK4, bytes(ID "\x81\x80\0\1\0\1\0\0\0\0" "\0" A_IN RECORD_A)) },
	{ "name of 255 bytes", "reply AAAA 2001:db8::1", pkt(TO6, bytes(WITH L63 L63 L63 L61 "\0" AAAA_IN OPT("\0", "\0", "\0\0\0", "\xff\xff"))),
	  pkt(BACK6, bytes(ID "\x81\x80\0\1\0\1\0\0\0\1" L63 L63 L63 L61 "\0" AAAA_IN RECORD_AAAA OPT("\0", "\0", "\0\0\0", OURS))) },
	{ "recursion not wanted, checking disabled", "reply nxdomain", pkt(TO4, bytes(ID "\0\x10\0\1\0\0\0\0\0\0" NAME A_IN)),
	  pkt(BACK4, bytes(ID "\x80\x93\0\1\0\0\0\0\0\0" NAME A_IN)) },
	{ "odd bits of the header are not sent back", "reply nxdomain", pkt(TO4, bytes(ID "\7\x6f\0\1\0\0\0\0\0\0" NAME A_IN)),
	  pkt(BACK4, bytes(ID "\x81\x83\0\1\0\0\0\0\0\0" NAME A_IN)) },
	{ "edns", "reply nxdomain", pkt(TO4, bytes(WITH NAME A_IN OPT("\0", "\0", "\0\0\0", "\x10\0"))),
	  pkt(BACK4, bytes(ID "\x81\x83\0\1\0\0\0\0\0\1" NAME A_IN OPT("\0", "\0", "\0\0\0", OURS))) },
	{ "edns, with a cookie", "reply A 192.0.2.1", pkt(TO4, bytes(WITH NAME A_IN "\0\0\x29\x10\0\0\0\0\0\0\x0c" COOKIE)),
	  pkt(BACK4, bytes(ID "\x81\x80\0\1\0\1\0\0\0\1" NAME A_IN RECORD_A OPT("\0", "\0", "\0\0\0", OURS))) },
	{ "edns, dnssec wanted", "reply refused", pkt(TO6, bytes(WITH NAME A_IN OPT("\0", "\0", "\x80\0\0", "\4\xd0"))),
	  pkt(BACK6, bytes(ID "\x81\x85\0\1\0\0\0\0\0\1" NAME A_IN OPT("\0", "\0", "\x80\0\0", OURS))) },
	{ "edns of another version", "reply A 192.0.2.1", pkt(TO4, bytes(WITH NAME A_IN OPT("\0", "\1", "\0\0\0", "\4\xd0"))),
	  pkt(BACK4, bytes(ID "\x81\x80\0\1\0\0\0\0\0\1" NAME A_IN OPT("\1", "\0", "\0\0\0", OURS))) },
	{ "another record where edns would be", "reply nxdomain", pkt(TO4, bytes(WITH NAME A_IN "\0\0\xfa\0\1\0\0\0\0\0\0")),
	  pkt(BACK4, bytes(ID "\x81\x83\0\1\0\0\0\0\0\0" NAME A_IN)) },
	{ "edns cut short", "reply nxdomain", pkt(TO4, bytes(WITH NAME A_IN "\0\0\x29\x10\0\0\0\0\0\0")),
	  pkt(BACK4, bytes(ID "\x81\x83\0\1\0\0\0\0\0\0" NAME A_IN)) },
	{ "counted, and not there", "reply nxdomain", pkt(TO4, bytes(WITH NAME A_IN)),
	  pkt(BACK4, bytes(ID "\x81\x83\0\1\0\0\0\0\0\0" NAME A_IN)) },
	{ "two questions", "reply nxdomain", pkt(TO4, bytes(ID "\1\0\0\2\0\0\0\0\0\0" NAME A_IN NAME A_IN)),
	  pkt(BACK4, bytes(ID "\x81\x83\0\1\0\0\0\0\0\0" NAME A_IN)) },
	{ "much behind the question", "reply A 192.0.2.1", pkt(TO4, bytes(QUERY NAME A_IN), data(1300)),
	  pkt(BACK4, bytes(ID "\x81\x80\0\1\0\1\0\0\0\0" NAME A_IN RECORD_A)) },
	{ "tagged", "reply A 192.0.2.1", pkt(eth(), vlan(.id = 9, .pcp = 2), ip4(), udp(.sport = 5000, .dport = 53), bytes(QUERY NAME A_IN)),
	  pkt(eth(.src = { 2, 0, 0, 0, 0, 2 }, .dst = { 2, 0, 0, 0, 0, 1 }), vlan(.id = 9, .pcp = 2), ip4(.src = DST4, .dst = SRC4, .df = 1), udp(.sport = 53, .dport = 5000), bytes(ID "\x81\x80\0\1\0\1\0\0\0\0" NAME A_IN RECORD_A)) },
	{ "behind options", "reply nxdomain", pkt(eth(), ip4(.tos = 7, OPTS("\1\1\1\1")), udp(.sport = 5000, .dport = 53), bytes(QUERY NAME A_IN)),
	  pkt(BACK4, bytes(ID "\x81\x83\0\1\0\0\0\0\0\0" NAME A_IN)) },
	{ "behind extension headers", "reply nxdomain", pkt(eth(), ip6(), dstopts(), udp(.sport = 5000, .dport = 53), bytes(QUERY NAME A_IN)),
	  pkt(BACK6, bytes(ID "\x81\x83\0\1\0\0\0\0\0\0" NAME A_IN)) },
	{ "another port", "reply nxdomain", pkt(eth(), ip4(), udp(.sport = 5000, .dport = 9999), bytes(QUERY NAME A_IN)),
	  pkt(eth(.src = { 2, 0, 0, 0, 0, 2 }, .dst = { 2, 0, 0, 0, 0, 1 }), ip4(.src = DST4, .dst = SRC4, .df = 1), udp(.sport = 9999, .dport = 5000), bytes(ID "\x81\x83\0\1\0\0\0\0\0\0" NAME A_IN)) },

	{ "never: without a question", "reply refused", pkt(TO4, bytes(ID "\1\0\0\0\0\0\0\0\0\1" "\0\0\x29\4\xd0\0\0\0\0\0\0")), NULL, SL_REASON_REJECT_SILENT },
	{ "never: a fragment", "reply refused", pkt(eth(), ip4(.mf = 1, .id = 7), udp(.sport = 5000, .dport = 53, .len = 500), bytes(QUERY NAME A_IN "xxxxxxx")), NULL, SL_REASON_REJECT_SILENT },
	{ "never: to a group", "reply refused", pkt(eth(.dst = { 1, 0, 0x5e, 0, 0, 0xfb }), ip4(.dst = 0xe00000fb), udp(.sport = 5353, .dport = 5353), bytes(QUERY NAME A_IN)), NULL, SL_REASON_REJECT_SILENT },
	{ "never: from nobody", "reply refused", pkt(eth(), ip4(.src = 0), udp(.sport = 5000, .dport = 53), bytes(QUERY NAME A_IN)), NULL, SL_REASON_REJECT_SILENT },
};
/* clang-format on */

#define NROWS (sizeof(rows) / sizeof(*rows))

struct check {
	const struct reply_row *row;
	struct frame frame;
	const __u8 *want;
	size_t size;
};

/* out starts with the answer; what is behind it is padding. */
static bool is_answer(const struct check *check, const char *way, const __u8 *out, size_t len)
{
	if (len >= check->size && !memcmp(out, check->want, check->size) && sums_good(out, len))
		return true;
	fprintf(stderr, "%s: %zu bytes came out, %zu are wanted\n", way, len, check->size);
	packet_print(out, len);
	packet_print(check->want, check->size);
	return false;
}

static bool as_wanted(const char *way, const struct sl_trace *trace, enum sl_reason reason)
{
	enum sl_verdict verdict = reason ? SL_DROP : SL_REJECT;

	if (trace->verdict == verdict && trace->reason == reason && trace->slot)
		return true;
	lab_print(way, trace);
	return false;
}

static bool on_kernel(const struct check *check, enum way way, const struct frame *frame)
{
	static __u8 out[PACKET_ROOM];
	enum sl_reason reason = check->row->reason;
	bool grows = (way == WAY_XDP_META && !frame->linear) || way_hook(way) != SL_HOOK_XDP;
	struct sl_trace trace;
	size_t len;
	__u32 mark;
	int err;

	if (!grows && check->size > frame->len)
		reason = SL_REASON_REJECT_ROOM;
	lab_bucket_fill();
	err = kernel_run_out(way, frame, &trace, out, &len, &mark);
	if (lab_is_fragment(&trace))
		kernel_frags_clear();
	if (err || !as_wanted(way_names[way], &trace, reason)) {
		fprintf(stderr, "%s: %s\n", way_names[way], strerror(-err));
		return false;
	}
	return reason || is_answer(check, way_names[way], out, len);
}

static size_t build(__u8 *to, const struct layer *layers)
{
	struct frame frame = lab_frame(layers);

	memcpy(to, frame.bytes, frame.len);
	sums_fill(to, frame.len);
	return frame.len;
}

static void test_row(void **state)
{
	static __u8 bytes[PACKET_ROOM], want[PACKET_ROOM];
	const struct reply_row *row = *state;
	struct check check = { .row = row, .frame = { .bytes = bytes }, .want = want };
	struct policy *policy = policy_of(row->rule);
	struct sl_trace trace;
	struct frame cut;

	check.frame.len = build(bytes, row->frame);
	if (row->answer)
		check.size = build(want, row->answer);
	lab_bucket_fill();
	policy_use(policy, policy_drops(policy));
	host_run(SL_HOOK_XDP, 0, &check.frame, &trace);
	host_frags_clear();
	assert_true(as_wanted("host", &trace, row->reason));
	if (!row->reason)
		assert_true(is_answer(&check, "host", host_done.bytes, host_done.len));
	for (enum way way = 0; way < WAY_MAX_ && !lab_no_kernel; way++)
		assert_true(on_kernel(&check, way, &check.frame));
	cut = check.frame;
	for (cut.linear = 14; cut.linear < 110 && cut.linear < cut.len && !lab_no_kernel;
	     cut.linear++)
		assert_true(on_kernel(&check, WAY_XDP_CUT, &cut));
}

/* Who does not ask gets no answer. */
static const struct layer *const others[] = {
	pkt(TO4, bytes(ID "\x81\x80\0\1\0\0\0\0\0\0" NAME A_IN)), /* a response */
	pkt(TO4, bytes("no DNS at all")),
	pkt(eth(), ip4(), tcp(.dport = 53), bytes(QUERY NAME A_IN)),
};

static void test_others(void **state)
{
	struct policy *policy = policy_of("reply refused");
	struct sl_trace trace;

	(void)state;
	policy_use(policy, policy_drops(policy));
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		struct frame frame = lab_frame(others[i]);

		host_run(SL_HOOK_XDP, 0, &frame, &trace);
		assert_int_equal(trace.verdict, SL_ACCEPT);
		for (enum way way = 0; way < WAY_MAX_ && !lab_no_kernel; way++) {
			assert_return_code(kernel_run(way, &frame, &trace), 0);
			assert_int_equal(trace.verdict, SL_ACCEPT);
		}
	}
}

/* Replies and rejections have one bucket. */
static void test_not_too_many(void **state)
{
	static __u8 bytes[256];
	struct frame frame = { .bytes = bytes, .len = build(bytes, rows[0].frame) };
	struct policy *policy = policy_of("reply nxdomain");
	unsigned int sent = 0, held = 0;
	struct sl_trace trace;

	(void)state;
	lab_bucket_fill();
	policy_use(policy, policy_drops(policy));
	for (int i = 0; i < 500; i++) {
		host_run(SL_HOOK_XDP, 0, &frame, &trace);
		sent += trace.verdict == SL_REJECT;
		held += trace.verdict == SL_DROP && trace.reason == SL_REASON_REJECT_LIMIT;
	}
	assert_int_equal(sent, 200);
	assert_int_equal(held, 300);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_others),
		cmocka_unit_test(test_not_too_many),
		cmocka_unit_test(lab_test_kernel),
	};

	return lab_run("replies", rows, sizeof(*rows), NROWS, test_row, tests,
		       sizeof(tests) / sizeof(*tests));
}
