/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
/* What callers see of a configuration: interfaces, reasons, names, includes. */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "cleanup.h"
#include "rules.h"
#include "rules_random.h"

static void test_empty(void **state)
{
	static const char *const texts[] = { "",	   "\n",   "# nothing", ";;;",
					     " \t\\\n \n", "\r\n", "\\\r\n",	"#\\\n" };
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		_cleanup_(sl_conf_freep) struct sl_conf *conf = must_parse(texts[i]);

		assert_int_equal(conf->nifaces, 0);
		assert_int_equal(conf->nrules, 2);
		assert_true(conf->rules[0].is_policy);
		assert_int_equal(conf->rules[0].action, SL_ACCEPT);
		assert_int_equal(conf->rules[1].dir, SL_DIR_EGRESS);
	}
}

static bool drops(const struct sl_conf *conf, enum sl_reason reason)
{
	return conf->drop_reasons >> reason & 1;
}

static void test_reasons(void **state)
{
	_cleanup_(sl_conf_freep) struct sl_conf *plain = must_parse("");
	_cleanup_(sl_conf_freep) struct sl_conf *conf = must_parse("on bad-ihl drop\n"
								   "on malformed accept\n"
								   "on bad-doff drop\n"
								   "on unsupported drop\n"
								   "on llc accept");

	/* Defaults are the classes' own. */
	assert_true(drops(plain, SL_REASON_BAD_IHL));
	assert_false(drops(plain, SL_REASON_LLC));
	assert_true(drops(plain, SL_REASON_FRAG_ORPHAN));
	assert_false(drops(plain, SL_REASON_NONE));
	/* A class sets all of its reasons, later lines override. */
	assert_false(drops(conf, SL_REASON_BAD_IHL));
	assert_true(drops(conf, SL_REASON_BAD_DOFF));
	assert_true(drops(conf, SL_REASON_JUMBOGRAM));
	assert_false(drops(conf, SL_REASON_LLC));
}

static void test_interfaces(void **state)
{
	_cleanup_(sl_conf_freep) struct sl_conf *conf =
		must_parse("interface eth0 { }\n"
			   "interface \"lan[0-3]\" { xdp auto; tc ingress }\n"
			   "interface \"*\" { xdp generic priority 3 }\n"
			   "interface never { xdp native }\n");
	const struct sl_conf_iface *iface;

	iface = sl_conf_iface_find(conf, "eth0");
	assert_int_equal(iface->xdp, SL_XDP_OFF);
	assert_false(iface->tc[SL_DIR_INGRESS]);
	assert_int_equal(iface->priority, SL_XDP_PRIORITY);
	iface = sl_conf_iface_find(conf, "lan2");
	assert_int_equal(iface->xdp, SL_XDP_AUTO);
	assert_true(iface->tc[SL_DIR_INGRESS]);
	assert_false(iface->tc[SL_DIR_EGRESS]);
	/* The first that matches counts. */
	iface = sl_conf_iface_find(conf, "never");
	assert_int_equal(iface->priority, 3);
	free(conf->ifaces[2].pattern);
	conf->ifaces[2].pattern = strdup("wan");
	assert_ptr_equal(sl_conf_iface_find(conf, "never"), &conf->ifaces[3]);
	assert_null(sl_conf_iface_find(conf, "other"));
}

static void test_names(void **state)
{
	_cleanup_(sl_conf_freep) struct sl_conf *conf =
		must_parse("chain egress {\n drop: drop\n count\n tcp: tcp dport 22 accept\n}\n"
			   "chain ingress {\n count\n policy drop\n tcp: drop; tcp-2.x_: drop }");

	assert_int_equal(conf->nrules, 8);
	assert_string_equal(conf->rules[0].name, "ingress#1");
	assert_string_equal(conf->rules[1].name, "tcp");
	assert_string_equal(conf->rules[2].name, "tcp-2.x_");
	assert_string_equal(conf->rules[3].name, "policy");
	assert_int_equal(conf->rules[3].action, SL_DROP);
	assert_string_equal(conf->rules[4].name, "drop");
	assert_string_equal(conf->rules[5].name, "egress#2");
	sl_conf_number(conf);
	assert_int_equal(conf->rules[0].slot, 1);
	assert_int_equal(conf->rules[7].slot, 8);
}

/* A directory with files in it, gone at the end of the test. */
struct tree {
	char dir[32];
};

static void tree_path(const struct tree *tree, const char *name, char path[128])
{
	snprintf(path, 128, "%s/%s", tree->dir, name);
}

static void tree_add(const struct tree *tree, const char *name, const char *text)
{
	char path[128];
	FILE *to;

	tree_path(tree, name, path);
	to = fopen(path, "w");
	assert_non_null(to);
	fputs(text, to);
	fclose(to);
}

static void tree_free(const struct tree *tree)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", tree->dir);
	assert_int_equal(system(command), 0);
}

static void test_includes(void **state)
{
	_cleanup_(tree_free) struct tree tree = { "/tmp/sluice-rules-XXXXXX" };
	_cleanup_(sl_conf_freep) struct sl_conf *conf = NULL;
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	char path[128];

	assert_non_null(mkdtemp(tree.dir));
	tree_path(&tree, "conf.d", path);
	assert_int_equal(mkdir(path, 0700), 0);
	tree_add(&tree, "main.conf",
		 "include \"conf.d/*.conf\"\ninclude \"none.d/*\"\n"
		 "chain ingress { saddr $late drop }\ninclude \"conf.d/z.inc\"\n");
	/* In order of their names, each relative to itself. */
	tree_add(&tree, "conf.d/20-b.conf", "on bad-ihl accept\ninclude \"a.inc\"");
	tree_add(&tree, "conf.d/10-a.conf", "on malformed drop");
	tree_add(&tree, "conf.d/a.inc", "interface eth0 { xdp auto }");
	tree_add(&tree, "conf.d/z.inc", "define late = 192.0.2.1");
	tree_path(&tree, "main.conf", path);
	assert_int_equal(sl_conf_load(&conf, path, &diag), 0);
	assert_int_equal(diag.count, 0);
	assert_int_equal(conf->nifaces, 1);
	assert_false(drops(conf, SL_REASON_BAD_IHL));
	assert_string_equal(conf->rules[0].text, "ip saddr 192.0.2.1 drop");
	sl_conf_freep(&conf);

	/* A text includes relative to the directory it is told. */
	assert_int_equal(sl_conf_parse(&conf, "-", tree.dir, "include \"conf.d/a.inc\"", &diag), 0);
	assert_int_equal(conf->nifaces, 1);
}

static void test_failure_leaves_out_alone(void **state)
{
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	struct sl_conf *conf = (struct sl_conf *)1;

	assert_int_equal(sl_conf_parse(&conf, "x", ".", "x", &diag), -EINVAL);
	assert_ptr_equal(conf, (struct sl_conf *)1);
	assert_int_equal(sl_conf_load(&conf, "/nonexistent", &diag), -EINVAL);
	assert_ptr_equal(conf, (struct sl_conf *)1);
	assert_int_equal(diag.errors, 2);
	/* A diag with errors in it is no reason to fail. */
	assert_int_equal(sl_conf_parse(&conf, "x", ".", "", &diag), 0);
	sl_conf_freep(&conf);
}

static void test_warnings_do_not_fail(void **state)
{
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	_cleanup_(sl_conf_freep) struct sl_conf *conf = NULL;

	assert_int_equal(
		sl_conf_parse(&conf, "x", ".", "chain ingress { saddr 10.0.0.1/8 drop }", &diag),
		0);
	assert_int_equal(diag.count, 1);
	assert_int_equal(diag.entries[0].severity, SL_WARNING);
	assert_int_equal(diag.errors, 0);
	assert_string_equal(conf->rules[0].text, "ip saddr 10.0.0.0/8 drop");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_empty),
		cmocka_unit_test(test_reasons),
		cmocka_unit_test(test_interfaces),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_includes),
		cmocka_unit_test(test_failure_leaves_out_alone),
		cmocka_unit_test(test_warnings_do_not_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
