// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "policy.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host.h"
#include "kernel.h"
#include "names.h"
#include "rules.h"

#define POLICIES 512

struct policy {
	struct sl_conf *conf;
	__u32 offset;
};

static struct policy policies[POLICIES];
static size_t npolicies;
static __u32 next_offset = SL_ARENA_BANK0;

struct policy *policy_new(const char *text)
{
	struct policy *p = &policies[npolicies];
	struct sl_diag diag = {};
	void *block = NULL;
	size_t size;

	assert_true(npolicies < POLICIES);
	if (sl_conf_parse(&p->conf, "policy", ".", text, &diag)) {
		sl_diag_print(&diag, stderr);
		sl_diag_clear(&diag);
		fail_msg("rules of a test do not compile");
	}
	sl_conf_number(p->conf);
	p->conf->name_key = (const void *)(host_arena + SL_ARENA_NAME_KEY);
	if (sl_conf_lower(p->conf, next_offset, 1U << 24, npolicies + 1, &block, &size, &diag)) {
		sl_diag_print(&diag, stderr);
		sl_diag_clear(&diag);
		fail_msg("rules of a test cannot be lowered");
	}
	memcpy(host_arena + next_offset, block, size);
	if (kernel_arena)
		memcpy(kernel_arena + next_offset, block, size);
	free(block);
	sl_diag_clear(&diag);
	p->offset = next_offset;
	next_offset += (__u32)(size + 63) & ~63U;
	npolicies++;
	return p;
}

struct policy *policy_of(const char *rules)
{
	struct policy *policy;
	char *text;

	if (asprintf(&text, "chain ingress {\n %s\n}\nchain egress {\n %s\n}\n", rules, rules) < 0)
		abort();
	policy = policy_new(text);
	free(text);
	return policy;
}

static void use(char *arena, __u32 offset, __u64 drop_reasons)
{
	struct sl_root *root = (void *)(arena + SL_ARENA_ROOT);
	struct sl_ruleset *ruleset = (void *)(arena + offset);

	if (offset)
		ruleset->drop_reasons = drop_reasons;
	root->ruleset = offset;
}

void policy_use(const struct policy *policy, __u64 drop_reasons)
{
	use(host_arena, policy->offset, drop_reasons);
	if (kernel_arena)
		use(kernel_arena, policy->offset, drop_reasons);
}

void policy_need(const struct policy *policy, __u32 needs)
{
	((struct sl_ruleset *)(host_arena + policy->offset))->needs |= needs;
	if (kernel_arena)
		((struct sl_ruleset *)(kernel_arena + policy->offset))->needs |= needs;
}

void policy_flows(const struct policy *policy, __u32 size)
{
	((struct sl_ruleset *)(host_arena + policy->offset))->flows.mask = size / SL_FLOW_WAYS - 1;
	if (kernel_arena)
		((struct sl_ruleset *)(kernel_arena + policy->offset))->flows.mask =
			size / SL_FLOW_WAYS - 1;
}

void policy_none(void)
{
	use(host_arena, 0, 0);
	if (kernel_arena)
		use(kernel_arena, 0, 0);
}

__u64 policy_drops(const struct policy *policy)
{
	return policy->conf->drop_reasons;
}

__u32 policy_slot(const struct policy *policy, const char *chain, const char *name)
{
	for (size_t i = 0; i < policy->conf->nrules; i++) {
		const struct sl_conf_rule *rule = &policy->conf->rules[i];

		if (!strcmp(sl_dir_names[rule->dir], chain) && !strcmp(rule->name, name))
			return rule->slot;
	}
	fail_msg("chain '%s' has no rule '%s'", chain, name);
	return SL_NO_SLOT;
}

void policy_free_all(void)
{
	while (npolicies)
		sl_conf_freep(&policies[--npolicies].conf);
	next_offset = SL_ARENA_BANK0;
}
