// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "cmd.h"

#include <limits.h>
#include <locale.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "help.h"
#include "options.h"
#include "out.h"

const struct sl_command sl_commands[] = {
	{
		.name = "attach",
		.args = "IFACE",
		.values = "<interface>",
		.min_args = 1,
		.max_args = 1,
		.options =
			SL_OPT_BIT(XDP) | SL_OPT_BIT(PRIORITY) | SL_OPT_BIT(TC) | SL_OPT_BIT(FORCE),
		.help = "put Sluice on an interface",
		.more = "Without options, what the configuration says of IFACE holds, or XDP in mode auto.\n"
			"It lasts until 'detach' or until the interface is gone; what shall last longer\n"
			"belongs into the configuration. Refused when the rules would drop the SSH session\n"
			"that the command comes by, unless --force is given.",
		.run = sl_cmd_attach,
	},
	{
		.name = "detach",
		.args = "IFACE|--all",
		.values = "<interface>",
		.max_args = 1,
		.options = SL_OPT_BIT(ALL),
		.help = "take Sluice off an interface, or off all",
		.more = "--all removes every program, map and pin of Sluice. It needs no running sluiced.",
		.run = sl_cmd_detach,
	},
	{
		.name = "status",
		.args = "",
		.help = "what runs where, and why",
		.run = sl_cmd_status,
	},
	{
		.name = "stats",
		.args = "",
		.options = SL_OPT_BIT(WATCH),
		.help = "packets and bytes by interface, verdict, reason and rule",
		.run = sl_cmd_stats,
	},
	{
		.name = "rules",
		.args = "",
		.help = "the rules in force, with their counters",
		.run = sl_cmd_rules,
	},
	{
		.name = "flows",
		.args = "[kill] [FILTER...]",
		.values = "kill addr port proto state verdict limit all",
		.max_args = INT_MAX,
		.help = "the flows that there are, or forget some",
		.more = "FILTER: addr ADDRESS[/BITS], port N, proto NAME|N, state NAME, verdict accept|drop;\n"
			"all that is given must hold. 'limit N' shows that many, 1000 without it. 'kill'\n"
			"forgets flows with what was decided of them: their next packets meet the rules\n"
			"again. 'kill all' forgets all.",
		.run = sl_cmd_flows,
	},
	{
		.name = "sets",
		.args = "",
		.help = "the sets in force",
		.run = sl_cmd_sets,
	},
	{
		.name = "set",
		.args = "add|del|list|flush|test SET [ELEMENT...]",
		.values = "add del list flush test",
		.min_args = 2,
		.max_args = INT_MAX,
		.options = SL_OPT_BIT(TIMEOUT),
		.help = "change a set while it runs, or look into it",
		.more = "What is added and deleted holds from the next packet on, over reloads and restarts,\n"
			"until 'flush' takes the set back to what the configuration has. 'test' ends with 0\n"
			"when all elements are in the set.",
		.run = sl_cmd_set,
	},
	{
		.name = "events",
		.args = "",
		.options = SL_OPT_BIT(FOLLOW),
		.help = "what rules with 'log' found, one JSON object a line",
		.more = "The form is that of Suricata's EVE. The last 1,024 events are kept.",
		.run = sl_cmd_events,
	},
	{
		.name = "check",
		.args = "[FILE]",
		.values = "<file>",
		.max_args = 1,
		.options = SL_OPT_BIT(VERBOSE),
		.help = "say what is wrong with a configuration",
		.more = "Without FILE: " SL_CONF_FILE
			". '-' reads standard input. Changes nothing.",
		.run = sl_cmd_check,
	},
	{
		.name = "lint",
		.args = "[FILE]",
		.values = "<file>",
		.max_args = 1,
		.help = "say what of a configuration is hardly meant so",
		.more = "Rules that can never match, equal matches with other verdicts, sets and definitions\n"
			"that nothing uses. Without FILE: " SL_CONF_FILE
			". Fails when anything was found.",
		.run = sl_cmd_lint,
	},
	{
		.name = "diff",
		.args = "OLD NEW",
		.values = "<file>",
		.min_args = 2,
		.max_args = 2,
		.help = "how two configurations differ, in terms of rules",
		.more = "Either may be 'running', the one in force, or '-', standard input. The status is 1\n"
			"when they differ.",
		.run = sl_cmd_diff,
	},
	{
		.name = "show",
		.args = "[FILE]",
		.values = "<file>",
		.max_args = 1,
		.help = "a configuration as one text, includes and definitions resolved",
		.more = "Without FILE: the one in force. 'check' reads back what it prints, and it means the\n"
			"same.",
		.run = sl_cmd_show,
	},
	{
		.name = "reload",
		.args = "",
		.options = SL_OPT_BIT(CONFIRM) | SL_OPT_BIT(FORCE),
		.help = "let sluiced read its configuration again",
		.more = "A configuration with errors changes nothing, and neither does one that would drop the\n"
			"SSH session that the command comes by, unless --force is given.\n"
			"With --confirm, and on a terminal, it waits for an answer: Enter keeps the new\n"
			"configuration. Without one, as when the session was cut, the one before comes back.",
		.run = sl_cmd_reload,
	},
	{
		.name = "confirm",
		.args = "",
		.options = SL_OPT_BIT(UNDO),
		.help = "keep what 'reload --confirm' put in force",
		.run = sl_cmd_confirm,
	},
	{
		.name = "probe",
		.args = "[IFACE]",
		.values = "<interface>",
		.max_args = 1,
		.options = SL_OPT_BIT(TRY),
		.help = "what this kernel and an interface can do for Sluice",
		.more = "Loads small programs and attaches them in a network namespace of its own. IFACE is\n"
			"only looked at, unless --try is given.",
		.run = sl_cmd_probe,
	},
	{
		.name = "replay",
		.args = "",
		.options = SL_OPT_BIT(CONFIG) | SL_OPT_BIT(READ) | SL_OPT_BIT(HOOK) |
			   SL_OPT_BIT(WRITE),
		.required = SL_OPT_BIT(CONFIG) | SL_OPT_BIT(READ),
		.help = "judge the packets of a capture file, nothing attached",
		.more = "The programs that judge are those that 'attach' puts on an interface.\n"
			"With --json: one object a packet, one a line.",
		.run = sl_cmd_replay,
	},
	{
		.name = "explain",
		.args = "[PACKET]",
		.max_args = 1,
		.options = SL_OPT_BIT(CONFIG) | SL_OPT_BIT(READ) | SL_OPT_BIT(NUMBER) |
			   SL_OPT_BIT(HOOK) | SL_OPT_BIT(INTERFACE),
		.help = "what becomes of a packet, and which rules say so",
		.more = "PACKET is one word for the shell, as 'tcp 192.0.2.1:4000 > 198.51.100.7:22 syn':\n"
			"tcp, udp, sctp, icmp, icmpv6 or a number; addresses, IPv6 in brackets; then TCP flags\n"
			"(syn|ack), vlan N, pcp N, ttl N, dscp N, len N, type N, code N, mss N, window N,\n"
			"frag first, frag later or frag OFFSET. Or -r PCAP: its packets, or one of them.\n"
			"Without -c the rules that run are asked. With --json: one object a packet.",
		.run = sl_cmd_explain,
	},
	{
		.name = "commands",
		.args = "",
		.help = "the verbs and their options, for scripts",
		.run = sl_cmd_commands,
	},
	{
		.name = "help",
		.args = "[COMMAND]",
		.values = "<command>",
		.max_args = 1,
		.help = "print help, on all or on one verb",
		.run = sl_cmd_help,
	},
	{},
};

const struct sl_command *sl_command_find(const char *name)
{
	const struct sl_command *command;

	for (command = sl_commands; command->name; command++) {
		if (!strcmp(command->name, name))
			return command;
	}
	return NULL;
}

static int run(struct sl_ctl *ctl)
{
	int status;

	if (ctl->opt[SL_OPT_HELP]) {
		sl_help_print(ctl->command, stdout);
		return SL_EXIT_OK;
	}
	if (ctl->opt[SL_OPT_VERSION]) {
		puts("sluicectl " SL_VERSION);
		return SL_EXIT_OK;
	}
	if (!ctl->command) {
		sl_help_print(NULL, stderr);
		return SL_EXIT_USAGE;
	}
	status = sl_options_check(ctl);
	return status ?: ctl->command->run(ctl);
}

int main(int argc, char **argv)
{
	struct sl_ctl ctl = {};
	int status;

	/* Widths of characters; numbers keep their point, for JSON. */
	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	status = sl_options_parse(&ctl, argc, argv) ?: run(&ctl);
	return sl_out_end(status);
}
