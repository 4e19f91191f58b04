// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* nftables at the netdev ingress hook: rules one after the other, or one rule that asks a set. */

#include "peers.h"

static void write_set(FILE *to, const struct work *work)
{
	fprintf(to, "set s {\ntype %s; %s\nelements = {\n", work->six ? "ipv6_addr" : "ipv4_addr",
		work->kind == WORK_PREFIXES ? "flags interval; auto-merge;" : "");
	for (size_t i = 0; i < work->count; i++) {
		const struct gen_prefix *prefix = &work->rules[i].addr[0];

		if (work->kind == WORK_PREFIXES)
			gen_print_prefix(prefix, work->six, to);
		else
			gen_print_addr(prefix->value, work->six, to);
		fputs(",\n", to);
	}
	fputs("}\n}\n", to);
}

static int load(struct lab *lab)
{
	const struct work *work = lab->work;
	FILE *to = lab_file(lab, "rules.nft");

	if (!to)
		return 1;
	fputs("table netdev t {\n", to);
	if (work_is_set(work))
		write_set(to, work);
	fputs("chain c {\ntype filter hook ingress device b0 priority 0; policy accept;\n", to);
	if (work_is_set(work))
		fprintf(to, "%s saddr @s drop\n", work->six ? "ip6" : "ip");
	for (size_t i = 0; !work_is_set(work) && i < work->count; i++) {
		gen_print_nft(&work->rules[i], work->six, to);
		fputc('\n', to);
	}
	fputs("}\n}\n", to);
	return lab_written(lab, to) || lab_load(lab, "%snft -f %s/rules.nft", lab->enter, lab->dir);
}

const struct peer peer_nft = {
	.name = "nftables",
	.load = load,
	.version = "nft --version",
};

const struct peer peer_nft_sid = {
	.name = "nftables, sid",
	.load = load,
	.sid = true,
	.version = "nft --version",
};
