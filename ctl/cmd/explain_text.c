// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "explain.h"

#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "cleanup.h"
#include "names.h"
#include "out.h"
#include "replay.h"
#include "request.h"
#include "table.h"
#include "trial.h"

/* Rules shown at either end when there are many. */
#define SHOWN 20

static const char *const l3_words[] = {
	[SL_L3_OTHER] = "other",
	[SL_L3_IP4] = "ip",
	[SL_L3_IP6] = "ip6",
};

static const char *const l4_words[] = {
	[SL_L4_OTHER] = "other", [SL_L4_TCP] = "tcp",	[SL_L4_UDP] = "udp",
	[SL_L4_SCTP] = "sctp",	 [SL_L4_ICMP] = "icmp",
};

/* The place in the sentence "compared with the rules for ...". */
static const char *list_word(const struct sl_key *key, char *text, size_t size)
{
	if (key->l3 == SL_L3_OTHER)
		snprintf(text, size, "not ip");
	else
		snprintf(text, size, "%s %s", l3_words[key->l3 % SL_L3_MAX_],
			 l4_words[key->l4 % SL_L4_MAX_]);
	return text;
}

static const char *place_text(const struct sl_conf_rule *rule, char *text, size_t size)
{
	unsigned int line;
	const char *file;

	*text = 0;
	if (sl_conf_rule_place(rule, &file, &line))
		snprintf(text, size, " (%s:%u)", file, line);
	return text;
}

static void print_clean(const char *text)
{
	char buffer[4096];

	fputs(sl_clean(text, buffer, sizeof(buffer)), stdout);
}

/* --- stages --- */

static void print_parsed(const struct sl_explained *e)
{
	const struct sl_trace *trace = &e->trace;

	printf("parsed    ");
	if (trace->network)
		printf("network header at %u", trace->network);
	else
		printf("no network header");
	if (trace->transport)
		printf(", transport header at %u", trace->transport);
	if (trace->payload)
		printf(", payload at %u: %u bytes", trace->payload, trace->payload_length);
	if (trace->reason)
		printf("; reason: %s, %s", sl_reason_names[trace->reason % SL_REASON_MAX_],
		       sl_reason_texts[trace->reason % SL_REASON_MAX_]);
	if (trace->blind)
		printf("; blind: %s, %s", sl_reason_names[trace->blind % SL_REASON_MAX_],
		       sl_reason_texts[trace->blind % SL_REASON_MAX_]);
	putchar('\n');
}

/* What is in the packet, where a rule of the configuration asks. */
static void print_inner(const struct sl_trace *trace)
{
	unsigned int i;

	for (i = 0; i < SL_INNER_DEPTH && trace->inner[i].tunnel; i++) {
		const struct sl_trace_inner *inner = &trace->inner[i];

		printf("inner     by %s", sl_tunnel_names[inner->tunnel % SL_TUNNEL_MAX_]);
		if (inner->has_id)
			printf(" %u", inner->id);
		if (inner->start)
			printf(", from %u", inner->start);
		else
			printf(", with nothing in it that is read");
		if (inner->network)
			printf(", network header at %u", inner->network);
		if (inner->transport)
			printf(", transport header at %u", inner->transport);
		if (inner->payload)
			printf(", payload at %u: %u bytes", inner->payload, inner->payload_length);
		if (inner->reason)
			printf("; %s", sl_reason_names[inner->reason % SL_REASON_MAX_]);
		putchar('\n');
	}
}

static void print_flow(const struct sl_trace *trace)
{
	if (trace->flow_state)
		printf("flow      %s, to %s\n",
		       sl_flow_state_names[trace->flow_state % SL_FLOW_STATE_MAX_],
		       sl_flow_to_names[trace->flow_to % SL_FLOW_TO_MAX_]);
}

static void print_lists(const struct sl_explained *e)
{
	char word[32];

	printf("rules     %zu of the %zu in chain %s are for %s packets, in %u tree%s\n", e->listed,
	       e->total, sl_dir_names[sl_hook_dir(e->hook)],
	       list_word(&e->trace.key, word, sizeof(word)), e->trees, e->trees == 1 ? "" : "s");
}

static const char *outcome(const struct sl_candidate *candidate)
{
	if (candidate->decided)
		return "decides";
	return candidate->matched ? "matches and goes on" : "does not match";
}

static bool all_held(const struct sl_explained *e, const struct sl_candidate *candidate)
{
	size_t i;

	for (i = 0; i < candidate->count && e->held[candidate->first + i]; i++)
		;
	return i == candidate->count;
}

/* What depends on more than this packet comes last, and is not asked apart. */
static void print_chance(const struct sl_explained *e, const struct sl_candidate *candidate)
{
	_cleanup_free_ char *text = NULL;

	if (!all_held(e, candidate) || sl_conf_rule_chance(e->conf, candidate->rule, &text) ||
	    !*text)
		return;
	printf("    %s  ", candidate->matched ? "yes" : "no ");
	print_clean(text);
	putchar('\n');
}

static void print_candidate(const struct sl_explained *e, const struct sl_candidate *candidate)
{
	char place[512];
	size_t i;

	printf("  ");
	print_clean(candidate->rule->name);
	print_clean(place_text(candidate->rule, place, sizeof(place)));
	printf(": %s\n", outcome(candidate));
	for (i = candidate->first; i < candidate->first + candidate->count; i++) {
		printf("    %s  ", e->held[i] ? "yes" : "no ");
		print_clean(e->split.conf.rules[i].text);
		putchar('\n');
	}
	print_chance(e, candidate);
}

static void print_candidates(const struct sl_explained *e)
{
	size_t i, from = SHOWN, to = e->ncandidates > SHOWN ? e->ncandidates - SHOWN : 0;

	if (e->skipped)
		printf("  %zu rules before these do not match\n", e->skipped);
	for (i = 0; i < e->ncandidates; i++) {
		if (i < from || i >= to || e->candidates[i].matched)
			print_candidate(e, &e->candidates[i]);
		else if (i == from)
			printf("  %zu rules that do not match all\n", to - from);
	}
}

static void print_decider(const struct sl_explained *e)
{
	char place[512];

	if (e->rule->is_policy) {
		printf(", by the policy of chain %s", sl_dir_names[e->rule->dir]);
	} else {
		printf(", by rule ");
		print_clean(e->rule->name);
	}
	print_clean(place_text(e->rule, place, sizeof(place)));
	printf(": ");
	print_clean(e->rule->text);
}

static void print_verdict(const struct sl_explained *e)
{
	__u32 why = e->end.reason ? e->end.reason : e->end.blind;
	const char *reason = sl_reason_names[why % SL_REASON_MAX_];

	printf("verdict   %s", sl_verdict_names[e->end.verdict % SL_VERDICT_MAX_]);
	if (e->later)
		printf(", as its first fragment");
	if (e->rule)
		print_decider(e);
	else if (why && e->end.verdict == SL_DROP)
		printf(", by 'on %s drop', before any rule is asked", reason);
	else if (e->end.reason)
		printf(", by 'on %s accept', as no rule decides", reason);
	putchar('\n');
}

void sl_explain_print_text(const struct sl_explained *e)
{
	if (e->number)
		printf("packet    %lu: ", e->number);
	else
		printf("packet    ");
	sl_trace_print(&e->trace);
	printf(", %zu bytes", e->frame->length);
	if (e->frame->captured < e->frame->length)
		printf(", only %zu captured", e->frame->captured);
	printf("\nmet       at %s", sl_hook_names[e->hook]);
	if (e->iface) {
		printf(" of ");
		print_clean(e->iface);
	}
	putchar('\n');
	print_parsed(e);
	print_inner(&e->trace);
	print_flow(&e->trace);
	if (e->app.text[0])
		printf("says      %s\n", e->app.text);
	if (e->asked) {
		print_lists(e);
		print_candidates(e);
	}
	if (e->goes_on)
		puts("xdp       leaves it to tc-ingress, where there is an skb");
	print_verdict(e);
}

/* --- JSON --- */

static void add_place(json_t *object, const struct sl_conf_rule *rule)
{
	const char *file = NULL;
	unsigned int line = 0;
	bool known = rule && sl_conf_rule_place(rule, &file, &line);

	json_object_set_new(object, "file", known ? json_string(file) : json_null());
	json_object_set_new(object, "line", known ? json_integer(line) : json_null());
}

static json_t *candidate_json(const struct sl_explained *e, const struct sl_candidate *candidate)
{
	json_t *conditions = json_array(), *object;
	size_t i;

	for (i = candidate->first; i < candidate->first + candidate->count; i++)
		json_array_append_new(conditions,
				      json_pack("{s:s, s:b}", "text", e->split.conf.rules[i].text,
						"held", e->held[i]));
	object = json_pack("{s:s, s:s, s:b, s:b, s:o}", "name", candidate->rule->name, "text",
			   candidate->rule->text, "matched", candidate->matched, "decided",
			   candidate->decided, "conditions", conditions);
	add_place(object, candidate->rule);
	return object;
}

static json_t *candidates_json(const struct sl_explained *e)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < e->ncandidates; i++)
		json_array_append_new(list, candidate_json(e, &e->candidates[i]));
	return list;
}

void sl_explain_print_json(const struct sl_explained *e)
{
	_cleanup_json_ json_t *line = json_object();
	const struct sl_trace *end = &e->end;
	char word[32];

	json_object_set_new(line, "packet",
			    e->number ? json_integer((json_int_t)e->number) : json_null());
	json_object_set_new(line, "hook", json_string(sl_hook_names[e->hook]));
	json_object_set_new(line, "interface", e->iface ? json_string(e->iface) : json_null());
	json_object_set_new(line, "chain", json_string(sl_dir_names[sl_hook_dir(e->hook)]));
	json_object_set_new(line, "length", json_integer((json_int_t)e->frame->length));
	json_object_set_new(line, "verdict",
			    json_string(sl_verdict_names[end->verdict % SL_VERDICT_MAX_]));
	json_object_set_new(line, "rule", e->rule ? json_string(e->rule->name) : json_null());
	add_place(line, e->rule);
	json_object_set_new(line, "reason",
			    end->reason ? json_string(sl_reason_names[end->reason % SL_REASON_MAX_])
					: json_null());
	json_object_set_new(line, "blind",
			    end->blind ? json_string(sl_reason_names[end->blind % SL_REASON_MAX_])
				       : json_null());
	json_object_set_new(line, "left_to_tc", json_boolean(e->goes_on));
	json_object_set_new(line, "as_first_fragment", json_boolean(e->later));
	sl_trace_json(line, &e->trace);
	json_object_update(line, e->app.fields);
	json_object_set_new(line, "list",
			    e->asked ? json_string(list_word(&e->trace.key, word, sizeof(word)))
				     : json_null());
	json_object_set_new(line, "listed", json_integer((json_int_t)e->listed));
	json_object_set_new(line, "trees", json_integer(e->trees));
	json_object_set_new(line, "skipped", json_integer((json_int_t)e->skipped));
	json_object_set_new(line, "candidates", candidates_json(e));
	sl_json_line(line);
}
