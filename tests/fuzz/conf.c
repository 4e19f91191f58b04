/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */

/*
 * libFuzzer: any bytes as a configuration. What is accepted must print, read back, print the same
 * again, lower, be linted and not differ from itself; what is refused must say so. `build/fuzz/conf -dict=tests/fuzz/conf.dict CORPUS
 * tests/data/good tests/data/bad configs`
 */

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "rules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file that names others would read what is not ours. */
static bool is_wanted(const char *text)
{
	return !strstr(text, "include") && !strstr(text, "file") && !strstr(text, "geoip");
}

static void check_diag(const struct sl_diag *diag)
{
	size_t i;

	for (i = 0; i < diag->count; i++) {
		const struct sl_diag_entry *entry = &diag->entries[i];

		assert(*entry->message && !strchr(entry->message, '\n'));
		if (!entry->text)
			continue;
		assert(entry->line && entry->column && entry->width && entry->caret);
		assert(entry->caret <= strlen(entry->text) + 1);
	}
}

static void lower(struct sl_conf *conf)
{
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	_cleanup_free_ void *block = NULL;
	size_t length = 0;
	int err;

	sl_conf_number(conf);
	err = sl_conf_lower(conf, 0x80000000U, 16U << 20, 1, &block, &length, &diag);
	assert(!err || err == -E2BIG || err == -EINVAL);
	assert(!err == !diag.errors);
}

static int differs(void *arg, const struct sl_conf_change *change)
{
	return 1;
}

static void round_trip(const struct sl_conf *conf)
{
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	_cleanup_(sl_conf_freep) struct sl_conf *again = NULL;
	_cleanup_free_ char *once = NULL, *twice = NULL;

	assert(!sl_conf_print(conf, &once));
	assert(!sl_conf_parse(&again, "again", ".", once, &diag));
	assert(!diag.errors);
	assert(!sl_conf_print(again, &twice));
	assert(!strcmp(once, twice));
	assert(conf->nrules == again->nrules && conf->drop_reasons == again->drop_reasons);
	assert(!sl_conf_diff(conf, again, differs, NULL));
}

static void lint(const struct sl_conf *conf)
{
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};

	assert(!sl_conf_lint(conf, &diag));
	assert(!diag.errors);
	check_diag(&diag);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	_cleanup_(sl_conf_freep) struct sl_conf *conf = NULL;
	_cleanup_free_ char *text = strndup((const char *)data, size);
	static FILE *nowhere;
	int err;

	if (!nowhere)
		nowhere = fopen("/dev/null", "w");
	if (!text || !is_wanted(text))
		return 0;
	err = sl_conf_parse(&conf, "fuzz", ".", text, &diag);
	assert(err == 0 || err == -EINVAL);
	assert(!err == !diag.errors);
	check_diag(&diag);
	sl_diag_print(&diag, nowhere);
	if (!err) {
		round_trip(conf);
		lint(conf);
		lower(conf);
	}
	return 0;
}
