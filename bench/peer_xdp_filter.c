// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* xdp-filter of xdp-tools, which denies addresses one by one. */

#include "peers.h"

#define MOST 10000 /* addresses that its maps hold */

static const char *cannot(const struct work *work)
{
	if (work->kind != WORK_ADDRS)
		return "knows single addresses and ports only";
	return work->count > MOST ? "holds 10,000 addresses" : NULL;
}

static int load(struct lab *lab)
{
	const struct work *work = lab->work;
	FILE *to = lab_file(lab, "rules.sh");

	if (!to)
		return 1;
	fputs("set -e\n", to);
	for (size_t i = 0; i < work->count; i++) {
		fputs("xdp-filter ip -m src ", to);
		gen_print_addr(work->rules[i].addr[0].value, work->six, to);
		fputc('\n', to);
	}
	return lab_written(lab, to) ||
	       lab_sh(lab, "xdp-filter load b0 -m native -p allow -f ipv4,ipv6") ||
	       lab_load(lab, "sh %s/rules.sh", lab->dir);
}

const struct peer peer_xdp_filter = {
	.name = "xdp-filter",
	.cannot = cannot,
	.load = load,
	.fd = lab_xdp_fd,
	.linear = true,
	.version = "dpkg-query -W -f 'xdp-filter of xdp-tools ${Version}' xdp-tools",
};
