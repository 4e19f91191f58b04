/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
/* Elements as text, and files of them. */

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
#include "field.h"
#include "rules_random.h"
#include "set_content.h"

static const struct sl_set_spec addrs = { .type = { SL_TYPE_ADDR }, .nparts = 1, .plain = true };
static const struct sl_set_spec ports = { .type = { SL_TYPE_PORT }, .nparts = 1, .plain = true };
static const struct sl_set_spec protos = { .type = { SL_TYPE_PROTO }, .nparts = 1, .plain = true };
static const struct sl_set_spec macs = { .type = { SL_TYPE_MAC }, .nparts = 1, .plain = true };
static const struct sl_set_spec timed = { .type = { SL_TYPE_ADDR }, .nparts = 1 };
static const struct sl_set_spec trie = { .type = { SL_TYPE_PREFIX }, .nparts = 1 };
static const struct sl_set_spec pairs = {
	.type = { SL_TYPE_ADDR, SL_TYPE_PORT, SL_TYPE_PROTO },
	.nparts = 3,
};

static const struct {
	const struct sl_set_spec *spec;
	const char *text;
	const char *printed; /* or the message */
	bool right;
	size_t begin, end; /* of what is wrong */
} elements[] = {
	{ &addrs, "192.0.2.1", "192.0.2.1", true, 0, 0 },
	{ &addrs, "192.0.2.1/24", "192.0.2.0/24", true, 0, 0 },
	{ &addrs, "192.0.2.0-192.0.2.255", "192.0.2.0/24", true, 0, 0 },
	{ &addrs, "192.0.2.1 - 192.0.2.4", "192.0.2.1-192.0.2.4", true, 0, 0 },
	{ &addrs, "0.0.0.0/0", "0.0.0.0/0", true, 0, 0 },
	{ &addrs, "255.255.255.255", "255.255.255.255", true, 0, 0 },
	{ &addrs, "2001:DB8::/32", "2001:db8::/32", true, 0, 0 },
	{ &addrs, "::/0", "::/0", true, 0, 0 },
	{ &addrs, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true, 0, 0 },
	{ &addrs, "2001:db8::1-2001:db8::3", "2001:db8::1-2001:db8::3", true, 0, 0 },
	{ &addrs, "192.0.2", "'192.0.2' is not an address", false, 0, 7 },
	{ &addrs, "192.0.2.256", "'192.0.2.256' is not an address", false, 0, 11 },
	{ &addrs, "192.0.2.1.", "'192.0.2.1.' is not an address", false, 0, 10 },
	{ &addrs, "192.0.2.1111", "'192.0.2.1111' is not an address", false, 0, 12 },
	{ &addrs, "192.0.2.0/33", "'33' is no prefix length from 0 to 32", false, 10, 12 },
	{ &addrs, "192.0.2.0/", "'' is no prefix length from 0 to 32", false, 10, 10 },
	{ &addrs, "::/129", "'129' is no prefix length from 0 to 128", false, 3, 6 },
	{ &addrs, "192.0.2.9-192.0.2.1", "this range runs backwards", false, 0, 19 },
	{ &addrs, "192.0.2.9-::1", "a range from one address family to the other", false, 0, 13 },
	{ &addrs, "192.0.2.1 192.0.2.2", "'192.0.2.1 192.0.2.2' is not an address", false, 0, 19 },
	{ &ports, "80", "80", true, 0, 0 },
	{ &ports, "80-90", "80-90", true, 0, 0 },
	{ &ports, "https", "443", true, 0, 0 },
	{ &ports, "65536", "'65536' is no port: a number from 0 to 65535 or a name", false, 0, 5 },
	{ &ports, "90-80", "this range runs backwards", false, 0, 5 },
	{ &ports, "99999999999", "'99999999999' is no port: a number from 0 to 65535 or a name",
	  false, 0, 11 },
	{ &protos, "tcp", "6", true, 0, 0 },
	{ &macs, "02:00:5E:00:53:01", "02:00:5e:00:53:01", true, 0, 0 },
	{ &macs, "02-00-5e-00-53-01", "02:00:5e:00:53:01", true, 0, 0 },
	{ &macs, "02:00-5e:00-53:01", "'02:00-5e:00-53:01' is not a MAC address", false, 0, 17 },
	{ &macs, "02:00:5e:00:53", "'02:00:5e:00:53' is not a MAC address", false, 0, 14 },
	{ &timed, "192.0.2.1/32", "192.0.2.1", true, 0, 0 },
	{ &timed, "192.0.2.0/24",
	  "'192.0.2.0/24' is more than one addr, which this set cannot take (type prefix can)",
	  false, 0, 12 },
	{ &trie, "192.0.2.0/24", "192.0.2.0/24", true, 0, 0 },
	{ &trie, "192.0.2.0-192.0.2.4",
	  "'192.0.2.0-192.0.2.4' is no prefix, and a set with a timeout or counters takes no other ranges",
	  false, 0, 19 },
	{ &pairs, "192.0.2.1 . 80 . tcp", "192.0.2.1 . 80 . 6", true, 0, 0 },
	{ &pairs, "2001:db8::1	.	443 . 17", "2001:db8::1 . 443 . 17", true, 0, 0 },
	{ &pairs, "192.0.2.1 . 80", "an element of this set has 3 parts, ' . ' between them", false,
	  12, 14 },
	{ &pairs, "192.0.2.1 . 80 . 6 . 1",
	  "an element of this set has 3 parts, ' . ' between them", false, 17, 18 },
	{ &pairs, "192.0.2.1 . x . 6", "'x' is no port: a number from 0 to 65535 or a name", false,
	  12, 13 },
	{ &pairs, "192.0.2.1 . 1-2 . 6", "'1-2' is more than one port, which this set cannot take",
	  false, 12, 15 },
};

static void one_by_one(void **state)
{
	for (size_t i = 0; i < sizeof(elements) / sizeof(elements[0]); i++) {
		struct sl_elem_error error = {};
		struct sl_conf_elem elem;
		struct sl_buf buf = {};
		int err = sl_elem_read(elements[i].spec, elements[i].text, strlen(elements[i].text),
				       &elem, &error);

		if (!elements[i].right) {
			assert_int_equal(err, -EINVAL);
			assert_string_equal(error.text, elements[i].printed);
			assert_int_equal(error.begin, elements[i].begin);
			assert_int_equal(error.end, elements[i].end);
			continue;
		}
		if (err)
			fail_msg("%s: %s", elements[i].text, error.text);
		sl_elem_print(elements[i].spec, &elem, &buf);
		assert_string_equal(buf.text, elements[i].printed);
		sl_buf_clear(&buf);
	}
}

/* Keys of entries and back. */
static void keys(void **state)
{
	static const char *const texts[] = { "192.0.2.1 . 80 . 6", "2001:db8::1 . 443 . 17" };
	static const char *const prefixes[] = { "192.0.2.0/24",	 "0.0.0.0/0", "::/0",
						"2001:db8::/32", "192.0.2.1", "2001:db8::1" };
	struct sl_elem_error error;
	struct sl_conf_elem elem;

	for (size_t i = 0; i < 2; i++) {
		struct sl_buf buf = {};
		struct sl_set_key key;

		assert_int_equal(sl_elem_read(&pairs, texts[i], strlen(texts[i]), &elem, &error),
				 0);
		sl_elem_key(&pairs, &elem, &key);
		assert_int_equal(key.narrow[0], 0);
		assert_int_equal(key.narrow[1], i ? 443 : 80);
		sl_key_elem(&pairs, &key, &elem);
		sl_elem_print(&pairs, &elem, &buf);
		assert_string_equal(buf.text, texts[i]);
		sl_buf_clear(&buf);
	}
	for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
		struct sl_set_prefix key;
		struct sl_buf buf = {};

		assert_int_equal(
			sl_elem_read(&trie, prefixes[i], strlen(prefixes[i]), &elem, &error), 0);
		sl_elem_prefix(&elem, &key);
		sl_prefix_elem(&key, &elem);
		sl_elem_print(&trie, &elem, &buf);
		assert_string_equal(buf.text, prefixes[i]);
		sl_buf_clear(&buf);
	}
}

/* --- files --- */

static char path[] = "/tmp/sluice-feed-XXXXXX";

static void put(const void *bytes, size_t length)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	fclose(file);
}

static int read_feed(struct sl_conf_elems *elems, const struct sl_set_spec *spec,
		     struct sl_diag *diag)
{
	int err = sl_feed_read(elems, spec, path, NULL, 1, diag);

	if (!err)
		sl_elems_normalise(elems);
	return err;
}

static int print_elem(void *arg, const struct sl_conf_elem *elem)
{
	sl_elem_print(&addrs, elem, arg);
	sl_buf_add(arg, "\n");
	return 0;
}

static void netset(void **state)
{
	static const char text[] = "# a netset\r\n"
				   "; and more\n"
				   "\n"
				   "10.0.0.0/8 ; SBL1\r\n"
				   "  192.0.2.7\t# one\n"
				   "192.0.2.6#the other\n"
				   "198.51.100.1 - 198.51.100.2\n"
				   "2001:db8::/33\n"
				   "2001:db8:8000::/33\n"
				   "10.1.2.3";
	struct sl_conf_elems elems = {};
	struct sl_diag diag = {};
	struct sl_buf buf = {};

	put(text, strlen(text));
	assert_int_equal(read_feed(&elems, &addrs, &diag), 0);
	assert_int_equal(sl_elems_each(&elems, &addrs, print_elem, &buf), 0);
	assert_string_equal(buf.text, "10.0.0.0/8\n"
				      "192.0.2.6/31\n"
				      "198.51.100.1\n"
				      "198.51.100.2\n"
				      "2001:db8::/32\n");
	assert_int_equal(diag.count, 0);
	sl_buf_clear(&buf);
	sl_elems_clear(&elems);
}

static void concatenated(void **state)
{
	static const char text[] = "192.0.2.1 . 80 . tcp # web\n"
				   "192.0.2.1 . 80 . 6\n"
				   "2001:db8::1 . 53 . udp\n";
	struct sl_conf_elems elems = {};
	struct sl_diag diag = {};

	put(text, strlen(text));
	assert_int_equal(read_feed(&elems, &pairs, &diag), 0);
	assert_int_equal(elems.count, 2);
	assert_int_equal(sl_elems_count(&elems), 2);
	sl_elems_clear(&elems);
}

static char *diag_text(const struct sl_diag *diag)
{
	size_t size;
	char *text;
	FILE *file = open_memstream(&text, &size);

	assert_non_null(file);
	sl_diag_print(diag, file);
	fclose(file);
	return text;
}

/* The place of what is wrong, and no more messages than anyone reads. */
static void errors(void **state)
{
	struct sl_conf_elems elems = {};
	struct sl_diag diag = {};
	char want[512], *got;
	struct sl_buf buf = {};

	sl_buf_add(&buf, "192.0.2.1\n  192.0.2.0/40 # too long\n");
	for (int i = 0; i < 1000; i++)
		sl_buf_add(&buf, "nonsense\n");
	put(buf.text, buf.length);
	assert_int_equal(read_feed(&elems, &addrs, &diag), -EINVAL);
	assert_int_equal(diag.count, SL_FEED_ERRORS + 1);
	got = diag_text(&diag);
	snprintf(want, sizeof(want),
		 "%s:2:13: error: '40' is no prefix length from 0 to 32\n"
		 "  192.0.2.0/40 # too long\n"
		 "            ^~\n"
		 "%s:3:1: error: 'nonsense' is not an address\n",
		 path, path);
	assert_memory_equal(got, want, strlen(want));
	assert_non_null(strstr(got, ":22:1: error: 981 lines from here on are no elements either"));
	free(got);
	sl_buf_clear(&buf);
	sl_diag_clear(&diag);
	sl_elems_clear(&elems);
}

/* Any bytes: errors, or elements, and nothing worse. */
static void any_bytes(void **state)
{
	static const char alphabet[] = "0123456789abcdef.:/-#; \t\n\r\0\xff";
	static const struct sl_set_spec *const specs[] = { &addrs, &ports, &macs, &pairs, &trie };
	struct random r = { 7 };
	char *text = malloc(1 << 16);

	assert_non_null(text);
	for (int turn = 0; turn < 60; turn++) {
		struct sl_conf_elems elems = {};
		struct sl_diag diag = {};

		for (int i = 0; i < 1 << 16; i++)
			text[i] = turn % 2 ? (char)random_next(&r)
					   : alphabet[random_below(&r, sizeof(alphabet) - 1)];
		put(text, 1 << 16);
		read_feed(&elems, specs[turn % 5], &diag);
		assert_true(diag.count <= SL_FEED_ERRORS + 1);
		sl_diag_clear(&diag);
		sl_elems_clear(&elems);
	}
	free(text);
}

static void no_file(void **state)
{
	struct sl_conf_elems elems = {};
	struct sl_diag diag = {};

	assert_int_equal(sl_feed_read(&elems, &addrs, "/nonexistent", NULL, 1, &diag), -EINVAL);
	assert_int_equal(sl_feed_read(&elems, &addrs, "/dev/zero", NULL, 1, &diag), -EINVAL);
	assert_int_equal(sl_feed_read(&elems, &addrs, "/tmp", NULL, 1, &diag), -EINVAL);
	assert_int_equal(diag.count, 3);
	assert_string_equal(diag.entries[0].message,
			    "cannot read '/nonexistent': No such file or directory");
	assert_string_equal(diag.entries[1].message, "'/dev/zero' is not a file");
	assert_string_equal(diag.entries[2].message, "cannot read '/tmp': Is a directory");
	sl_diag_clear(&diag);
}

/* What reading gives is what was written, whatever the order. */
static void as_written(void **state)
{
	struct sl_conf_elems elems = {}, want = {};
	struct random r = { 8 };
	struct sl_diag diag = {};
	struct sl_buf buf = {};

	for (int i = 0; i < 20000; i++) {
		struct sl_conf_elem elem = { .l3 = SL_L3_BIT(random_below(&r, 2) ? SL_L3_IP4
										 : SL_L3_IP6) };
		sl_u128 low = elem.l3 == SL_L3_BIT(SL_L3_IP4)
				      ? (sl_u128)(__u32)random_next(&r)
				      : (sl_u128)random_next(&r) << 64 | random_next(&r);

		elem.part[0] = (struct sl_interval) { low, low | (random_next(&r) & 0xff) };
		sl_elem_print(&addrs, &elem, &buf);
		sl_buf_add(&buf, "\n");
		assert_int_equal(sl_elems_add(&want, &addrs, &elem), 0);
	}
	sl_elems_normalise(&want);
	put(buf.text, buf.length);
	assert_int_equal(read_feed(&elems, &addrs, &diag), 0);
	assert_true(sl_intervals_equal(&elems.four, &want.four));
	assert_true(sl_intervals_equal(&elems.six, &want.six));
	sl_buf_clear(&buf);
	sl_elems_clear(&elems);
	sl_elems_clear(&want);
}

static const struct sl_set_spec domains = { .type = { SL_TYPE_DOMAIN }, .nparts = 1 };

/* Plain lists, lists of wildcards, hosts files, in one. */
static void names(void **state)
{
	static const char text[] = "# A comment.\n"
				   "ads.example\r\n"
				   "  Track.EXAMPLE.  # another\n"
				   "*.wild.example\n"
				   "\n"
				   ".both.example;c\n"
				   "127.0.0.1 localhost localhost.localdomain\n"
				   "::1\tlocalhost ip6-loopback\n"
				   "fe80::1%lo0 localhost\n"
				   "255.255.255.255 broadcasthost\n"
				   "0.0.0.0 0.0.0.0\n"
				   "0.0.0.0 a.example\n"
				   "0.0.0.0\tb.example  c.example\t# d.example\n"
				   ":: six.example\n"
				   "10.0.0.5\n"
				   "xn--bcher-kva.example\n"
				   "last.example";
	static const char *const want[] = {
		"ads.example",	 "track.example", "*.wild.example",
		".both.example", "a.example",	  "b.example",
		"c.example",	 "six.example",	  "xn--bcher-kva.example",
		"last.example"
	};
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	struct sl_conf_elems elems = {};
	struct sl_domain domain;
	size_t at = 0, i;

	(void)state;
	put(text, sizeof(text) - 1);
	assert_int_equal(read_feed(&elems, &domains, &diag), -EINVAL);
	assert_int_equal(diag.count, 1);
	assert_int_equal(diag.entries[0].line, 15);
	assert_int_equal(diag.entries[0].column, 1);
	assert_string_equal(diag.entries[0].message,
			    "'10.0.0.5' is no domain name: the last label of one is no number");
	for (i = 0; sl_domains_next(&elems.names, &at, &domain); i++) {
		struct sl_buf buf = {};

		assert_true(i < sizeof(want) / sizeof(*want));
		sl_domain_print(&buf, &domain);
		assert_string_equal(buf.text, want[i]);
		sl_buf_clear(&buf);
	}
	assert_int_equal(i, sizeof(want) / sizeof(*want));
	sl_elems_clear(&elems);
}

static void bad_names(void **state)
{
	static const char text[] = "good.example\n"
				   "||ads.example^\n"
				   "two names\n"
				   "0.0.0.0 ok.example a..b\n"
				   "b\xc3\xbc"
				   "cher.example\n";
	static const struct {
		unsigned int line, column;
		const char *message;
	} want[] = {
		{ 2, 1, "'|' cannot be in a domain name" },
		{ 3, 4, "' ' cannot be in a domain name" },
		{ 4, 22, "a label of a domain name is empty" },
		{ 5, 2,
		  "a name is written in ASCII: of a name in other letters, write its A-label, as in xn--bcher-kva.example" },
	};
	_cleanup_(sl_diag_clear) struct sl_diag diag = {};
	struct sl_conf_elems elems = {};

	(void)state;
	put(text, sizeof(text) - 1);
	assert_int_equal(read_feed(&elems, &domains, &diag), -EINVAL);
	assert_int_equal(diag.count, sizeof(want) / sizeof(*want));
	for (size_t i = 0; i < diag.count; i++) {
		assert_int_equal(diag.entries[i].line, want[i].line);
		assert_int_equal(diag.entries[i].column, want[i].column);
		assert_string_equal(diag.entries[i].message, want[i].message);
	}
	sl_elems_clear(&elems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_by_one), cmocka_unit_test(keys),
		cmocka_unit_test(netset),     cmocka_unit_test(concatenated),
		cmocka_unit_test(errors),     cmocka_unit_test(any_bytes),
		cmocka_unit_test(no_file),    cmocka_unit_test(as_written),
		cmocka_unit_test(names),      cmocka_unit_test(bad_names),
	};
	int fd = mkstemp(path), failed;

	if (fd < 0)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
