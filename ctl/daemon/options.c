/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "options.h"

#include <getopt.h>
#include <stdio.h>

static const struct option long_options[] = {
	{ "config", required_argument, NULL, 'c' },  { "socket", required_argument, NULL, 's' },
	{ "pin-dir", required_argument, NULL, 'p' }, { "group", required_argument, NULL, 'g' },
	{ "verbose", no_argument, NULL, 'v' },	     { "version", no_argument, NULL, 'V' },
	{ "help", no_argument, NULL, 'h' },	     {},
};

static const char help[] =
	"usage: sluiced [-v] [-c FILE] [-s PATH] [-p DIR] [-g GROUP]\n"
	"\n"
	"Keeps Sluice's programs attached, their rules loaded, and answers sluicectl.\n"
	"\n"
	"  -c, --config FILE   configuration (" SL_CONFIG_FILE ")\n"
	"  -s, --socket PATH   where requests are answered (" SL_SOCKET ")\n"
	"  -p, --pin-dir DIR   where programs and maps are pinned (" SL_DP_PIN_DIR ")\n"
	"  -g, --group GROUP   members of GROUP may read (" SL_GROUP ")\n"
	"  -v, --verbose       say more; twice: also what libbpf and libxdp say\n"
	"  -V, --version       print the version and leave\n"
	"  -h, --help          print this and leave\n"
	"\n"
	"SIGHUP reloads the configuration. SIGTERM ends sluiced; its programs go on.\n"
	"See sluiced(8).\n";

static enum sl_options_result usage(const char *words, const char *arg)
{
	fprintf(stderr, "sluiced: %s%s; see 'sluiced --help'\n", words, arg);
	return SL_OPTIONS_USAGE;
}

static enum sl_options_result set(struct sl_options *opts, int letter)
{
	switch (letter) {
	case 'c':
		opts->config = optarg;
		return SL_OPTIONS_RUN;
	case 's':
		opts->socket = optarg;
		return SL_OPTIONS_RUN;
	case 'p':
		opts->pin_dir = optarg;
		return SL_OPTIONS_RUN;
	case 'g':
		opts->group = optarg;
		return SL_OPTIONS_RUN;
	case 'v':
		opts->verbose++;
		return SL_OPTIONS_RUN;
	case 'V':
		puts("sluiced " SL_VERSION);
		return SL_OPTIONS_DONE;
	case 'h':
		fputs(help, stdout);
		return SL_OPTIONS_DONE;
	default:
		fputs("see 'sluiced --help'\n", stderr);
		return SL_OPTIONS_USAGE;
	}
}

enum sl_options_result sl_options_parse(struct sl_options *opts, int argc, char **argv)
{
	enum sl_options_result result;
	int letter;

	*opts = (struct sl_options) {
		.config = SL_CONFIG_FILE,
		.socket = SL_SOCKET,
		.pin_dir = SL_DP_PIN_DIR,
		.group = SL_GROUP,
	};
	while ((letter = getopt_long(argc, argv, "c:s:p:g:vVh", long_options, NULL)) != -1) {
		if (letter != '?' && optarg && !*optarg)
			return usage("empty argument for an option", "");
		result = set(opts, letter);
		if (result != SL_OPTIONS_RUN)
			return result;
	}
	if (optind < argc)
		return usage("unexpected argument: ", argv[optind]);
	return SL_OPTIONS_RUN;
}
