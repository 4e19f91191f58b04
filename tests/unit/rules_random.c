/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "rules_random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "names.h"

/* splitmix64 */
__u64 random_next(struct random *r)
{
	__u64 z = r->state += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

unsigned int random_below(struct random *r, unsigned int below)
{
	return (unsigned int)(random_next(r) % below);
}

bool random_chance(struct random *r, unsigned int percent)
{
	return random_below(r, 100) < percent;
}

/* Whether rules keep to the key's fields and to counting, accepting and dropping. */
struct kind {
	bool plain;
};

/* Few addresses, near each other, so that rules overlap. */
static void addr4(struct random *r, struct sl_buf *b)
{
	unsigned int host = random_below(r, 256), kind = random_below(r, 4);

	if (kind == 0)
		sl_buf_add(b, "10.0.%u.%u", random_below(r, 2), host);
	else if (kind == 1)
		sl_buf_add(b, "10.0.%u.0/%u", random_below(r, 4), 22 + random_below(r, 3));
	else if (kind == 2)
		sl_buf_add(b, "10.0.0.%u-10.0.%u.%u", host, 1 + random_below(r, 2),
			   random_below(r, 256));
	else
		sl_buf_add(b, "%u.0.0.0/%u", random_below(r, 4) * 64, random_below(r, 3));
}

static void addr6(struct random *r, struct sl_buf *b)
{
	unsigned int host = random_below(r, 0x10000), kind = random_below(r, 4);

	if (kind == 0)
		sl_buf_add(b, "2001:db8::%x", host & 0xff);
	else if (kind == 1)
		sl_buf_add(b, "2001:db8:%x::/%u", random_below(r, 4), 46 + random_below(r, 3));
	else if (kind == 2)
		sl_buf_add(b, "2001:db8::ffff:ffff:%x-2001:db8:0:1::%x", host,
			   random_below(r, 0x10000));
	else
		sl_buf_add(b, "::/%u", random_below(r, 2));
}

typedef void value_fn(struct random *r, struct sl_buf *b);

static void number(struct random *r, struct sl_buf *b, unsigned int max)
{
	unsigned int low = random_below(r, max + 1);

	sl_buf_add(b, "%u", low);
	if (random_chance(r, 30))
		sl_buf_add(b, "-%u", low + random_below(r, max + 1 - low));
}

static void port(struct random *r, struct sl_buf *b)
{
	static const char *const some[] = { "22", "80", "53", "0", "65535", "ssh", "1024-65535" };

	if (random_chance(r, 50))
		sl_buf_add(b, "%s", PICK(r, some));
	else
		number(r, b, 65535);
}

static void vlan_id(struct random *r, struct sl_buf *b)
{
	number(r, b, random_chance(r, 50) ? 3 : 4095);
}

static void three_bits(struct random *r, struct sl_buf *b)
{
	number(r, b, 7);
}

static void tag_count(struct random *r, struct sl_buf *b)
{
	number(r, b, 4);
}

static void byte(struct random *r, struct sl_buf *b)
{
	number(r, b, 255);
}

static void dscp(struct random *r, struct sl_buf *b)
{
	number(r, b, 63);
}

static void proto(struct random *r, struct sl_buf *b)
{
	static const char *const some[] = { "tcp", "udp", "sctp", "icmp", "icmpv6", "gre", "0-50" };

	if (random_chance(r, 80))
		sl_buf_add(b, "%s", PICK(r, some));
	else
		byte(r, b);
}

static void ethertype(struct random *r, struct sl_buf *b)
{
	static const char *const some[] = { "ip", "ip6", "arp", "0x88cc", "lldp", "0x0000-0x0800" };

	sl_buf_add(b, "%s", PICK(r, some));
}

static void fragment(struct random *r, struct sl_buf *b)
{
	static const char *const some[] = { "none", "first", "later", "any" };

	sl_buf_add(b, "%s", PICK(r, some));
}

/* [!=] value, or a set. */
static void values(struct random *r, struct sl_buf *b, value_fn *one, value_fn *other)
{
	unsigned int i, count = random_chance(r, 60) ? 1 : 1 + random_below(r, 4);

	if (random_chance(r, 20))
		sl_buf_add(b, " !=");
	sl_buf_add(b, count > 1 ? " { " : " ");
	for (i = 0; i < count; i++) {
		sl_buf_add(b, i ? ", " : "");
		(other && random_chance(r, 50) ? other : one)(r, b);
	}
	sl_buf_add(b, count > 1 ? " }" : "");
}

static void flags(struct random *r, struct sl_buf *b)
{
	static const char *const some[] = {
		" syn",
		" & (syn|ack) == syn",
		" != syn|ack",
		" syn,ack / syn,ack",
		" & (fin|syn|rst|psh|ack|urg) == none",
		" == none",
		" { syn, syn|ack, 255 }",
		" & rst != 0",
		" 0-255",
		" 3-77",
	};

	sl_buf_add(b, "tcp flags%s", PICK(r, some));
}

static void direction(struct random *r, struct sl_buf *b, const char *what)
{
	sl_buf_add(b, "%c%s", "sd"[random_below(r, 2)], what);
}

static void match_addr(struct random *r, struct sl_buf *b)
{
	unsigned int kind = random_below(r, 3);

	sl_buf_add(b, "%s", kind == 0 ? "ip " : kind == 1 ? "ip6 " : "");
	direction(r, b, "addr");
	values(r, b, kind == 1 ? addr6 : addr4, kind == 2 ? addr6 : NULL);
}

static void match_transport(struct random *r, struct sl_buf *b)
{
	static const char *const names[] = { "tcp ", "udp ", "sctp ", "th " };

	switch (random_below(r, 8)) {
	case 0:
		sl_buf_add(b, "proto");
		values(r, b, proto, NULL);
		break;
	case 1:
		flags(r, b);
		break;
	case 2:
		sl_buf_add(b, random_chance(r, 50) ? "icmp type" : "icmpv6 type");
		values(r, b, byte, NULL);
		if (random_chance(r, 50)) {
			sl_buf_add(b, " code");
			values(r, b, byte, NULL);
		}
		break;
	case 3:
		sl_buf_add(b, random_chance(r, 50) ? "tcp" : "not udp");
		break;
	default:
		sl_buf_add(b, "%s", PICK(r, names));
		direction(r, b, "port");
		values(r, b, port, NULL);
		break;
	}
}

static void match_link(struct random *r, struct sl_buf *b)
{
	static const char *const words[] = { "vlan", "cvlan", "not vlan", "ip", "ip6", "not ip" };

	switch (random_below(r, 6)) {
	case 0:
		sl_buf_add(b, "%s", PICK(r, words));
		break;
	case 1:
		sl_buf_add(b, "ethertype");
		values(r, b, ethertype, NULL);
		break;
	case 2:
		sl_buf_add(b, "vlan tags");
		values(r, b, tag_count, NULL);
		break;
	case 3:
		sl_buf_add(b, random_chance(r, 70) ? "vlan pcp" : "cvlan pcp");
		values(r, b, three_bits, NULL);
		break;
	default:
		sl_buf_add(b, random_chance(r, 70) ? "vlan id" : "cvlan id");
		values(r, b, vlan_id, NULL);
		break;
	}
}

static void match_other(struct random *r, struct sl_buf *b)
{
	switch (random_below(r, 3)) {
	case 0:
		sl_buf_add(b, "ttl");
		values(r, b, byte, NULL);
		break;
	case 1:
		sl_buf_add(b, "dscp");
		values(r, b, dscp, NULL);
		break;
	default:
		sl_buf_add(b, "fragment");
		values(r, b, fragment, NULL);
		break;
	}
}

static void plain_rule(struct random *r, struct sl_buf *b)
{
	static const char *const actions[] = { "accept", "drop", "count", "count drop", "accept" };
	unsigned int i, matches = random_below(r, 4);

	for (i = 0; i < matches; i++) {
		unsigned int kind = random_below(r, 10);

		(kind < 3   ? match_addr
		 : kind < 7 ? match_transport
		 : kind < 9 ? match_link
			    : match_other)(r, b);
		sl_buf_add(b, " ");
	}
	sl_buf_add(b, "%s", PICK(r, actions));
}

static void any_rule(struct random *r, struct sl_buf *b, const char *dir)
{
	unsigned int i;

	for (i = random_below(r, 3); i > 0; i--) {
		random_match(r, b, dir);
		sl_buf_add(b, " ");
	}
	if (random_chance(r, 50)) {
		plain_rule(r, b);
		return;
	}
	random_statements(r, b);
}

static void rule(struct random *r, struct sl_buf *b, const struct kind *kind, const char *dir,
		 unsigned int number_)
{
	sl_buf_add(b, "\t");
	if (random_chance(r, 50))
		sl_buf_add(b, "rule-%u: ", number_);
	if (kind->plain)
		plain_rule(r, b);
	else
		any_rule(r, b, dir);
	sl_buf_add(b, "\n");
}

static void chain(struct random *r, struct sl_buf *b, const struct kind *kind, const char *name,
		  unsigned int rules)
{
	unsigned int i;

	sl_buf_add(b, "chain %s {\n", name);
	if (random_chance(r, 80))
		sl_buf_add(b, "\tpolicy %s\n", random_chance(r, 50) ? "accept" : "drop");
	for (i = 0; i < rules; i++)
		rule(r, b, kind, name, i);
	sl_buf_add(b, "}\n");
}

static void random_conf(struct random *r, struct sl_buf *text, const struct kind *kind,
			unsigned int rules)
{
	unsigned int i;

	if (!kind->plain)
		random_sets(r, text);
	for (i = random_below(r, 3); i > 0; i--)
		sl_buf_add(text, "interface \"%s%u%s\" { xdp %s priority %u; tc %s }\n",
			   random_chance(r, 50) ? "eth" : "lan", i, random_chance(r, 30) ? "*" : "",
			   sl_xdp_mode_names[random_below(r, SL_XDP_MODE_MAX_)],
			   random_below(r, 100),
			   random_chance(r, 50) ? "ingress" : "egress, ingress");
	for (i = random_below(r, 4); i > 0; i--)
		sl_buf_add(text, "on %s %s\n",
			   random_chance(r, 50)
				   ? sl_class_names[random_below(r, SL_CLASS_MAX_)]
				   : sl_reason_names[1 + random_below(r, SL_REASON_MAX_ - 1)],
			   random_chance(r, 50) ? "drop" : "accept");
	chain(r, text, kind, "ingress", rules);
	if (random_chance(r, 50))
		chain(r, text, kind, "egress", rules / 2);
}

/* Rules that contradict themselves are frequent and left out, one by one, by their lines. */
static bool drop_bad_lines(struct sl_buf *text, const struct sl_diag *diag)
{
	bool dropped = false;
	size_t i;

	for (i = 0; i < diag->count; i++) {
		unsigned int line = 1;
		char *c = text->text;

		if (diag->entries[i].severity != SL_ERROR)
			continue;
		for (; line < diag->entries[i].line; c++)
			line += *c == '\n';
		/* As a comment: the other lines keep their numbers. */
		*c = '#';
		dropped = true;
	}
	return dropped;
}

static struct sl_conf *parsed(struct random *r, const struct kind *kind, unsigned int rules)
{
	struct sl_conf *conf = NULL;
	struct sl_buf text = {};
	struct sl_diag diag = {};
	int tries;

	random_conf(r, &text, kind, rules);
	for (tries = 0; tries < 40; tries++) {
		int err = sl_conf_parse(&conf, "random", ".", text.text, &diag);

		if (!err)
			break;
		if (tries == 39 || !drop_bad_lines(&text, &diag)) {
			sl_diag_print(&diag, stderr);
			fail_msg("no good configuration");
		}
		sl_diag_clear(&diag);
	}
	sl_diag_clear(&diag);
	sl_buf_clear(&text);
	return conf;
}

struct sl_conf *random_whole(struct random *r, unsigned int rules)
{
	return parsed(r, &(struct kind) {}, rules);
}

struct sl_conf *random_parsed(struct random *r, unsigned int rules)
{
	return parsed(r, &(struct kind) { .plain = true }, rules);
}

struct sl_conf *must_parse(const char *text)
{
	struct sl_conf *conf = NULL;
	struct sl_diag diag = {};
	int err = sl_conf_parse(&conf, "test", ".", text, &diag);

	if (err) {
		fprintf(stderr, "%s\n", text);
		sl_diag_print(&diag, stderr);
	}
	sl_diag_clear(&diag);
	assert_int_equal(err, 0);
	return conf;
}
