/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "rules_model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "field.h"
#include "match.h"
#include "rules_walk.h"

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

__u32 model_evaluate(const struct sl_conf *conf, enum sl_dir dir, const struct sl_key *key,
		     __u64 *counts)
{
	__u32 place = 0;
	size_t i;

	for (i = 0; i < conf->nrules; i++) {
		const struct sl_conf_rule *rule = &conf->rules[i];

		if (rule->dir != dir)
			continue;
		if (!rule->is_policy && (++place < key->from || !rule_matches(rule->match, key)))
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

void model_draw_key(struct random *r, const struct sl_conf *conf, struct sl_key *key)
{
	memset(key, 0, sizeof(*key));
	key->l3 = (__u8)(random_below(r, 5) % SL_L3_MAX_);
	draw_link(r, conf, key);
	if (key->l3 == SL_L3_OTHER)
		return;
	draw_addr(r, conf, key);
	draw_transport(r, conf, key);
}

struct sl_ruleset *model_lower(const struct sl_conf *conf)
{
	struct sl_diag diag = {};
	void *block = NULL;
	size_t size = 0;
	int err = sl_conf_lower(conf, MODEL_BASE, MODEL_MAX, 7, &block, &size, &diag);

	if (err)
		sl_diag_print(&diag, stderr);
	sl_diag_clear(&diag);
	assert_int_equal(err, 0);
	assert_int_equal(size % 64, 0);
	assert_int_equal(((struct sl_ruleset *)block)->size, size);
	return block;
}

/*
 * As at TC, behind an XDP program that stopped at some rule: none before it has decided. What was
 * counted before is not counted again.
 */
static void draw_from(struct random *r, const struct sl_conf *conf, enum sl_dir dir,
		      struct sl_key *key)
{
	__u64 *counts = calloc(conf->nrules + 1, sizeof(*counts));
	__u32 slot;

	assert_non_null(counts);
	slot = model_evaluate(conf, dir, key, counts);
	key->from = random_below(r, (unsigned int)conf->nrules + 1);
	if (model_evaluate(conf, dir, key, counts) != slot)
		key->from = 0;
	free(counts);
}

unsigned long model_agree(struct random *r, const struct sl_conf *conf,
			  const struct sl_ruleset *block, unsigned int packets)
{
	__u64 *counts = calloc(conf->nrules + 1, sizeof(*counts));
	unsigned long hits = 0;
	struct sl_key key;
	size_t slot;

	assert_non_null(counts);
	walk_load(block, MODEL_BASE);
	while (packets--) {
		enum sl_dir dir = (enum sl_dir)random_below(r, SL_DIR_MAX_);
		__u32 walked, evaluated;

		model_draw_key(r, conf, &key);
		if (!random_below(r, 8))
			draw_from(r, conf, dir, &key);
		walked = walk(dir, &key);
		evaluated = model_evaluate(conf, dir, &key, counts);
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
