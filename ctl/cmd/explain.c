// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * What becomes of a packet, and why. The verdict comes from the programs. So does what held and
 * what did not: the rules that the packet was compared with are taken apart (rules/split.h), and
 * the parts judge the packet once more.
 */

#include "explain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "cmd.h"
#include "conf_file.h"
#include "options.h"
#include "out.h"
#include "packet.h"
#include "request.h"
#include "trial.h"

/* Of rules that do not match, the last ones are taken apart: the first of 100,000 tell little. */
#define CANDIDATES_MAX 1000

struct explain {
	struct sl_conf *conf;
	struct sl_trial *trial;
	struct sl_capture *capture;
	enum sl_hook hook;
	const char *iface;
	bool json;
};

static void explain_clear(struct explain *explain)
{
	sl_capture_freep(&explain->capture);
	sl_trial_freep(&explain->trial);
	sl_conf_freep(&explain->conf);
}

static void explained_clear(struct sl_explained *explained)
{
	free(explained->candidates);
	free(explained->held);
	sl_split_clear(&explained->split);
	sl_app_seen_clear(&explained->app);
}

/* --- the configuration --- */

int sl_conf_running(struct sl_ctl *ctl, struct sl_conf **out)
{
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	_cleanup_json_ json_t *reply = NULL;
	const char *source;
	int status;

	status = sl_request(ctl, "/v1/rules", NULL, &reply);
	if (status)
		return status;
	source = sl_json_text_or_null(reply, "source");
	if (!source)
		return sl_fail("no rules run: everything was detached");
	if (!sl_conf_parse(out, "running", "/", source, &diag))
		return SL_EXIT_OK;
	sl_diag_print(&diag, stderr);
	return sl_fail("the rules that run are not those of this version of sluicectl");
}

/* --- one packet --- */

/* A drop by a reason comes before all rules; a later fragment takes the verdict of its first one. */
static void tell_stages(struct sl_explained *e)
{
	unsigned int fragment = (unsigned int)(e->trace.key.xport >> SL_XPORT_FRAG_SHIFT & 3);
	bool by_rule = e->end.slot != SL_NO_SLOT;

	e->later = fragment == SL_FRAG_LATER && by_rule && !e->end.reason;
	e->asked = !e->later && (by_rule || e->end.verdict != SL_DROP);
}

static bool may_match(const struct sl_explained *e, const struct sl_conf_rule *rule)
{
	return rule->dir == sl_hook_dir(e->hook) && !rule->is_policy &&
	       sl_conf_rule_reaches(rule, (enum sl_l3)e->trace.key.l3, (enum sl_l4)e->trace.key.l4);
}

/* The rules before the one that decides, and that one. */
static size_t collect(const struct explain *x, struct sl_explained *e, size_t *which)
{
	const struct sl_conf *conf = x->conf;
	size_t i, count = 0;
	bool decided = false;

	for (i = 0; i < conf->nrules; i++) {
		if (conf->rules[i].dir == sl_hook_dir(e->hook) && !conf->rules[i].is_policy)
			e->total++;
		if (!may_match(e, &conf->rules[i]))
			continue;
		e->listed++;
		if (e->asked && !decided)
			which[count++] = i;
		decided = decided || &conf->rules[i] == e->rule;
	}
	return count;
}

/* Keeps those that matched and the last ones of the others. */
static size_t thin_out(const struct explain *x, struct sl_explained *e, size_t *which, size_t count)
{
	size_t i, kept = 0, drop = count > CANDIDATES_MAX ? count - CANDIDATES_MAX : 0;

	for (i = 0; i < count; i++) {
		const struct sl_conf_rule *rule = &x->conf->rules[which[i]];

		if (i >= drop || sl_trial_matched(x->trial, rule))
			which[kept++] = which[i];
	}
	e->skipped = count - kept;
	return kept;
}

static int fill_candidates(const struct explain *x, struct sl_explained *e, const size_t *which,
			   size_t count)
{
	size_t i, part = 0;

	e->candidates = calloc(count + 1, sizeof(*e->candidates));
	if (!e->candidates)
		return -ENOMEM;
	for (i = 0; i < count; i++) {
		struct sl_candidate *to = &e->candidates[i];

		to->rule = &x->conf->rules[which[i]];
		to->decided = to->rule == e->rule;
		to->matched = to->decided || sl_trial_matched(x->trial, to->rule);
		to->first = part;
		while (part < e->split.nparts && e->split.of[part] == i)
			part++;
		to->count = part - to->first;
	}
	e->ncandidates = count;
	return 0;
}

static int compare(const struct explain *x, struct sl_explained *e)
{
	_cleanup_free_ size_t *which = calloc(x->conf->nrules + 1, sizeof(*which));
	size_t count;
	int err;

	if (!which)
		return -ENOMEM;
	count = thin_out(x, e, which, collect(x, e, which));
	e->trees = sl_trial_trees(x->trial, sl_hook_dir(e->hook), (enum sl_l3)e->trace.key.l3,
				  (enum sl_l4)e->trace.key.l4);
	err = sl_split_make(&e->split, x->conf, which, count);
	if (!err)
		err = fill_candidates(x, e, which, count);
	if (err || !e->split.nparts)
		return err;
	e->held = calloc(e->split.nparts, sizeof(*e->held));
	if (!e->held)
		return -ENOMEM;
	return sl_trial_parts(x->trial, &e->split, e->frame->data, e->frame->captured, e->held);
}

/* XDP has left it to TC ingress, which asks the same rules. */
static int follow(const struct explain *x, struct sl_explained *e)
{
	int status;

	e->end = e->trace;
	e->goes_on =
		e->hook == SL_HOOK_XDP && (e->trace.verdict == SL_CONTINUE || e->trace.key.from);
	if (!e->goes_on || e->trace.verdict != SL_CONTINUE)
		return 0;
	status = sl_trial_hook(x->trial, SL_HOOK_TC_INGRESS);
	if (!status &&
	    sl_trial_run(x->trial, e->frame->data, e->frame->captured, &e->end, NULL, 0, NULL))
		status = sl_fail("%s", sl_trial_error(x->trial));
	return status;
}

static int explain_frame(struct explain *x, const struct sl_frame *frame, unsigned long number)
{
	_cleanup_(explained_clear) struct sl_explained e = { .number = number,
							     .frame = frame,
							     .conf = x->conf,
							     .hook = x->hook,
							     .iface = x->iface };
	int err;

	err = sl_trial_fresh(x->trial);
	if (!err)
		err = sl_trial_run(x->trial, frame->data, frame->captured, &e.trace, NULL, 0, NULL);
	if (err)
		return sl_fail("%s", sl_trial_error(x->trial));
	sl_app_see(&e.app, x->trial, &e.trace);
	if (follow(x, &e))
		return SL_EXIT_FAILED;
	e.rule = sl_trial_rule(x->trial, &e.end);
	tell_stages(&e);
	err = compare(x, &e);
	if (err == -ENOMEM)
		return sl_fail("out of memory");
	if (err)
		return sl_fail("%s", sl_trial_error(x->trial));
	if (x->json)
		sl_explain_print_json(&e);
	else
		sl_explain_print_text(&e);
	return e.goes_on ? sl_trial_hook(x->trial, x->hook) : SL_EXIT_OK;
}

/* --- packets --- */

static int misread(const char *text, size_t at, const char *error)
{
	fprintf(stderr, "sluicectl: packet: %s\n\t", error);
	for (const char *c = text; *c; c++)
		fputc((unsigned char)*c < ' ' ? ' ' : *c, stderr);
	fprintf(stderr, "\n\t%*s\n", (int)at + 1, "^");
	return SL_EXIT_USAGE;
}

static int explain_words(struct explain *x, const struct sl_packet *packet)
{
	static __u8 bytes[SL_PACKET_MAX];
	struct sl_frame frame = { .data = bytes };

	frame.length = frame.captured = sl_packet_frame(packet, bytes);
	return explain_frame(x, &frame, 0);
}

/* What came before is judged as well: fragments have something in common. */
static int explain_capture(struct explain *x, const char *path, unsigned long wanted)
{
	char error[SL_CAPTURE_ERROR];
	struct sl_frame frame;
	struct sl_trace trace;
	unsigned long number = 0;
	int found = 0, status = SL_EXIT_OK;

	while (!status && !sl_out_closed() && (!wanted || number < wanted) &&
	       (found = sl_capture_next(x->capture, &frame, error)) > 0) {
		number++;
		if (!wanted || number == wanted)
			status = explain_frame(x, &frame, number);
		else if (sl_trial_run(x->trial, frame.data, frame.captured, &trace, NULL, 0, NULL))
			return sl_fail("packet %lu: %s", number, sl_trial_error(x->trial));
	}
	if (found < 0)
		return sl_fail("%s: packet %lu: %s", path, number + 1, error);
	if (!status && wanted && number < wanted)
		return sl_fail("%s has only %lu packets", path, number);
	return status;
}

/* --- the verb --- */

static int parse_number(const char *text, unsigned long *out)
{
	char *end;

	errno = 0;
	*out = strtoul(text, &end, 10);
	if (errno || end == text || *end || text[0] == '-' || !*out)
		return sl_misuse("--number cannot be '%s': packets are counted from 1", text);
	return SL_EXIT_OK;
}

static int check_usage(const struct sl_ctl *ctl)
{
	const char *from = ctl->opt[SL_OPT_READ], *conf = ctl->opt[SL_OPT_CONFIG];

	if (!ctl->nargs == !from)
		return sl_misuse(
			"explain needs either a packet in words or -r PCAP (see 'sluicectl explain --help')");
	if (ctl->opt[SL_OPT_NUMBER] && !from)
		return sl_misuse("--number is about the packets of -r PCAP");
	if (from && conf && !strcmp(from, "-") && !strcmp(conf, "-"))
		return sl_misuse("standard input is either the configuration or the packets");
	return SL_EXIT_OK;
}

static int open_all(struct explain *x, struct sl_ctl *ctl)
{
	const char *from = ctl->opt[SL_OPT_READ];
	char error[SL_CAPTURE_ERROR];
	int status;

	status = ctl->opt[SL_OPT_CONFIG] ? sl_conf_file_or_say(&x->conf, ctl->opt[SL_OPT_CONFIG])
					 : sl_conf_running(ctl, &x->conf);
	if (!status && from && sl_capture_open(&x->capture, from, error))
		status = sl_fail("cannot read packets from '%s': %s", from, error);
	return status ?: sl_trial_new(&x->trial, x->conf, x->hook, x->iface, "explain");
}

int sl_cmd_explain(struct sl_ctl *ctl)
{
	_cleanup_(explain_clear) struct explain x = { .json = ctl->opt[SL_OPT_JSON],
						      .iface = ctl->opt[SL_OPT_INTERFACE] };
	const char *hook = ctl->opt[SL_OPT_HOOK];
	char error[SL_PACKET_ERROR];
	struct sl_packet packet;
	unsigned long number = 0;
	size_t at;
	int status;

	status = check_usage(ctl);
	if (!status && ctl->opt[SL_OPT_NUMBER])
		status = parse_number(ctl->opt[SL_OPT_NUMBER], &number);
	if (!status && ctl->nargs && sl_packet_parse(&packet, ctl->args[0], error, &at))
		status = misread(ctl->args[0], at, error);
	if (hook)
		x.hook = (enum sl_hook)sl_choice_find(sl_options[SL_OPT_HOOK].values, hook);
	status = status ?: open_all(&x, ctl);
	if (status)
		return status;
	return ctl->nargs ? explain_words(&x, &packet)
			  : explain_capture(&x, ctl->opt[SL_OPT_READ], number);
}
