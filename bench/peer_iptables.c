// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* iptables on nftables' kernel side, in the raw table: the first place where it can drop. */

#include "peers.h"

static const char *cannot(const struct work *work)
{
	return work_is_set(work) ? "has no sets of its own" : NULL;
}

static void write_rule(FILE *to, const struct gen_rule *rule, bool six)
{
	static const char *const addrs[] = { "-s", "-d" }, *const ports[] = { "--sport",
									      "--dport" };

	fputs("-A PREROUTING", to);
	for (int side = 0; side < 2; side++) {
		if (!rule->addr[side].len)
			continue;
		fprintf(to, " %s ", addrs[side]);
		gen_print_prefix(&rule->addr[side], six, to);
	}
	if (rule->proto)
		fprintf(to, " -p %u", rule->proto == 1 && six ? 58U : rule->proto);
	for (int side = 0; side < 2; side++)
		if (gen_has_port(rule, side))
			fprintf(to, " %s %u:%u", ports[side], rule->port[side].low,
				rule->port[side].high);
	fputs(" -j DROP\n", to);
}

static int load(struct lab *lab)
{
	const struct work *work = lab->work;
	FILE *to = lab_file(lab, "rules.iptables");

	if (!to)
		return 1;
	fputs("*raw\n", to);
	for (size_t i = 0; i < work->count; i++)
		write_rule(to, &work->rules[i], work->six);
	fputs("COMMIT\n", to);
	return lab_written(lab, to) || lab_load(lab, "ip%stables-nft-restore %s/rules.iptables",
						work->six ? "6" : "", lab->dir);
}

const struct peer peer_iptables = {
	.name = "iptables-nft",
	.cannot = cannot,
	.load = load,
	.version = "iptables-nft --version",
};
