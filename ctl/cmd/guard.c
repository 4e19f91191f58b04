// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "guard.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "cleanup.h"
#include "cmd.h"
#include "names.h"
#include "out.h"
#include "request.h"
#include "session.h"
#include "split.h"
#include "trial.h"

/* Whether packets of the session are judged, [enum sl_dir]. */
struct judged {
	bool dir[SL_DIR_MAX_];
};

/* --- who judges --- */

static void as_clause(struct judged *judged, const struct sl_conf_iface *want)
{
	judged->dir[SL_DIR_INGRESS] = want->xdp != SL_XDP_OFF || want->tc[SL_DIR_INGRESS];
	judged->dir[SL_DIR_EGRESS] = want->tc[SL_DIR_EGRESS];
}

static bool is_attached(const json_t *object, const char *key)
{
	return strcmp(sl_json_text(json_object_get(object, key), "attach"), "none") != 0;
}

/* As an interface's entry in the status has it. */
static void as_it_is(struct judged *judged, const json_t *entry)
{
	const json_t *tc = json_object_get(entry, "tc");

	judged->dir[SL_DIR_INGRESS] = is_attached(entry, "xdp") || is_attached(tc, "ingress");
	judged->dir[SL_DIR_EGRESS] = is_attached(tc, "egress");
}

static const json_t *entry_of(const json_t *status, const char *name)
{
	const json_t *entry;
	size_t i;

	json_array_foreach (json_object_get(status, "interfaces"), i, entry) {
		if (!strcmp(sl_json_text(entry, "name"), name))
			return entry;
	}
	return NULL;
}

/* By the configuration to come, unless somebody has attached or detached it by hand. */
static void after_reload(struct judged *judged, const json_t *entry, const struct sl_conf *conf,
			 const char *name)
{
	const struct sl_conf_iface *clause = sl_conf_iface_find(conf, name);
	const char *origin = sl_json_text(entry, "origin");

	if (!strcmp(sl_json_text(entry, "state"), "detached"))
		return;
	if (!strcmp(origin, "manual") || (!strcmp(origin, "adopted") && !clause))
		as_it_is(judged, entry);
	else if (clause && !(clause->is_glob && !strcmp(name, "lo")))
		as_clause(judged, clause);
}

/* --- judging --- */

static int refuse(const struct sl_session *session, const struct sl_way *way,
		  const struct sl_conf_rule *rule, const struct sl_trace *trace, enum sl_dir dir)
{
	const char *verdict = sl_verdict_names[trace->verdict % SL_VERDICT_MAX_];
	const char *file = "";
	unsigned int line = 0;
	char place[512] = "";

	if (rule && sl_conf_rule_place(rule, &file, &line))
		snprintf(place, sizeof(place), " (%s:%u)", file, line);
	if (!rule)
		return sl_fail(
			"refused: '%s' of %s packets would cut the SSH session of this command (%s, by %s); --force does it all the same",
			verdict, sl_dir_names[dir], session->text, way->iface);
	return sl_fail(
		"refused: %s '%s'%s of chain %s says %s and would cut the SSH session of this command (%s, by %s); --force does it all the same",
		rule->is_policy ? "policy" : "rule", rule->is_policy ? verdict : rule->name, place,
		sl_dir_names[dir], verdict, session->text, way->iface);
}

static bool lets_pass(const struct sl_trace *trace)
{
	return trace->verdict == SL_ACCEPT || trace->verdict == SL_CONTINUE;
}

/* At TC all rules are asked, also those that XDP leaves to it. */
static int judge(struct sl_trial **trial, struct sl_conf *conf, const struct sl_session *session,
		 const struct sl_way *way, enum sl_dir dir)
{
	static __u8 frame[SL_PACKET_MAX];
	enum sl_hook hook = dir == SL_DIR_EGRESS ? SL_HOOK_TC_EGRESS : SL_HOOK_TC_INGRESS;
	struct sl_packet packet = dir == SL_DIR_EGRESS ? session->out : session->in;
	struct sl_trace trace;
	size_t length;
	int status;

	packet.tags = way->tags;
	memcpy(packet.tag, way->tag, sizeof(packet.tag));
	length = sl_packet_frame(&packet, frame);
	if (*trial)
		status = sl_trial_hook(*trial, hook);
	else
		status = sl_trial_new(trial, conf, hook, way->iface, "guarding the SSH session");
	if (status)
		return status;
	if (sl_trial_run(*trial, frame, length, &trace, NULL, 0, NULL))
		return sl_fail("%s", sl_trial_error(*trial));
	return lets_pass(&trace) ? SL_EXIT_OK
				 : refuse(session, way, sl_trial_rule(*trial, &trace), &trace, dir);
}

static int judge_way(struct sl_conf *conf, const struct sl_session *session,
		     const struct sl_way *way, const struct judged *judged)
{
	_cleanup_(sl_trial_freep) struct sl_trial *trial = NULL;
	int dir, status = SL_EXIT_OK;

	for (dir = 0; dir < SL_DIR_MAX_ && !status; dir++) {
		if (judged->dir[dir])
			status = judge(&trial, conf, session, way, (enum sl_dir)dir);
	}
	return status;
}

/* --- the verbs --- */

/* Whom sluiced refuses anyway need not be guarded, and could not be. */
static bool is_guarded(const struct sl_ctl *ctl, struct sl_session *session)
{
	return !geteuid() && !ctl->opt[SL_OPT_FORCE] && sl_session_find(session);
}

int sl_guard_reload(struct sl_ctl *ctl)
{
	_cleanup_(sl_conf_freep) struct sl_conf *conf = NULL;
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	_cleanup_json_ json_t *reply = NULL;
	struct sl_session session;
	size_t i;
	int status;

	if (!is_guarded(ctl, &session))
		return SL_EXIT_OK;
	status = sl_request(ctl, "/v1/status", NULL, &reply);
	if (status)
		return status;
	/* What is wrong with the file is sluiced's to say; where nothing runs, nothing will. */
	if (!strcmp(sl_json_text(reply, "datapath"), "empty") ||
	    sl_conf_load(&conf, sl_json_text(reply, "config"), &diag))
		return SL_EXIT_OK;
	for (i = 0; i < session.nways && !status; i++) {
		const struct sl_way *way = &session.ways[i];
		struct judged judged = {};

		after_reload(&judged, entry_of(reply, way->iface), conf, way->iface);
		status = judge_way(conf, &session, way, &judged);
	}
	return status;
}

static bool asks(const json_t *hooks, enum sl_dir dir)
{
	const json_t *hook;
	size_t i;

	json_array_foreach (hooks, i, hook) {
		if (!strcmp(json_string_value(hook) ?: "", sl_dir_names[dir]))
			return true;
	}
	return false;
}

/* What is not asked for is as the configuration has it, or XDP alone. */
static void after_attach(struct judged *judged, const json_t *body, const struct sl_conf *conf,
			 const char *name)
{
	const struct sl_conf_iface *clause = sl_conf_iface_find(conf, name);
	const json_t *tc = json_object_get(body, "tc"), *xdp = json_object_get(body, "xdp");
	struct sl_conf_iface want = { .xdp = SL_XDP_AUTO };

	if (clause && !(clause->is_glob && !strcmp(name, "lo")))
		want = *clause;
	if (xdp)
		want.xdp = strcmp(json_string_value(xdp) ?: "", "off") ? SL_XDP_AUTO : SL_XDP_OFF;
	if (tc) {
		want.tc[SL_DIR_INGRESS] = asks(tc, SL_DIR_INGRESS);
		want.tc[SL_DIR_EGRESS] = asks(tc, SL_DIR_EGRESS);
	}
	as_clause(judged, &want);
}

/* The rules that run; when nothing does, what the file says comes into force with the attachment. */
static int load_rules(struct sl_ctl *ctl, struct sl_conf **out)
{
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	_cleanup_json_ json_t *reply = NULL;
	int status;

	status = sl_request(ctl, "/v1/status", NULL, &reply);
	if (status || json_is_object(json_object_get(reply, "ruleset")))
		return status ?: sl_conf_running(ctl, out);
	sl_conf_load(out, sl_json_text(reply, "config"), &diag);
	return SL_EXIT_OK;
}

static const struct sl_way *way_of(const struct sl_session *session, const char *name)
{
	size_t i;

	for (i = 0; i < session->nways; i++) {
		if (!strcmp(session->ways[i].iface, name))
			return &session->ways[i];
	}
	return NULL;
}

int sl_guard_attach(struct sl_ctl *ctl, const json_t *body)
{
	_cleanup_(sl_conf_freep) struct sl_conf *conf = NULL;
	const struct sl_way *way;
	struct judged judged = {};
	struct sl_session session;
	int status;

	if (!is_guarded(ctl, &session))
		return SL_EXIT_OK;
	way = way_of(&session, sl_json_text(body, "interface"));
	if (!way)
		return SL_EXIT_OK;
	status = load_rules(ctl, &conf);
	if (status || !conf)
		return status;
	after_attach(&judged, body, conf, way->iface);
	return judge_way(conf, &session, way, &judged);
}
