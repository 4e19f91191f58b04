// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* The classifiers u32 and flower of tc, at clsact's ingress. */

#include "peers.h"

#define MOST 1000

static const char *u32_cannot(const struct work *work)
{
	if (work_is_set(work))
		return "has no sets";
	return work->count > MOST ? "numbers 4,095 filters in a list, and ranges take several"
				  : NULL;
}

static const char *flower_cannot(const struct work *work)
{
	return work_is_set(work) ? "has no sets" : NULL;
}

static void print_addrs(FILE *to, const struct gen_rule *rule, bool six, const char *source,
			const char *destination)
{
	for (int side = 0; side < 2; side++) {
		if (!rule->addr[side].len)
			continue;
		fprintf(to, " %s ", side ? destination : source);
		gen_print_prefix(&rule->addr[side], six, to);
	}
}

static unsigned int proto_of(const struct gen_rule *rule, bool six)
{
	return rule->proto == 1 && six ? 58 : rule->proto;
}

/* --- u32: bits under a mask; a range of ports becomes several filters --- */

/* The largest aligned piece that begins at low and ends by high. */
static unsigned int piece(unsigned int low, unsigned int high)
{
	unsigned int size = low ? low & -low : 65536;

	while (low + size - 1 > high)
		size /= 2;
	return size;
}

struct pieces {
	unsigned int low[2]; /* source, destination */
	unsigned int size[2];
};

static void print_u32(FILE *to, const struct gen_rule *rule, bool six, const struct pieces *pieces)
{
	const char *ip = six ? "ip6" : "ip";

	fprintf(to, "filter add dev b0 ingress protocol %s pref 1 u32", six ? "ipv6" : "ip");
	print_addrs(to, rule, six, six ? "match ip6 src" : "match ip src",
		    six ? "match ip6 dst" : "match ip dst");
	if (rule->proto)
		fprintf(to, " match %s protocol %u 0xff", ip, proto_of(rule, six));
	for (int side = 0; side < 2; side++)
		if (pieces->size[side] < 65536)
			fprintf(to, " match %s %s %u 0x%x", ip, side ? "dport" : "sport",
				pieces->low[side], 65536 - pieces->size[side]);
	if (!rule->proto && !rule->addr[0].len && !rule->addr[1].len)
		fputs(" match u32 0 0", to);
	fputs(" action drop\n", to);
}

static void print_pieces(FILE *to, const struct gen_rule *rule, bool six)
{
	struct pieces p;
	unsigned int s, d;

	for (s = rule->port[0].low; s <= rule->port[0].high; s += p.size[0]) {
		p.low[0] = s;
		p.size[0] = piece(s, rule->port[0].high);
		for (d = rule->port[1].low; d <= rule->port[1].high; d += p.size[1]) {
			p.low[1] = d;
			p.size[1] = piece(d, rule->port[1].high);
			print_u32(to, rule, six, &p);
		}
	}
}

/* --- flower --- */

static void print_flower(FILE *to, const struct gen_rule *rule, bool six)
{
	static const char *const ports[] = { "src_port", "dst_port" };

	fprintf(to, "filter add dev b0 ingress protocol %s pref 1 flower", six ? "ipv6" : "ip");
	if (rule->proto)
		fprintf(to, " ip_proto %u", proto_of(rule, six));
	print_addrs(to, rule, six, "src_ip", "dst_ip");
	for (int side = 0; side < 2; side++) {
		const struct gen_range *port = &rule->port[side];

		if (!gen_has_port(rule, side))
			continue;
		fprintf(to, " %s %u", ports[side], port->low);
		if (port->low != port->high)
			fprintf(to, "-%u", port->high);
	}
	fputs(" action drop\n", to);
}

typedef void print_fn(FILE *to, const struct gen_rule *rule, bool six);

static int load(struct lab *lab, print_fn *print)
{
	const struct work *work = lab->work;
	FILE *to = lab_file(lab, "rules.tc");

	if (!to)
		return 1;
	for (size_t i = 0; i < work->count; i++)
		print(to, &work->rules[i], work->six);
	return lab_written(lab, to) || lab_sh(lab, "tc qdisc add dev b0 clsact") ||
	       lab_load(lab, "tc -batch %s/rules.tc", lab->dir);
}

static int load_u32(struct lab *lab)
{
	return load(lab, print_pieces);
}

static int load_flower(struct lab *lab)
{
	return load(lab, print_flower);
}

const struct peer peer_u32 = {
	.name = "tc u32", .cannot = u32_cannot, .load = load_u32, .version = "tc -V"
};
const struct peer peer_flower = {
	.name = "tc flower", .cannot = flower_cannot, .load = load_flower, .version = "tc -V"
};
