/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "api.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "arena.h"
#include "cleanup.h"
#include "daemon.h"
#include "dp.h"
#include "jsontext.h"
#include "names.h"

static void counter_add(struct sl_counter *sum, const struct sl_counter *counter)
{
	sum->packets += counter->packets;
	sum->bytes += counter->bytes;
}

static json_t *counter_json(const struct sl_counter *counter)
{
	return json_pack("{s:I, s:I}", "packets", (json_int_t)counter->packets, "bytes",
			 (json_int_t)counter->bytes);
}

static json_t *time_json(void)
{
	struct timespec now;
	char text[64];
	struct tm tm;
	size_t used;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	used = strftime(text, sizeof(text), "%FT%T", &tm);
	snprintf(text + used, sizeof(text) - used, ".%06ldZ", now.tv_nsec / 1000);
	return json_string(text);
}

/* --- interfaces --- */

static const enum sl_dir hook_dirs[SL_HOOK_MAX_] = {
	[SL_HOOK_XDP] = SL_DIR_INGRESS,
	[SL_HOOK_TC_INGRESS] = SL_DIR_INGRESS,
	[SL_HOOK_TC_EGRESS] = SL_DIR_EGRESS,
};

static json_t *verdicts_json(const struct sl_hook_stats *stats)
{
	json_t *json = json_object();
	int verdict;

	/* SL_CONTINUE is never final. */
	for (verdict = SL_ACCEPT; verdict < SL_VERDICT_MAX_; verdict++)
		sl_json_set(json, sl_verdict_names[verdict],
			    counter_json(&stats->verdict[verdict]));
	return json;
}

static json_t *reasons_json(const struct sl_counter *reasons, bool zeros)
{
	json_t *json = json_object();
	int reason;

	for (reason = SL_REASON_NONE + 1; reason < SL_REASON_MAX_; reason++) {
		if (zeros || reasons[reason].packets)
			sl_json_set(json, sl_reason_names[reason], counter_json(&reasons[reason]));
	}
	return json;
}

static json_t *hook_json(enum sl_hook hook, const struct sl_hook_stats *stats)
{
	json_t *json = json_object();

	sl_json_set(json, "hook", json_string(sl_hook_names[hook]));
	sl_json_set(json, "direction", json_string(sl_dir_names[hook_dirs[hook]]));
	sl_json_set(json, "verdicts", verdicts_json(stats));
	sl_json_set(json, "reasons", reasons_json(stats->reason, false));
	return json;
}

static json_t *iface_json(struct sl_daemon *daemon, const struct sl_dp_iface *iface,
			  struct sl_counter *sums)
{
	json_t *json = json_object(), *hooks = json_array();
	struct sl_if_stats stats = {};
	int hook, reason;

	sl_dp_if_stats(daemon->dp, iface->slot, &stats);
	for (hook = 0; hook < SL_HOOK_MAX_; hook++) {
		json_array_append_new(hooks, hook_json(hook, &stats.hook[hook]));
		for (reason = 0; reason < SL_REASON_MAX_; reason++)
			counter_add(&sums[reason], &stats.hook[hook].reason[reason]);
	}
	sl_json_set(json, "name", sl_json_text(iface->name));
	sl_json_set(json, "ifindex", json_integer(iface->ifindex));
	sl_json_set(json, "hooks", hooks);
	return json;
}

/* --- rules --- */

static json_t *rule_json(struct sl_daemon *daemon, const struct sl_rule *rule)
{
	struct sl_counter counter = {};
	json_t *json = json_object();

	sl_dp_rule_counter(daemon->dp, rule->slot, &counter);
	sl_json_set(json, "chain", json_string(sl_dir_names[rule->dir]));
	sl_json_set(json, "name", sl_json_text(sl_dp_at(daemon->dp, rule->name)));
	sl_json_set(json, "text", sl_json_text(sl_dp_at(daemon->dp, rule->text)));
	sl_json_set(json, "policy", json_boolean(rule->is_policy));
	sl_json_set(json, "packets", json_integer((json_int_t)counter.packets));
	sl_json_set(json, "bytes", json_integer((json_int_t)counter.bytes));
	return json;
}

static json_t *rules_json(struct sl_daemon *daemon, const struct sl_ruleset *rs)
{
	const struct sl_rule *rules = rs ? sl_dp_at(daemon->dp, rs->rules) : NULL;
	json_t *list = json_array();
	__u32 i;

	for (i = 0; rs && i < rs->nrules; i++)
		json_array_append_new(list, rule_json(daemon, &rules[i]));
	return list;
}

static const struct sl_ruleset *ruleset(const struct sl_daemon *daemon)
{
	return sl_dp_started(daemon->dp) ? sl_dp_ruleset(daemon->dp) : NULL;
}

int sl_api_rules(struct sl_daemon *daemon, const json_t *body, json_t **reply)
{
	const struct sl_ruleset *rs = ruleset(daemon);
	json_t *json = json_object();

	sl_json_set(json, "generation", rs ? json_integer((json_int_t)rs->generation) : NULL);
	sl_json_set(json, "source", rs ? sl_json_text(sl_dp_at(daemon->dp, rs->source)) : NULL);
	sl_json_set(json, "rules", rules_json(daemon, rs));
	*reply = json;
	return 200;
}

int sl_api_stats(struct sl_daemon *daemon, const json_t *body, json_t **reply)
{
	_cleanup_free_ struct sl_dp_iface *ifaces = NULL;
	struct sl_counter sums[SL_REASON_MAX_] = {};
	json_t *json, *list;
	size_t i, count = 0;

	if (sl_dp_started(daemon->dp) && sl_dp_ifaces(daemon->dp, &ifaces, &count))
		return sl_json_error(reply, 500, "%s", sl_dp_error(daemon->dp));
	json = json_object();
	list = json_array();
	sl_json_set(json, "time", time_json());
	for (i = 0; i < count; i++)
		json_array_append_new(list, iface_json(daemon, &ifaces[i], sums));
	sl_json_set(json, "interfaces", list);
	sl_json_set(json, "reasons", reasons_json(sums, true));
	sl_json_set(json, "rules", rules_json(daemon, ruleset(daemon)));
	*reply = json;
	return 200;
}
