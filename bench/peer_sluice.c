// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/* Sluice, by libdp as the daemon drives it. Loading is to read the text and to put it in force. */

#include "peers.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dp.h"
#include "rules.h"

#define PINS "/sys/fs/bpf/sluice"

static struct sl_dp *dp;

static void print_elements(FILE *to, const struct work *work)
{
	for (size_t i = 0; i < work->count; i++) {
		gen_print_prefix(&work->rules[i].addr[0], work->six, to);
		fputc('\n', to);
	}
}

static int write_set(struct lab *lab, FILE *to)
{
	FILE *elements = lab_file(lab, "elements");

	if (!elements)
		return 1;
	print_elements(elements, lab->work);
	fprintf(to, "set s { type addr; file \"%s/elements\" }\n", lab->dir);
	fputs("chain ingress {\npolicy accept\nsaddr @s drop\n}\n", to);
	return lab_written(lab, elements);
}

static int write_rules(struct lab *lab)
{
	FILE *to = lab_file(lab, "sluice.conf");
	int err = 0;

	if (!to)
		return 1;
	if (work_is_set(lab->work)) {
		err = write_set(lab, to);
	} else {
		fputs("chain ingress {\npolicy accept\n", to);
		for (size_t i = 0; i < lab->work->count; i++) {
			gen_print_sluice(&lab->work->rules[i], lab->work->six, to);
			fputc('\n', to);
		}
		fputs("}\n", to);
	}
	return lab_written(lab, to) || err;
}

static int read_text(struct lab *lab, struct sl_conf **conf, struct sl_diag *diag)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/sluice.conf", lab->dir);
	return sl_conf_load(conf, path, diag);
}

static int apply(struct lab *lab)
{
	struct sl_diag diag = {};
	struct sl_conf *conf = NULL;
	double from = lab_clock();
	int err = read_text(lab, &conf, &diag);

	if (!err)
		err = sl_dp_apply(dp, conf, &diag);
	lab->result->load = lab_clock() - from;
	if (err)
		lab_fail(lab, "%s", sl_dp_error(dp));
	sl_diag_print(&diag, stderr);
	sl_diag_clear(&diag);
	sl_conf_freep(&conf);
	return err;
}

static int load(struct lab *lab, const struct sl_conf_iface *want)
{
	if (write_rules(lab))
		return 1;
	if (sl_dp_new(&dp, PINS) || sl_dp_start(dp))
		return lab_fail(lab, "%s", dp ? sl_dp_error(dp) : "no memory");
	if (apply(lab))
		return 1;
	if (sl_dp_attach(dp, lab->ifindex, want))
		return lab_fail(lab, "%s", sl_dp_error(dp));
	return 0;
}

static int load_xdp(struct lab *lab)
{
	static const struct sl_conf_iface want = { .xdp = SL_XDP_NATIVE, .priority = 50 };

	return load(lab, &want);
}

static int load_tc(struct lab *lab)
{
	static const struct sl_conf_iface want = { .tc = { true, false } };

	return load(lab, &want);
}

/* Of a data path of its own; the one on b0 is done with. */
static int bench_fd(struct lab *lab, enum sl_hook hook)
{
	double took = lab->result->load;
	int fd;

	sl_dp_freep(&dp);
	if (sl_dp_new(&dp, NULL) || sl_dp_start(dp) || apply(lab)) {
		lab_fail(lab, "%s", dp ? sl_dp_error(dp) : "no memory");
		return -1;
	}
	lab->result->load = took;
	fd = sl_dp_load_for_bench(dp, hook);
	if (fd < 0)
		lab_fail(lab, "%s", sl_dp_error(dp));
	return fd;
}

static int fd_xdp(struct lab *lab)
{
	return bench_fd(lab, SL_HOOK_XDP);
}

static int fd_tc(struct lab *lab)
{
	return bench_fd(lab, SL_HOOK_TC_INGRESS);
}

const struct peer peer_sluice_xdp = { .name = "Sluice, XDP", .load = load_xdp, .fd = fd_xdp };
const struct peer peer_sluice_tc = {
	.name = "Sluice, TC", .load = load_tc, .fd = fd_tc, .tc = true
};
