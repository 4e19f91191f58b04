/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* A data path of its own for tests of sets, and what is done to its sets. For one file of a program. */

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "dp.h"

#define PINS "/sys/fs/bpf/sluice"

static struct sl_dp *dp;
static const char *pins; /* NULL: nothing is pinned */

static inline void start(void)
{
	assert_int_equal(sl_dp_new(&dp, pins), 0);
	if (sl_dp_start(dp))
		fail_msg("%s", sl_dp_error(dp));
}

static inline void restart(void)
{
	sl_dp_freep(&dp);
	start();
}

static inline int open_pinned(void **state)
{
	(void)state;
	pins = PINS;
	start();
	return 0;
}

static inline int clean_up(void **state)
{
	(void)state;
	if (!dp)
		return 0;
	assert_int_equal(sl_dp_remove(dp), 0);
	sl_dp_freep(&dp);
	assert_int_not_equal(access(PINS, F_OK), 0);
	return 0;
}

static inline int drop(void **state)
{
	(void)state;
	sl_dp_freep(&dp);
	return 0;
}

static inline int try_apply(const char *text)
{
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	_cleanup_(sl_conf_freep) struct sl_conf *conf = NULL;

	if (sl_conf_parse(&conf, "test", ".", text, &diag)) {
		sl_diag_print(&diag, stderr);
		fail();
	}
	return sl_dp_apply(dp, conf, &diag);
}

static inline void apply(const char *text)
{
	if (try_apply(text))
		fail_msg("%s", sl_dp_error(dp));
}

static inline void add(const char *set, const char *text)
{
	if (sl_dp_set_add(dp, set, &text, 1, NULL))
		fail_msg("%s", sl_dp_error(dp));
}

static inline void delete(const char *set, const char *text)
{
	if (sl_dp_set_delete(dp, set, &text, 1))
		fail_msg("%s", sl_dp_error(dp));
}

static inline bool has(const char *set, const char *text)
{
	bool in = false;

	if (sl_dp_set_test(dp, set, text, &in))
		fail_msg("%s", sl_dp_error(dp));
	return in;
}

static inline struct sl_dp_set info(const char *set)
{
	struct sl_dp_set out;

	if (sl_dp_set_find(dp, set, &out))
		fail_msg("%s", sl_dp_error(dp));
	return out;
}
