/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
/* Rules taken apart are rules, one for each condition. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "buf.h"
#include "cleanup.h"
#include "place.h"
#include "rules.h"
#include "rules_random.h"
#include "split.h"

static const struct {
	const char *rule;
	const char *parts;
} rows[] = {
	{ "drop", "" },
	{ "ip drop", "ip" },
	{ "tcp dport 22 drop", "tcp dport 22" },
	{ "tcp drop", "tcp" },
	{ "ip saddr 10.0.0.0/8 udp sport 1 udp dport 2 drop",
	  "ip saddr 10.0.0.0/8|udp sport 1|udp dport 2" },
	{ "saddr { 10.0.0.1, ::1 } daddr ::2 drop", "ip6 saddr ::1|ip6 daddr ::2" },
	{ "saddr { 10.0.0.1, ::1 } drop", "saddr { 10.0.0.1, ::1 }" },
	{ "vlan id 5 vlan pcp 3 drop", "vlan id 5|vlan pcp 3" },
	{ "vlan drop", "vlan" },
	{ "cvlan id 7 arp drop", "arp|cvlan id 7" },
	{ "tcp flags & (syn|ack) == syn ttl 3 dscp ef fragment first drop",
	  "tcp flags & (syn|ack) == syn|fragment first|dscp ef|ttl 3" },
	{ "icmp type echo-request code 0 drop", "icmp type echo-request|icmp code 0" },
	{ "inner ip saddr 10.0.0.0/8 inner tcp dport 22 drop",
	  "inner ip saddr 10.0.0.0/8|inner tcp dport 22" },
	{ "udp dport 4789 vxlan vni 5 inner vlan id 7 inner inner icmp type 3 code 1 drop", NULL },
	{ "tunnel { gre, vxlan } saddr 10.0.0.1 inner ip6 drop",
	  "ip saddr 10.0.0.1|tunnel { gre, vxlan }|inner ip6" },
	{ "iifname \"lan*\" payload @0,4 == 0x1 frame length 60 tcp mss 1460 drop", NULL },
};

static char *joined(const struct sl_split *split)
{
	struct sl_buf buf = {};
	char *text = NULL;
	size_t i;

	for (i = 0; i < split->nparts; i++)
		sl_buf_add(&buf, "%s%s", i ? "|" : "", split->conf.rules[i].text);
	assert_int_equal(sl_buf_take(&buf, &text), 0);
	return text;
}

/* The whole is a configuration again, with as many rules. */
static void assert_parses(const struct sl_split *split)
{
	_cleanup_(sl_conf_freep) struct sl_conf *again = NULL;
	_cleanup_free_ char *text = NULL;

	assert_int_equal(sl_conf_print(&split->conf, &text), 0);
	again = must_parse(text);
	assert_int_equal(again->nrules, split->conf.nrules);
}

static void test_parts(void **state)
{
	size_t i, first = 0;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		_cleanup_(sl_split_clear) struct sl_split split = {};
		_cleanup_(sl_conf_freep) struct sl_conf *conf = NULL;
		_cleanup_free_ char *text = NULL, *parts = NULL;
		struct sl_buf buf = {};

		sl_buf_add(&buf, "chain ingress {\n%s\n}\n", rows[i].rule);
		assert_int_equal(sl_buf_take(&buf, &text), 0);
		conf = must_parse(text);
		assert_int_equal(sl_split_make(&split, conf, &first, 1), 0);
		parts = joined(&split);
		if (rows[i].parts)
			assert_string_equal(parts, rows[i].parts);
		else
			assert_int_equal(split.nparts, 5);
		assert_parses(&split);
	}
}

static size_t choose_rules(const struct sl_conf *conf, size_t *which)
{
	size_t i, count = 0;

	for (i = 0; i < conf->nrules; i++) {
		if (!conf->rules[i].is_policy)
			which[count++] = i;
	}
	return count;
}

static void test_random(void **state)
{
	struct random r = { .state = 1 };
	unsigned int round;

	for (round = 0; round < 300; round++) {
		_cleanup_(sl_split_clear) struct sl_split split = {};
		_cleanup_(sl_conf_freep) struct sl_conf *conf = random_whole(&r, 8);
		_cleanup_free_ size_t *which = calloc(conf->nrules + 1, sizeof(*which));
		size_t count, i;

		assert_non_null(which);
		count = choose_rules(conf, which);
		assert_int_equal(sl_split_make(&split, conf, which, count), 0);
		for (i = 0; i < split.nparts; i++) {
			assert_true(split.of[i] < count);
			assert_true(!i || split.of[i] >= split.of[i - 1]);
			assert_true(*split.conf.rules[i].text);
		}
		assert_parses(&split);
	}
}

static void test_places(void **state)
{
	_cleanup_(sl_conf_freep) struct sl_conf *conf = must_parse(
		"chain ingress {\n\ta: iifname \"lan*\" drop\n\tb: iifname != \"lan*\" mark set 3\n"
		"\tc: push vlan id 5\n}\nchain egress {\n\td: mark set 4\n}\n");
	const char *why = NULL, *file;
	unsigned int line;

	assert_true(sl_conf_rule_applies(conf, &conf->rules[0], "lan0"));
	assert_false(sl_conf_rule_applies(conf, &conf->rules[0], "wan0"));
	assert_false(sl_conf_rule_applies(conf, &conf->rules[1], "lan0"));
	assert_ptr_equal(sl_conf_skb_rule(conf, "wan0", &why), &conf->rules[1]);
	assert_string_equal(why, "mark");
	assert_ptr_equal(sl_conf_skb_rule(conf, "lan0", &why), &conf->rules[2]);
	assert_true(sl_conf_rule_place(&conf->rules[1], &file, &line));
	assert_int_equal(line, 3);
	assert_false(sl_conf_rule_place(&conf->rules[3], &file, &line));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_random),
		cmocka_unit_test(test_places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
