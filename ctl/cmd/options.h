/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "cmd.h"

/* The options that every verb takes. */
#define SL_OPTS_GLOBAL                                                                    \
	(SL_OPT_BIT(SOCKET) | SL_OPT_BIT(PIN_DIR) | SL_OPT_BIT(JSON) | SL_OPT_BIT(HELP) | \
	 SL_OPT_BIT(VERSION))

/*
 * Fills ctl from the command line: options before the verb, the verb, then options and arguments
 * in any order. The verb is NULL when there is none. Returns an exit status; what is wrong has been
 * said when it is not SL_EXIT_OK.
 */
int sl_options_parse(struct sl_ctl *ctl, int argc, char **argv);
/* Whether what was parsed is enough for the verb. To be asked only without --help. */
int sl_options_check(const struct sl_ctl *ctl);

/* Place of word in a list of words separated by spaces, from 0; -1: none of them. */
int sl_choice_find(const char *words, const char *word);
