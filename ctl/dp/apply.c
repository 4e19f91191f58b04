// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * A new rule set. It is written into the bank that is not in force and then takes over by one
 * store: a packet reads that word once, so it meets one rule set, whole.
 *
 * The bank held the rule set before the one in force. Programs may still be walking it if that one
 * came into force a moment ago, so a grace period goes first; also after a restart, when nobody
 * knows how long ago that was. The same wait makes sure that nobody counts any more in a slot that
 * neither the old nor the new rule set uses: such slots are given to new rules, zeroed.
 *
 * What runs is read from the arena and from nowhere else, so a restarted daemon goes on as if it
 * had never stopped.
 */

#include "dp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "flows.h"
#include "private.h"
#include "stmt.h"

const void *sl_dp_at(const struct sl_dp *dp, __u32 offset)
{
	return dp->base && offset ? dp_at(dp, offset) : NULL;
}

const struct sl_ruleset *sl_dp_ruleset(const struct sl_dp *dp)
{
	if (!dp->base)
		return NULL;
	return sl_dp_at(dp, __atomic_load_n(&dp->root->ruleset, __ATOMIC_ACQUIRE));
}

const struct sl_rule *sl_dp_rule_by_slot(const struct sl_dp *dp, __u32 slot)
{
	const struct sl_ruleset *set = sl_dp_ruleset(dp);
	const struct sl_rule *rule = set ? dp_at(dp, set->rules) : NULL;
	__u32 i;

	for (i = 0; set && i < set->nrules; i++)
		if (rule[i].slot == slot)
			return &rule[i];
	return NULL;
}

/* The rules that run, sorted by chain and name, and the slots that they use. */
struct running {
	struct known {
		const char *name;
		__u32 dir;
		__u32 slot;
	} *rules;
	size_t count;
	unsigned char *used; /* a bit for each slot */
	__u32 slots;
	__u32 next; /* no slot below it is free */
};

static void running_clear(struct running *running)
{
	free(running->rules);
	free(running->used);
}

static int compare(const void *a, const void *b)
{
	const struct known *left = a, *right = b;

	if (left->dir != right->dir)
		return left->dir < right->dir ? -1 : 1;
	return strcmp(left->name, right->name);
}

static bool slot_used(const struct running *running, __u32 slot)
{
	return running->used[slot / 8] >> slot % 8 & 1;
}

static void slot_use(struct running *running, __u32 slot)
{
	running->used[slot / 8] |= (unsigned char)(1U << slot % 8);
}

static int running_read(struct sl_dp *dp, struct running *running)
{
	const struct sl_ruleset *set = sl_dp_ruleset(dp);
	const struct sl_rule *rule = set ? dp_at(dp, set->rules) : NULL;
	size_t i;

	running->slots = 1U << dp->rule_shift >> 4;
	running->next = SL_NO_SLOT + 1;
	running->count = set ? set->nrules : 0;
	running->rules = calloc(running->count + 1, sizeof(*running->rules));
	running->used = calloc(1, running->slots / 8 + 1);
	if (!running->rules || !running->used)
		return dp_fail(dp, -ENOMEM, "no memory for %zu rules", running->count);
	for (i = 0; i < running->count; i++) {
		running->rules[i] =
			(struct known) { dp_at(dp, rule[i].name), rule[i].dir, rule[i].slot };
		if (rule[i].slot < running->slots)
			slot_use(running, rule[i].slot);
	}
	qsort(running->rules, running->count, sizeof(*running->rules), compare);
	return 0;
}

static __u32 running_find(const struct running *running, const struct sl_conf_rule *rule)
{
	struct known key = { .name = rule->name, .dir = rule->dir };
	const struct known *found =
		bsearch(&key, running->rules, running->count, sizeof(*running->rules), compare);

	return found && found->slot < running->slots ? found->slot : SL_NO_SLOT;
}

static __u32 slot_take(struct running *running)
{
	while (running->next < running->slots && slot_used(running, running->next))
		running->next++;
	if (running->next >= running->slots)
		return SL_NO_SLOT;
	slot_use(running, running->next);
	return running->next++;
}

/* New slots come in runs: zero them run by run, so that a hundred thousand cost few calls. */
static int slots_zero(struct sl_dp *dp, __u32 first, __u32 end)
{
	__u64 size = (__u64)(end - first) * sizeof(struct sl_counter);
	__u32 cpu, offset;
	int err;

	for (cpu = 0; cpu < dp->ncpus && first < end; cpu++) {
		offset = sl_rule_counter_offset(first, dp->rule_shift, cpu);
		err = dp_arena_touch(dp, offset, size);
		if (err)
			return err;
		memset(dp_at(dp, offset), 0, size);
	}
	return 0;
}

/* The slot that the rule has, or a new one, which is neither in use nor zeroed. */
static int rule_number(struct sl_dp *dp, struct sl_conf_rule *rule, struct running *running,
		       bool *is_new)
{
	rule->slot = running_find(running, rule);
	*is_new = rule->slot == SL_NO_SLOT;
	if (*is_new)
		rule->slot = slot_take(running);
	if (rule->slot == SL_NO_SLOT)
		return dp_fail(
			dp, -E2BIG,
			"rule '%s': all %u rule counters are in use (rules that run keep theirs until the new ones are in force)",
			rule->name, running->slots - 1);
	return 0;
}

static bool has_state(const struct sl_conf_rule *rule)
{
	size_t i;

	for (i = 0; i < rule->nstmts; i++)
		if (rule->stmts[i].kind == SL_OP_LIMIT || rule->stmts[i].kind == SL_OP_LOG)
			return true;
	return false;
}

/* What a rule with limits or logs remembers. A new rule starts anew; its slot had another one. */
static int rule_state(struct sl_dp *dp, const struct sl_conf_rule *rule, bool is_new)
{
	__u32 offset = SL_ARENA_STATE + rule->slot * (__u32)sizeof(struct sl_state);
	struct sl_state *state = dp_at(dp, offset);
	int err;

	if (!has_state(rule))
		return 0;
	err = dp_arena_touch(dp, offset, sizeof(*state));
	if (err || !is_new)
		return err;
	*state = (struct sl_state) { .epoch = state->epoch + 1 };
	return 0;
}

static int rules_number(struct sl_dp *dp, struct sl_conf *conf, struct running *running)
{
	__u32 first = 0, end = 0; /* the run of new slots that is not yet zeroed */
	bool is_new;
	size_t i;
	int err;

	for (i = 0; i < conf->nrules; i++) {
		struct sl_conf_rule *rule = &conf->rules[i];

		err = rule_number(dp, rule, running, &is_new);
		if (!err)
			err = rule_state(dp, rule, is_new);
		if (err)
			return err;
		if (!is_new)
			continue;
		if (rule->slot != end) {
			err = slots_zero(dp, first, end);
			if (err)
				return err;
			first = rule->slot;
		}
		end = rule->slot + 1;
	}
	return slots_zero(dp, first, end);
}

static int bank_write(struct sl_dp *dp, struct sl_conf *conf, __u32 base, __u64 generation,
		      struct sl_diag *diag)
{
	_cleanup_free_ void *block = NULL;
	size_t size = 0;
	int err;

	conf->name_key = dp_at(dp, SL_ARENA_NAME_KEY);
	err = sl_conf_lower(conf, base, SL_ARENA_BANK_SIZE, generation, &block, &size, diag);
	if (err)
		return dp_fail(dp, err, "compiling the rules failed: %s", dp_words(err));
	err = dp_arena_touch(dp, base, size);
	if (err)
		return err;
	memcpy(dp_at(dp, base), block, size);
	return 0;
}

/* Where programs put what they read of messages, for rules that ask for it. */
static int work_areas(struct sl_dp *dp, __u32 base)
{
	const struct sl_ruleset *rules = dp_at(dp, base);

	if (!(rules->needs & SL_NEEDS_WORK))
		return 0;
	return dp_arena_touch(dp, SL_ARENA_WORK,
			      (__u64)dp->ncpus * SL_HOOK_MAX_ * sizeof(struct sl_work));
}

int sl_dp_prepare(struct sl_dp *dp, struct sl_conf *conf, struct sl_diag *diag)
{
	_cleanup_(running_clear) struct running running = {};
	const struct sl_ruleset *now = sl_dp_ruleset(dp);
	__u32 base;
	int err;

	if (!dp->base)
		return dp_fail(dp, -EINVAL, "the data path is not started");
	base = dp->root->ruleset == SL_ARENA_BANK0 ? SL_ARENA_BANK1 : SL_ARENA_BANK0;
	dp->prepared = 0;
	dp_sets_undo(dp);
	err = sl_sets_read(conf, diag);
	if (err)
		return dp_fail(dp, err, "reading the sets failed: %s", dp_words(err));
	err = dp_grace(dp);
	if (!err)
		err = running_read(dp, &running);
	if (!err)
		err = rules_number(dp, conf, &running);
	if (!err)
		err = dp_sets_prepare(dp, conf);
	if (!err)
		err = bank_write(dp, conf, base, now ? now->generation + 1 : 1, diag);
	if (!err)
		err = work_areas(dp, base);
	if (!err)
		err = dp_flows_prepare(dp, conf, base);
	if (err) {
		dp_sets_undo(dp);
		return err;
	}
	dp->prepared = base;
	return 0;
}

int sl_dp_commit(struct sl_dp *dp)
{
	const struct sl_ruleset *before = sl_dp_ruleset(dp);
	struct sl_ruleset *ruleset;

	if (!dp->base || !dp->prepared)
		return dp_fail(dp, -EINVAL, "no rule set was prepared");
	ruleset = dp_at(dp, dp->prepared);
	ruleset->loaded_at = (__u64)time(NULL);
	dp_refer(dp, dp->prepared);
	__atomic_store_n(&dp->root->ruleset, dp->prepared, __ATOMIC_RELEASE);
	dp->prepared = 0;
	dp_sets_commit(dp);
	if (dp_flows_used(before))
		dp_flows_commit(dp, &before->flows, ruleset);
	return 0;
}

int sl_dp_apply(struct sl_dp *dp, struct sl_conf *conf, struct sl_diag *diag)
{
	return sl_dp_prepare(dp, conf, diag) ?: sl_dp_commit(dp);
}
