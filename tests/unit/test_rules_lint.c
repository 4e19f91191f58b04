/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
/* What lint says, and that what it claims of two matches holds for packets. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "buf.h"
#include "cleanup.h"
#include "covers.h"
#include "rules.h"
#include "rules_random.h"
#include "shadow.h"

struct row {
	const char *text;
	const char *said; /* NULL: nothing; what the only warning says */
};

#define CHAIN(rules) "chain ingress {\n" rules "\n}"

static const struct row rows[] = {
	{ CHAIN("a: tcp dport 22 drop\nb: tcp dport 23 drop"), NULL },
	{ CHAIN("a: tcp dport 22 drop\nb: tcp dport 22 drop"),
	  "'b' never gets a packet: it repeats 'a' in line 2" },
	{ CHAIN("a: tcp dport 22 drop\nb: tcp dport 22 accept"),
	  "'b' contradicts 'a' in line 2: it matches the same and never gets a packet" },
	{ CHAIN("a: tcp dport 22 drop\nb: tcp dport 22 log drop"),
	  "'b' contradicts 'a' in line 2: it matches the same and never gets a packet" },
	{ CHAIN("a: tcp drop\nb: tcp dport 22 accept"),
	  "'b' never gets a packet: 'a' in line 2 matches all of them before" },
	{ CHAIN("a: tcp count\nb: tcp dport 22 accept"), NULL },
	{ CHAIN("a: tcp limit 5/second drop\nb: tcp dport 22 accept"), NULL },
	{ CHAIN("a: tcp 1 in 2 drop\nb: tcp dport 22 accept"), NULL },
	{ CHAIN("a: tcp log reject\nb: tcp dport 22 accept"),
	  "'b' never gets a packet: 'a' in line 2 matches all of them before" },
	{ CHAIN("a: inner tcp dport 22 drop\nb: tcp dport 22 accept\nc: inner inner tcp dport 22 drop"),
	  NULL },
	{ CHAIN("a: inner tcp dport 22 drop\nb: vxlan vni 5 inner tcp dport 22 inner ttl 3 accept"),
	  "'b' never gets a packet: 'a' in line 2 matches all of them before" },
	{ CHAIN("a: tunnel vxlan drop\nb: vxlan vni 5 accept\nc: geneve vni 5 accept"),
	  "'b' never gets a packet: 'a' in line 2 matches all of them before" },
	{ CHAIN("drop\ntcp dport 22"),
	  "'ingress#2' never gets a packet: 'ingress#1' in line 2 matches all of them before" },
	{ CHAIN("a: saddr 10.0.0.0/8 drop\nb: ip saddr 10.1.0.0/16 daddr 10.0.0.1 vlan id 3 accept"),
	  "'b' never gets a packet: 'a' in line 2 matches all of them before" },
	{ CHAIN("a: saddr { 10.0.0.0/8, ::/0 } drop\nb: ip6 udp drop"),
	  "'b' never gets a packet: 'a' in line 2 matches all of them before" },
	{ CHAIN("a: ethertype { ip, arp } drop\nb: ip saddr 10.0.0.1 accept"),
	  "'b' never gets a packet: 'a' in line 2 matches all of them before" },
	{ CHAIN("a: ethertype { arp, lldp } drop\nb: arp accept"),
	  "'b' never gets a packet: 'a' in line 2 matches all of them before" },
	{ CHAIN("a: ip drop\nb: saddr { 10.0.0.1, ::1 } accept"), NULL },
	{ CHAIN("a: tcp flags syn drop\nb: tcp drop"), NULL },
	{ CHAIN("a: tcp dport 0-65535 drop\nb: tcp drop"), NULL },
	{ CHAIN("a: tcp dport 0-65535 drop\nb: tcp flags syn drop"),
	  "'b' never gets a packet: 'a' in line 2 matches all of them before" },
	{ CHAIN("a: tcp dport 0-1023 drop\nb: tcp dport 1024-65535 accept\nc: tcp flags syn drop"),
	  "'c' never gets a packet: earlier rules together match all of them, by 'dport'" },
	{ CHAIN("a: saddr 10.0.0.0/25 drop\nb: saddr 10.0.0.128/25 accept\nc: saddr 10.0.0.0/24 drop"),
	  "'c' never gets a packet: earlier rules together match all of them, by 'ip saddr'" },
	{ CHAIN("a: saddr 10.0.0.0/25 drop\nb: tcp dport 0-80 drop\nc: saddr 10.0.0.0/24 tcp dport 80 drop"),
	  "'c' never gets a packet: 'b' in line 3 matches all of them before" },
	{ CHAIN("a: payload @0,2 5-9 drop\nb: udp payload @0,2 6 accept"),
	  "'b' never gets a packet: 'a' in line 2 matches all of them before" },
	{ CHAIN("a: payload @0,2 5-9 drop\nb: udp payload @0,1 6 accept"), NULL },
	{ CHAIN("a: payload contains \"x\" drop\nb: udp payload contains \"x\" payload contains \"y\" accept"),
	  "'b' never gets a packet: 'a' in line 2 matches all of them before" },
	{ CHAIN("a: payload contains { \"x\", \"y\" } drop\nb: udp payload contains \"y\" accept"),
	  "'b' never gets a packet: 'a' in line 2 matches all of them before" },
	{ CHAIN("a: payload contains != \"x\" drop\nb: udp payload contains != { \"x\", \"y\" } accept"),
	  "'b' never gets a packet: 'a' in line 2 matches all of them before" },
	{ CHAIN("a: payload contains \"x\" drop\nb: payload contains { \"x\", \"y\" } accept"),
	  NULL },
	{ CHAIN("a: payload contains \"x\" depth 5 drop\nb: payload contains \"x\" accept"), NULL },
	{ CHAIN("a: payload contains != { \"x\", \"y\" } drop\nb: payload contains != \"x\" accept"),
	  NULL },
	{ CHAIN("a: ip length > 100 drop\nb: ip length > 200 accept"),
	  "'b' never gets a packet: 'a' in line 2 matches all of them before" },
	{ CHAIN("a: tcp mss < 100 drop\nb: tcp mss 5 accept"),
	  "'b' never gets a packet: 'a' in line 2 matches all of them before" },
	{ CHAIN("a: tcp mss 0-65535 drop\nb: tcp accept"), NULL },
	{ CHAIN("a: iifname eth0 drop\nb: iifname eth0 tcp accept"),
	  "'b' never gets a packet: 'a' in line 2 matches all of them before" },
	{ CHAIN("a: iifname eth0 drop\nb: tcp accept"), NULL },
	{ "set s { type addr }\n" CHAIN("a: saddr @s drop\nb: saddr @s tcp accept"),
	  "'b' never gets a packet: 'a' in line 3 matches all of them before" },
	{ "set s { type addr }\n" CHAIN("a: saddr @s drop\nb: daddr @s tcp accept"), NULL },
	{ "set s { type addr }\n" CHAIN("a: saddr @s drop\nb: saddr != @s tcp accept"), NULL },
	{ "set s { type addr }\n", "no rule uses the set 's'" },
	{ "set s { type addr; timeout 1m }\n" CHAIN("a: tcp ban @s"),
	  "rules ban into the set 's', and none asks what is in it" },
	{ "define x = 5\n", "nothing uses '$x'" },
	{ "define x = 22\ndefine y = $x\n" CHAIN("tcp dport $y drop"), NULL },
	{ "define x = 10.0.0.1 . 22\n" CHAIN("saddr . dport { $x } drop"), NULL },
	{ "define x = eth0\n" CHAIN("iifname $x drop"), NULL },
	{ "define x = 22\nset s { type port; elements { $x } }\n" CHAIN("tcp dport @s drop"),
	  NULL },
	{ "interface eth0 { xdp auto }\ninterface \"lan*\" { xdp auto }\n" CHAIN(
		  "iifname { eth0, wan } drop\niifname lan3 drop\niifname \"wan*\" drop\niifname != wan drop"),
	  NULL },
	{ "interface eth0 { xdp auto }\n" CHAIN("a: iifname eth1 drop"),
	  "'a' is about 'eth1', and no interface clause is" },
	{ "chain egress { a: tcp drop\nb: tcp dport 22 accept }\nchain ingress { b: tcp dport 22 accept }",
	  "'b' never gets a packet: 'a' in line 1 matches all of them before" },
};

static void test_warnings(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		_cleanup_(sl_conf_freep) struct sl_conf *conf = must_parse(rows[i].text);
		_cleanup_(sl_diag_clear) struct sl_diag diag = {};

		assert_int_equal(sl_conf_lint(conf, &diag), 0);
		if (diag.count != (rows[i].said != NULL) ||
		    (diag.count && strcmp(diag.entries[0].message, rows[i].said) != 0)) {
			sl_diag_print(&diag, stderr);
			fail_msg("'%s' is not what is said of %s", rows[i].said ?: "nothing",
				 rows[i].text);
		}
		assert_int_equal(diag.errors, 0);
	}
}

/* In the order of the text, with the line. */
static void test_places(void **state)
{
	_cleanup_(sl_conf_freep) struct sl_conf *conf =
		must_parse("define x = 1\nset s { type addr }\nchain ingress {\n\tdrop\n"
			   "\tlast: tcp drop\n}\ndefine y = 1\n");
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	static const unsigned int lines[] = { 1, 2, 5, 7 };
	size_t i;

	assert_int_equal(sl_conf_lint(conf, &diag), 0);
	assert_int_equal(diag.count, 4);
	for (i = 0; i < diag.count; i++)
		assert_int_equal(diag.entries[i].line, lines[i]);
	assert_int_equal(diag.entries[2].column, 2);
	assert_int_equal(diag.entries[2].width, strlen("last: tcp drop"));
	assert_string_equal(diag.entries[2].text, "\tlast: tcp drop");
}

/* A packet as conditions see it. */
struct packet {
	unsigned int l3;
	bool header;
	sl_u128 field[SL_FIELD_MAX_];
};

/* Numbers that conditions of the rules begin or end with. */
static sl_u128 draw(struct random *r, const struct sl_conf *conf, enum sl_field field)
{
	int tries;

	for (tries = 0; tries < 8; tries++) {
		const struct sl_conf_rule *rule =
			&conf->rules[random_below(r, (unsigned int)conf->nrules)];
		const struct sl_intervals *set =
			rule->is_policy ? NULL : sl_match_find(rule->match, field);

		if (!set)
			continue;
		return random_below(r, 2) ? set->v[random_below(r, (unsigned int)set->count)].low
					  : set->v[random_below(r, (unsigned int)set->count)].high;
	}
	return random_below(r, 4) & sl_field_max(field);
}

/* The ethertype is what the class is, unless that is none. */
static void draw_packet(struct random *r, const struct sl_conf *conf, struct packet *packet)
{
	int field;

	packet->l3 = random_below(r, SL_L3_MAX_);
	packet->header = packet->l3 != SL_L3_OTHER && random_below(r, 3);
	for (field = 0; field < SL_FIELD_MAX_; field++)
		packet->field[field] = draw(r, conf, (enum sl_field)field);
	if (packet->l3 != SL_L3_OTHER)
		packet->field[SL_FIELD_ETHERTYPE] = packet->l3 == SL_L3_IP4 ? 0x0800 : 0x86dd;
}

static bool matches(const struct sl_conf_match *match, const struct packet *packet)
{
	size_t i;

	if (!(match->l3 & SL_L3_BIT(packet->l3)) || (match->header && !packet->header))
		return false;
	for (i = 0; i < match->count; i++) {
		enum sl_field field = match->conds[i].field;

		if ((field == SL_FIELD_SADDR4 || field == SL_FIELD_DADDR4) &&
		    packet->l3 != SL_L3_IP4)
			continue;
		if ((field == SL_FIELD_SADDR6 || field == SL_FIELD_DADDR6) &&
		    packet->l3 != SL_L3_IP6)
			continue;
		if (!sl_intervals_have(&match->conds[i].set, packet->field[field]))
			return false;
	}
	return true;
}

static void check_claims(struct random *r, const struct sl_conf *conf, unsigned long *claims)
{
	struct packet packet;
	size_t i, j, k;

	for (k = 0; k < 40; k++) {
		draw_packet(r, conf, &packet);
		for (i = 0; i < conf->nrules; i++) {
			const struct sl_conf_match *inner = conf->rules[i].match;

			if (!inner || !matches(inner, &packet))
				continue;
			for (j = 0; j < conf->nrules; j++) {
				const struct sl_conf_match *outer = conf->rules[j].match;

				if (i == j || !outer || !sl_match_covers(outer, inner))
					continue;
				++*claims;
				if (!matches(outer, &packet))
					fail_msg("'%s' does not cover '%s'", conf->rules[j].text,
						 conf->rules[i].text);
			}
		}
	}
}

static void test_claims_hold(void **state)
{
	unsigned long claims = 0;
	unsigned int seed;

	for (seed = 1; seed <= 300; seed++) {
		struct random r = { seed * 104729ULL };
		_cleanup_(sl_conf_freep) struct sl_conf *conf = random_parsed(&r, 20);

		check_claims(&r, conf, &claims);
	}
	assert_true(claims > 1000);
	print_message("%lu claims\n", claims);
}

/* The tables find what going through all earlier rules finds. */
static void test_tables_miss_nothing(void **state)
{
	unsigned long found = 0;
	unsigned int seed;

	for (seed = 1; seed <= 200; seed++) {
		struct random r = { seed * 7907ULL };
		_cleanup_(sl_conf_freep) struct sl_conf *conf = random_parsed(&r, 40);
		_cleanup_(sl_shadow_freep) struct sl_shadow *shadow = NULL;
		size_t i, j;

		assert_int_equal(sl_shadow_new(&shadow), 0);
		for (i = 0; !conf->rules[i].is_policy; i++) {
			const struct sl_conf_rule *by = sl_shadow_find(shadow, &conf->rules[i]);

			for (j = 0; j < i; j++) {
				if (sl_match_covers(conf->rules[j].match, conf->rules[i].match))
					break;
			}
			assert_ptr_equal(by, j < i ? &conf->rules[j] : NULL);
			found += by != NULL;
			assert_int_equal(sl_shadow_add(shadow, &conf->rules[i]), 0);
		}
	}
	assert_true(found > 500);
}

/* No pair of these is alike in prefixes; quadratic work would take minutes. */
static void test_many_rules(void **state)
{
	_cleanup_(sl_conf_freep) struct sl_conf *conf = NULL;
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	struct sl_buf text = {};
	unsigned int i;

	sl_buf_add(&text, "chain ingress {\n");
	for (i = 0; i < 30000; i++)
		sl_buf_add(&text, "saddr 10.%u.%u.0/24 tcp dport %u drop\n", i >> 8, i & 255,
			   i % 1000);
	sl_buf_add(&text, "saddr 10.0.7.7 tcp dport 7 drop\n}\n");
	conf = must_parse(text.text);
	sl_buf_clear(&text);
	assert_int_equal(sl_conf_lint(conf, &diag), 0);
	assert_int_equal(diag.count, 1);
	assert_int_equal(diag.entries[0].line, 30002);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_warnings),    cmocka_unit_test(test_places),
		cmocka_unit_test(test_claims_hold), cmocka_unit_test(test_tables_miss_nothing),
		cmocka_unit_test(test_many_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
