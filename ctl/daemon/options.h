/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "dp.h"

#ifndef SL_CONFIG_FILE
#define SL_CONFIG_FILE "/etc/sluice/sluice.conf"
#endif
#ifndef SL_SOCKET
#define SL_SOCKET "/run/sluice/sluice.sock"
#endif
#define SL_GROUP "sluice"

struct sl_options {
	const char *config;
	const char *socket;
	const char *pin_dir;
	const char *group; /* whose members may read */
	int verbose; /* 1: our own debugging lines, 2: those of the libraries, too */
};

/* What to do when the command line was read: go on, or leave with that status. */
enum sl_options_result {
	SL_OPTIONS_RUN = -1,
	SL_OPTIONS_DONE = 0,
	SL_OPTIONS_USAGE = 2
};

enum sl_options_result sl_options_parse(struct sl_options *opts, int argc, char **argv);
