/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
/* Matches, statements, verdicts and sets beyond the key's fields: what they are printed as. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "rules.h"
#include "rules_equal.h"
#include "rules_random.h"

static const char preamble[] = "geoip \"/geo.mmdb\"\n"
			       "define wan = \"ppp*\"\n"
			       "define cc = { \"id\", th }\n"
			       "define pair = 10.0.0.1 . 53\n"
			       "set addrs { type addr }\n"
			       "set nets { type prefix }\n"
			       "set ports { type port }\n"
			       "set macs { type mac }\n"
			       "set protos { type proto }\n"
			       "set pairs { type addr . port }\n"
			       "set four { type mac . addr . port . proto }\n"
			       "set timed { type addr; timeout 1h }\n"
			       "set flows { type addr . addr . port . port; timeout 1h }\n";

struct row {
	const char *written;
	const char *printed; /* NULL: refused */
};

static const struct row matches[] = {
	{ "iifname eth0 drop", "iifname \"eth0\" drop" },
	{ "iifname \"eth*\" drop", "iifname \"eth*\" drop" },
	{ "iifname != { b, a, b } drop", "iifname != { \"a\", \"b\" } drop" },
	{ "iifname { a, $wan } drop", "iifname { \"a\", \"ppp*\" } drop" },
	{ "meta iifname tcp tcp drop", "iifname \"tcp\" tcp drop" },
	{ "iifname { in, tc } drop", "iifname { \"in\", \"tc\" } drop" },
	{ "oifname eth0 drop", NULL },
	{ "iifname eth0 iifname eth1 drop", NULL },
	{ "iifname { a, b } iifname { c, d } drop", NULL },
	{ "iifname { a, b } iifname { b, c } drop",
	  "iifname { \"a\", \"b\" } iifname { \"b\", \"c\" } drop" },
	{ "iifname \"eth*\" iifname != eth1 drop", "iifname \"eth*\" iifname != \"eth1\" drop" },
	{ "iifname \"eth*\" iifname != \"eth*\" drop", NULL },
	{ "iifname eth0 iifname eth0 drop", "iifname \"eth0\" drop" },
	{ "saddr @addrs saddr != @addrs drop", NULL },
	{ "saddr @addrs daddr != @addrs drop", "saddr @addrs daddr != @addrs drop" },
	{ "saddr country de saddr country != de drop", NULL },
	{ "ether saddr 00:11:22:aa:BB:cc drop", "ether saddr 00:11:22:aa:bb:cc drop" },
	{ "ether daddr != { 0:0:0:0:0:1 } drop", NULL },
	{ "ether daddr != 01:00:5e:00:00:00 - 01:00:5e:7f:ff:ff drop",
	  "ether daddr != 01:00:5e:00:00:00-01:00:5e:7f:ff:ff drop" },
	{ "frame @6,6 00:11:22:33:44:55 drop", "ether saddr 00:11:22:33:44:55 drop" },
	{ "tcp window 0 drop", "tcp window 0 drop" },
	{ "tcp window < 10 drop", "tcp window <= 9 drop" },
	{ "tcp transport @14,2 7 drop", "tcp window 7 drop" },
	{ "transport @14,2 7 drop", "transport @14,2 0x0007 drop" },
	{ "tcp mss < 536 drop", "tcp mss <= 535 drop" },
	{ "tcp mss { 1-2, 9 } drop", "tcp mss { 1-2, 9 } drop" },
	{ "udp length != 8 drop", "udp length != 8 drop" },
	{ "length > 1514 drop", "frame length >= 1515 drop" },
	{ "meta length 60-64 drop", "frame length 60-64 drop" },
	{ "udp frame length 60 drop", "udp frame length 60 drop" },
	{ "ip length 40 drop", "ip length 40 drop" },
	{ "ip6 length != 0 drop", "ip6 length != 0 drop" },
	{ "ip6 length >= 1000 drop", "ip6 length >= 1000 drop" },
	{ "ip length 40 ip6 drop", NULL },
	{ "payload length 0 drop", "payload length 0 drop" },
	{ "dns qtype A reply a 192.0.2.1",
	  "udp dns query dns qtype A dns opcode query reply A 192.0.2.1" },
	{ "udp dport 53 reply AAAA 2001:DB8::1",
	  "udp dport 53 dns query dns opcode query reply AAAA 2001:db8::1" },
	{ "reply NXDOMAIN", "udp dns query dns opcode query reply nxdomain" },
	{ "dns opcode update reply refused", "udp dns query dns opcode update reply refused" },
	{ "app dns drop", "app dns drop" },
	{ "app { quic, dns, tls } drop", "app { dns, tls, quic } drop" },
	{ "tcp app != dns drop", "tcp app != dns drop" },
	{ "udp dport dns app dns drop", "udp dport 53 app dns drop" },
	{ "th dport 53 app dns drop", "th dport 53 app dns drop" },
	{ "dns query drop", "dns query drop" },
	{ "udp dns response drop", "udp dns response drop" },
	{ "flow state established drop flow", "flow state established drop flow" },
	{ "flow state { established, new } accept flow",
	  "flow state { new, established } accept flow" },
	{ "flow state != related drop", "flow state != related drop" },
	{ "flow to client drop", "flow to client drop" },
	{ "flow age > 1h30m drop", "flow age >= 5401 drop" },
	{ "flow packets < 10 drop", "flow packets <= 9 drop" },
	{ "flow bytes >= 1M flow bytes < 8000000000 drop", "flow bytes 1048576-7999999999 drop" },
	{ "dns qtype a drop", "dns qtype A drop" },
	{ "dns qtype { AAAA, 65, 300-400, 9999 } drop",
	  "dns qtype { AAAA, HTTPS, 300-400, 9999 } drop" },
	{ "dns qtype != any drop", "dns qtype != ANY drop" },
	{ "dns qtype >= 128 dns qtype < 256 drop", "dns qtype 128-255 drop" },
	{ "dns opcode query dns rcode > 0 drop", "dns opcode query dns rcode != noerror drop" },
	{ "dns response dns rcode { NXDOMAIN, refused } drop",
	  "dns response dns rcode { nxdomain, refused } drop" },
	{ "exthdr frag exists drop", "exthdr frag exists drop" },
	{ "exthdr rt exists exthdr hbh missing drop", "exthdr hbh missing exthdr rt exists drop" },
	{ "exthdr rt exists exthdr rt missing drop", NULL },
	{ "exthdr rt exists ip drop", NULL },
	{ "payload @0,1 0x16 drop", "payload @0,1 0x16 drop" },
	{ "payload contains \"evil.example\" drop", "payload contains \"evil.example\" drop" },
	{ "payload contains == \"ab\" offset 0 drop", "payload contains \"ab\" drop" },
	{ "payload contains != \"ab\" depth 9 offset 3 nocase drop",
	  "payload contains != \"ab\" nocase offset 3 depth 9 drop" },
	{ "payload contains \"|41 4243|D\\x00\\xFf\\|\\\\\\x22\" drop",
	  "payload contains \"ABCD\\x00\\xff\\|\\\\\\x22\" drop" },
	{ "payload contains { \"b\", \"a\", \"|62|\" } drop",
	  "payload contains { \"b\", \"a\" } drop" },
	{ "payload contains { \"ab\", \"abc\" } depth 10 drop",
	  "payload contains { \"ab\", \"abc\" } depth 10 drop" },
	{ "payload contains \"a\" tcp dport 80 payload contains \"b\" payload contains \"a\" drop",
	  "tcp dport 80 payload contains \"a\" payload contains \"b\" drop" },
	{ "payload contains \"ab\" depth 2 payload contains \"ab\" drop",
	  "payload contains \"ab\" depth 2 payload contains \"ab\" drop" },
	{ "payload contains \"a\" payload contains != \"a\" drop", NULL },
	{ "arp payload contains \"a\" drop", NULL },
	{ "udp payload @8,4 & 0xffffff00 == 0xdeadbe00 drop",
	  "udp payload @8,4 & 0xffffff00 == 0xdeadbe00 drop" },
	{ "payload @8,2 & 0xffff 5 drop", "payload @8,2 0x0005 drop" },
	{ "payload @8,2 & 0xff00 != 0x1200 drop", "payload @8,2 & 0xff00 != 0x1200 drop" },
	{ "payload @8,2 & 0xff00 == 0x1234 drop", NULL },
	{ "payload @8,2 & 0 == 0 drop", NULL },
	{ "payload @8,1 > 255 drop", NULL },
	{ "frame @65535,16 != 0xffffffffffffffffffffffffffffffff drop",
	  "frame @65535,16 != 0xffffffffffffffffffffffffffffffff drop" },
	{ "network @12,4 10.0.0.1 drop", "network @12,4 0x0a000001 drop" },
	{ "network @8,16 2001:db8::1 drop",
	  "network @8,16 0x20010db8000000000000000000000001 drop" },
	{ "network @8,8 2001:db8::1 drop", NULL },
	{ "transport @0,2 { 80, 22-24 } drop", "transport @0,2 { 0x0016-0x0018, 0x0050 } drop" },
	{ "transport @0,2 5 transport @0,2 != 5 drop", NULL },
	{ "transport @0,2 5-9 transport @0,2 != 9 drop", "transport @0,2 0x0005-0x0008 drop" },
	{ "payload @9,1 1 frame @0,1 2 drop", "frame @0,1 0x02 payload @9,1 0x01 drop" },
	{ "arp frame @20,2 1 drop", "arp frame @20,2 0x0001 drop" },
	{ "arp payload @20,2 1 drop", NULL },
	{ "saddr @addrs drop", "saddr @addrs drop" },
	{ "saddr != @nets drop", "saddr != @nets drop" },
	{ "ip saddr @addrs ip daddr @addrs drop", "ip saddr @addrs daddr @addrs drop" },
	{ "saddr @addrs saddr @addrs drop", "saddr @addrs drop" },
	{ "tcp dport @ports drop", "tcp dport @ports drop" },
	{ "th sport @ports drop", "th sport @ports drop" },
	{ "proto { tcp, udp } th sport @ports drop", "proto { tcp, udp } th sport @ports drop" },
	{ "ether saddr @macs drop", "ether saddr @macs drop" },
	{ "proto @protos drop", "proto @protos drop" },
	{ "saddr . dport @pairs drop", "saddr . th dport @pairs drop" },
	{ "daddr . udp sport != @pairs drop", "daddr . udp sport != @pairs drop" },
	{ "ether saddr . saddr . dport . proto @four drop",
	  "ether saddr . saddr . th dport . proto @four drop" },
	{ "saddr . dport { 10.0.0.2 . 80, $pair, 10.0.0.2 . http } drop",
	  "saddr . th dport { 10.0.0.1 . 53, 10.0.0.2 . 80 } drop" },
	{ "saddr . tcp dport != { 10.0.0.8 . 22, 2001:db8::1 . 23 } drop",
	  "saddr . tcp dport != { 10.0.0.8 . 22, 2001:db8::1 . 23 } drop" },
	{ "saddr . tcp dport { 10.0.0.0/8 . 22 } drop", NULL },
	{ "ether saddr . saddr . daddr { 00:11:22:33:44:55 . 10.0.0.1 . 10.0.0.2 } drop", NULL },
	{ "saddr . daddr 10.0.0.1 . 10.0.0.2 drop", "saddr . daddr { 10.0.0.1 . 10.0.0.2 } drop" },
	{ "saddr . daddr 10.0.0.1 . ::1 drop", NULL },
	{ "saddr . daddr { 10.0.0.0/8 . 10.0.0.0/8 } drop", NULL },
	{ "saddr . dport { 10.0.0.1 . 1-2 } drop", NULL },
	{ "saddr @ports drop", NULL },
	{ "saddr @pairs drop", NULL },
	{ "saddr . dport @addrs drop", NULL },
	{ "saddr > @addrs drop", NULL },
	{ "saddr { @addrs } drop", NULL },
	{ "dscp @ports drop", NULL },
	{ "saddr country CN drop", "saddr country cn drop" },
	{ "ip daddr country != { ru, cn, ru } drop", "ip daddr country != { cn, ru } drop" },
	{ "saddr country $cc tcp dport 22 drop", "tcp dport 22 saddr country { id, th } drop" },
	{ "saddr country { in, tc, id } drop", "saddr country { id, in, tc } drop" },
	{ "tcp dport country de drop", NULL },
};

static const struct row statements[] = {
	{ "log", "log" },
	{ "log snap 64 rate 5/minute", "log rate 5/minute burst 5 snap 64" },
	{ "log rate 5/second burst 9 1 in 10 drop", "log rate 5/second burst 9 1 in 10 drop" },
	{ "1 in 100 log", "1 in 100 log" },
	{ "1 in 1 count", "1 in 1 count" },
	{ "1 in 100", "1 in 100 count" },
	{ "limit 10/second drop", "limit 10/second burst 5 drop" },
	{ "limit rate 10/second burst 7 packets accept", "limit 10/second burst 7 accept" },
	{ "limit rate over 10/hour per rule drop", "limit over 10/hour burst 5 drop" },
	{ "limit over 10/day burst 3 per flow drop", "limit over 10/day burst 3 per flow drop" },
	{ "limit 100 kbytes/second per daddr",
	  "limit 100 kbytes/second burst 100 kbytes per daddr count" },
	{ "limit 1 kbytes/second", "limit 1 kbytes/second burst 64 kbytes count" },
	{ "limit 2048 mbytes/minute burst 1025 bytes drop",
	  "limit 2 gbytes/minute burst 1025 bytes drop" },
	{ "limit 5/second 1 in 2 limit over 3/second drop",
	  "limit 5/second burst 5 1 in 2 limit over 3/second burst 5 drop" },
	{ "mark set 16", "mark set 0x10" },
	{ "meta mark set 0x10/0xff count accept", "mark set 0x10/0xff accept" },
	{ "priority set 6", "priority set 6" },
	{ "meta priority set 1:a", "priority set 1:a" },
	{ "priority set 0x10000", "priority set 1:0" },
	{ "set dscp ef accept", "set dscp ef accept" },
	{ "set dscp 3", "set dscp 3" },
	{ "set ttl 64", "set ttl 64" },
	{ "set hoplimit 64", "set ttl 64" },
	{ "set mss 1400", "set mss 1400" },
	{ "set tcp mss 1400", "set mss 1400" },
	{ "set vlan id 5 set vlan pcp 3", "set vlan id 5 set vlan pcp 3" },
	{ "push vlan id 5", "push vlan id 5" },
	{ "push vlan id 4095 pcp 7 accept", "push vlan id 4095 pcp 7 accept" },
	{ "pop vlan", "pop vlan" },
	{ "set payload @0,4 0xdeadbeef", "set payload @0,4 0xdeadbeef" },
	{ "set network @1,1 & 0xf0 0x10", "set network @1,1 & 0xf0 0x10" },
	{ "set frame @0,6 00:11:22:33:44:55", "set frame @0,6 0x001122334455" },
	{ "ban @timed drop", "ban @timed drop" },
	{ "ban daddr @timed", "ban daddr @timed" },
	{ "ban saddr @timed", "ban @timed" },
	{ "ban @flows", "ban @flows" },
	{ "ban saddr . daddr . tcp sport . dport @flows",
	  "ban saddr . daddr . th sport . th dport @flows" },
	{ "mirror eth1", "mirror \"eth1\"" },
	{ "mirror \"eth1\" mirror eth2 redirect eth1",
	  "mirror \"eth1\" mirror \"eth2\" redirect \"eth1\"" },
	{ "reject", "reject" },
	{ "tcp dport 22 reject with tcp reset", "tcp dport 22 reject with tcp reset" },
	{ "reject with tcp reset", "tcp reject with tcp reset" },
	{ "udp reject with tcp reset", NULL },
	{ "reject with icmp type host-unreachable", "ip reject with icmpx host-unreachable" },
	{ "reject with icmpv6 no-route", "ip6 reject with icmpx net-unreachable" },
	{ "reject with icmpx addr-unreachable", "reject with icmpx host-unreachable" },
	{ "ip reject with icmpv6 port-unreachable", NULL },
	{ "accept drop", NULL },
	{ "log tcp drop", NULL },
	{ "limit 5/second tcp drop", NULL },
	{ "log limit 5/second drop", NULL },
	{ "ban @addrs", NULL },
	{ "ban @pairs", NULL },
	{ "ban saddr @flows", NULL },
	{ "set ttl 0", NULL },
	{ "set dscp { 1, 2 }", NULL },
	{ "set tcp dport 5", NULL },
	{ "set payload @0,2 & 0xff00 0x1234", NULL },
	{ "mark set 0x11/0x10", NULL },
	{ "priority set 10000:0", NULL },
	{ "push vlan id 4096", NULL },
	{ "log snap 10000", NULL },
	{ "2 in 10 drop", NULL },
	{ "1 in 0 drop", NULL },
	{ "limit 0/second", NULL },
	{ "limit 9999999999999/second", NULL },
};

static void assert_printed(const struct row *row)
{
	_cleanup_(sl_conf_freep) struct sl_conf *conf = NULL;
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	char text[1024];
	int err;

	snprintf(text, sizeof(text), "%s chain ingress { %s }", preamble, row->written);
	err = sl_conf_parse(&conf, "row", ".", text, &diag);
	if (!row->printed) {
		if (err != -EINVAL)
			fail_msg("'%s' is accepted", row->written);
		return;
	}
	sl_diag_print(&diag, stderr);
	assert_int_equal(err, 0);
	if (strcmp(conf->rules[0].text, row->printed) != 0)
		fail_msg("'%s' is printed as '%s', not '%s'", row->written, conf->rules[0].text,
			 row->printed);
	assert_round_trip(conf);
}

static void test_matches(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(matches) / sizeof(*matches); i++)
		assert_printed(&matches[i]);
}

static void test_statements(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(statements) / sizeof(*statements); i++)
		assert_printed(&statements[i]);
}

static const char sets_written[] = "set a { type addr; elements = { 10.0.0.128/25, 10.0.0.0/25,\n"
				   "2001:db8::1, } }\n"
				   "define more = { 80, 443 }\n"
				   "set b { type port; elements { 22, $more }; size 1M\n"
				   "elements { 81 } }\n"
				   "set c {\n\ttype addr\n\ttimeout 1h30m\n\tcounters\n"
				   "\tfile \"x/*.set\"; file \"/y\"\n}\n"
				   "set d { type mac . addr . proto; size 64k; counters\n"
				   "elements { 00:11:22:33:44:55 . 10.0.0.8 . tcp,\n"
				   "00:11:22:33:44:55 . 10.0.0.8 . 6, ::1 } }\n";

static const char sets_printed[] = "set a {\n\ttype addr\n"
				   "\telements { 10.0.0.0/24, 2001:db8::1 }\n}\n\n"
				   "set b {\n\ttype port\n\tsize 1048576\n"
				   "\telements { 22, 80-81, 443 }\n}\n\n"
				   "set c {\n\ttype addr\n\ttimeout 1h30m\n\tcounters\n"
				   "\tfile \"x/*.set\"\n\tfile \"/y\"\n}\n\n"
				   "set d {\n\ttype mac . addr . proto\n\tsize 65536\n\tcounters\n"
				   "\telements { 00:11:22:33:44:55 . 10.0.0.8 . tcp }\n}\n\n";

static void test_sets(void **state)
{
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	_cleanup_(sl_conf_freep) struct sl_conf *conf = NULL;
	_cleanup_free_ char *text = strdup(sets_written), *printed = NULL;

	/* One element has too few parts. */
	assert_int_equal(sl_conf_parse(&conf, "sets", ".", text, &diag), -EINVAL);
	assert_int_equal(diag.count, 1);
	memcpy(strstr(text, ", ::1 }"), "      }", 7);
	conf = must_parse(text);
	assert_int_equal(sl_conf_print(conf, &printed), 0);
	if (strncmp(printed, sets_printed, strlen(sets_printed)) != 0)
		fail_msg("printed as %s", printed);
	assert_round_trip(conf);
	assert_int_equal(conf->sets[2].timeout_s, 5400);
	assert_false(sl_set_is_plain(&conf->sets[2]));
}

/* Equal countries are one set, equal patterns one pattern, equal ports one port. */
static void test_what_rules_share(void **state)
{
	_cleanup_(sl_conf_freep) struct sl_conf *conf =
		must_parse("geoip \"x\"\nchain ingress {\n"
			   "saddr country { cn, ru } iifname { b, a } redirect eth0\n"
			   "daddr country { ru, cn } iifname { a, b } mirror eth0\n"
			   "saddr country cn iifname a redirect eth1\n}");

	assert_int_equal(conf->nsets, 2);
	assert_int_equal(conf->npatterns, 2);
	assert_string_equal(conf->patterns[0], "a b");
	assert_int_equal(conf->nports, 2);
	assert_int_equal(conf->rules[2].arg, 1);
	assert_true(sl_pattern_matches("a b", "b"));
	assert_false(sl_pattern_matches("a b", "a b"));
	assert_false(sl_pattern_matches("a b", "ab"));
	assert_true(sl_pattern_matches("eth0 lan*", "lan12"));
	assert_false(sl_pattern_matches("", "eth0"));
}

static void test_needs(void **state)
{
	static const struct row rows[] = {
		{ "mark set 1", "mark" },
		{ "log priority set 1 mirror eth0", "priority" },
		{ "mirror eth0 redirect eth1", "mirror" },
		{ "push vlan id 1", "push vlan" },
		{ "pop vlan", "pop vlan" },
		{ "set vlan id 1 set dscp 1 set ttl 1 set mss 1 set payload @0,1 1 log drop",
		  NULL },
		{ "limit 1/second 1 in 2 redirect eth0", NULL },
		{ "reject", NULL },
		{ "tcp dport 443 reject with tcp reset", NULL },
		{ "tls sni a.example reject", "reset to both ends" },
		{ "http path \"/x\" reject with tcp reset", "reset to both ends" },
		{ "app { tls, http, ssh } reject", "reset to both ends" },
		{ "tcp payload contains \"x\" reject", "reset to both ends" },
		{ "tcp dns qname a.example reject", "reset to both ends" },
		{ "tls sni a.example mark set 1 reject", "mark" },
		{ "tls sni a.example reject with icmpx admin-prohibited", NULL },
		{ "tls sni a.example drop", NULL },
		{ "app { tls, quic } reject", NULL },
		{ "app != tls reject", NULL },
		{ "dns qname a.example reject", NULL },
		{ "payload contains \"x\" reject", NULL },
	};
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		_cleanup_(sl_conf_freep) struct sl_conf *conf = NULL;
		const char *why = NULL;
		char text[256];

		snprintf(text, sizeof(text), "chain ingress { %s }", rows[i].written);
		conf = must_parse(text);
		assert_int_equal(sl_conf_rule_needs(&conf->rules[0], &why),
				 rows[i].printed ? SL_NEEDS_SKB : 0);
		assert_string_equal(why ?: "", rows[i].printed ?: "");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_matches), cmocka_unit_test(test_statements),
		cmocka_unit_test(test_sets),	cmocka_unit_test(test_what_rules_share),
		cmocka_unit_test(test_needs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
