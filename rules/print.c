/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "print.h"

#include <errno.h>
#include <string.h>

#include "names.h"

static void print_reply(struct sl_buf *buf, const struct sl_conf_rule *rule)
{
	bool six = rule->arg == SL_REJECT_AAAA;
	struct sl_interval addr = {};
	int i;

	sl_buf_add(buf, "reply %s", sl_reply_name((enum sl_reject)rule->arg));
	if (rule->arg < SL_REJECT_A)
		return;
	for (i = 0; i < (six ? 16 : 4); i++)
		addr.low = addr.low << 8 | rule->reply[i];
	addr.high = addr.low;
	sl_buf_add(buf, " ");
	sl_addr_print(buf, six ? SL_L3_IP6 : SL_L3_IP4, &addr);
}

static void print_verdict(struct sl_buf *buf, const struct sl_conf *conf,
			  const struct sl_conf_rule *rule)
{
	sl_print_blank(buf);
	if (rule->action == SL_REJECT && rule->arg >= SL_REJECT_NXDOMAIN) {
		print_reply(buf, rule);
		return;
	}
	sl_buf_add(buf, "%s", sl_verdict_names[rule->action]);
	if (rule->action <= SL_DROP && rule->arg == SL_FLOW_ALL)
		sl_buf_add(buf, " flow");
	else if (rule->action == SL_REDIRECT)
		sl_buf_add(buf, " \"%s\"", conf->ports[rule->arg]);
	else if (rule->action == SL_REJECT && rule->arg == SL_REJECT_TCP_RESET)
		sl_buf_add(buf, " with tcp reset");
	else if (rule->action == SL_REJECT && rule->arg)
		sl_buf_add(buf, " with icmpx %s", sl_reject_name((enum sl_reject)rule->arg));
}

int sl_rule_print(const struct sl_conf *conf, const struct sl_conf_rule *rule, char **out)
{
	struct sl_buf buf = {};
	bool acts = false;
	size_t i;

	if (rule->is_policy) {
		sl_buf_add(&buf, "policy %s", sl_verdict_names[rule->action]);
		return sl_buf_take(&buf, out);
	}
	sl_match_print(&buf, conf, rule->dir, rule->match);
	for (i = 0; i < rule->nstmts; i++) {
		sl_print_blank(&buf);
		sl_stmt_print(&buf, conf, &rule->stmts[i]);
		acts = acts || !sl_op_is_match(rule->stmts[i].kind);
	}
	if (rule->action != SL_CONTINUE) {
		print_verdict(&buf, conf, rule);
	} else if (!acts) {
		sl_print_blank(&buf);
		sl_buf_add(&buf, "count");
	}
	return sl_buf_take(&buf, out);
}

void sl_iface_print(struct sl_buf *buf, const struct sl_conf_iface *iface)
{
	const char *join = " ";
	int dir;

	sl_buf_add(buf, "interface \"%s\" {\n\txdp %s", iface->pattern,
		   sl_xdp_mode_names[iface->xdp]);
	if (iface->priority != SL_XDP_PRIORITY)
		sl_buf_add(buf, " priority %d", iface->priority);
	sl_buf_add(buf, "\n");
	for (dir = 0; dir < SL_DIR_MAX_; dir++) {
		if (!iface->tc[dir])
			continue;
		sl_buf_add(buf, "%s%s%s", *join == ' ' ? "\ttc" : "", join, sl_dir_names[dir]);
		join = ", ";
	}
	sl_buf_add(buf, *join == ',' ? "\n}\n" : "}\n");
}

/* What is not at its default. */
void sl_flows_print(struct sl_buf *buf, const struct sl_conf_flows *flows)
{
	unsigned int i;

	sl_buf_add(buf, "flows {\n");
	if (flows->size)
		sl_buf_add(buf, "\tsize %u\n", flows->size);
	if (flows->streams)
		sl_buf_add(buf, "\tstreams %u\n", flows->streams);
	for (i = 0; i < SL_FLOW_CLASS_MAX_; i++)
		if (flows->timeout_s[i])
			sl_buf_add(buf, "\ttimeout %s %us\n", sl_flow_class_names[i],
				   flows->timeout_s[i]);
	sl_buf_add(buf, "}\n");
}

static bool drops(const struct sl_conf *conf, unsigned int reason)
{
	return conf->drop_reasons >> reason & 1;
}

/* What most of the class do, the default when they are even. */
static bool class_drops(const struct sl_conf *conf, unsigned int class)
{
	int balance = 0;
	unsigned int reason;

	for (reason = SL_REASON_NONE + 1; reason < SL_REASON_MAX_; reason++) {
		if (sl_reason_classes[reason] == class)
			balance += drops(conf, reason) ? 1 : -1;
	}
	return balance ? balance > 0 : sl_class_drops[class];
}

/* All classes, also those left at their defaults: what happens shall be in plain sight. */
static void print_reasons(struct sl_buf *buf, const struct sl_conf *conf)
{
	unsigned int class, reason;

	for (class = 0; class < SL_CLASS_MAX_; class ++) {
		bool drop = class_drops(conf, class);

		sl_buf_add(buf, "on %s %s\n", sl_class_names[class], drop ? "drop" : "accept");
		for (reason = SL_REASON_NONE + 1; reason < SL_REASON_MAX_; reason++) {
			if (sl_reason_classes[reason] == class && drops(conf, reason) != drop)
				sl_buf_add(buf, "on %s %s\n", sl_reason_names[reason],
					   drop ? "accept" : "drop");
		}
	}
}

/* The names that unnamed rules get cannot be written, and need not be. */
static void print_rule(struct sl_buf *buf, const struct sl_conf_rule *rule)
{
	sl_buf_add(buf, "\t");
	if (!strchr(rule->name, '#'))
		sl_buf_add(buf, "%s: ", rule->name);
	sl_buf_add(buf, "%s\n", rule->text);
}

static void print_chain(struct sl_buf *buf, const struct sl_conf *conf, enum sl_dir dir)
{
	size_t i;

	sl_buf_add(buf, "\nchain %s {\n", sl_dir_names[dir]);
	for (i = 0; i < conf->nrules; i++) {
		if (conf->rules[i].dir == dir && conf->rules[i].is_policy)
			sl_buf_add(buf, "\t%s\n", conf->rules[i].text);
	}
	for (i = 0; i < conf->nrules; i++) {
		if (conf->rules[i].dir == dir && !conf->rules[i].is_policy)
			print_rule(buf, &conf->rules[i]);
	}
	sl_buf_add(buf, "}\n");
}

int sl_conf_print(const struct sl_conf *conf, char **out)
{
	struct sl_buf buf = {};
	size_t i;
	int dir;

	if (conf->geoip)
		sl_buf_add(&buf, "geoip \"%s\"\n\n", conf->geoip);
	for (i = 0; i < conf->nifaces; i++) {
		sl_iface_print(&buf, &conf->ifaces[i]);
		sl_buf_add(&buf, "\n");
	}
	for (i = 0; i < conf->nsets; i++) {
		if (!conf->sets[i].name)
			continue;
		sl_set_print(&buf, &conf->sets[i]);
		sl_buf_add(&buf, "\n");
	}
	if (memcmp(&conf->flows, &(struct sl_conf_flows) {}, sizeof(conf->flows)) != 0) {
		sl_flows_print(&buf, &conf->flows);
		sl_buf_add(&buf, "\n");
	}
	print_reasons(&buf, conf);
	for (dir = 0; dir < SL_DIR_MAX_; dir++)
		print_chain(&buf, conf, (enum sl_dir)dir);
	return sl_buf_take(&buf, out);
}
