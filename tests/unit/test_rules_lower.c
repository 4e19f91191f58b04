/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
/*
 * The block against the intervals that it was made from: the data path's walk, and a first-match
 * evaluation of the rules' conditions must agree on every packet.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "field.h"
#include "match.h"
#include "pieces.h"
#include "rules.h"
#include "rules_model.h"

#define BASE MODEL_BASE
#define MAX  MODEL_MAX

static const void *at(const void *block, __u32 offset)
{
	return (const char *)block + (offset - BASE);
}

static void test_records_agree_with_intervals(void **state)
{
	const unsigned int seeds = 1200, packets = 1000;
	unsigned long hits = 0;
	unsigned int seed;

	for (seed = 1; seed <= seeds; seed++) {
		struct random r = { seed };
		struct sl_conf *conf = random_parsed(&r, 4 + random_below(&r, 20));
		struct sl_ruleset *block;

		sl_conf_number(conf);
		block = model_lower(conf);
		hits += model_agree(&r, conf, block, packets);
		free(block);
		sl_conf_freep(&conf);
	}
	/* Most packets must be about some rule, or nothing was tested. */
	assert_true(hits * 2 > (unsigned long)seeds * packets);
	print_message("%lu packets met %lu rules\n", (unsigned long)seeds * packets, hits);
}

/* The records of `chain ingress { TEXT }` in one list. */
static __u32 records(const char *rule, enum sl_l3 l3, enum sl_l4 l4)
{
	struct sl_conf *conf;
	struct sl_ruleset *block;
	char text[512];
	__u32 count;

	snprintf(text, sizeof(text), "chain ingress { %s }", rule);
	conf = must_parse(text);
	sl_conf_number(conf);
	block = model_lower(conf);
	count = (__u32)(block->chain[SL_DIR_INGRESS].list[l3][l4].tree[0] >> SL_REF_BYTES_SHIFT) /
		(l3 == SL_L3_IP6 ? sizeof(struct sl_record6) : sizeof(struct sl_record4));
	free(block);
	sl_conf_freep(&conf);
	return count;
}

static void test_lists(void **state)
{
	/* A header condition: never where there is no header. */
	assert_int_equal(records("tcp dport 22 drop", SL_L3_IP4, SL_L4_TCP), 1);
	assert_int_equal(records("tcp dport 22 drop", SL_L3_IP6, SL_L4_TCP), 1);
	assert_int_equal(records("tcp dport 22 drop", SL_L3_IP4, SL_L4_OTHER), 0);
	assert_int_equal(records("tcp dport 22 drop", SL_L3_IP4, SL_L4_UDP), 0);
	/* A protocol: also of packets whose header cannot be read. */
	assert_int_equal(records("tcp drop", SL_L3_IP4, SL_L4_TCP), 1);
	assert_int_equal(records("tcp drop", SL_L3_IP4, SL_L4_OTHER), 1);
	assert_int_equal(records("tcp drop", SL_L3_OTHER, SL_L4_OTHER), 0);
	/* ICMP is the class of the family's own protocol. */
	assert_int_equal(records("icmp drop", SL_L3_IP4, SL_L4_ICMP), 1);
	assert_int_equal(records("icmp drop", SL_L3_IP6, SL_L4_ICMP), 0);
	assert_int_equal(records("icmp drop", SL_L3_IP6, SL_L4_OTHER), 1);
	assert_int_equal(records("icmpv6 type 128 drop", SL_L3_IP6, SL_L4_ICMP), 1);
	assert_int_equal(records("icmpv6 type 128 drop", SL_L3_IP4, SL_L4_ICMP), 0);
	/* IP that cannot be read is in no family's list, but has its ethertype. */
	assert_int_equal(records("ip drop", SL_L3_OTHER, SL_L4_OTHER), 1);
	assert_int_equal(records("ip drop", SL_L3_IP4, SL_L4_UDP), 1);
	assert_int_equal(records("ip drop", SL_L3_IP6, SL_L4_UDP), 0);
	assert_int_equal(records("ttl 1 drop", SL_L3_OTHER, SL_L4_OTHER), 0);
	/* No condition: everywhere that packets can be. */
	assert_int_equal(records("drop", SL_L3_OTHER, SL_L4_OTHER), 1);
	assert_int_equal(records("drop", SL_L3_OTHER, SL_L4_TCP), 0);
	assert_int_equal(records("drop", SL_L3_IP6, SL_L4_SCTP), 1);
}

static void test_covers(void **state)
{
	assert_int_equal(records("tcp flags & (syn|ack) == syn drop", SL_L3_IP4, SL_L4_TCP), 1);
	assert_int_equal(records("tcp dport 1024-65535 drop", SL_L3_IP4, SL_L4_TCP), 1);
	assert_int_equal(
		records("tcp dport { 22, 80-90 } tcp sport { 1, 3, 5 } drop", SL_L3_IP4, SL_L4_TCP),
		6);
	assert_int_equal(records("saddr 10.0.0.1-10.0.0.6 drop", SL_L3_IP4, SL_L4_UDP), 4);
	/* What is not of the box takes no records. */
	assert_int_equal(records("vlan id { 0, 5-9, 17 } dscp { 1, 5 } drop", SL_L3_IP4, SL_L4_UDP),
			 1);
	/* Protocols, types and codes are in ports' places. */
	assert_int_equal(records("proto { 47, 50-51, 89 } drop", SL_L3_IP4, SL_L4_OTHER), 3);
	assert_int_equal(records("icmp type { 3, 11 } code 1-9 drop", SL_L3_IP4, SL_L4_ICMP), 2);
}

/* The body of `chain ingress { TEXT }` in one list. */
static const struct sl_body *body(struct sl_ruleset *block, enum sl_l3 l3, enum sl_l4 l4)
{
	const void *record = at(block, (__u32)block->chain[SL_DIR_INGRESS].list[l3][l4].tree[0]);
	const struct sl_record4 *four = record;
	const struct sl_record6 *six = record;
	__u32 order = l3 == SL_L3_IP6 ? six->order : four->order;
	__u32 target = l3 == SL_L3_IP6 ? six->target : four->target;

	return order & SL_ORDER_BODY ? at(block, target) : NULL;
}

/* How many operations the rule takes; -1: it has no body. */
static int ops(const char *rule, enum sl_l3 l3, enum sl_l4 l4)
{
	const struct sl_body *found;
	struct sl_ruleset *block;
	struct sl_conf *conf;
	char text[512];
	int count;

	snprintf(text, sizeof(text), "chain ingress { %s }", rule);
	conf = must_parse(text);
	sl_conf_number(conf);
	block = model_lower(conf);
	found = body(block, l3, l4);
	count = found ? found->nops : -1;
	free(block);
	sl_conf_freep(&conf);
	return count;
}

static void test_bodies(void **state)
{
	assert_int_equal(ops("tcp dport 22 drop", SL_L3_IP4, SL_L4_TCP), -1);
	assert_int_equal(ops("tcp flags & (syn|ack) == syn drop", SL_L3_IP4, SL_L4_TCP), 0);
	assert_int_equal(ops("ttl 1 dscp 4-7 drop", SL_L3_IP6, SL_L4_UDP), 0);
	assert_int_equal(ops("ttl 1-5 drop", SL_L3_IP6, SL_L4_UDP), 1);
	assert_int_equal(ops("ttl 1-5 vlan id { 3, 5, 9-12 } drop", SL_L3_IP6, SL_L4_UDP), 2);
	/* An id other than 0 says that there is a tag. */
	assert_int_equal(ops("vlan id 100 drop", SL_L3_IP4, SL_L4_UDP), 0);
	assert_int_equal(ops("vlan id 0 drop", SL_L3_IP4, SL_L4_UDP), 1);
	/* Numbers that no packet has are taken along. */
	assert_int_equal(ops("fragment later drop", SL_L3_IP4, SL_L4_OTHER), 0);
	assert_int_equal(ops("fragment any drop", SL_L3_IP4, SL_L4_OTHER), 1);
	/* IP has its ethertype, other packets are asked. */
	assert_int_equal(ops("ip drop", SL_L3_IP4, SL_L4_TCP), -1);
	assert_int_equal(ops("ip drop", SL_L3_OTHER, SL_L4_OTHER), 0);
}

static void test_header(void **state)
{
	struct sl_conf *conf =
		must_parse("on malformed accept\n"
			   "chain ingress { policy drop\n a: tcp dport 22 accept\n drop }\n"
			   "chain egress { drop }");
	const struct sl_rule *rules;
	struct sl_ruleset *block;

	sl_conf_number(conf);
	block = model_lower(conf);
	rules = at(block, block->rules);
	assert_int_equal(block->generation, 7);
	assert_int_equal(block->drop_reasons, conf->drop_reasons);
	assert_int_equal(block->nrules, 5);
	assert_string_equal(at(block, rules[0].name), "a");
	assert_string_equal(at(block, rules[0].text), "tcp dport 22 accept");
	assert_string_equal(at(block, rules[1].name), "ingress#2");
	assert_string_equal(at(block, rules[2].name), "policy");
	assert_string_equal(at(block, rules[2].text), "policy drop");
	assert_true(rules[2].is_policy);
	assert_string_equal(at(block, rules[3].name), "egress#1");
	assert_int_equal(rules[3].dir, SL_DIR_EGRESS);
	assert_int_equal(rules[3].slot, 4);
	assert_int_equal(block->chain[SL_DIR_INGRESS].policy, SL_DROP);
	assert_int_equal(block->chain[SL_DIR_INGRESS].policy_slot, 3);
	assert_int_equal(block->chain[SL_DIR_EGRESS].policy, SL_ACCEPT);
	assert_non_null(strstr(at(block, block->source), "a: tcp dport 22 accept"));
	free(block);
	sl_conf_freep(&conf);
}

static void test_same_block_each_time(void **state)
{
	struct random r = { 42 };
	struct sl_conf *conf = random_parsed(&r, 50);
	struct sl_ruleset *one, *two;

	sl_conf_number(conf);
	one = model_lower(conf);
	two = model_lower(conf);
	assert_int_equal(one->size, two->size);
	assert_memory_equal(one, two, one->size);
	free(one);
	free(two);
	sl_conf_freep(&conf);
}

static void expect_too_big(const char *text, __u32 max, const char *message)
{
	struct sl_conf *conf = must_parse(text);
	struct sl_diag diag = {};
	void *block = (void *)1;
	size_t size = 1;

	assert_int_equal(sl_conf_lower(conf, BASE, max, 1, &block, &size, &diag), -E2BIG);
	assert_ptr_equal(block, (void *)1);
	assert_int_equal(diag.count, 1);
	assert_string_equal(diag.entries[0].message, message);
	sl_diag_clear(&diag);
	sl_conf_freep(&conf);
}

#define PORTS11 "{ 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21 }"
#define PORTS12 "{ 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23 }"
#define RANGE	"10.0.0.1-10.255.255.254" /* 46 prefixes */

static __u64 combinations(const struct sl_conf_rule *rule, enum sl_l3 l3)
{
	struct sl_spread spread = {};

	assert_int_equal(sl_spread_make(&spread, rule, l3, SL_L4_TCP), 0);
	sl_spread_clear(&spread);
	return spread.records;
}

#define PRODUCT "saddr " RANGE " daddr " RANGE " tcp sport " PORTS11 " tcp dport " PORTS12 " drop"

/* 46 x 46 x 11 x 12 records would be too many: the sources are asked apart. */
static void test_set_aside(void **state)
{
	struct sl_conf *conf = must_parse("chain ingress { " PRODUCT " }");
	const struct sl_conf_rule *rule = &conf->rules[0];
	const struct sl_conf_elems *elems = &conf->sets[0].elems;

	assert_int_equal(combinations(rule, SL_L3_IP4), 46 * 11 * 12);
	assert_int_equal(rule->nasides, 1);
	assert_int_equal(rule->asides[0].part[0], SL_PART_SADDR);
	assert_int_equal(conf->nsets, 1);
	assert_null(conf->sets[0].name);
	assert_true(sl_intervals_are(&elems->four, 0x0a000001, 0x0afffffe));
	assert_int_equal(elems->six.count, 0);
	sl_conf_freep(&conf);

	/* As many as may be. */
	conf = must_parse("chain ingress { saddr " RANGE " daddr " RANGE " tcp sport " PORTS11
			  " drop }");
	assert_int_equal(combinations(&conf->rules[0], SL_L3_IP4), 46 * 46 * 11);
	assert_int_equal(conf->nsets, 0);
	sl_conf_freep(&conf);

	/* IPv6 likewise. */
	conf = must_parse("chain ingress { ip6 saddr 2001:db8::1-2001:db9::ffff ip6 daddr "
			  "2001:db8::1-2001:db9::ffff tcp sport " PORTS11 " tcp dport " PORTS12
			  " drop }");
	assert_int_equal(conf->rules[0].nasides, 1);
	assert_int_equal(conf->sets[0].elems.four.count, 0);
	assert_int_equal(conf->sets[0].elems.six.count, 1);
	sl_conf_freep(&conf);
}

static void test_limits(void **state)
{
	expect_too_big("chain ingress { drop }", 512, "the rules take more than 512 bytes");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records_agree_with_intervals),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_covers),
		cmocka_unit_test(test_bodies),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_same_block_each_time),
		cmocka_unit_test(test_set_aside),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
