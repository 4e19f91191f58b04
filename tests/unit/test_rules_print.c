/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
/* What is printed is one text for one meaning, and reads back equal. */

#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "lexer.h"
#include "names.h"
#include "rules.h"
#include "rules_equal.h"
#include "rules_random.h"
#include "source.h"

static void test_random_round_trips(void **state)
{
	unsigned int seed;

	for (seed = 1; seed <= 1000; seed++) {
		struct random r = { seed * 7919ULL };
		_cleanup_(sl_conf_freep) struct sl_conf *conf = random_whole(&r, 20);

		assert_round_trip(conf);
	}
}

static struct sl_conf *must_load(const char *path)
{
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	struct sl_conf *conf = NULL;
	int err = sl_conf_load(&conf, path, &diag);

	sl_diag_print(&diag, stderr);
	assert_int_equal(err, 0);
	return conf;
}

static void load_all(const char *pattern, size_t least)
{
	glob_t found;
	size_t i;

	assert_int_equal(glob(pattern, 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= least);
	for (i = 0; i < found.gl_pathc; i++) {
		_cleanup_(sl_conf_freep) struct sl_conf *conf = must_load(found.gl_pathv[i]);

		assert_round_trip(conf);
	}
	globfree(&found);
}

static void test_good_files(void **state)
{
	load_all("tests/data/good/*.conf", 4);
}

static void test_shipped_files(void **state)
{
	load_all("configs/*.conf", 6);
}

/* Each fenced block marked sluice is a configuration. */
static void test_examples_in_the_manual(void **state)
{
	_cleanup_(sl_source_freep) struct sl_source *source = NULL;
	unsigned int examples = 0;
	char *from, *to;

	assert_int_equal(sl_source_read(&source, "docs/rules.md"), 0);
	for (from = source->text; (from = strstr(from, "\n```sluice\n")); from = to + 4) {
		_cleanup_(sl_conf_freep) struct sl_conf *conf = NULL;

		from += strlen("\n```sluice\n");
		to = strstr(from, "\n```");
		assert_non_null(to);
		*to = '\0';
		conf = must_parse(from);
		assert_round_trip(conf);
		examples++;
	}
	assert_true(examples >= 10);
}

/* The page's example, as troff has it. */
static void test_example_in_the_page(void **state)
{
	_cleanup_(sl_source_freep) struct sl_source *source = NULL;
	_cleanup_(sl_conf_freep) struct sl_conf *conf = NULL;
	char *from, *to, *escape;

	assert_int_equal(sl_source_read(&source, "docs/man/sluice.conf.5"), 0);
	from = strstr(source->text, ".Sh EXAMPLES\n.Bd -literal\n");
	assert_non_null(from);
	from += strlen(".Sh EXAMPLES\n.Bd -literal\n");
	to = strstr(from, ".Ed\n");
	assert_non_null(to);
	*to = '\0';
	while ((escape = strstr(from, "\\e")))
		memmove(escape + 1, escape + 2, strlen(escape + 2) + 1);
	conf = must_parse(from);
	assert_round_trip(conf);
}

static void assert_has_words(const char *path)
{
	_cleanup_(sl_source_freep) struct sl_source *source = NULL;
	const struct sl_keyword *keyword;
	int token;
	size_t from;

	assert_int_equal(sl_source_read(&source, path), 0);
	for (token = 0; token < 1000; token++) {
		for (from = 0; (keyword = sl_keyword_of(token, &from));) {
			if (!strstr(source->text, keyword->name))
				fail_msg("%s does not have '%s'", path, keyword->name);
		}
	}
}

static void test_manual_has_all_words(void **state)
{
	assert_has_words("docs/rules.md");
}

static void assert_names_all(const char *path)
{
	_cleanup_(sl_source_freep) struct sl_source *source = NULL;
	unsigned int i;

	assert_int_equal(sl_source_read(&source, path), 0);
	for (i = SL_REASON_NONE + 1; i < SL_REASON_MAX_; i++) {
		if (!strstr(source->text, sl_reason_names[i]) ||
		    !strstr(source->text, sl_reason_texts[i] + 1))
			fail_msg("%s does not explain '%s'", path, sl_reason_names[i]);
	}
	for (i = 0; i < SL_CLASS_MAX_; i++) {
		if (!strstr(source->text, sl_class_names[i]))
			fail_msg("%s does not explain '%s'", path, sl_class_names[i]);
	}
}

static void test_manuals_name_all_reasons(void **state)
{
	assert_names_all("docs/rules.md");
	assert_names_all("docs/man/sluice.conf.5");
}

struct row {
	const char *written;
	const char *printed;
};

/* What one rule is printed as. */
static const struct row rows[] = {
	{ "drop", "drop" },
	{ "count", "count" },
	{ "tcp dport 22", "tcp dport 22 count" },
	{ "tcp dport ssh count accept", "tcp dport 22 accept" },
	{ "tcp dport == 22 drop", "tcp dport 22 drop" },
	{ "tcp dport != 22 drop", "tcp dport != 22 drop" },
	{ "tcp dport { 80, 22, 23, 24, 79-81, 22 } drop", "tcp dport { 22-24, 79-81 } drop" },
	{ "tcp dport 0-65535 drop", "tcp dport 0-65535 drop" },
	{ "tcp dport { 0-21, 23-65535 } drop", "tcp dport != 22 drop" },
	{ "tcp dport > 1023 drop", "tcp dport 1024-65535 drop" },
	{ "tcp dport >= 1024 tcp dport < 2000 drop", "tcp dport 1024-1999 drop" },
	{ "tcp dport ssh - http drop", "tcp dport 22-80 drop" },
	{ "th dport domain drop", "th dport 53 drop" },
	{ "proto { tcp, udp } th dport 53 drop", "proto { tcp, udp } th dport 53 drop" },
	{ "not tcp th dport 53 drop", "proto { udp, sctp } th dport 53 drop" },
	{ "tcp th dport 53 drop", "tcp dport 53 drop" },
	{ "tcp sport 1 tcp dport 2 drop", "tcp sport 1 tcp dport 2 drop" },
	{ "tcp drop", "tcp drop" },
	{ "proto tcp drop", "tcp drop" },
	{ "not tcp drop", "proto != tcp drop" },
	{ "meta l4proto 47 drop", "proto gre drop" },
	{ "ip protocol gre drop", "ip proto gre drop" },
	{ "ip6 nexthdr gre drop", "ip6 proto gre drop" },
	{ "proto 200-201 drop", "proto 200-201 drop" },
	{ "ip drop", "ip drop" },
	{ "ethertype ip drop", "ip drop" },
	{ "ether type 0x86dd drop", "ip6 drop" },
	{ "meta protocol arp drop", "arp drop" },
	{ "not ip drop", "ethertype != ip drop" },
	{ "ethertype { ip, ip6 } drop", "ethertype { ip, ip6 } drop" },
	{ "ethertype { ip, ip6 } ttl 1 drop", "ttl 1 drop" },
	{ "ethertype 0x1234 drop", "ethertype 0x1234 drop" },
	{ "ethertype 0x88cc-0x88cd drop", "ethertype 0x88cc-0x88cd drop" },
	{ "ip ttl 1 drop", "ip ttl 1 drop" },
	{ "ip6 hoplimit != 255 drop", "ip6 ttl != 255 drop" },
	{ "dns qname Example.COM drop", "dns qname example.com drop" },
	{ "dns qname == \"example.com.\" drop", "dns qname example.com drop" },
	{ "dns qname != { b.c, *.a.b, .A.b, b.C, \"com\" } drop",
	  "dns qname != { .a.b, b.c, \"com\" } drop" },
	{ "dns qname { a.b, *.a.b } drop", "dns qname .a.b drop" },
	{ "tcp dns qname .a.b drop", "tcp dns qname .a.b drop" },
	{ "tls version >= tls1.2 drop", "tcp tls version >= 771 drop" },
	{ "tls version tls1.3 drop", "tcp tls version tls1.3 drop" },
	{ "tls alpn { h2, \"http/1.1\", h2 } drop", "tls alpn { \"h2\", \"http/1.1\" } drop" },
	{ "http method GET http path \"/A*\" drop", "http method \"GET\" http path \"/A*\" drop" },
	{ "http user-agent != \"*CURL*\" drop", "http user-agent != \"*curl*\" drop" },
	{ "ssh software OpenSSH_9 drop", "ssh software \"openssh_9\" drop" },
	{ "quic version 1 quic type initial drop", "udp quic version 1 quic type initial drop" },
	{ "tcp dport { ssh, http } drop", "tcp dport { 22, 80 } drop" },
	{ "not tcp dns qname .a.b drop", "udp dns qname .a.b drop" },
	{ "proto { tcp, udp } dns qname a.b drop", "dns qname a.b drop" },
	{ "udp dport 53 dns qname a.b drop", "udp dport 53 dns qname a.b drop" },
	{ "ip tcp tls sni 1and1.com drop", "ip tls sni \"1and1.com\" drop" },
	{ "tls sni { 0.a.xn--p1ai, *.1-.b, _x.y, \"-a.b\", \"a.b_\" } drop",
	  "tls sni { \"-a.b\", \"0.a.xn--p1ai\", *.1-.b, _x.y, \"a.b_\" } drop" },
	{ "http host www.a.b http host != .a.b drop", "http host www.a.b http host != .a.b drop" },
	{ "tcp dport http tls sni \"drop\" drop", "tcp dport 80 tls sni \"drop\" drop" },
	{ "saddr 192.0.2.1 drop", "ip saddr 192.0.2.1 drop" },
	{ "saddr 2001:DB8::1 drop", "ip6 saddr 2001:db8::1 drop" },
	{ "saddr { 192.0.2.1, 2001:db8::/32 } drop", "saddr { 192.0.2.1, 2001:db8::/32 } drop" },
	{ "saddr != 192.0.2.1 drop", "saddr != 192.0.2.1 drop" },
	{ "saddr != { 192.0.2.1, 2001:db8::/32 } drop",
	  "saddr != { 192.0.2.1, 2001:db8::/32 } drop" },
	{ "ip saddr != 192.0.2.1 drop", "ip saddr != 192.0.2.1 drop" },
	{ "ip6 saddr != 192.0.2.1-192.0.2.9 drop", NULL },
	{ "ip6 saddr != 192.0.2.1 drop", NULL },
	{ "saddr != 192.0.2.1 ip6 drop", "ip6 saddr ::/0 drop" },
	{ "saddr { 192.0.2.1, 2001:db8::1 } ip drop", "ip saddr 192.0.2.1 drop" },
	{ "saddr { 192.0.2.1, 2001:db8::1 } daddr 192.0.2.2 drop",
	  "ip saddr 192.0.2.1 ip daddr 192.0.2.2 drop" },
	{ "saddr { 10.0.0.0/25, 10.0.0.128/25 } drop", "ip saddr 10.0.0.0/24 drop" },
	{ "saddr 10.0.0.0-10.0.0.255 drop", "ip saddr 10.0.0.0/24 drop" },
	{ "saddr 10.0.0.1-10.0.0.2 drop", "ip saddr 10.0.0.1-10.0.0.2 drop" },
	{ "saddr 0.0.0.0/0 drop", "ip saddr 0.0.0.0/0 drop" },
	{ "saddr ::ffff:192.0.2.1 drop", "ip6 saddr ::ffff:192.0.2.1 drop" },
	{ "saddr 10.0.0.0/8 saddr != 10.0.0.0/9 drop", "ip saddr 10.128.0.0/9 drop" },
	{ "vlan drop", "vlan drop" },
	{ "not vlan drop", "not vlan drop" },
	{ "cvlan drop", "cvlan drop" },
	{ "not cvlan drop", "not cvlan drop" },
	{ "vlan tags 2-3 drop", "vlan tags 2-3 drop" },
	{ "vlan tags > 0 drop", "vlan drop" },
	{ "vlan id 5 drop", "vlan id 5 drop" },
	{ "vlan vlan id 5 drop", "vlan id 5 drop" },
	{ "vlan id 5 vlan tags 1 drop", "vlan tags 1 vlan id 5 drop" },
	{ "vlan id 5 cvlan id 6 drop", "vlan id 5 cvlan id 6 drop" },
	{ "vlan pcp != 0 drop", "vlan pcp != 0 drop" },
	{ "cvlan pcp 3-4 drop", "cvlan pcp 3-4 drop" },
	{ "tcp flags syn drop", "tcp flags & syn == syn drop" },
	{ "tcp flags == syn drop", "tcp flags & (fin|syn|rst|psh|ack|urg|ece|cwr) == syn drop" },
	{ "tcp flags & (syn|ack) == syn drop", "tcp flags & (syn|ack) == syn drop" },
	{ "tcp flags syn / syn,ack drop", "tcp flags & (syn|ack) == syn drop" },
	{ "tcp flags != syn / syn,ack drop", "tcp flags & (syn|ack) != syn drop" },
	{ "tcp flags & syn != 0 drop", "tcp flags & syn == syn drop" },
	{ "tcp flags syn,ack drop", "tcp flags & (syn|ack) != none drop" },
	{ "tcp flags syn|ack drop", "tcp flags & (syn|ack) != none drop" },
	{ "tcp flags none drop", "tcp flags & (fin|syn|rst|psh|ack|urg|ece|cwr) == none drop" },
	{ "tcp flags { syn, syn|ack, rst } drop", "tcp flags { syn, rst, syn|ack } drop" },
	{ "tcp flags { 0-255 } drop", "tcp flags 0-255 drop" },
	{ "icmp drop", "icmp drop" },
	{ "icmpv6 drop", "icmpv6 drop" },
	{ "icmp type 8 drop", "icmp type echo-request drop" },
	{ "icmp type != echo-request drop", "icmp type != echo-request drop" },
	{ "icmp type 3 code port-unreachable drop",
	  "icmp type destination-unreachable code 3 drop" },
	{ "icmp code 3 drop", "icmp code 3 drop" },
	{ "icmpv6 code 3 drop", "icmpv6 code 3 drop" },
	{ "icmpv6 type { 133-136 } drop",
	  "icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, "
	  "nd-neighbor-advert } drop" },
	{ "icmp type 40-50 drop", "icmp type 40-50 drop" },
	{ "fragment any drop", "fragment any drop" },
	{ "fragment != none drop", "fragment any drop" },
	{ "fragment { none, later } drop", "fragment { none, later } drop" },
	{ "fragment != later tcp dport 22 drop", "tcp dport 22 fragment { none, first } drop" },
	{ "dscp ef drop", "dscp ef drop" },
	{ "dscp { 46, 47 } drop", "dscp 46-47 drop" },
	{ "ttl <= 1 drop", "ttl 0-1 drop" },
	{ "inner tcp dport ssh inner ip saddr 10.0.0.1 drop",
	  "inner ip saddr 10.0.0.1 inner tcp dport 22 drop" },
	{ "inner icmp type 3 code 4 drop", "inner icmp type destination-unreachable code 4 drop" },
	{ "inner inner arp inner ttl 3 drop", "inner ttl 3 inner inner arp drop" },
	{ "inner ip tunnel any drop", "inner ip drop" },
	{ "inner ip protocol 6 drop", "inner ip inner tcp drop" },
	{ "inner ip6 nexthdr udp drop", "inner ip6 inner udp drop" },
	{ "inner ip ttl 1 drop", "inner ip inner ttl 1 drop" },
	{ "inner ip6 hoplimit 1 drop", "inner ip6 inner ttl 1 drop" },
	{ "inner inner ip dscp ef drop", "inner inner ip inner inner dscp ef drop" },
	{ "inner ip6 dscp ef drop", "inner ip6 inner dscp ef drop" },
	{ "tunnel { gtp, none, vxlan } drop", "tunnel { none, vxlan, gtp } drop" },
	{ "tunnel 1-5 drop", "tunnel any drop" },
	{ "udp vxlan vni 5 drop", "vxlan vni 5 drop" },
	{ "udp dport 4789 tunnel vxlan drop", "udp dport 4789 tunnel vxlan drop" },
	{ "gre key != 5 inner tunnel != gre drop",
	  "gre key != 5 inner tunnel { none, ipip, vxlan, geneve, gtp } drop" },
	{ "udp inner saddr 10.0.0.1 drop", "udp inner ip saddr 10.0.0.1 drop" },
	{ "proto { 4, gre } inner udp drop", "proto { ipip, gre } inner udp drop" },
};

static void assert_printed(const struct row *row)
{
	_cleanup_(sl_conf_freep) struct sl_conf *conf = NULL;
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	char text[256];
	int err;

	snprintf(text, sizeof(text), "chain ingress { %s }", row->written);
	err = sl_conf_parse(&conf, "row", ".", text, &diag);
	if (!row->printed) {
		assert_int_equal(err, -EINVAL);
		return;
	}
	sl_diag_print(&diag, stderr);
	assert_int_equal(err, 0);
	if (strcmp(conf->rules[0].text, row->printed) != 0)
		fail_msg("'%s' is printed as '%s', not '%s'", row->written, conf->rules[0].text,
			 row->printed);
	assert_round_trip(conf);
}

static void test_canonical_rules(void **state)
{
	size_t i;

	for (i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		assert_printed(&rows[i]);
}

static void test_whole(void **state)
{
	_cleanup_(sl_conf_freep) struct sl_conf *conf =
		must_parse("interface eth0 { xdp native priority 7; tc egress, ingress }\n"
			   "interface \"lan*\" { tc ingress }\n"
			   "on unsupported drop; on llc accept\n"
			   "on malformed accept; on bad-ihl drop\n"
			   "chain egress { ssh: tcp dport ssh; policy drop; }\n");
	_cleanup_free_ char *text = NULL;

	assert_int_equal(sl_conf_print(conf, &text), 0);
	assert_string_equal(text, "interface \"eth0\" {\n"
				  "\txdp native priority 7\n"
				  "\ttc ingress, egress\n"
				  "}\n"
				  "\n"
				  "interface \"lan*\" {\n"
				  "\txdp off\n"
				  "\ttc ingress\n"
				  "}\n"
				  "\n"
				  "on malformed accept\n"
				  "on bad-ihl drop\n"
				  "on unsupported drop\n"
				  "on llc accept\n"
				  "on deep drop\n"
				  "on orphan drop\n"
				  "on error drop\n"
				  "on unsent drop\n"
				  "on undone accept\n"
				  "on pending accept\n"
				  "on undecided accept\n"
				  "on blind accept\n"
				  "\n"
				  "chain ingress {\n"
				  "\tpolicy accept\n"
				  "}\n"
				  "\n"
				  "chain egress {\n"
				  "\tpolicy drop\n"
				  "\tssh: tcp dport 22 count\n"
				  "}\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_canonical_rules),
		cmocka_unit_test(test_whole),
		cmocka_unit_test(test_random_round_trips),
		cmocka_unit_test(test_good_files),
		cmocka_unit_test(test_shipped_files),
		cmocka_unit_test(test_examples_in_the_manual),
		cmocka_unit_test(test_manuals_name_all_reasons),
		cmocka_unit_test(test_example_in_the_page),
		cmocka_unit_test(test_manual_has_all_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
