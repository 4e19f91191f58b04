// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "options.h"

#include <getopt.h>
#include <string.h>

#include "out.h"

const struct sl_option sl_options[SL_OPT_MAX_] = {
	[SL_OPT_SOCKET] = { 's', "socket", "PATH", "<file>",
			    "talk to sluiced at this socket (default " SL_SOCKET ")" },
	[SL_OPT_PIN_DIR] = { 'p', "pin-dir", "DIR", "<dir>",
			     "where the data path is pinned; for 'detach --all' without sluiced" },
	[SL_OPT_JSON] = { 0, "json", NULL, NULL, "print JSON" },
	[SL_OPT_HELP] = { 'h', "help", NULL, NULL, "print this help" },
	[SL_OPT_VERSION] = { 'V', "version", NULL, NULL, "print the version" },
	[SL_OPT_XDP] = { 0, "xdp", "MODE", "auto native generic off",
			 "XDP mode; auto takes native where the driver has it" },
	[SL_OPT_PRIORITY] = { 0, "priority", "N", NULL,
			      "place among other XDP programs: lower runs first (default 50)" },
	[SL_OPT_TC] = { 0, "tc", "HOOKS", "ingress egress ingress,egress none",
			"TC hooks, separated by commas, or none" },
	[SL_OPT_ALL] = { 0, "all", NULL, NULL, "every interface; removes the data path" },
	[SL_OPT_WATCH] = { 0, "watch", "[SECONDS]", NULL,
			   "show again every SECONDS (default 1), with rates" },
	[SL_OPT_CONFIG] = { 'c', "config", "FILE", "<file>", "the configuration to judge by" },
	[SL_OPT_READ] = { 'r', "read", "PCAP", "<file>",
			  "the packets: pcap or pcapng, - for standard input" },
	[SL_OPT_HOOK] = { 0, "hook", "HOOK", "xdp tc-ingress tc-egress",
			  "where the packets are met (default xdp)" },
	[SL_OPT_WRITE] = { 'w', "write", "OUT", "<file>",
			   "write the accepted packets to this pcap file" },
	[SL_OPT_TRY] = { 0, "try", NULL, NULL,
			 "really attach a program that passes all to IFACE, for a moment" },
	[SL_OPT_CONFIRM] = { 0, "confirm", "TIME", NULL,
			     "take it back after TIME (30s, 2m) unless it is confirmed" },
	[SL_OPT_FORCE] = { 0, "force", NULL, NULL,
			   "even if the rules would drop the SSH session that this comes by" },
	[SL_OPT_NUMBER] = { 'n', "number", "N", NULL, "only the packet with that number, from 1" },
	[SL_OPT_INTERFACE] = { 'i', "interface", "IFACE", "<interface>",
			       "the interface where the packet is met" },
	[SL_OPT_VERBOSE] = { 'v', "verbose", NULL, NULL, "show where each rule runs, and why" },
	[SL_OPT_TIMEOUT] = { 0, "timeout", "TIME", NULL,
			     "how long the elements stay (30s, 10m, 2h), instead of the set's" },
	[SL_OPT_UNDO] = { 0, "undo", NULL, NULL, "take it back at once" },
	[SL_OPT_FOLLOW] = { 0, "follow", NULL, NULL, "go on with what is to come" },
};

/* Numbers that no letter has, so that getopt_long tells options apart. */
#define LONG_ONLY 256

int sl_choice_find(const char *words, const char *word)
{
	size_t length = strlen(word), step;
	int place;

	for (place = 0; *words; words += step + (words[step] == ' '), place++) {
		step = strcspn(words, " ");
		if (step == length && !memcmp(words, word, length))
			return place;
	}
	return -1;
}

/* What getopt_long wants to know of a set of options. */
struct parser {
	struct option longs[SL_OPT_MAX_ + 1];
	char letters[3 * SL_OPT_MAX_ + 3];
};

static int arg_kind(const struct sl_option *option)
{
	if (!option->arg)
		return no_argument;
	return option->arg[0] == '[' ? optional_argument : required_argument;
}

/* order: "+" ends at the first argument, "" takes options and arguments in any order. */
static void parser_fill(struct parser *parser, unsigned int options, const char *order)
{
	struct option *to = parser->longs;
	char *letter = parser->letters;
	int i;

	memset(parser, 0, sizeof(*parser));
	letter += sprintf(letter, "%s:", order);
	for (i = 0; i < SL_OPT_MAX_; i++) {
		if (!(options & 1U << i))
			continue;
		to->name = sl_options[i].name;
		to->has_arg = arg_kind(&sl_options[i]);
		to->val = LONG_ONLY + i;
		to++;
		if (sl_options[i].letter)
			letter += sprintf(letter, "%c%s", sl_options[i].letter,
					  sl_options[i].arg ? ":" : "");
	}
}

static int find_option(int found)
{
	int i;

	if (found >= LONG_ONLY)
		return found - LONG_ONLY;
	for (i = 0; sl_options[i].letter != found; i++)
		;
	return i;
}

/* "sluicectl" or "sluicectl VERB", as the place to look for help. */
static int misuse_option(const struct sl_ctl *ctl, char **argv, int found)
{
	const char *space = ctl->command ? " " : "", *verb = ctl->command ? ctl->command->name : "";
	char letter[3] = { '-', (char)optopt };
	const char *option = optopt && optopt < LONG_ONLY ? letter : argv[optind - 1];
	char name[64];

	if (optopt >= LONG_ONLY) {
		snprintf(name, sizeof(name), "--%s", sl_options[optopt - LONG_ONLY].name);
		option = name;
	}
	if (found == ':')
		return sl_misuse("option '%s' needs %s (see 'sluicectl%s%s --help')", option,
				 sl_options[find_option(optopt)].arg, space, verb);
	if (optopt >= LONG_ONLY)
		return sl_misuse("option '%s' takes no argument (see 'sluicectl%s%s --help')",
				 option, space, verb);
	return sl_misuse("unknown option '%s' (see 'sluicectl%s%s --help')", option, space, verb);
}

/* `--watch 5` as well as `--watch=5`, for a verb that takes no arguments of its own. */
static void take_optional(struct sl_ctl *ctl, int opt, int argc, char **argv)
{
	if (arg_kind(&sl_options[opt]) == optional_argument && !optarg && optind < argc &&
	    argv[optind][0] != '-')
		ctl->opt[opt] = argv[optind++];
}

static int parse(struct sl_ctl *ctl, unsigned int options, const char *order, int argc, char **argv)
{
	struct parser parser;
	int found, opt;

	parser_fill(&parser, options, order);
	opterr = 0;
	optind = 0;
	while ((found = getopt_long(argc, argv, parser.letters, parser.longs, NULL)) != -1) {
		if (found == '?' || found == ':')
			return misuse_option(ctl, argv, found);
		opt = find_option(found);
		ctl->opt[opt] = optarg ?: "";
		take_optional(ctl, opt, argc, argv);
	}
	return SL_EXIT_OK;
}

int sl_options_parse(struct sl_ctl *ctl, int argc, char **argv)
{
	int status, verb;

	status = parse(ctl, SL_OPTS_GLOBAL, "+", argc, argv);
	if (status || optind >= argc)
		return status;
	verb = optind;
	ctl->command = sl_command_find(argv[verb]);
	if (!ctl->command)
		return sl_misuse("unknown command '%s' (see 'sluicectl --help')", argv[verb]);
	status = parse(ctl, SL_OPTS_GLOBAL | ctl->command->options, "", argc - verb, argv + verb);
	ctl->args = argv + verb + optind;
	ctl->nargs = argc - verb - optind;
	return status;
}

/* --tc has words joined by commas, which its handler looks at. */
static int check_value(const struct sl_ctl *ctl, int opt)
{
	const struct sl_option *option = &sl_options[opt];

	if (!ctl->opt[opt] || !option->values || option->values[0] == '<' || opt == SL_OPT_TC)
		return SL_EXIT_OK;
	if (sl_choice_find(option->values, ctl->opt[opt]) >= 0)
		return SL_EXIT_OK;
	return sl_misuse("--%s cannot be '%s': it is one of %s", option->name, ctl->opt[opt],
			 option->values);
}

static int check_required(const struct sl_ctl *ctl, int opt)
{
	const struct sl_option *option = &sl_options[opt];

	if (!(ctl->command->required & 1U << opt) || ctl->opt[opt])
		return SL_EXIT_OK;
	return sl_misuse("%s needs -%c %s: %s", ctl->command->name, option->letter, option->arg,
			 option->help);
}

int sl_options_check(const struct sl_ctl *ctl)
{
	const struct sl_command *command = ctl->command;
	int i, status;

	for (i = 0; i < SL_OPT_MAX_; i++) {
		status = check_required(ctl, i) ?: check_value(ctl, i);
		if (status)
			return status;
	}
	if (ctl->nargs < command->min_args)
		return sl_misuse("%s needs %s (see 'sluicectl %s --help')", command->name,
				 command->args, command->name);
	if (ctl->nargs > command->max_args)
		return sl_misuse("%s: '%s' is one argument too many (see 'sluicectl %s --help')",
				 command->name, ctl->args[command->max_args], command->name);
	return SL_EXIT_OK;
}
