/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "check.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "aside.h"
#include "cleanup.h"
#include "diag.h"
#include "names.h"
#include "print.h"
#include "suggest.h"

#define POLICY "policy"

/* In this order: matches, limits and samples, statements, one verdict. */
static int check_order(struct sl_parser *p, const struct sl_ast_rule *ast)
{
	enum {
		MATCH,
		LIMIT,
		STMT,
		VERDICT
	} stage = MATCH, now;
	const struct sl_part *part, *before = NULL;

	for (part = ast->parts; part; before = part, part = part->next) {
		now = part->kind == SL_AST_VERDICT ? VERDICT
		      : part->kind != SL_AST_STMT  ? MATCH
						   : STMT;
		if (now == STMT && !part->counts && sl_op_is_match(part->stmt.kind))
			now = LIMIT;
		if (stage == VERDICT)
			return sl_diag_error(
				p->diag, &part->loc, "nothing can follow '%.*s': it ends the rule",
				(int)sl_loc_length(&before->head), sl_loc_bytes(&before->head));
		if (stage == STMT && now < STMT)
			return sl_diag_error(p->diag, &part->loc,
					     "a match cannot follow an action: matches come first");
		if (stage == LIMIT && now == MATCH)
			return sl_diag_error(
				p->diag, &part->loc,
				"a match cannot follow a limit or a sample: these see what matched before");
		stage = now;
	}
	return 0;
}

/* Names are per chain; "policy" and those with # are ours. */
static int check_label(struct sl_parser *p, struct sl_nametab *names, struct sl_ast_rule *ast)
{
	const struct sl_ast_rule *other;
	char place[SL_WHERE_TEXT];

	if (!ast->label)
		return 0;
	if (!strcmp(ast->label, POLICY))
		return sl_diag_error(p->diag, &ast->label_loc,
				     "'policy' is what the chain's own counter is called");
	other = sl_nametab_get(names, ast->label);
	if (!other)
		return sl_nametab_put(names, ast->label, ast);
	return sl_diag_error(p->diag, &ast->label_loc,
			     "a rule called '%s' is already in this chain, %s", ast->label,
			     sl_ast_where(&other->label_loc, &ast->label_loc, place));
}

static int set_name(struct sl_conf_rule *rule, const char *label, unsigned int place)
{
	char number[32];

	snprintf(number, sizeof(number), "%s#%u", sl_dir_names[rule->dir], place);
	rule->name = strdup(label ? label : number);
	return rule->name ? 0 : -ENOMEM;
}

static struct sl_conf_rule *next_rule(struct sl_conf *conf, enum sl_dir dir)
{
	struct sl_conf_rule *rule = &conf->rules[conf->nrules++];

	rule->dir = dir;
	return rule;
}

static int check_rule(struct sl_parser *p, struct sl_nametab *names, struct sl_ast_rule *ast,
		      struct sl_conf_rule *rule)
{
	int label, actions, matches, err;

	rule->loc = ast->loc;
	label = check_label(p, names, ast);
	actions = check_order(p, ast);
	if (!actions)
		actions = sl_stmts_read(p, ast, rule);
	matches = sl_matches_read(p, rule->dir, ast, &rule->match);
	if (label == -ENOMEM || actions == -ENOMEM || matches == -ENOMEM)
		return -ENOMEM;
	if (label || actions || matches)
		return -EINVAL;
	err = sl_rule_print(p->conf, rule, &rule->text);
	return err ? err : sl_rule_set_aside(p->conf, rule);
}

static int check_policy(struct sl_conf *conf, enum sl_dir dir, const struct sl_ast_chain *chain)
{
	struct sl_conf_rule *rule = next_rule(conf, dir);
	int err;

	rule->is_policy = true;
	rule->loc = chain->policy_loc;
	rule->action = chain->policy_loc.source ? chain->policy : SL_ACCEPT;
	err = set_name(rule, POLICY, 0);
	return err ? err : sl_rule_print(conf, rule, &rule->text);
}

static int check_chain(struct sl_parser *p, struct sl_conf *conf, enum sl_dir dir)
{
	_cleanup_(sl_nametab_clear) struct sl_nametab names = {};
	struct sl_ast_rule *ast;
	unsigned int place = 0;
	int failed = 0, err;

	for (ast = p->chain[dir].rules; ast; ast = ast->next) {
		struct sl_conf_rule *rule = next_rule(conf, dir);

		err = set_name(rule, ast->label, ++place);
		if (!err)
			err = check_rule(p, &names, ast, rule);
		if (err == -ENOMEM)
			return err;
		failed = err ? err : failed;
	}
	err = check_policy(conf, dir, &p->chain[dir]);
	return err ? err : failed;
}

static int check_rules(struct sl_parser *p, struct sl_conf *conf)
{
	const struct sl_ast_rule *ast;
	size_t count = SL_DIR_MAX_;
	int dir, failed = 0, err;

	for (dir = 0; dir < SL_DIR_MAX_; dir++) {
		for (ast = p->chain[dir].rules; ast; ast = ast->next)
			count++;
	}
	conf->rules = calloc(count, sizeof(*conf->rules));
	if (!conf->rules)
		return -ENOMEM;
	for (dir = 0; dir < SL_DIR_MAX_; dir++) {
		err = check_chain(p, conf, (enum sl_dir)dir);
		if (err == -ENOMEM)
			return err;
		failed = err ? err : failed;
	}
	return failed;
}

static void set_reason(struct sl_conf *conf, unsigned int reason, enum sl_verdict verdict)
{
	if (verdict == SL_DROP)
		conf->drop_reasons |= 1ULL << reason;
	else
		conf->drop_reasons &= ~(1ULL << reason);
}

static void default_reasons(struct sl_conf *conf)
{
	unsigned int reason;

	for (reason = SL_REASON_NONE + 1; reason < SL_REASON_MAX_; reason++) {
		if (sl_class_drops[sl_reason_classes[reason]])
			set_reason(conf, reason, SL_DROP);
	}
}

static int check_on(struct sl_parser *p, struct sl_conf *conf, const struct sl_ast_on *on)
{
	struct sl_suggest suggest = sl_suggest_for(on->word);
	char hint[SL_SUGGEST_HINT_MAX];
	unsigned int reason, class;

	for (reason = SL_REASON_NONE + 1; reason < SL_REASON_MAX_; reason++) {
		sl_suggest_offer(&suggest, sl_reason_names[reason]);
		if (!strcmp(on->word, sl_reason_names[reason])) {
			set_reason(conf, reason, on->verdict);
			return 0;
		}
	}
	for (class = 0; class < SL_CLASS_MAX_; class ++) {
		sl_suggest_offer(&suggest, sl_class_names[class]);
		if (!strcmp(on->word, sl_class_names[class]))
			break;
	}
	if (class == SL_CLASS_MAX_)
		return sl_diag_error(p->diag, &on->loc, "unknown reason '%s'%s", on->word,
				     suggest.best ? sl_suggest_hint(&suggest, hint)
						  : "; all are listed in sluice.conf(5)");
	for (reason = SL_REASON_NONE + 1; reason < SL_REASON_MAX_; reason++) {
		if (sl_reason_classes[reason] == class)
			set_reason(conf, reason, on->verdict);
	}
	return 0;
}

static int check_reasons(struct sl_parser *p, struct sl_conf *conf)
{
	const struct sl_ast_on *on;
	int failed = 0, err;

	default_reasons(conf);
	for (on = p->ons; on; on = on->next) {
		err = check_on(p, conf, on);
		if (err == -ENOMEM)
			return err;
		failed = err ? err : failed;
	}
	return failed;
}

static int copy_ifaces(struct sl_parser *p, struct sl_conf *conf)
{
	const struct sl_ast_iface *ast;
	size_t count = 0;

	for (ast = p->ifaces; ast; ast = ast->next)
		count++;
	conf->ifaces = calloc(count ? count : 1, sizeof(*conf->ifaces));
	if (!conf->ifaces)
		return -ENOMEM;
	for (ast = p->ifaces; ast; ast = ast->next) {
		struct sl_conf_iface *iface = &conf->ifaces[conf->nifaces++];

		iface->pattern = strdup(ast->pattern);
		if (!iface->pattern)
			return -ENOMEM;
		iface->is_glob = ast->is_glob;
		iface->xdp = ast->xdp;
		iface->priority = ast->priority;
		memcpy(iface->tc, ast->tc, sizeof(iface->tc));
	}
	return 0;
}

/* What lint looks at. Uses are known once the rules have been read. */
static int copy_defines(struct sl_parser *p, struct sl_conf *conf)
{
	const struct sl_ast_define *ast;
	size_t count = 0;

	for (ast = p->defines; ast; ast = ast->next)
		count++;
	if (!count)
		return 0;
	conf->defines = calloc(count, sizeof(*conf->defines));
	if (!conf->defines)
		return -ENOMEM;
	for (ast = p->defines; ast; ast = ast->next) {
		struct sl_conf_define *define = &conf->defines[conf->ndefines++];

		define->used = ast->used;
		define->loc = ast->loc;
		define->name = strdup(ast->name);
		if (!define->name)
			return -ENOMEM;
	}
	return 0;
}

static int copy_geoip(struct sl_parser *p, struct sl_conf *conf)
{
	if (!p->geoip)
		return 0;
	conf->geoip = strdup(p->geoip);
	return conf->geoip ? 0 : -ENOMEM;
}

static int copy_flows(struct sl_parser *p, struct sl_conf *conf)
{
	conf->flows = p->flows;
	return 0;
}

typedef int check_fn(struct sl_parser *p, struct sl_conf *conf);

static int check_defines(struct sl_parser *p, struct sl_conf *conf)
{
	return sl_define_check(p);
}

static int check_sets(struct sl_parser *p, struct sl_conf *conf)
{
	return sl_sets_check(p);
}

int sl_check(struct sl_parser *p, struct sl_conf *conf)
{
	static check_fn *const steps[] = {
		copy_ifaces,   copy_geoip, copy_flows,	check_defines,
		check_reasons, check_sets, check_rules, copy_defines,
	};
	int failed = 0, err;
	size_t i;

	p->conf = conf;
	for (i = 0; i < sizeof(steps) / sizeof(*steps); i++) {
		err = steps[i](p, conf);
		if (err == -ENOMEM)
			return err;
		failed = err ? err : failed;
	}
	return failed;
}
