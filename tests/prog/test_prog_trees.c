/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */

/*
 * Rule sets of many rules in the programs, against a search for the first rule whose fields match.
 * The host walks them in tests/unit; here is a sample of packets on the kernel's own walk.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gen.h"
#include "lab.h"

#define RULES	2000
#define PACKETS 300

static const struct policy *policy_of_tree(const struct gen_rule *rules, bool six)
{
	const struct policy *policy;
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(to);
	fputs("chain ingress {\npolicy drop\n", to);
	for (size_t i = 0; i < RULES; i++) {
		/* Some that count and go on, and some that have a body. */
		if (i % 16 == 0)
			fputs("ttl 64 count\n", to);
		fprintf(to, "r%zu: ", i);
		gen_print_sluice(&rules[i], six, to);
		fputc('\n', to);
	}
	fputs("}\n", to);
	fclose(to);
	policy = policy_new(text);
	free(text);
	return policy;
}

static void put(__u8 *to, unsigned __int128 number, size_t bytes)
{
	while (bytes--) {
		to[bytes] = (__u8)number;
		number >>= 8;
	}
}

/* UDP's length stands where TCP has its sequence number: the frame is good as either. */
static struct frame frame_of(const struct gen_packet *packet, bool six)
{
	static __u8 bytes[78];
	size_t network = 14, addr = six ? 22 : 26, width = six ? 16 : 4, transport = six ? 54 : 34;

	memset(bytes, 0, sizeof(bytes));
	put(bytes + 12, six ? 0x86dd : 0x0800, 2);
	bytes[network] = six ? 0x60 : 0x45;
	put(bytes + (six ? 18 : 16), six ? 24 : 44, 2);
	bytes[six ? 20 : 23] = packet->proto;
	bytes[six ? 21 : 22] = 64;
	put(bytes + addr, packet->addr[0], width);
	put(bytes + addr + width, packet->addr[1], width);
	put(bytes + transport, packet->port[0], 2);
	put(bytes + transport + 2, packet->port[1], 2);
	put(bytes + transport + 4, 24, 2);
	bytes[transport + 12] = 0x50;
	return (struct frame) { .bytes = bytes, .len = transport + 24 };
}

static void expect(const struct policy *policy, const struct gen_rule *rules, bool six,
		   const struct gen_packet *packet, struct sl_trace *trace)
{
	char name[16];
	size_t i = 0;

	while (i < RULES && !gen_matches(&rules[i], six, packet))
		i++;
	snprintf(name, sizeof(name), "r%zu", i);
	trace->slot = policy_slot(policy, "ingress", i < RULES ? name : "policy");
	trace->verdict = i < RULES && rules[i].accept ? SL_ACCEPT : SL_DROP;
}

static void judge(const struct policy *policy, const struct gen_rule *rules, bool six,
		  const struct gen_packet *packet)
{
	struct frame frame = frame_of(packet, six);
	struct sl_trace host, want, found;

	host_run(SL_HOOK_XDP, 0, &frame, &host);
	assert_int_equal(host.reason, SL_REASON_NONE);
	want = host;
	expect(policy, rules, six, packet, &want);
	assert_true(lab_same("host", &frame, &host, &want));
	if (lab_no_kernel)
		return;
	assert_int_equal(kernel_run(WAY_XDP, &frame, &found), 0);
	assert_true(lab_same("xdp", &frame, &found, &want));
	assert_int_equal(kernel_run(WAY_TC_IN, &frame, &found), 0);
	assert_true(lab_same("tc", &frame, &found, &want));
}

static void shape(enum gen_shape shape, bool six)
{
	struct gen_rule *rules = calloc(RULES, sizeof(*rules));
	const struct policy *policy;
	struct gen_random r = { shape + 11 };

	assert_non_null(rules);
	assert_int_equal(gen_rules(shape, six, 5, rules, RULES), 0);
	policy = policy_of_tree(rules, six);
	policy_use(policy, policy_drops(policy));
	for (int i = 0; i < PACKETS; i++) {
		struct gen_packet packet, other;

		while (!gen_packet_in(&r, &rules[gen_below(&r, RULES)], six, &packet))
			;
		/* Half of them with a source of another rule's, which mostly match none. */
		while (i % 2 && !gen_packet_in(&r, &rules[gen_below(&r, RULES)], six, &other))
			;
		if (i % 2)
			packet.addr[0] = other.addr[0];
		judge(policy, rules, six, &packet);
	}
	free(rules);
}

static void test_shapes(void **state)
{
	(void)state;
	for (enum gen_shape kind = 0; kind < GEN_SHAPE_MAX_; kind++) {
		shape(kind, false);
		shape(kind, true);
	}
	if (lab_no_kernel)
		print_message("skip: the kernel's part: %s\n", lab_no_kernel);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_shapes) };

	return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
