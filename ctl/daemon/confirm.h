/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * A configuration on probation: in force, and taken back unless somebody confirms it in time.
 *
 * The configuration before is kept in memory, and both texts in a memo of libdp's, which is written
 * before the switch. So whatever ends sluiced: the next one starts with the configuration before. It
 * does so again at every start for as long as the file is what was taken back: a file that was not
 * confirmed does not come into force by a restart. Any other file, and any reload, ends that.
 */

#include <stdbool.h>
#include <stdint.h>

#include "loop.h"

struct sl_conf;
struct sl_daemon;

#define SL_CONFIRM_MAX 86400U

struct sl_confirm {
	struct sl_timer timer;
	struct sl_conf *before; /* what comes back; NULL: nothing waits */
	unsigned int seconds;
	uint64_t deadline; /* sl_now() */
	uint64_t generation; /* of the rule set on probation */
	bool recalled; /* at this start */
};

#define SL_CONFIRM_INIT { .timer = SL_TIMER_INIT }

int sl_confirm_open(struct sl_daemon *daemon);
void sl_confirm_close(struct sl_daemon *daemon);

static inline bool sl_confirm_waits(const struct sl_confirm *confirm)
{
	return confirm->before;
}

/* Seconds until it is taken back, rounded up. */
unsigned int sl_confirm_left(const struct sl_confirm *confirm);

/*
 * Just before the switch: from here on a restart takes it back. text is the configuration to come,
 * as sl_conf_print has it. On failure *words says why not (malloc'ed).
 */
int sl_confirm_prepare(struct sl_daemon *daemon, const char *text, char **words);
/* Just after it: the time runs. Takes over before. */
void sl_confirm_begin(struct sl_daemon *daemon, struct sl_conf *before, unsigned int seconds);
/* What is in force stays: it was confirmed, or it is one that nobody has to confirm. */
void sl_confirm_keep(struct sl_daemon *daemon);
/* What was on probation is no longer in force: hands back what is. */
struct sl_conf *sl_confirm_undone(struct sl_daemon *daemon);
/* Taking it back failed: it is tried again in some seconds. */
void sl_confirm_again(struct sl_daemon *daemon);

/*
 * At start, before the data path is: replaces *conf, which is what the file says (NULL: not usable),
 * by what is to come back instead. False: there is nothing of the kind.
 */
bool sl_confirm_recall(struct sl_daemon *daemon, struct sl_conf **conf);
/* Whether an interface that was found attached is so by what was taken back. */
bool sl_confirm_brought(struct sl_daemon *daemon, const char *name);
/* Once what came back is in force. */
void sl_confirm_recalled(struct sl_daemon *daemon);
