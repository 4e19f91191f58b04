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
#include "rules.h"
#include "rules_random.h"
#include "rules_walk.h"

#define BASE 0x80000000U
#define MAX  (64U << 20)

static const void *at(const void *block, __u32 offset)
{
	return (const char *)block + (offset - BASE);
}

static unsigned int bits(__u64 word, unsigned int shift, unsigned int width)
{
	return (unsigned int)(word >> shift & ((1U << width) - 1));
}

static sl_u128 field_of(const struct sl_key *key, enum sl_field field)
{
	switch (field) {
	case SL_FIELD_ETHERTYPE:
		return bits(key->link, SL_LINK_ETHERTYPE_SHIFT, 16);
	case SL_FIELD_TAGS:
		return bits(key->link, SL_LINK_TAGS_SHIFT, 3);
	case SL_FIELD_VLAN_ID:
		return bits(key->link, SL_LINK_VLAN_SHIFT, 12);
	case SL_FIELD_VLAN_PCP:
		return bits(key->link, SL_LINK_PCP_SHIFT, 3);
	case SL_FIELD_CVLAN_ID:
		return bits(key->link, SL_LINK_IVLAN_SHIFT, 12);
	case SL_FIELD_CVLAN_PCP:
		return bits(key->link, SL_LINK_IPCP_SHIFT, 3);
	case SL_FIELD_SADDR4:
		return key->addr[0] >> 32;
	case SL_FIELD_DADDR4:
		return (__u32)key->addr[0];
	case SL_FIELD_SADDR6:
		return (sl_u128)key->addr[0] << 64 | key->addr[1];
	case SL_FIELD_DADDR6:
		return (sl_u128)key->addr[2] << 64 | key->addr[3];
	case SL_FIELD_PROTO:
		return bits(key->xport, SL_XPORT_PROTO_SHIFT, 8);
	case SL_FIELD_SPORT:
		return key->sport;
	case SL_FIELD_DPORT:
		return key->dport;
	case SL_FIELD_FLAGS:
		return bits(key->xport, SL_XPORT_FLAGS_SHIFT, 8);
	case SL_FIELD_TYPE:
		return key->sport;
	case SL_FIELD_CODE:
		return key->dport;
	case SL_FIELD_FRAGMENT:
		return bits(key->xport, SL_XPORT_FRAG_SHIFT, 2);
	case SL_FIELD_DSCP:
		return bits(key->xport, SL_XPORT_DSCP_SHIFT, 6);
	case SL_FIELD_TTL:
		return bits(key->xport, SL_XPORT_TTL_SHIFT, 8);
	case SL_FIELD_EXT:
		return bits(key->xport, SL_XPORT_EXT_SHIFT, 8);
	case SL_FIELD_MAX_:
		break;
	}
	return 0;
}

/* A condition on addresses is about its own family. */
static bool is_other_family(enum sl_field field, unsigned int l3)
{
	if (field == SL_FIELD_SADDR4 || field == SL_FIELD_DADDR4)
		return l3 != SL_L3_IP4;
	if (field == SL_FIELD_SADDR6 || field == SL_FIELD_DADDR6)
		return l3 != SL_L3_IP6;
	return false;
}

static bool rule_matches(const struct sl_conf_match *match, const struct sl_key *key)
{
	size_t i;

	if (!(match->l3 & SL_L3_BIT(key->l3)) || (match->header && key->l4 == SL_L4_OTHER))
		return false;
	for (i = 0; i < match->count; i++) {
		enum sl_field field = match->conds[i].field;

		if (!is_other_family(field, key->l3) &&
		    !sl_intervals_have(&match->conds[i].set, field_of(key, field)))
			return false;
	}
	return true;
}

/* The slot of who decides. counts: what each slot has counted of rules that do not decide. */
static __u32 evaluate(const struct sl_conf *conf, enum sl_dir dir, const struct sl_key *key,
		      __u64 *counts)
{
	size_t i;

	for (i = 0; i < conf->nrules; i++) {
		const struct sl_conf_rule *rule = &conf->rules[i];

		if (rule->dir != dir || (!rule->is_policy && !rule_matches(rule->match, key)))
			continue;
		if (rule->action != SL_CONTINUE)
			return rule->slot;
		counts[rule->slot]++;
	}
	return SL_NO_SLOT;
}

/* A number that some rule is about, or next to it; any number now and then. */
static sl_u128 draw(struct random *r, const struct sl_conf *conf, enum sl_field field)
{
	sl_u128 max = sl_field_max(field), number;
	int tries;

	for (tries = 0; tries < 6; tries++) {
		const struct sl_conf_rule *rule =
			&conf->rules[random_below(r, (unsigned int)conf->nrules)];
		const struct sl_intervals *set =
			rule->is_policy ? NULL : sl_match_find(rule->match, field);
		const struct sl_interval *interval;

		if (!set)
			continue;
		interval = &set->v[random_below(r, (unsigned int)set->count)];
		number = random_below(r, 2) ? interval->low : interval->high;
		number = (number + random_below(r, 3) - 1) &
			 (field == SL_FIELD_SADDR6 || field == SL_FIELD_DADDR6
				  ? ~(sl_u128)0
				  : (max > 4 ? max : 7));
		return number > max ? max : number;
	}
	number = (sl_u128)random_next(r) << 64 | random_next(r);
	return max == ~(sl_u128)0 ? number : number % (max + 1);
}

static void put(__u64 *word, unsigned int shift, sl_u128 number)
{
	*word |= (__u64)number << shift;
}

static void draw_link(struct random *r, const struct sl_conf *conf, struct sl_key *key)
{
	unsigned int tags = (unsigned int)draw(r, conf, SL_FIELD_TAGS);
	sl_u128 type = draw(r, conf, SL_FIELD_ETHERTYPE);

	if (key->l3 == SL_L3_IP4)
		type = 0x0800;
	else if (key->l3 == SL_L3_IP6)
		type = 0x86dd;
	put(&key->link, SL_LINK_ETHERTYPE_SHIFT, type);
	put(&key->link, SL_LINK_TAGS_SHIFT, tags);
	if (tags > 0) {
		put(&key->link, SL_LINK_VLAN_SHIFT, draw(r, conf, SL_FIELD_VLAN_ID));
		put(&key->link, SL_LINK_PCP_SHIFT, draw(r, conf, SL_FIELD_VLAN_PCP));
	}
	if (tags > 1) {
		put(&key->link, SL_LINK_IVLAN_SHIFT, draw(r, conf, SL_FIELD_CVLAN_ID));
		put(&key->link, SL_LINK_IPCP_SHIFT, draw(r, conf, SL_FIELD_CVLAN_PCP));
	}
	put(&key->link, SL_LINK_SLOT_SHIFT, random_below(r, 256));
}

static void draw_addr(struct random *r, const struct sl_conf *conf, struct sl_key *key)
{
	sl_u128 addr;

	if (key->l3 == SL_L3_IP4) {
		key->addr[0] = (__u64)draw(r, conf, SL_FIELD_SADDR4) << 32 |
			       (__u64)draw(r, conf, SL_FIELD_DADDR4);
		return;
	}
	addr = draw(r, conf, SL_FIELD_SADDR6);
	key->addr[0] = (__u64)(addr >> 64);
	key->addr[1] = (__u64)addr;
	addr = draw(r, conf, SL_FIELD_DADDR6);
	key->addr[2] = (__u64)(addr >> 64);
	key->addr[3] = (__u64)addr;
}

static enum sl_l4 class_of(unsigned int l3, sl_u128 proto)
{
	if (proto == 6)
		return SL_L4_TCP;
	if (proto == 17)
		return SL_L4_UDP;
	if (proto == 132)
		return SL_L4_SCTP;
	return proto == (l3 == SL_L3_IP6 ? 58 : 1) ? SL_L4_ICMP : SL_L4_OTHER;
}

static void draw_transport(struct random *r, const struct sl_conf *conf, struct sl_key *key)
{
	static const __u8 protos[] = { 6, 6, 17, 132, 1, 58, 47 };
	sl_u128 proto = random_below(r, 3) ? protos[random_below(r, sizeof(protos))]
					   : draw(r, conf, SL_FIELD_PROTO);
	sl_u128 fragment = draw(r, conf, SL_FIELD_FRAGMENT);

	put(&key->xport, SL_XPORT_PROTO_SHIFT, proto);
	put(&key->xport, SL_XPORT_FRAG_SHIFT, fragment);
	put(&key->xport, SL_XPORT_DSCP_SHIFT, draw(r, conf, SL_FIELD_DSCP));
	put(&key->xport, SL_XPORT_TTL_SHIFT, draw(r, conf, SL_FIELD_TTL));
	key->dport = (__u16)proto;
	if (key->l3 == SL_L3_IP6)
		put(&key->xport, SL_XPORT_EXT_SHIFT, draw(r, conf, SL_FIELD_EXT));
	if (fragment == SL_FRAG_LATER || !random_below(r, 8))
		return;
	key->l4 = class_of(key->l3, proto);
	switch (key->l4) {
	case SL_L4_TCP:
		put(&key->xport, SL_XPORT_FLAGS_SHIFT, draw(r, conf, SL_FIELD_FLAGS));
		/* fall through */
	case SL_L4_UDP:
	case SL_L4_SCTP:
		key->sport = (__u16)draw(r, conf, SL_FIELD_SPORT);
		key->dport = (__u16)draw(r, conf, SL_FIELD_DPORT);
		break;
	case SL_L4_ICMP:
		key->sport = (__u16)draw(r, conf, SL_FIELD_TYPE);
		key->dport = (__u16)draw(r, conf, SL_FIELD_CODE);
		break;
	default:
		break;
	}
}

/* A key as the data path would fill it in: parts that the packet does not have are zero. */
static void draw_key(struct random *r, const struct sl_conf *conf, struct sl_key *key)
{
	memset(key, 0, sizeof(*key));
	key->l3 = (__u8)(random_below(r, 5) % SL_L3_MAX_);
	draw_link(r, conf, key);
	if (key->l3 == SL_L3_OTHER)
		return;
	draw_addr(r, conf, key);
	draw_transport(r, conf, key);
}

static struct sl_ruleset *must_lower(const struct sl_conf *conf)
{
	struct sl_diag diag = {};
	void *block = NULL;
	size_t size = 0;
	int err = sl_conf_lower(conf, BASE, MAX, 7, &block, &size, &diag);

	if (err)
		sl_diag_print(&diag, stderr);
	sl_diag_clear(&diag);
	assert_int_equal(err, 0);
	assert_int_equal(size % 64, 0);
	assert_int_equal(((struct sl_ruleset *)block)->size, size);
	return block;
}

/* Packets of one rule set; how many of them met a rule. */
static unsigned long agree(struct random *r, const struct sl_conf *conf,
			   const struct sl_ruleset *block, unsigned int packets)
{
	__u64 *counts = calloc(conf->nrules + 1, sizeof(*counts));
	unsigned long hits = 0;
	struct sl_key key;
	size_t slot;

	assert_non_null(counts);
	while (packets--) {
		enum sl_dir dir = (enum sl_dir)random_below(r, SL_DIR_MAX_);
		__u32 walked, evaluated;

		draw_key(r, conf, &key);
		walked = walk(dir, &key);
		evaluated = evaluate(conf, dir, &key, counts);
		if (walked != evaluated)
			fail_msg("the walk says slot %u, rules say %u", walked, evaluated);
		hits += walked != block->chain[dir].policy_slot;
	}
	for (slot = 1; slot <= conf->nrules; slot++) {
		if (walk_count((__u32)slot) != counts[slot])
			fail_msg("slot %zu counted %llu, rules say %llu", slot,
				 (unsigned long long)walk_count((__u32)slot),
				 (unsigned long long)counts[slot]);
		hits += counts[slot];
	}
	free(counts);
	return hits;
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
		block = must_lower(conf);
		walk_load(block, BASE);
		hits += agree(&r, conf, block, packets);
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
	block = must_lower(conf);
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
	block = must_lower(conf);
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
	block = must_lower(conf);
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
	one = must_lower(conf);
	two = must_lower(conf);
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

static void test_limits(void **state)
{
	expect_too_big(
		"chain ingress { big: saddr 10.0.0.1-10.255.255.254 "
		"daddr 10.0.0.1-10.255.255.254 tcp sport { 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21 } "
		"tcp dport { 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23 } drop }",
		MAX,
		"rule 'big' takes more than 262144 records: it combines too many sets and ranges");
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
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
