// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "trial.h"

#include <errno.h>
#include <stdlib.h>

#include "cleanup.h"
#include "cmd.h"
#include "dp.h"
#include "out.h"
#include "split.h"

struct sl_trial {
	struct sl_dp *dp;
	enum sl_hook hook;
	const char *what;
	const char *iface;
	struct sl_conf *conf;
	bool apart; /* parts of rules are in force */
	const struct sl_conf_rule **by_slot;
	__u32 nslots;
};

void sl_trial_freep(struct sl_trial **trial)
{
	if (!*trial)
		return;
	sl_dp_freep(&(*trial)->dp);
	free((void *)(*trial)->by_slot);
	free(*trial);
	*trial = NULL;
}

static int index_rules(struct sl_trial *trial, const struct sl_conf *conf)
{
	size_t i;

	for (i = 0; i < conf->nrules; i++) {
		if (conf->rules[i].slot >= trial->nslots)
			trial->nslots = conf->rules[i].slot + 1;
	}
	trial->by_slot =
		(const struct sl_conf_rule **)calloc(trial->nslots ?: 1, sizeof(*trial->by_slot));
	if (!trial->by_slot)
		return -ENOMEM;
	for (i = 0; i < conf->nrules; i++)
		trial->by_slot[conf->rules[i].slot] = &conf->rules[i];
	return 0;
}

static int failed(const struct sl_trial *trial, int err)
{
	if (err == -EPERM)
		return sl_fail(
			"%s loads BPF programs, which is not permitted to this user (run it as root)",
			trial->what);
	return sl_fail("%s (see 'sluicectl probe')", sl_dp_error(trial->dp));
}

int sl_trial_hook(struct sl_trial *trial, enum sl_hook hook)
{
	int err = sl_dp_load_for_run(trial->dp, hook);

	trial->hook = hook;
	return err ? failed(trial, err) : SL_EXIT_OK;
}

static int load(struct sl_trial *trial)
{
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	int err;

	err = sl_dp_start(trial->dp);
	if (!err)
		sl_dp_run_as(trial->dp, 0, trial->iface);
	if (!err)
		err = sl_dp_apply(trial->dp, trial->conf, &diag);
	if (diag.errors)
		sl_diag_print(&diag, stderr);
	return err ? failed(trial, err) : sl_trial_hook(trial, trial->hook);
}

int sl_trial_new(struct sl_trial **out, struct sl_conf *conf, enum sl_hook hook, const char *iface,
		 const char *what)
{
	_cleanup_(sl_trial_freep) struct sl_trial *trial = calloc(1, sizeof(*trial));
	int status;

	if (!trial || sl_dp_new(&trial->dp, NULL))
		return sl_fail("out of memory");
	trial->hook = hook;
	trial->what = what;
	trial->conf = conf;
	trial->iface = iface ?: "replay";
	status = load(trial);
	if (!status && index_rules(trial, conf))
		status = sl_fail("out of memory");
	if (!status)
		*out = TAKE_PTR(trial);
	return status;
}

static int together(struct sl_trial *trial)
{
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	int err;

	sl_dp_run_as(trial->dp, 0, trial->iface);
	err = sl_dp_apply(trial->dp, trial->conf, &diag);
	trial->apart = err;
	return err ?: sl_dp_load_for_run(trial->dp, trial->hook);
}

int sl_trial_run(struct sl_trial *trial, const void *frame, size_t length, struct sl_trace *trace,
		 void *out, size_t max, size_t *out_length)
{
	int err = trial->apart ? together(trial) : 0;

	return err ?: sl_dp_run(trial->dp, frame, length, 0, trace, out, max, out_length);
}

const char *sl_trial_error(const struct sl_trial *trial)
{
	return sl_dp_error(trial->dp);
}

const struct sl_conf_rule *sl_trial_rule(const struct sl_trial *trial, const struct sl_trace *trace)
{
	return trace->slot < trial->nslots ? trial->by_slot[trace->slot] : NULL;
}

const void *sl_trial_at(const struct sl_trial *trial, __u32 offset)
{
	return sl_dp_at(trial->dp, offset);
}

/*
 * Fragments have been noted by now, and would overlap with themselves: on another interface they are
 * new.
 */
int sl_trial_parts(struct sl_trial *trial, struct sl_split *split, const void *frame, size_t length,
		   bool *held)
{
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	struct sl_counter counter;
	struct sl_trace trace;
	size_t i;
	int err;

	sl_dp_run_as(trial->dp, 1, trial->iface);
	trial->apart = true;
	err = sl_dp_apply(trial->dp, &split->conf, &diag);
	if (!err)
		err = sl_dp_load_for_run(trial->dp, trial->hook);
	if (!err)
		err = sl_dp_run(trial->dp, frame, length, 0, &trace, NULL, 0, NULL);
	for (i = 0; i < split->nparts && !err; i++) {
		err = sl_dp_rule_counter(trial->dp, split->conf.rules[i].slot, &counter);
		held[i] = counter.packets;
	}
	return err;
}

/* A rule that runs keeps its counter; so none does for a moment. */
int sl_trial_fresh(struct sl_trial *trial)
{
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	struct sl_conf none = {};

	return sl_dp_apply(trial->dp, &none, &diag) ?: together(trial);
}

bool sl_trial_matched(struct sl_trial *trial, const struct sl_conf_rule *rule)
{
	struct sl_counter counter;

	return !sl_dp_rule_counter(trial->dp, rule->slot, &counter) && counter.packets;
}

unsigned int sl_trial_trees(const struct sl_trial *trial, enum sl_dir dir, enum sl_l3 l3,
			    enum sl_l4 l4)
{
	const struct sl_list *list = &sl_dp_ruleset(trial->dp)->chain[dir].list[l3][l4];
	unsigned int trees = 0;

	while (trees < SL_TREES && list->tree[trees])
		trees++;
	return trees;
}
