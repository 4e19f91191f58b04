/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
/*
 * The block against the intervals that it was made from: a walker over the records, as simple as
 * can be, and a first-match evaluation of the rules' conditions must agree on every packet.
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

#define BASE 0x80000000U
#define MAX  (64U << 20)

#define COUNTED_MAX 64

/* What became of a packet: who decided, and which rules counted it on the way. */
struct outcome {
	__u32 slot;
	__u32 action;
	unsigned int ncounted;
	__u32 counted[COUNTED_MAX];
};

static const void *at(const void *block, __u32 offset)
{
	return (const char *)block + (offset - BASE);
}

static bool record_matches(const struct sl_match *m, const __u64 *value, const __u64 *mask,
			   unsigned int words, const struct sl_key *key)
{
	unsigned int i;

	for (i = 0; i < words; i++) {
		if ((key->addr[i] & mask[i]) != value[i])
			return false;
	}
	return (key->link & m->link_mask) == m->link_value &&
	       (key->xport & m->xport_mask) == m->xport_value && key->sport >= m->sport_low &&
	       key->sport - m->sport_low <= m->sport_span && key->dport >= m->dport_low &&
	       key->dport - m->dport_low <= m->dport_span;
}

static bool take(struct outcome *out, __u32 slot, __u32 action)
{
	if (action == SL_CONTINUE) {
		out->counted[out->ncounted++ % COUNTED_MAX] = slot;
		return false;
	}
	out->slot = slot;
	out->action = action;
	return true;
}

static void walk(const void *block, enum sl_dir dir, const struct sl_key *key, struct outcome *out)
{
	const struct sl_chain *chain = &((const struct sl_ruleset *)block)->chain[dir];
	const struct sl_list *list = &chain->list[key->l3][key->l4];
	__u32 i;

	for (i = 0; i < list->count; i++) {
		const struct sl_record4 *four = at(block, list->records);
		const struct sl_record6 *six = at(block, list->records);
		bool is_six = key->l3 == SL_L3_IP6;
		const struct sl_match *m = is_six ? &six[i].match : &four[i].match;

		if (is_six ? record_matches(m, six[i].addr_value, six[i].addr_mask, 4, key)
			   : record_matches(m, &four[i].addr_value, &four[i].addr_mask, 1, key)) {
			if (take(out, m->slot, m->action))
				return;
		}
	}
	take(out, chain->policy_slot, chain->policy);
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
	case SL_FIELD_TYPE:
		return bits(key->xport, SL_XPORT_FLAGS_SHIFT, 8);
	case SL_FIELD_CODE:
		return bits(key->xport, SL_XPORT_CODE_SHIFT, 8);
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

static void evaluate(const struct sl_conf *conf, enum sl_dir dir, const struct sl_key *key,
		     struct outcome *out)
{
	size_t i;

	for (i = 0; i < conf->nrules; i++) {
		const struct sl_conf_rule *rule = &conf->rules[i];

		if (rule->dir != dir || (!rule->is_policy && !rule_matches(rule->match, key)))
			continue;
		if (take(out, rule->slot, rule->action))
			return;
	}
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
		put(&key->xport, SL_XPORT_TYPE_SHIFT, draw(r, conf, SL_FIELD_TYPE));
		put(&key->xport, SL_XPORT_CODE_SHIFT, draw(r, conf, SL_FIELD_CODE));
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

static void test_records_agree_with_intervals(void **state)
{
	unsigned long hits = 0, all = 0;
	unsigned int seed, k;

	for (seed = 1; seed <= 1200; seed++) {
		struct random r = { seed };
		struct sl_conf *conf = random_parsed(&r, 4 + random_below(&r, 20));
		struct sl_ruleset *block;
		struct sl_key key;

		sl_conf_number(conf);
		block = must_lower(conf);
		for (k = 0; k < 1000; k++) {
			struct outcome walked = {}, evaluated = {};
			enum sl_dir dir = (enum sl_dir)random_below(&r, SL_DIR_MAX_);

			draw_key(&r, conf, &key);
			walk(block, dir, &key, &walked);
			evaluate(conf, dir, &key, &evaluated);
			if (memcmp(&walked, &evaluated, sizeof(walked)) != 0)
				fail_msg("seed %u, key %u: records say slot %u, rules say %u", seed,
					 k, walked.slot, evaluated.slot);
			hits += walked.ncounted || walked.slot != block->chain[dir].policy_slot;
			all++;
		}
		free(block);
		sl_conf_freep(&conf);
	}
	/* Most packets must be about some rule, or nothing was tested. */
	assert_true(hits * 2 > all);
	print_message("%lu packets, %lu%% met a rule\n", all, hits * 100 / all);
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
	count = block->chain[SL_DIR_INGRESS].list[l3][l4].count;
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
	/* Tags: an id other than 0 says that there is one. */
	assert_int_equal(records("vlan id 100 drop", SL_L3_IP4, SL_L4_UDP), 1);
	assert_int_equal(records("vlan id 0 drop", SL_L3_IP4, SL_L4_UDP), 3);
	assert_int_equal(records("vlan id 0 vlan pcp 3 drop", SL_L3_IP4, SL_L4_UDP), 1);
	/* Numbers that no packet has are taken along. */
	assert_int_equal(records("fragment any drop", SL_L3_IP4, SL_L4_OTHER), 2);
	assert_int_equal(records("fragment later drop", SL_L3_IP4, SL_L4_OTHER), 1);
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
		"daddr 10.0.0.1-10.255.255.254 ttl 1-254 dscp 1-62 drop }",
		MAX,
		"rule 'big' takes more than 65536 records: it combines too many sets and ranges");
	expect_too_big("chain ingress { drop }", 512,
		       "the rules take 1664 bytes, 512 are the most");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_records_agree_with_intervals),
		cmocka_unit_test(test_lists),
		cmocka_unit_test(test_covers),
		cmocka_unit_test(test_header),
		cmocka_unit_test(test_same_block_each_time),
		cmocka_unit_test(test_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
