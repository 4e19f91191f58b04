/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * sluicectl: verbs as rows of one table (main.c), options as rows of another (options.c). A handler
 * gets what was parsed and returns the exit status. Verbs that talk to sluiced go through
 * client.c; check, probe and replay need no daemon.
 */

#include <stdbool.h>

#define SL_SOCKET    "/run/sluice/sluice.sock"
#define SL_CONF_FILE "/etc/sluice/sluice.conf"

enum sl_exit {
	SL_EXIT_OK,
	SL_EXIT_FAILED,
	SL_EXIT_USAGE
};

enum sl_opt {
	SL_OPT_SOCKET,
	SL_OPT_PIN_DIR,
	SL_OPT_JSON,
	SL_OPT_HELP,
	SL_OPT_VERSION,
	SL_OPT_XDP,
	SL_OPT_PRIORITY,
	SL_OPT_TC,
	SL_OPT_ALL,
	SL_OPT_WATCH,
	SL_OPT_CONFIG,
	SL_OPT_READ,
	SL_OPT_HOOK,
	SL_OPT_WRITE,
	SL_OPT_TRY,
	SL_OPT_CONFIRM,
	SL_OPT_UNDO,
	SL_OPT_FORCE,
	SL_OPT_NUMBER,
	SL_OPT_INTERFACE,
	SL_OPT_VERBOSE,
	SL_OPT_TIMEOUT,
	SL_OPT_FOLLOW,
	SL_OPT_MAX_
};

#define SL_OPT_BIT(name) (1U << SL_OPT_##name)

struct sl_option {
	char letter; /* 0: none */
	const char *name;
	const char *arg; /* NULL: takes none. In brackets: may be left out */
	const char *values; /* words it may be, or "<file>", "<dir>": for help and completion */
	const char *help;
};

struct sl_ctl {
	const struct sl_command *command;
	const char *opt[SL_OPT_MAX_]; /* NULL: not given; "" when given without argument */
	char **args;
	int nargs;
};

struct sl_command {
	const char *name;
	const char *args; /* as help shows them; "" for none */
	const char *values; /* what an argument is: words, "<interface>", "<file>" or NULL */
	int min_args;
	int max_args;
	unsigned int options; /* SL_OPT_BIT of its own; the global ones are always there */
	unsigned int required; /* of these, those that must be given */
	const char *help; /* one line */
	const char *more; /* what else --help says; NULL: nothing */
	int (*run)(struct sl_ctl *ctl);
};

extern const struct sl_option sl_options[SL_OPT_MAX_];
extern const struct sl_command sl_commands[]; /* ends with a row without name */

const struct sl_command *sl_command_find(const char *name);

/* attach.c */
int sl_cmd_attach(struct sl_ctl *ctl);
int sl_cmd_detach(struct sl_ctl *ctl);
/* reload.c */
int sl_cmd_reload(struct sl_ctl *ctl);
int sl_cmd_confirm(struct sl_ctl *ctl);
/* status.c */
int sl_cmd_status(struct sl_ctl *ctl);
/* stats.c */
int sl_cmd_stats(struct sl_ctl *ctl);
int sl_cmd_rules(struct sl_ctl *ctl);
/* events.c */
int sl_cmd_events(struct sl_ctl *ctl);
/* check.c */
int sl_cmd_check(struct sl_ctl *ctl);
/* probe.c */
int sl_cmd_probe(struct sl_ctl *ctl);
/* replay.c */
int sl_cmd_replay(struct sl_ctl *ctl);
/* explain.c */
int sl_cmd_explain(struct sl_ctl *ctl);
/* The rules that run, as sluiced tells them. Returns an exit status; what is wrong has been said. */
struct sl_conf;
int sl_conf_running(struct sl_ctl *ctl, struct sl_conf **out);
struct sl_diag;
void sl_diag_print_json(const struct sl_diag *diag);
/* lint.c */
int sl_cmd_lint(struct sl_ctl *ctl);
int sl_cmd_diff(struct sl_ctl *ctl);
/* show.c */
int sl_cmd_show(struct sl_ctl *ctl);
/* set.c */
int sl_cmd_flows(struct sl_ctl *ctl);
int sl_cmd_sets(struct sl_ctl *ctl);
int sl_cmd_set(struct sl_ctl *ctl);
/* help.c */
int sl_cmd_commands(struct sl_ctl *ctl);
int sl_cmd_help(struct sl_ctl *ctl);
