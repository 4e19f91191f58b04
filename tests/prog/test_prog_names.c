// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * Names that rules ask for. Each row is rules and one frame, through every way: the host, XDP, XDP
 * with the frame cut in two at each byte, TC on both sides.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lab.h"

struct name_row {
	const char *name;
	const char *rules; /* in both chains; the policy accepts */
	const struct layer *frame;
	enum sl_verdict verdict;
};

#define QUERY	"\x12\x34\1\0\0\1\0\0\0\0\0\0"
#define A_IN	"\0\1\0\1"
#define WWW	"\3www\7Example\3COM\0"
#define EXAMPLE "\7example\3com\0"
#define L63    \
	"\x3f" \
	"abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwxyz"
#define L61    \
	"\x3d" \
	"abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwx"
#define T63 "abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwxyz"
#define T61 "abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwx"

#define asks(...)  eth(), ip4(), udp(.dport = 53), bytes(QUERY __VA_ARGS__ A_IN)
#define asks6(...) eth(), ip6(), udp(.dport = 53), bytes(QUERY __VA_ARGS__ A_IN)

/* clang-format off */
static const struct name_row rows[] = {
	{ "exact", "dns qname example.com drop", pkt(asks(EXAMPLE)), SL_DROP },
	{ "exact, ipv6", "dns qname example.com drop", pkt(asks6(EXAMPLE)), SL_DROP },
	{ "exact, upper case in the rule", "dns qname EXAMPLE.com drop", pkt(asks(EXAMPLE)), SL_DROP },
	{ "exact, upper case in the packet", "dns qname www.example.com drop", pkt(asks(WWW)), SL_DROP },
	{ "exact, all letters in upper case", "dns qname abcdefghijklmnopqrstuvwxyz.com drop", pkt(asks("\x1a" "ABCDEFGHIJKLMNOPQRSTUVWXYZ" "\3COM\0")), SL_DROP },
	{ "exact, bytes beside the letters", "dns qname example.com accept\n dns qname != example.com drop", pkt(asks("\x9" "[Example@\3com\0")), SL_DROP },
	{ "exact, a dot at the end", "dns qname \"www.example.com.\" drop", pkt(asks(WWW)), SL_DROP },
	{ "exact, below", "dns qname example.com drop", pkt(asks(WWW)), SL_ACCEPT },
	{ "exact, above", "dns qname www.example.com drop", pkt(asks(EXAMPLE)), SL_ACCEPT },
	{ "exact, one label", "dns qname \"com\" drop", pkt(asks("\3com\0")), SL_DROP },
	{ "exact, other bytes before", "dns qname example.com drop", pkt(asks("\10xexample\3com\0")), SL_ACCEPT },
	{ "exact, labels cut elsewhere", "dns qname example.com drop", pkt(asks("\13example.com\0")), SL_ACCEPT },
	{ "below", "dns qname *.example.com drop", pkt(asks(WWW)), SL_DROP },
	{ "below, the name itself", "dns qname *.example.com drop", pkt(asks(EXAMPLE)), SL_ACCEPT },
	{ "below, further", "dns qname *.com drop", pkt(asks("\1a\1b\1c\1d\1e" WWW)), SL_DROP },
	{ "below, other bytes before", "dns qname *.example.com drop", pkt(asks("\1a\10xexample\3com\0")), SL_ACCEPT },
	{ "both, below", "dns qname .example.com drop", pkt(asks(WWW)), SL_DROP },
	{ "both, the name itself", "dns qname .example.com drop", pkt(asks(EXAMPLE)), SL_DROP },
	{ "both, above", "dns qname .example.com drop", pkt(asks("\3com\0")), SL_ACCEPT },
	{ "not", "dns qname != example.com drop", pkt(asks(WWW)), SL_DROP },
	{ "not, is", "dns qname != example.com drop", pkt(asks(EXAMPLE)), SL_ACCEPT },
	{ "not, the root", "dns qname != example.com drop", pkt(asks("\0")), SL_DROP },
	{ "not, a dot in a label", "dns qname != example.com drop", pkt(asks("\13example.com\0")), SL_DROP },
	{ "not, what is no dns", "dns qname != example.com drop", pkt(eth(), ip4(), udp(.dport = 53), data(40)), SL_ACCEPT },
	{ "not, tcp", "dns qname != example.com drop", pkt(eth(), ip4(), tcp(.dport = 53), data(40)), SL_ACCEPT },
	{ "not, another application", "tls sni != example.com drop", pkt(asks(EXAMPLE)), SL_ACCEPT },
	{ "another application", "http host example.com drop", pkt(asks(EXAMPLE)), SL_ACCEPT },
	{ "among", "dns qname { a.b, example.com, www.example.org } drop", pkt(asks(EXAMPLE)), SL_DROP },
	{ "among, below", "dns qname { a.b, *.example.com, .example.org, c.d, e.f } drop", pkt(asks(WWW)), SL_DROP },
	{ "among, none", "dns qname { a.b, *.example.com, .example.org, c.d, e.f } drop", pkt(asks(EXAMPLE)), SL_ACCEPT },
	{ "among, one in two forms", "dns qname { example.com, *.example.com } drop", pkt(asks(EXAMPLE)), SL_DROP },
	{ "among, not", "dns qname != { a.b, example.com } drop", pkt(asks(EXAMPLE)), SL_ACCEPT },
	{ "two matches", "dns qname *.com dns qname != www.example.com drop", pkt(asks(WWW)), SL_ACCEPT },
	{ "two matches that hold", "dns qname *.com dns qname != example.com drop", pkt(asks(WWW)), SL_DROP },
	{ "with a port", "udp dport 53 dns qname .example.com drop", pkt(asks(WWW)), SL_DROP },
	{ "with another port", "udp dport 54 dns qname .example.com drop", pkt(asks(WWW)), SL_ACCEPT },
	{ "another port", "dns qname .example.com drop", pkt(eth(), ip4(), udp(.dport = 9999), bytes(QUERY WWW A_IN)), SL_DROP },
	{ "an answer", "dns qname .example.com drop", pkt(eth(), ip4(), udp(.sport = 53), bytes("\x12\x34\x81\x80\0\1\0\0\0\0\0\0" WWW A_IN)), SL_DROP },
	{ "253 bytes", "dns qname \"" T63 "." T63 "." T63 "." T61 "\" drop", pkt(asks(L63 L63 L63 L61 "\0")), SL_DROP },
	{ "below 189 bytes", "dns qname *." T63 "." T63 "." T61 " drop", pkt(asks(L63 L63 L63 L61 "\0")), SL_DROP },
	{ "the first rule decides", "dns qname *.com accept\n dns qname example.com drop", pkt(asks(EXAMPLE)), SL_ACCEPT },
	{ "a rule before decides", "udp accept\n dns qname example.com drop", pkt(asks(EXAMPLE)), SL_ACCEPT },
	{ "a rule between decides", "dns qname a.b drop\n udp accept\n dns qname example.com drop", pkt(asks(EXAMPLE)), SL_ACCEPT },
	{ "a rule behind decides", "dns qname a.b accept\n dns qname c.d accept\n udp drop", pkt(asks(EXAMPLE)), SL_DROP },
	{ "two levels, the one below decides", "dns qname *.example.com drop\n dns qname *.com accept", pkt(asks(WWW)), SL_DROP },
	{ "two levels, the one above decides", "dns qname *.com accept\n dns qname *.example.com drop", pkt(asks(WWW)), SL_ACCEPT },
	{ "two levels, the one above alone", "dns qname *.example.com drop\n dns qname *.com drop", pkt(asks("\1a\3org\3com\0")), SL_DROP },
	{ "a name known only for what is below it", "dns qname *.www.example.com accept\n dns qname *.com drop", pkt(asks(WWW)), SL_DROP },
	{ "a name known only for itself", "dns qname example.com accept\n dns qname .com drop", pkt(asks(WWW)), SL_DROP },
	{ "a level between without rules for it", "dns qname *.com drop\n dns qname example.com accept", pkt(asks(WWW)), SL_DROP },
	{ "three levels in the order of the rules", "dns qname .com count\n dns qname .example.com count\n dns qname www.example.com drop\n dns qname .com accept", pkt(asks(WWW)), SL_DROP },
	{ "one rule by two names", "dns qname { www.example.com, *.com } count\n udp drop", pkt(asks(WWW)), SL_DROP },
	{ "between rules of trees", "saddr 10.77.0.0/16 count\n dns qname .com count\n daddr 10.0.0.0/8 count\n dns qname www.example.com drop\n accept", pkt(asks(WWW)), SL_DROP },
	{ "ipv6, between rules of trees", "ip6 count\n dns qname .com count\n udp count\n dns qname www.example.com drop\n accept", pkt(asks6(WWW)), SL_DROP },
	{ "another port beside", "udp dport 54 dns qname .com drop\n udp dport 53 dns qname .com accept\n drop", pkt(asks(WWW)), SL_ACCEPT },
	{ "only other applications", "tls sni .com drop\n http host .com drop", pkt(asks(WWW)), SL_ACCEPT },
	{ "counts and goes on", "dns qname example.com count\n dns qname .com drop", pkt(asks(EXAMPLE)), SL_DROP },
};
/* clang-format on */

#define NROWS (sizeof(rows) / sizeof(*rows))

static bool as_wanted(const char *way, const struct frame *frame, const struct sl_trace *trace,
		      enum sl_verdict verdict)
{
	if (trace->verdict == verdict)
		return true;
	fprintf(stderr, "%s, linear %zu of %zu:\n", way, frame->linear, frame->len);
	lab_print("got", trace);
	return false;
}

static bool on_kernel(const struct name_row *row, enum way way, const struct frame *frame)
{
	struct sl_trace trace;

	if (!lab_kernel_takes(way, frame))
		return true;
	assert_return_code(kernel_run(way, frame, &trace), 0);
	return as_wanted(way_names[way], frame, &trace, row->verdict);
}

static void test_row(void **state)
{
	const struct name_row *row = *state;
	struct policy *policy = policy_of(row->rules);
	struct frame frame = lab_frame(row->frame);
	struct sl_trace trace;

	policy_use(policy, 0);
	for (enum sl_hook hook = 0; hook < SL_HOOK_MAX_; hook++) {
		host_run(hook, 0, &frame, &trace);
		assert_true(as_wanted("host", &frame, &trace, row->verdict));
	}
	if (lab_no_kernel)
		return;
	for (enum way way = 0; way < WAY_MAX_; way++)
		assert_true(on_kernel(row, way, &frame));
	for (frame.linear = 14; frame.linear < frame.len; frame.linear++)
		assert_true(on_kernel(row, WAY_XDP_CUT, &frame));
}

/* --- many rules --- */

#define MANY 10000

/* Names of a hundred domains, each with a rule of its own; every seventh with all below it. */
static void many_name(char *to, size_t size, unsigned int i)
{
	snprintf(to, size, "%sn%u.d%u.example", i % 7 ? "" : ".", i, i % 100);
}

static struct policy *policy_many(void)
{
	static char text[MANY * 64];
	size_t used = (size_t)snprintf(text, sizeof(text), "chain ingress {\n");
	char name[48];

	for (unsigned int i = 0; i < MANY; i++) {
		many_name(name, sizeof(name), i);
		used += (size_t)snprintf(text + used, sizeof(text) - used,
					 "r%u: dns qname %s drop\n", i, name);
	}
	snprintf(text + used, sizeof(text) - used, "udp dport 53 accept\n}\n");
	return policy_new(text);
}

static size_t query_frame(__u8 *to, const char *name)
{
	__u8 query[300];
	size_t used = sizeof(QUERY) - 1, label = used++;

	memcpy(query, QUERY, sizeof(QUERY) - 1);
	for (; *name; name++) {
		if (*name == '.') {
			query[label] = (__u8)(used - label - 1);
			label = used++;
		} else {
			query[used++] = (__u8)*name;
		}
	}
	query[label] = (__u8)(used - label - 1);
	memcpy(query + used, "\0" A_IN, 5);
	used += 5;
	return packet_build(to, (const struct layer[]) {
					eth(),
					ip4(),
					udp(.dport = 53),
					{ LAYER_BYTES, { .bytes = { (const char *)query, used } } },
					{ 0 },
				});
}

/* Each name finds its rule and no other one. */
static void test_many(void **state)
{
	struct policy *policy = policy_many();
	static __u8 bytes[PACKET_MAX];
	struct frame frame = { .bytes = bytes };
	struct sl_trace trace;
	char name[64], want[16];

	(void)state;
	policy_use(policy, 0);
	for (unsigned int i = 0; i < MANY; i += 13) {
		snprintf(name, sizeof(name), "%sn%u.d%u.example", i % 2 ? "www." : "", i, i % 100);
		snprintf(want, sizeof(want), "r%u", i);
		frame.len = query_frame(bytes, name);
		host_run(SL_HOOK_XDP, 0, &frame, &trace);
		assert_int_equal(trace.verdict, i % 2 && i % 7 ? SL_ACCEPT : SL_DROP);
		if (trace.verdict == SL_DROP)
			assert_int_equal(trace.slot, policy_slot(policy, "ingress", want));
		if (lab_no_kernel || i % 5)
			continue;
		assert_return_code(kernel_run(WAY_XDP, &frame, &trace), 0);
		assert_int_equal(trace.verdict, i % 2 && i % 7 ? SL_ACCEPT : SL_DROP);
	}
}

int main(void)
{
	const struct CMUnitTest others[] = {
		cmocka_unit_test(test_many),
		cmocka_unit_test(lab_test_kernel),
	};

	return lab_run("names", rows, sizeof(*rows), NROWS, test_row, others,
		       sizeof(others) / sizeof(*others));
}
