/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
/* Two configurations, and how they differ in words of the language. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "rules.h"
#include "rules_random.h"

static int print_change(void *arg, const struct sl_conf_change *change)
{
	sl_conf_change_print(change, arg);
	return 0;
}

static void assert_diff(const char *before, const char *after, const char *expected)
{
	_cleanup_(sl_conf_freep) struct sl_conf *old = must_parse(before), *new = must_parse(after);
	_cleanup_free_ char *said = NULL;
	size_t size = 0;
	FILE *to = open_memstream(&said, &size);

	assert_non_null(to);
	assert_int_equal(sl_conf_diff(old, new, print_change, to), 0);
	fclose(to);
	assert_string_equal(said, expected);
}

static void test_nothing(void **state)
{
	assert_diff("", "", "");
	assert_diff("chain ingress { policy accept; a: tcp dport ssh drop }",
		    "# other words\nchain ingress { a: tcp dport { 22 } count drop\n}", "");
}

static void test_named_rules(void **state)
{
	assert_diff("chain ingress {\na: tcp drop\nb: udp drop\nc: sctp drop\n}",
		    "chain ingress {\na: tcp drop\nb: udp accept\nd: icmp drop\n}",
		    "- ingress c: sctp drop\n"
		    "- ingress b: udp drop\n+ ingress b: udp accept\n"
		    "+ ingress d: icmp drop\n");
}

static void test_moved_rules(void **state)
{
	assert_diff("chain egress {\na: tcp drop\nb: udp drop\nc: sctp drop\nd: icmp drop\n}",
		    "chain egress {\nd: icmp drop\na: tcp drop\nb: udp drop\nc: sctp drop\n}",
		    "~ egress d: icmp drop  (was number 4, is number 1)\n");
	/* Changed and moved: only changed. */
	assert_diff("chain egress {\na: tcp drop\nb: udp drop\n}",
		    "chain egress {\nb: udp accept\na: tcp drop\n}",
		    "- egress b: udp drop\n+ egress b: udp accept\n");
}

static void test_unnamed_rules(void **state)
{
	assert_diff("chain ingress {\ntcp drop\nudp drop\nudp drop\n}",
		    "chain ingress {\nicmp drop\ntcp drop\nudp drop\n}",
		    "- ingress: udp drop\n+ ingress: icmp drop\n");
}

static void test_all_else(void **state)
{
	assert_diff("interface eth0 { xdp auto }\ninterface eth1 { xdp auto }\n"
		    "set a { type addr; file \"/x\" }\nset b { type port; elements { 1 } }\n"
		    "on bad-ihl accept\nchain ingress { policy drop }",
		    "geoip \"/g.mmdb\"\n"
		    "interface eth1 { xdp auto; tc egress }\ninterface eth2 { xdp off }\n"
		    "set b { type port; elements { 2, 1 } }\nset c { type mac }\n"
		    "on deep accept\nchain egress { policy drop }",
		    "+ geoip /g.mmdb\n"
		    "- interface \"eth0\" {\n- \txdp auto\n- }\n"
		    "- interface \"eth1\" {\n- \txdp auto\n- }\n"
		    "+ interface \"eth1\" {\n+ \txdp auto\n+ \ttc egress\n+ }\n"
		    "+ interface \"eth2\" {\n+ \txdp off\n+ }\n"
		    "- set a {\n- \ttype addr\n- \tfile \"/x\"\n- }\n"
		    "- set b {\n- \ttype port\n- \telements { 1 }\n- }\n"
		    "+ set b {\n+ \ttype port\n+ \telements { 1-2 }\n+ }\n"
		    "+ set c {\n+ \ttype mac\n+ }\n"
		    "- on vlan-depth drop\n+ on vlan-depth accept\n"
		    "- on bad-ihl accept\n+ on bad-ihl drop\n"
		    "- on exthdr-depth drop\n+ on exthdr-depth accept\n"
		    "- ingress: policy drop\n+ ingress: policy accept\n"
		    "- egress: policy accept\n+ egress: policy drop\n");
}

/* The order of interface clauses says which one counts; that of sets says nothing. */
static void test_orders(void **state)
{
	assert_diff("interface \"e*\" { xdp off }\ninterface eth0 { xdp off }\n"
		    "set a { type addr }\nset b { type addr }\n",
		    "interface eth0 { xdp off }\ninterface \"e*\" { xdp off }\n"
		    "set b { type addr }\nset a { type addr }\n",
		    "~ interface \"eth0\" {\n~ \txdp off\n~ }  (was number 2, is number 1)\n");
}

static int stop(void *arg, const struct sl_conf_change *change)
{
	++*(int *)arg;
	return 7;
}

static void test_callback_ends_it(void **state)
{
	_cleanup_(sl_conf_freep) struct sl_conf *old = must_parse("chain ingress { tcp; udp }");
	_cleanup_(sl_conf_freep) struct sl_conf *new = must_parse("");
	int calls = 0;

	assert_int_equal(sl_conf_diff(old, new, stop, &calls), 7);
	assert_int_equal(calls, 1);
}

/* With itself, no configuration differs; from nothing, by all of its rules. */
static void test_random(void **state)
{
	unsigned int seed;

	for (seed = 1; seed <= 100; seed++) {
		struct random r = { seed * 31ULL };
		_cleanup_(sl_conf_freep) struct sl_conf *conf = random_whole(&r, 20);
		int calls = 0;

		assert_int_equal(sl_conf_diff(conf, conf, stop, &calls), 0);
		assert_int_equal(calls, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing),		 cmocka_unit_test(test_named_rules),
		cmocka_unit_test(test_moved_rules),	 cmocka_unit_test(test_unnamed_rules),
		cmocka_unit_test(test_all_else),	 cmocka_unit_test(test_orders),
		cmocka_unit_test(test_callback_ends_it), cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
