// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * DNS messages, and what is made to look like them or not to. Each row runs every way: the host,
 * XDP, XDP with the frame cut in two at each byte, TC on both sides. What was read is compared.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "app.h"
#include "lab.h"

#define NOTHING	 (-2) /* not DNS */
#define NO_QTYPE (-1)

#define ARRAY_LEN(a) (sizeof(a) / sizeof(*(a)))

struct dns_row {
	const char *name;
	const struct layer *frame;
	int qtype; /* or one of the above */
	int response, opcode, rcode;
	const char *text; /* the name; NULL: "www.example.com" */
};

#define ID     "\x12\x34"
#define COUNTS "\0\1\0\0\0\0\0\0"
#define QUERY  ID "\1\0" COUNTS
#define NAME   "\3www\7example\3com\0"
#define A_IN   "\0\1\0\1"
#define OPT    "\0\0\x29\4\xd0\0\0\0\0\0\0"
#define L63    \
	"\x3f" \
	"abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwxyz"
#define L61    \
	"\x3d" \
	"abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwx"
#define T63  "abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwxyz"
#define T61  "abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwx"
#define A16  "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a."
#define A127 A16 A16 A16 A16 A16 A16 A16 "a.a.a.a.a.a.a.a.a.a.a.a.a.a.a"
#define ZEROS64 \
	"\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

#define to53(...)   eth(), ip4(), udp(.dport = 53), bytes(__VA_ARGS__)
#define to9(...)    eth(), ip4(), udp(.dport = 9999), bytes(__VA_ARGS__)
#define to53v6(...) eth(), ip6(), udp(.dport = 53), bytes(__VA_ARGS__)

/* clang-format off */
static const struct dns_row rows[] = {
	{ "query", pkt(to53(QUERY NAME A_IN)), 1 },
	{ "query, another port", pkt(to9(QUERY NAME A_IN)), 1 },
	{ "query, ipv6", pkt(to53v6(QUERY NAME "\0\x1c\0\1")), 28 },
	{ "query behind tags and options", pkt(eth(), vlan(), vlan(), ip4(OPTS("\1\1\1\1")), udp(.dport = 53), bytes(QUERY NAME A_IN)), 1 },
	{ "query behind extension headers", pkt(eth(), ip6(), hopopts(), dstopts(), udp(.dport = 53), bytes(QUERY NAME A_IN)), 1 },
	{ "query with padding behind the packet", pkt(to53(QUERY NAME A_IN), pad(18)), 1 },
	{ "query with an option record", pkt(to53(ID "\1\0\0\1\0\0\0\0\0\1" NAME "\0\xff\0\1" OPT)), 255 },
	{ "response", pkt(eth(), ip4(), udp(.sport = 53, .dport = 9999), bytes(ID "\x81\x83" COUNTS NAME A_IN)), 1, 1, 0, 3 },
	{ "response, refused", pkt(to9(ID "\x81\x05" COUNTS NAME A_IN)), 1, 1, 0, 5 },
	{ "notify", pkt(to9(ID "\x24\0" COUNTS NAME "\0\6\0\1")), 6, 0, 4, 0 },
	{ "update", pkt(to53(ID "\x28\0\0\1\0\0\0\1\0\0" NAME "\0\6\0\1")), 6, 0, 5, 0 },
	{ "opcode without a meaning", pkt(to9(ID "\x78\0" COUNTS NAME A_IN)), 1, 0, 15, 0 },
	{ "reserved bit", pkt(to9(ID "\1\x40" COUNTS NAME A_IN)), 1 },
	{ "response code in a query", pkt(to9(ID "\1\x0f" COUNTS NAME A_IN)), 1, 0, 0, 15 },
	{ "class any", pkt(to9(QUERY NAME "\0\1\0\xff")), 1 },
	{ "class chaos", pkt(to9(QUERY NAME "\0\x10\0\3")), 16 },
	{ "class that does not exist", pkt(to9(QUERY NAME "\0\1\0\2")), NOTHING },
	{ "class that does not exist, port 53", pkt(to53(QUERY NAME "\0\1\1\1")), NOTHING },
	{ "mdns, unicast answer asked", pkt(eth(), ip4(), udp(.sport = 5353, .dport = 5353), bytes("\0\0\0\0" COUNTS NAME "\0\1\x80\1")), 1 },
	{ "mdns, an answer without a question", pkt(eth(), ip4(), udp(.sport = 5353, .dport = 5353), bytes("\0\0\x84\0\0\0\0\1\0\0\0\0" NAME A_IN "\0\0\0\1\0\4abcd")), NO_QTYPE, 1 },
	{ "type 0", pkt(to9(QUERY NAME "\0\0\0\1")), 0 },
	{ "type 65535", pkt(to9(QUERY NAME "\xff\xff\0\1")), 65535 },

	{ "name of the root", pkt(to9(QUERY "\0" A_IN)), 1, .text = "" },
	{ "name in other case", pkt(to9(QUERY "\3wWw\7EXAMPLE\3Com\0" A_IN)), 1 },
	{ "name of 255 bytes", pkt(to9(QUERY L63 L63 L63 L61 "\0" A_IN)), 1, .text = T63 "." T63 "." T63 "." T61 },
	{ "name of 256 bytes", pkt(to53(QUERY L63 L63 L63 L61 "x\0" A_IN)), NOTHING },
	{ "name of 257 bytes", pkt(to53(QUERY L63 L63 L63 L63 "\0" A_IN)), NOTHING },
	{ "name without an end", pkt(to53(QUERY L63 L63 L63 L63 L63 L63 L63 L63)), NOTHING },
	{ "name of 127 labels", pkt(to9(QUERY "\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\1a\0" A_IN)), 1, .text = A127 },
	{ "label of 64 bytes", pkt(to53(QUERY "\x40" ZEROS64 "\0" A_IN)), NOTHING },
	{ "label past the end", pkt(to53(QUERY "\3ww")), NOTHING },
	{ "label that ends with the message", pkt(to53(QUERY "\3www")), NOTHING },
	{ "pointer to itself", pkt(to53(QUERY "\xc0\x0c" A_IN)), NOTHING },
	{ "pointer forward", pkt(to53(QUERY "\xc0\x12" A_IN NAME)), NOTHING },
	{ "pointer into the header", pkt(to53("\1a\0\0" COUNTS "\3www\xc0\0" A_IN)), NOTHING },
	{ "pointers that loop", pkt(to53(QUERY "\1a\xc0\x0c" A_IN)), NOTHING },
	{ "label types that are reserved", pkt(to53(QUERY "\x41\1\0" A_IN)), NOTHING },
	{ "type cut", pkt(to53(QUERY NAME "\0")), NOTHING },
	{ "class whole", pkt(to53(QUERY NAME A_IN)), 1 }, /* its last byte must not be read again */
	{ "class cut", pkt(to53(QUERY NAME "\0\1\0")), NOTHING },
	{ "bytes behind", pkt(to9(QUERY NAME A_IN "garbage")), 1 },
	{ "1400 bytes behind", pkt(to9(QUERY NAME A_IN), data(1400)), 1 },
	{ "of 8900 bytes", pkt(to9(QUERY NAME A_IN), data(8860)), 1 },
	{ "counts that say more than there is", pkt(to9(ID "\1\0\0\1\xff\xff\xff\xff\xff\xff" NAME A_IN)), 1 },
	{ "two questions, one there", pkt(to53(ID "\1\0\0\2\0\0\0\0\0\0" NAME A_IN)), 1 },
	{ "two questions, llmnr", pkt(eth(), ip4(), udp(.sport = 5355, .dport = 9999), bytes(ID "\1\0\0\2\0\0\0\0\0\0" NAME A_IN)), 1 },
	{ "two questions, another port", pkt(to9(ID "\1\0\0\2\0\0\0\0\0\0" NAME A_IN NAME A_IN)), NOTHING },
	{ "no question", pkt(to53(ID "\1\0\0\0\0\0\0\0\0\1" OPT)), NO_QTYPE },
	{ "no question, another port", pkt(to9(ID "\1\0\0\0\0\0\0\0\0\1" OPT)), NOTHING },
	{ "no question and more records than fit", pkt(to53(ID "\1\0\0\0\0\0\0\0\0\2" OPT)), NOTHING },
	{ "nothing but a header", pkt(to53(ID "\1\0\0\0\0\0\0\0\0\0")), NOTHING },
	{ "header cut", pkt(to53(ID "\1\0\0\1\0\0\0\0\0")), NOTHING },
	{ "empty datagram", pkt(eth(), ip4(), udp(.dport = 53)), NOTHING },
	{ "datagram shorter than its packet", pkt(eth(), ip4(), udp(.dport = 53, .len = 8 + 30), bytes(QUERY NAME A_IN)), NOTHING },
	{ "other bytes", pkt(to9("GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n")), NOTHING },
	{ "other bytes, port 53", pkt(to53("GET / HTTP/1.1\r\nHost: www.example.com\r\n\r\n")), NOTHING },
	{ "zeros, port 53", pkt(to53(ZEROS64)), NOTHING },
	{ "first fragment with the question", pkt(eth(), ip4(.mf = 1, .id = 7), udp(.dport = 53, .len = 1000), bytes(QUERY NAME A_IN "xxxxxxx")), 1 },
	{ "first fragment that cuts the question", pkt(eth(), ip4(.mf = 1, .id = 8), udp(.dport = 53, .len = 1000), bytes(QUERY "\3www")), NOTHING },
	{ "later fragment", pkt(eth(), ip4(.offset = 8, .id = 9, .proto = 17), bytes(QUERY NAME A_IN)), NOTHING },
	{ "bytes of DNS in TCP", pkt(eth(), ip4(), tcp(.dport = 53, .flags = ACK), bytes(QUERY NAME A_IN)), NOTHING },
	{ "packet that lies", pkt(eth(), ip4(), udp(.dport = 53, .len = 500), bytes(QUERY NAME A_IN)), NOTHING },
};
/* clang-format on */

/* Whether a rule matches the message of a row. */
static const struct {
	const char *name;
	const char *match;
	const struct layer *frame;
	bool holds;
} matches[] = {
	{ "app: dns", "app dns", pkt(to9(QUERY NAME A_IN)), true },
	{ "app: among others", "app { tls, dns }", pkt(to9(QUERY NAME A_IN)), true },
	{ "app: another", "app tls", pkt(to9(QUERY NAME A_IN)), false },
	{ "app: not another", "app != tls", pkt(to9(QUERY NAME A_IN)), true },
	{ "app: not", "app != dns", pkt(to9(QUERY NAME A_IN)), false },
	{ "app: none is not another", "app != tls", pkt(to9("abc")), false },
	{ "app: none", "app dns", pkt(to53("abc")), false },
	{ "app: not in tcp", "tcp app dns", pkt(to9(QUERY NAME A_IN)), false },
	{ "app: in udp", "udp dport 9999 app dns", pkt(to9(QUERY NAME A_IN)), true },
	{ "qtype: the same", "dns qtype A", pkt(to9(QUERY NAME A_IN)), true },
	{ "qtype: another", "dns qtype AAAA", pkt(to9(QUERY NAME A_IN)), false },
	{ "qtype: not another", "dns qtype != AAAA", pkt(to9(QUERY NAME A_IN)), true },
	{ "qtype: in ranges", "dns qtype { 2-5, 28, 240-255 }", pkt(to9(QUERY NAME "\0\xff\0\1")),
	  true },
	{ "qtype: between ranges", "dns qtype { 2-5, 28, 240-254 }",
	  pkt(to9(QUERY NAME "\0\xff\0\1")), false },
	{ "qtype: above", "dns qtype > 255", pkt(to9(QUERY NAME "\1\1\0\1")), true },
	{ "qtype: no question", "dns qtype != A", pkt(to53(ID "\1\0\0\0\0\0\0\0\0\1" OPT)), false },
	{ "qtype: no dns", "dns qtype != A", pkt(to53("abc")), false },
	{ "query", "dns query", pkt(to9(QUERY NAME A_IN)), true },
	{ "query: no response", "dns response", pkt(to9(QUERY NAME A_IN)), false },
	{ "query: without a question", "dns query", pkt(to53(ID "\1\0\0\0\0\0\0\0\0\1" OPT)),
	  true },
	{ "response: matches", "dns response dns rcode nxdomain",
	  pkt(to9(ID "\x81\x83" COUNTS NAME A_IN)), true },
	{ "rcode: another", "dns rcode noerror", pkt(to9(ID "\x81\x83" COUNTS NAME A_IN)), false },
	{ "opcode", "dns opcode update", pkt(to9(ID "\x28\0" COUNTS NAME A_IN)), true },
	{ "opcode: another", "dns opcode query", pkt(to9(ID "\x28\0" COUNTS NAME A_IN)), false },
	{ "all at once", "udp app dns dns query dns opcode query dns qtype A dns rcode 0",
	  pkt(to53v6(QUERY NAME A_IN)), true },
};

static bool name_is(const struct dns_row *row, const struct sl_app_found *found)
{
	const char *text = row->text ? row->text : "www.example.com";

	if (!(found->has & SL_APP_HAS_NAME))
		return row->qtype == NO_QTYPE;
	return found->name.length == strlen(text) && !memcmp(found->name.text, text, strlen(text));
}

/* What came to a port of DNS and was not read is counted. */
static bool blind_is(const struct sl_trace *trace)
{
	bool on_port =
		trace->key.l4 == SL_L4_UDP && (trace->key.dport == 53 || trace->key.dport == 5353);

	return (trace->blind == SL_REASON_BAD_DNS) ==
	       (on_port && trace->payload_length && !trace->reason && !trace->app);
}

static bool is_as_row(const char *way, const struct dns_row *row, const char *arena,
		      const struct sl_trace *trace)
{
	const struct sl_app_found *found = (const void *)(arena + trace->app);

	if (!blind_is(trace)) {
		fprintf(stderr, "%s: blind %u\n", way, trace->blind);
		return false;
	}
	if (row->qtype == NOTHING && !trace->app)
		return true;
	if (row->qtype != NOTHING && trace->app && found->app == SL_APP_DNS &&
	    (found->has & SL_APP_HAS_MESSAGE) && name_is(row, found) &&
	    !!(found->has & SL_APP_HAS_TYPE) == (row->qtype != NO_QTYPE) &&
	    (row->qtype == NO_QTYPE || found->dns_qtype == row->qtype) &&
	    found->dns_response == row->response && found->dns_opcode == row->opcode &&
	    found->dns_rcode == row->rcode)
		return true;
	if (!trace->app)
		fprintf(stderr, "%s: not read\n", way);
	else
		fprintf(stderr, "%s: app %u has %u type %u response %u opcode %u rcode %u\n", way,
			found->app, found->has, found->dns_qtype, found->dns_response,
			found->dns_opcode, found->dns_rcode);
	return false;
}

static bool on_kernel(const struct dns_row *row, enum way way, const struct frame *frame)
{
	struct sl_trace trace;

	if (!lab_kernel_takes(way, frame))
		return true;
	assert_return_code(kernel_run(way, frame, &trace), 0);
	if (lab_is_fragment(&trace))
		kernel_frags_clear();
	return is_as_row(way_names[way], row, kernel_arena, &trace);
}

static void test_row(void **state)
{
	const struct dns_row *row = *state;
	struct policy *policy = policy_new("chain ingress {\n}\nchain egress {\n}\n");
	struct frame frame = lab_frame(row->frame);
	size_t end = frame.len < 400 ? frame.len : 150;
	struct sl_trace trace;

	policy_need(policy, SL_NEEDS_APP);
	policy_use(policy, 0);
	for (enum sl_hook hook = 0; hook < SL_HOOK_MAX_; hook++) {
		host_frags_clear();
		host_run(hook, 0, &frame, &trace);
		assert_true(is_as_row("host", row, host_arena, &trace));
	}
	if (lab_no_kernel)
		return;
	for (enum way way = 0; way < WAY_MAX_; way++)
		assert_true(on_kernel(row, way, &frame));
	for (frame.linear = 14; frame.linear < end; frame.linear++) {
		if (!on_kernel(row, WAY_XDP_CUT, &frame)) {
			fprintf(stderr, "cut at %zu\n", frame.linear);
			fail();
		}
	}
}

static void test_match(void **state)
{
	size_t i = (size_t)*state;
	struct frame frame = lab_frame(matches[i].frame);
	struct policy *policy;
	struct sl_trace trace;
	char text[512];

	snprintf(text, sizeof(text), "chain ingress {\n %s drop\n}\nchain egress {\n %s drop\n}\n",
		 matches[i].match, matches[i].match);
	policy = policy_new(text);
	policy_use(policy, 0);
	host_run(SL_HOOK_XDP, 0, &frame, &trace);
	assert_int_equal(trace.verdict, matches[i].holds ? SL_DROP : SL_ACCEPT);
	for (enum way way = 0; way < WAY_MAX_ && !lab_no_kernel; way++) {
		assert_return_code(kernel_run(way, &frame, &trace), 0);
		assert_int_equal(trace.verdict, matches[i].holds ? SL_DROP : SL_ACCEPT);
	}
}

/* Bytes fetched are those of the packet, and what is before and behind stays. */
static void test_fetch(void **state)
{
	static __u8 bytes[1200];
	const __u32 to = SL_ARENA_WORK + 8192;

	(void)state;
	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (__u8)(i * 7 + i / 256);
	for (__u32 size = 20; size <= sizeof(bytes); size += size < 90 ? 1 : 123) {
		struct frame frame = { .bytes = bytes, .len = size };

		for (__u32 offset = 0; offset <= size; offset += size < 90 ? 1 : 5) {
			for (__u32 length = 0; length <= size - offset;
			     length += size < 90 ? 1 : 11) {
				__u32 room = (length + 7) & ~7U;

				memset(host_arena + to - 8, 0xee, room + 16);
				assert_int_equal(host_fetch(&frame, offset, length, to), 0);
				assert_memory_equal(host_arena + to, bytes + offset, length);
				for (__u32 i = length; i < room; i++)
					assert_int_equal(host_arena[to + i], 0);
				assert_int_equal((__u8)host_arena[to - 1], 0xee);
				assert_int_equal((__u8)host_arena[to + room], 0xee);
			}
			assert_int_equal(host_fetch(&frame, offset, size - offset + 1, to), -1);
		}
		assert_int_equal(host_fetch(&frame, size + 1, 0, to), -1);
		assert_int_equal(host_fetch(&frame, 1, ~0U, to), -1);
	}
}

/* What the rule set does not ask for is not looked at. */
static void test_not_needed(void **state)
{
	struct policy *policy = policy_new("chain ingress {\n}\n");
	struct frame frame = lab_frame(rows[0].frame);
	struct sl_trace trace;

	(void)state;
	policy_use(policy, 0);
	host_run(SL_HOOK_XDP, 0, &frame, &trace);
	assert_int_equal(trace.app, 0);
	if (lab_no_kernel)
		return;
	assert_return_code(kernel_run(WAY_XDP, &frame, &trace), 0);
	assert_int_equal(trace.app, 0);
}

int main(void)
{
	static struct CMUnitTest tests[ARRAY_LEN(rows) + ARRAY_LEN(matches) + 3];
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		tests[count++] = (struct CMUnitTest) {
			.name = rows[i].name,
			.test_func = test_row,
			.initial_state = (void *)&rows[i],
		};
	for (size_t i = 0; i < ARRAY_LEN(matches); i++)
		tests[count++] = (struct CMUnitTest) {
			.name = matches[i].name,
			.test_func = test_match,
			.initial_state = (void *)i,
		};
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_fetch);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_not_needed);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(lab_test_kernel);
	return _cmocka_run_group_tests("dns", tests, count, lab_setup, lab_teardown);
}
