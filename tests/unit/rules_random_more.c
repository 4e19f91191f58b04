/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
/* Sets, matches beyond the key, statements: what of the language rules_random.c leaves out. */

#include "rules_random.h"

void random_sets(struct random *r, struct sl_buf *b)
{
	static const char *const extras[] = {
		"",
		"; size 64k",
		"; counters",
		"; file \"none/*.set\"; size 100",
	};

	sl_buf_add(b, "geoip \"/geo.mmdb\"\n");
	sl_buf_add(b, "set addrs { type addr%s", PICK(r, extras));
	if (random_chance(r, 50))
		sl_buf_add(b, "; elements { 10.0.0.%u, 2001:db8::%x }", random_below(r, 256),
			   random_below(r, 256));
	sl_buf_add(b, " }\nset nets { type prefix%s; elements { 10.%u.0.0/16, 10.0.%u.0/24 } }\n",
		   PICK(r, extras), random_below(r, 4), random_below(r, 4));
	sl_buf_add(b, "set ports { type port; elements { %u, ssh } }\n", random_below(r, 65536));
	sl_buf_add(b, "set macs { type mac%s }\n", PICK(r, extras));
	sl_buf_add(b, "set protos { type proto; elements { tcp, %u } }\n", random_below(r, 256));
	sl_buf_add(b, "set pairs { type addr . port%s; elements { 10.0.0.%u . %u, ::1 . 22 } }\n",
		   PICK(r, extras), random_below(r, 256), random_below(r, 65536));
	sl_buf_add(b, "set timed { type addr; timeout %u%c }\n", 1 + random_below(r, 400),
		   "smhd"[random_below(r, 4)]);
	sl_buf_add(b, "set flows { type addr . addr . port . port; timeout 90s; size 1k }\n");
}

static const char *const compares[] = { "", "== ", "!= ", "< ", "> ", "<= ", ">= " };

static void number(struct random *r, struct sl_buf *b, const char *name, unsigned int below)
{
	unsigned int low = random_below(r, below);

	sl_buf_add(b, "%s ", name);
	if (random_chance(r, 40))
		sl_buf_add(b, "%s%u", PICK(r, compares), low);
	else if (random_chance(r, 50))
		sl_buf_add(b, "%s%u-%u", random_chance(r, 30) ? "!= " : "", low,
			   low + random_below(r, below - low));
	else
		sl_buf_add(b, "{ %u, %u, %u }", low, random_below(r, below),
			   random_below(r, below));
}

static void match_number(struct random *r, struct sl_buf *b)
{
	static const char *const names[] = {
		"tcp window",	"udp length",	  "ip length", "ip6 length",  "tcp mss",
		"frame length", "payload length", "length",    "meta length",
	};

	number(r, b, PICK(r, names), 65536);
}

static void mac(struct random *r, struct sl_buf *b)
{
	sl_buf_add(b, "02:00:00:00:00:%02x", random_below(r, 256));
}

static void match_mac(struct random *r, struct sl_buf *b)
{
	sl_buf_add(b, "ether %caddr %s{ ", "sd"[random_below(r, 2)],
		   random_chance(r, 30) ? "!= " : "");
	mac(r, b);
	sl_buf_add(b, ", ");
	mac(r, b);
	sl_buf_add(b, " }");
}

static void hex(struct random *r, struct sl_buf *b, unsigned int bytes)
{
	sl_buf_add(b, "0x");
	while (bytes--)
		sl_buf_add(b, "%02x", random_below(r, 256));
}

static void match_raw(struct random *r, struct sl_buf *b)
{
	static const char *const bases[] = { "frame", "network", "transport", "payload" };
	unsigned int length = 1 + random_below(r, 16);

	sl_buf_add(b, "%s @%u,%u ", PICK(r, bases),
		   random_below(r, random_chance(r, 80) ? 64 : 65536), length);
	if (random_chance(r, 30)) {
		sl_buf_add(b, "& ");
		hex(r, b, length);
		sl_buf_add(b, " %s 0", random_chance(r, 50) ? "==" : "!=");
		return;
	}
	sl_buf_add(b, "%s", PICK(r, compares));
	hex(r, b, length);
}

static void match_set(struct random *r, struct sl_buf *b)
{
	static const char *const texts[] = {
		"saddr @addrs",
		"ip saddr != @addrs",
		"daddr @nets",
		"ip6 daddr @timed",
		"tcp dport @ports",
		"th sport != @ports",
		"ether saddr @macs",
		"proto @protos",
		"saddr . dport @pairs",
		"ip daddr . udp sport != @pairs",
		"saddr . daddr . tcp sport . dport @flows",
		"saddr . dport { 10.0.0.1 . 22, 10.0.0.2 . 80 }",
		"saddr . tcp dport != { 10.0.0.9 . 443, ::1 . 22 }",
		"ether saddr . proto { 00:11:22:33:44:55 . 6 }",
		"saddr country { cn, ru }",
		"ip6 daddr country != de",
	};

	sl_buf_add(b, "%s", PICK(r, texts));
}

static void match_iface(struct random *r, struct sl_buf *b, const char *dir)
{
	static const char *const values[] = { "eth0", "\"lan*\"", "!= eth0",
					      "{ eth1, \"e*\", eth0 }", "!= { a, b }" };

	sl_buf_add(b, "%cifname %s", *dir, PICK(r, values));
}

static void match_exthdr(struct random *r, struct sl_buf *b)
{
	static const char *const names[] = {
		"hbh", "rt", "frag", "dst", "ah", "esp", "mh", "other"
	};

	sl_buf_add(b, "exthdr %s %s", PICK(r, names), random_chance(r, 50) ? "exists" : "missing");
}

static void match_name(struct random *r, struct sl_buf *b)
{
	static const char *const texts[] = {
		"dns qname example.com",
		"dns qname != *.example.com",
		"dns qname { a.b, .c.d, *.e.f, \"com\" }",
		"tls sni .example.org",
		"tls sni != { www.example.org, 1.b.c }",
		"http host \"Example.net.\"",
	};

	sl_buf_add(b, "%s", PICK(r, texts));
}

void random_match(struct random *r, struct sl_buf *b, const char *dir)
{
	switch (random_below(r, 9)) {
	case 8:
		match_name(r, b);
		break;
	case 0:
		match_iface(r, b, dir);
		break;
	case 1:
		match_mac(r, b);
		break;
	case 2:
		match_exthdr(r, b);
		break;
	case 3:
	case 4:
		match_number(r, b);
		break;
	case 5:
		match_raw(r, b);
		break;
	default:
		match_set(r, b);
		break;
	}
}

static void limit(struct random *r, struct sl_buf *b)
{
	static const char *const units[] = { "", " bytes", " kbytes", " mbytes" };
	static const char *const times[] = { "second", "minute", "hour", "day" };
	static const char *const keys[] = { "", " per rule", " per saddr", " per daddr",
					    " per flow" };
	const char *unit = PICK(r, units);

	if (random_chance(r, 30)) {
		sl_buf_add(b, "1 in %u ", 1 + random_below(r, 1000));
		return;
	}
	sl_buf_add(b, "limit %s%u%s/%s", random_chance(r, 50) ? "over " : "",
		   1 + random_below(r, 5000), unit, PICK(r, times));
	if (random_chance(r, 50))
		sl_buf_add(b, " burst %u%s", 1 + random_below(r, 5000), unit);
	sl_buf_add(b, "%s ", PICK(r, keys));
}

static void statement(struct random *r, struct sl_buf *b)
{
	static const char *const texts[] = {
		"count",	  "log",
		"log snap 64",	  "log rate 5/minute burst 7 1 in 10",
		"mark set 5",	  "mark set 0x10/0xf0",
		"priority set 6", "priority set 1:10",
		"set dscp ef",	  "set dscp 3",
		"set ttl 64",	  "set mss 1400",
		"set vlan id 7",  "set vlan pcp 3",
		"push vlan id 9", "push vlan id 9 pcp 1",
		"pop vlan",	  "set payload @0,4 0xdeadbeef",
		"ban @timed",	  "set network @1,1 & 0xfc 0x20",
		"ban @flows",	  "ban daddr @timed",
		"mirror eth7",	  "ban saddr . daddr . th sport . dport @flows",
	};

	sl_buf_add(b, "%s ", PICK(r, texts));
}

void random_statements(struct random *r, struct sl_buf *b)
{
	static const char *const verdicts[] = {
		"count",
		"accept",
		"drop",
		"reject",
		"reject with tcp reset",
		"reject with icmpx port-unreachable",
		"reject with icmp admin-prohibited",
		"reject with icmpv6 no-route",
		"redirect eth7",
		"redirect \"eth8\"",
	};
	unsigned int i;

	for (i = random_below(r, 3); i > 0; i--)
		limit(r, b);
	for (i = random_below(r, 3); i > 0; i--)
		statement(r, b);
	sl_buf_add(b, "%s", PICK(r, verdicts));
}
