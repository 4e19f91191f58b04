/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
/*
 * Memory that runs out, at each allocation in turn: nothing crashes, nothing leaks, the error is
 * -ENOMEM and the results are left alone. The linker puts these wrappers before the library's
 * calls; what libc allocates on its own behalf is not counted.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cleanup.h"
#include "gen.h"
#include "rules.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void *__real_reallocarray(void *old, size_t count, size_t size);
char *__real_strdup(const char *text);
char *__real_strndup(const char *text, size_t length);
void *__real_aligned_alloc(size_t alignment, size_t size);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_reallocarray(void *old, size_t count, size_t size);
char *__wrap_strdup(const char *text);
char *__wrap_strndup(const char *text, size_t length);
void *__wrap_aligned_alloc(size_t alignment, size_t size);

#define RULES 150

/* Allocations until one fails; 0: none does. */
static unsigned long left;

static bool fails(void)
{
	if (!left || --left)
		return false;
	errno = ENOMEM;
	return true;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
	return fails() ? NULL : __real_realloc(old, size);
}

void *__wrap_reallocarray(void *old, size_t count, size_t size)
{
	return fails() ? NULL : __real_reallocarray(old, count, size);
}

char *__wrap_strdup(const char *text)
{
	return fails() ? NULL : __real_strdup(text);
}

char *__wrap_strndup(const char *text, size_t length)
{
	return fails() ? NULL : __real_strndup(text, length);
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
	return fails() ? NULL : __real_aligned_alloc(alignment, size);
}

static int no_change(void *arg, const struct sl_conf_change *change)
{
	fail_msg("%s differs from itself", change->name);
	return 0;
}

/* Everything that a caller does with a configuration. */
static int use(const char *path, bool may_lower)
{
	_cleanup_(sl_conf_freep) struct sl_conf *conf = NULL;
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	_cleanup_free_ void *block = NULL;
	_cleanup_free_ char *text = NULL;
	size_t size = 0;
	int err;

	err = sl_conf_load(&conf, path, &diag);
	if (err) {
		assert_null(conf);
		return err;
	}
	sl_conf_number(conf);
	err = sl_conf_print(conf, &text);
	if (err) {
		assert_null(text);
		return err;
	}
	err = sl_conf_lint(conf, &diag);
	if (!err)
		err = sl_conf_diff(conf, conf, no_change, NULL);
	if (err)
		return err;
	err = !may_lower ? 0 : sl_conf_lower(conf, 0x80000000U, 1U << 30, 1, &block, &size, &diag);
	if (err)
		assert_null(block);
	return err;
}

static void fail_each(const char *path, bool may_lower, int outcome)
{
	unsigned long n;
	int err = -ENOMEM;

	for (n = 1; err == -ENOMEM; n++) {
		left = n;
		err = use(path, may_lower);
		/* Whether the last allocation was reached. */
		if (err != -ENOMEM && !left)
			fail_msg("%s: returned %d though allocation %lu failed", path, err, n);
		left = 0;
	}
	assert_int_equal(err, outcome);
	assert_true(n > 20);
	print_message("%s: %lu allocations\n", path, n - 2);
}

static void test_good(void **state)
{
	fail_each("tests/data/good/all.conf", true, 0);
}

static void test_whole_language(void **state)
{
	fail_each("tests/data/good/language.conf", false, 0);
}

static void test_bad(void **state)
{
	static const char *const paths[] = {
		"tests/data/bad/include-of-bad.conf", "tests/data/bad/interface-bad.conf",
		"tests/data/bad/define-bad.conf",     "tests/data/bad/value-unknown.conf",
		"tests/data/bad/contradiction.conf",  "tests/data/bad/match-misspelt.conf",
		"tests/data/bad/set-bad.conf",	      "tests/data/bad/set-ref.conf",
		"tests/data/bad/statement-bad.conf",  "tests/data/bad/limit-bad.conf",
		"tests/data/bad/country-bad-2.conf",  "tests/data/bad/raw-bad.conf",
		"tests/data/bad/contains-bad.conf",   "tests/data/bad/on-bad.conf",
		"tests/data/bad/include-bad.conf",
	};
	size_t i;

	for (i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		fail_each(paths[i], true, -EINVAL);
}

/* Trees take most allocations: lowering alone, of enough rules that one tree is not enough. */
static void test_trees(void **state)
{
	_cleanup_(sl_conf_freep) struct sl_conf *conf = NULL;
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	_cleanup_free_ struct gen_rule *rules = calloc(RULES, sizeof(*rules));
	_cleanup_free_ char *text = NULL;
	unsigned long n;
	int err = -ENOMEM;
	size_t size, i;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(rules);
	assert_non_null(to);
	assert_int_equal(gen_rules(GEN_FW, false, 3, rules, RULES), 0);
	fputs("chain ingress {\n", to);
	for (i = 0; i < RULES; i++) {
		gen_print_sluice(&rules[i], false, to);
		fputc('\n', to);
	}
	fputs("}\n", to);
	fclose(to);
	assert_int_equal(sl_conf_parse(&conf, "trees", ".", text, &diag), 0);
	for (n = 1; err == -ENOMEM; n++) {
		_cleanup_free_ void *block = NULL;

		left = n;
		err = sl_conf_lower(conf, 0x80000000U, 1U << 30, 1, &block, &size, &diag);
		if (err)
			assert_null(block);
		if (err != -ENOMEM && !left)
			fail_msg("returned %d though allocation %lu failed", err, n);
		left = 0;
	}
	assert_int_equal(err, 0);
	print_message("trees: %lu allocations\n", n - 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_whole_language),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_trees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
