/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
/*
 * What is said about bad configurations, word for word: tests/data/bad/NAME.conf against NAME.err.
 * After a deliberate change, `SL_UPDATE=1 build/tests/test_rules_errors` writes the .err files
 * anew; read the difference before it is committed.
 */

#include <errno.h>
#include <glob.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "buf.h"
#include "cleanup.h"
#include "rules.h"
#include "source.h"

/* What sl_diag_print() says about loading the file. */
static char *complaint(const char *path, struct sl_diag *diag, int *err)
{
	struct sl_conf *conf = NULL;
	char *text = NULL;
	size_t size = 0;
	FILE *to;

	*err = sl_conf_load(&conf, path, diag);
	to = open_memstream(&text, &size);
	assert_non_null(to);
	sl_diag_print(diag, to);
	fclose(to);
	if (*err)
		assert_null(conf);
	sl_conf_freep(&conf);
	return text;
}

static char *expected_path(const char *path)
{
	char *expected = strdup(path);

	assert_non_null(expected);
	strcpy(strrchr(expected, '.'), ".err");
	return expected;
}

static void write_file(const char *path, const char *text)
{
	FILE *to = fopen(path, "w");

	assert_non_null(to);
	fputs(text, to);
	fclose(to);
}

static bool is_as_expected(const char *path)
{
	_cleanup_free_ char *expected = expected_path(path);
	_cleanup_(sl_source_freep) struct sl_source *source = NULL;
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	_cleanup_free_ char *said = NULL;
	int err;

	said = complaint(path, &diag, &err);
	if (err != -EINVAL) {
		print_error("%s: returned %d\n", path, err);
		return false;
	}
	if (getenv("SL_UPDATE"))
		write_file(expected, said);
	if (sl_source_read(&source, expected)) {
		print_error("%s is missing\n", expected);
		return false;
	}
	if (!strcmp(source->text, said))
		return true;
	print_error("%s: expected\n%sbut it said\n%s", path, source->text, said);
	return false;
}

static void test_messages(void **state)
{
	unsigned int failed = 0;
	glob_t found;
	size_t i;

	assert_int_equal(glob("tests/data/bad/*.conf", 0, NULL, &found), 0);
	assert_true(found.gl_pathc >= 40);
	for (i = 0; i < found.gl_pathc; i++)
		failed += !is_as_expected(found.gl_pathv[i]);
	globfree(&found);
	assert_int_equal(failed, 0);
}

/* Only as somebody whom permissions concern. */
static void test_unreadable_file(void **state)
{
	char path[] = "/tmp/sluice-unreadable-XXXXXX";
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	struct sl_conf *conf = NULL;
	int fd = mkstemp(path);
	uid_t user = geteuid();
	char message[128];

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, 0), 0);
	close(fd);
	if (!user)
		assert_int_equal(seteuid(65534), 0);
	assert_int_equal(sl_conf_load(&conf, path, &diag), -EINVAL);
	if (!user)
		assert_int_equal(seteuid(user), 0);
	unlink(path);
	snprintf(message, sizeof(message), "cannot read '%s': Permission denied", path);
	assert_int_equal(diag.count, 1);
	assert_string_equal(diag.entries[0].message, message);
	assert_null(diag.entries[0].file);
}

static void test_keeps_as_many_as_asked(void **state)
{
	_cleanup_(sl_diag_clear) struct sl_diag diag = { .max = 3 };
	struct sl_conf *conf = NULL;

	assert_int_equal(sl_conf_parse(&conf, "x", ".", "a\nb\nc\nd\ne\n", &diag), -EINVAL);
	assert_int_equal(diag.count, 3);
	assert_int_equal(diag.errors, 5);
}

/* Where the caret stands when only a part of the line is shown. */
static void test_long_lines_are_cut(void **state)
{
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	struct sl_conf *conf = NULL;
	char text[4096];

	memset(text, ' ', sizeof(text));
	memcpy(text + 1000, "frob", 4);
	memcpy(text + 1003, "\n", 2);
	assert_int_equal(sl_conf_parse(&conf, "x", ".", text, &diag), -EINVAL);
	assert_int_equal(diag.entries[0].column, 1001);
	assert_true(strlen(diag.entries[0].text) < 220);
	assert_memory_equal(diag.entries[0].text + diag.entries[0].caret - 1, "fro", 3);
	assert_int_equal(diag.entries[0].width, 3);
}

static void expect(const char *text, const char *message, unsigned int line, unsigned int column)
{
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	struct sl_conf *conf = NULL;

	assert_int_equal(sl_conf_parse(&conf, "x", ".", text, &diag), -EINVAL);
	assert_int_equal(diag.count, 1);
	assert_string_equal(diag.entries[0].message, message);
	assert_int_equal(diag.entries[0].line, line);
	assert_int_equal(diag.entries[0].column, column);
}

/* A set of a megabyte in one line, with one port that is none. */
static void test_line_of_a_megabyte(void **state)
{
	struct sl_buf text = {};
	unsigned int i;

	sl_buf_add(&text, "chain ingress { tcp dport { ");
	for (i = 0; i < 170000; i++)
		sl_buf_add(&text, "%u, ", i % 60000);
	i = (unsigned int)text.length + 1;
	sl_buf_add(&text, "nonsense } drop }");
	expect(text.text, "unknown port 'nonsense'", 1, i);
	sl_buf_clear(&text);
}

static void repeat(struct sl_buf *text, const char *what, unsigned int times)
{
	while (times--)
		sl_buf_add(text, "%s", what);
}

static void test_nested_braces(void **state)
{
	struct sl_buf text = {};

	sl_buf_add(&text, "chain ingress {\ntcp dport ");
	repeat(&text, "{ ", 10000);
	repeat(&text, "} ", 10000);
	sl_buf_add(&text, "drop\ndrop\n}\n");
	expect(text.text, "a set cannot stand in a set: define it and write its $name", 2, 13);
	sl_buf_clear(&text);

	repeat(&text, "{", 10000);
	expect(text.text, "a statement cannot begin with '{'", 1, 1);
	sl_buf_clear(&text);
}

static void test_long_chain_of_definitions(void **state)
{
	struct sl_buf text = {};
	unsigned int i;

	sl_buf_add(&text, "define x0 = 1\n");
	for (i = 1; i < 100000; i++)
		sl_buf_add(&text, "define x%u = $x%u\n", i, i - 1);
	sl_buf_add(&text, "chain ingress { tcp dport $x99999 drop }");
	expect(text.text, "definitions refer to each other more than 64 deep", 99937, 17);
	sl_buf_clear(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_unreadable_file),
		cmocka_unit_test(test_keeps_as_many_as_asked),
		cmocka_unit_test(test_long_lines_are_cut),
		cmocka_unit_test(test_line_of_a_megabyte),
		cmocka_unit_test(test_nested_braces),
		cmocka_unit_test(test_long_chain_of_definitions),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
