/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
/*
 * Names as the data path reads and hashes them, against the same done byte by byte: written down
 * cases, every length, and names by chance.
 */

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../dataplane/name.h"

#include "domain.h"
#include "name_table.h"
#include "name_text.h"
#include "punycode.h"
#include "rules_heap.h"
#include "rules_random.h"
#include "set_content.h"

#define MESSAGE	   0x10000U /* offsets in a small arena */
#define TO	   0x20000U
#define ARENA_SIZE 0x30000U

static char *arena;
static struct sl_name *name;
static struct random seed = { 4711 };

static unsigned int chance(size_t below)
{
	return random_below(&seed, (unsigned int)below);
}

static int setup(void **state)
{
	__u64 *key;

	(void)state;
	arena = calloc(1, ARENA_SIZE);
	assert_non_null(arena);
	sl_arena_base = arena;
	name = (void *)(arena + TO);
	key = (void *)(arena + SL_ARENA_NAME_KEY);
	for (size_t i = 0; i < sizeof(struct sl_name_key) / 8; i++)
		key[i] = random_next(&seed);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	free(arena);
	sl_arena_base = NULL;
	return 0;
}

/* --- the same, byte by byte --- */

struct plain {
	bool good;
	unsigned char text[256];
	unsigned int length;
	unsigned int labels;
	unsigned int label[128];
};

static unsigned char lower(unsigned char c)
{
	return c >= 'A' && c <= 'Z' ? (unsigned char)(c + 32) : c;
}

static bool plain_label(struct plain *out, const unsigned char *bytes, unsigned int length)
{
	if (!length || length > 63 || memchr(bytes, '.', length))
		return false;
	if (out->length + length + (out->labels > 0) > 253)
		return false;
	if (out->labels)
		out->text[out->length++] = '.';
	out->label[out->labels++] = out->length;
	for (unsigned int i = 0; i < length; i++)
		out->text[out->length++] = lower(bytes[i]);
	return true;
}

static void plain_text(struct plain *out, const unsigned char *text, size_t length)
{
	size_t from = 0, i;

	memset(out, 0, sizeof(*out));
	if (length && text[length - 1] == '.')
		length--;
	for (i = 0; i <= length; i++) {
		if (i < length && text[i] != '.')
			continue;
		if (!plain_label(out, text + from, (unsigned int)(i - from)))
			return;
		from = i + 1;
	}
	out->good = true;
}

/* Where the name ends; 0: it does not. */
static size_t plain_wire(struct plain *out, const unsigned char *bytes, size_t size)
{
	size_t at = 0, text = 0;
	bool good = true;

	memset(out, 0, sizeof(*out));
	while (at < size && bytes[at] && bytes[at] <= 63) {
		if (at + 1 + bytes[at] > size)
			return 0;
		text += bytes[at] + (text > 0);
		if (text > 253)
			return 0;
		good = good && plain_label(out, bytes + at + 1, bytes[at]);
		at += 1U + bytes[at];
	}
	if (at >= size || bytes[at])
		return 0;
	out->good = good && out->labels;
	return at + 1;
}

static __u64 plain_hash(const unsigned char *text, unsigned int length)
{
	const struct sl_name_key *key = (const void *)(arena + SL_ARENA_NAME_KEY);
	__u64 sum[2] = { length * key->length[0], length * key->length[1] };

	for (unsigned int end = length, i = 0; end; i++) {
		unsigned int from = end > 8 ? end - 8 : 0;
		__u64 low = 0, high = 0;

		for (unsigned int k = from; k < end; k++) {
			if (k - from < 4)
				low |= (__u64)text[k] << 8 * (k - from);
			else
				high |= (__u64)text[k] << 8 * (k - from - 4);
		}
		sum[0] += (key->word[i][0] + low) * (key->word[i][1] + high);
		sum[1] += (key->word[i][2] + low) * (key->word[i][3] + high);
		end = from;
	}
	return (sum[0] & 0xffffffff00000000ULL) | sum[1] >> 32;
}

/* --- comparing --- */

static void same(const struct plain *plain, bool good)
{
	assert_int_equal(good, plain->good);
	assert_int_equal(name->labels, good ? plain->labels : 0);
	assert_int_equal(name->length, good ? plain->length : 0);
	assert_int_equal(name->hashed, 0);
	for (unsigned int i = name->length; i < (name->length + 7U) / 8 * 8; i++)
		assert_int_equal(name->text[i], 0);
	if (!good)
		return;
	assert_memory_equal(name->text, plain->text, plain->length);
	for (unsigned int i = 0; i < plain->labels; i++)
		assert_int_equal(name->label[i], plain->label[i]);
	sl_name_hash(TO);
	assert_int_equal(name->hashed, 1);
	for (unsigned int i = 0; i < plain->labels; i++)
		assert_true(name->hash[i] == plain_hash(plain->text + plain->label[i],
							plain->length - plain->label[i]));
}

static void put(__u32 at, const void *bytes, size_t size)
{
	memset(arena + MESSAGE - 64, 0xa5, 2048);
	memset(name, 0x5a, sizeof(*name));
	memcpy(arena + at, bytes, size);
}

static void check_text(const void *text, size_t length)
{
	struct plain plain;

	plain_text(&plain, text, length);
	put(MESSAGE, text, length);
	same(&plain, sl_name_from_text(MESSAGE, (__u32)length, TO));
}

/* The bytes behind are not the message's, whatever they are. */
static void check_wire(const void *bytes, size_t size)
{
	struct plain plain;
	size_t end = plain_wire(&plain, bytes, size);
	__u32 at = MESSAGE + chance(8), past;

	put(at, bytes, size);
	past = sl_name_from_wire(at, at + (__u32)size, TO);
	assert_int_equal(past, end ? at + end : 0);
	same(&plain, end && name->labels);
}

#define TEXT(string) check_text(string, sizeof(string) - 1)
#define WIRE(string) check_wire(string, sizeof(string) - 1)

static void is_text(const char *text, const char *want)
{
	put(MESSAGE, text, strlen(text));
	assert_int_equal(sl_name_from_text(MESSAGE, (__u32)strlen(text), TO), *want != 0);
	assert_int_equal(name->length, strlen(want));
	assert_memory_equal(name->text, want, strlen(want));
}

static void test_text(void **state)
{
	(void)state;
	is_text("example.com", "example.com");
	is_text("WWW.Example.COM.", "www.example.com");
	is_text("com", "com");
	is_text("xn--bcher-kva.Example", "xn--bcher-kva.example");
	is_text("_dmarc.a-b.org", "_dmarc.a-b.org");
	is_text("@[`{AZaz\xc1\xda", "@[`{azaz\xc1\xda");
	is_text("", "");
	is_text(".", "");
	is_text("..", "");
	is_text(".a", "");
	is_text("a..b", "");
	is_text("a..", "");
	TEXT("a\0b.c");
	TEXT("a.b.c.d.e.f.g.h.i.j.k.l.m.n.o.p");
}

static void test_wire(void **state)
{
	(void)state;
	WIRE("\3www\7EXAMPLE\3com\0rest");
	WIRE("\0");
	WIRE("");
	WIRE("\1a");
	WIRE("\1a\0");
	WIRE("\5a");
	WIRE("\3www\xc0\x0c\0\0\0");
	WIRE("\xc0\x0c");
	WIRE("\x40"
	     "a\0");
	WIRE("\3a.b\3com\0");
	WIRE("\1.\0");
	WIRE("\4\0\1\2\3\0");
	/* A label of 46 bytes: its length looks like a dot. */
	WIRE("\1a\x2e"
	     "0123456789012345678901234567890123456789012345\3com\0");
	WIRE("\1a\x2e"
	     "01234567890123456789.1234567890123456789012345\3com\0");
}

/* Labels of one length, and so many that the whole is of every length up to too long. */
static void test_lengths(void **state)
{
	unsigned char bytes[400];
	char text[400];

	(void)state;
	for (unsigned int label = 1; label <= 64; label++) {
		for (unsigned int length = 1; length <= 300; length++) {
			for (unsigned int i = 0; i < length; i++)
				text[i] = (i + 1) % (label + 1) ? (char)('a' + i % 26) : '.';
			check_text(text, length);
			for (unsigned int i = 0; i < length; i++)
				bytes[i + 1] = (unsigned char)text[i];
			for (unsigned int i = 0; i <= length; i += label + 1)
				bytes[i] = (unsigned char)(length - i < label ? length - i : label);
			bytes[length + 1] = 0;
			check_wire(bytes, length + 2);
			check_wire(bytes, length + 1);
		}
	}
}

static void test_chance(void **state)
{
	static const char letters[] = "aZz@[`{A..-\xc1\x2e\x00\x80";
	unsigned char bytes[300];

	(void)state;
	for (int round = 0; round < 200000; round++) {
		size_t size = chance(chance(8) ? 40 : sizeof(bytes)), next = 0;

		for (size_t i = 0; i < size; i++)
			bytes[i] = (unsigned char)letters[chance(sizeof(letters))];
		check_text(bytes, size);
		/* Lengths at places where mostly labels end. */
		while (next < size) {
			unsigned int label = chance(20) ? chance(12) : chance(256);

			bytes[next] = (unsigned char)label;
			next += label + 1;
		}
		check_wire(bytes, size);
	}
}

/* What differs in one bit, or in length alone, or in where bytes are, has other hashes. */
static void test_hash_differs(void **state)
{
	char text[40] = "aaaaaaaa.bbbbbbbb.cccccccccccc.example";
	__u32 length = (__u32)strlen(text);
	__u64 first;

	(void)state;
	put(MESSAGE, text, length);
	assert_true(sl_name_from_text(MESSAGE, length, TO));
	sl_name_hash(TO);
	first = name->hash[0];
	for (__u32 bit = 0; bit < length * 8; bit++) {
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
		put(MESSAGE, text, length);
		if (sl_name_from_text(MESSAGE, length, TO) &&
		    memcmp(name->text, "aaaaaaaa.bbbbbbbb.cccccccccccc.example", length) != 0) {
			sl_name_hash(TO);
			assert_true(name->hash[0] != first);
		}
		text[bit / 8] = (char)(text[bit / 8] ^ 1 << bit % 8);
	}
	put(MESSAGE, "\0a.b", 4);
	assert_true(sl_name_from_text(MESSAGE, 4, TO));
	sl_name_hash(TO);
	first = name->hash[0];
	put(MESSAGE, "a.b", 3);
	assert_true(sl_name_from_text(MESSAGE, 3, TO));
	sl_name_hash(TO);
	assert_true(name->hash[0] != first);
}

/* --- names as rules have them --- */

static void is_domain(const char *text, __u8 forms, const char *want)
{
	struct sl_elem_error error;
	struct sl_domain domain;

	assert_int_equal(sl_domain_read(text, strlen(text), &domain, &error), 0);
	assert_string_equal(domain.text, want);
	assert_int_equal(domain.length, strlen(want));
	assert_int_equal(domain.forms, forms);
}

static void is_no_domain(const char *text, size_t begin, size_t end, const char *want)
{
	struct sl_elem_error error;
	struct sl_domain domain;

	assert_int_equal(sl_domain_read(text, strlen(text), &domain, &error), -EINVAL);
	assert_string_equal(error.text, want);
	assert_int_equal(error.begin, begin);
	assert_int_equal(error.end, end);
}

#define A63 "abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwxyz"

static void test_domain(void **state)
{
	(void)state;
	is_domain("example.com", SL_NAME_SELF, "example.com");
	is_domain("WWW.Example.COM.", SL_NAME_SELF, "www.example.com");
	is_domain("*.example.com", SL_NAME_BELOW, "example.com");
	is_domain("*.Com.", SL_NAME_BELOW, "com");
	is_domain(".example.com", SL_NAME_FORMS, "example.com");
	is_domain("_dmarc.r3---sn-a.example", SL_NAME_SELF, "_dmarc.r3---sn-a.example");
	is_domain("XN--Bcher-KVA.example", SL_NAME_SELF, "xn--bcher-kva.example");
	is_domain(A63 "." A63 "." A63 ".x", SL_NAME_SELF, A63 "." A63 "." A63 ".x");
	is_no_domain("", 0, 1, "a label of a domain name is empty");
	is_no_domain(".", 0, 1, "a label of a domain name is empty");
	is_no_domain("a..b", 2, 3, "a label of a domain name is empty");
	is_no_domain("..b", 1, 2, "a label of a domain name is empty");
	is_no_domain("a.b..", 4, 5, "a label of a domain name is empty");
	is_no_domain("*", 0, 1, "'*' cannot be in a domain name");
	is_no_domain("a.*.b", 2, 3, "'*' cannot be in a domain name");
	is_no_domain("||ads.example^", 0, 1, "'|' cannot be in a domain name");
	is_no_domain("a b", 1, 2, "' ' cannot be in a domain name");
	is_no_domain("a.\x01", 2, 3, "byte 0x01 cannot be in a domain name");
	is_no_domain(
		"b\xc3\xbc"
		"cher.example",
		1, 2,
		"a name is written in ASCII: of a name in other letters, write its A-label, as in xn--bcher-kva.example");
	is_no_domain("a." A63 "x", 2, 66, "a label of a domain name is longer than 63 bytes");
	is_no_domain(A63 "." A63 "." A63 "." A63, 0, 255, "a domain name is longer than 253 bytes");
	is_no_domain("192.0.2.1", 0, 9,
		     "'192.0.2.1' is no domain name: the last label of one is no number");
	is_no_domain("a.xn--b", 2, 7, "'xn--b' is no A-label: what follows xn-- is wrong");
}

static void test_punycode(void **state)
{
	/* RFC 3492, 7.1, and labels of domains that exist. */
	static const char *const good[] = {
		"egbpdaj6bu4bxfgehfvwxn",
		"ihqwcrb4cv8a8dqg056pqjye",
		"Proprostnemluvesky-uyb24dma41a",
		"4dbcagdahymbxekheh6e0a7fei0b",
		"n8jok5ay5dzabd5bym9f0cm5685rrjetr6pdxa",
		"989aomsvi5e83db1d2a355cv1e0vak1dwrv93d5xbh15a0dt30a5jpsd879ccm6fea98c",
		"b1abfaaepdrnnbgefbadotcwatmq2g4l",
		"PorqunopuedensimplementehablarenEspaol-fmd56a",
		"3B-ww4c5e180e575a65lsy2b",
		"-with-SUPER-MONKEYS-pc58ag80a8qai00g7n9n",
		"bcher-kva",
		"p1ai",
		"wgbh1c",
	};
	static const char *const bad[] = {
		"", "b", "a-", "-", "99999999", "bcher-kv\xfc", "zzzzzzzzzzzzzzzzzz99999999"
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++)
		assert_true(sl_punycode_is_valid(good[i], strlen(good[i])));
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_false(sl_punycode_is_valid(bad[i], strlen(bad[i])));
}

/* What rules are compiled with and what packets are looked up by is the same. */
static void test_same_hash(void **state)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
	const struct sl_name_key *key = (const void *)(arena + SL_ARENA_NAME_KEY);
	char text[256];

	(void)state;
	for (unsigned int length = 1; length <= SL_NAME_MAX; length++) {
		for (unsigned int i = 0; i < length; i++)
			text[i] = i % 17 == 16 && i + 1 < length
					  ? '.'
					  : letters[chance(sizeof(letters) - 1)];
		put(MESSAGE, text, length);
		assert_true(sl_name_from_text(MESSAGE, length, TO));
		sl_name_hash(TO);
		for (unsigned int i = 0; i < name->labels; i++)
			assert_true((name->hash[i] & ~(__u64)SL_NAME_FORMS) ==
				    sl_domain_hash(key, text + name->label[i],
						   length - name->label[i]));
	}
}

/* Each name once, with all forms it was given. */
static void test_sort(void **state)
{
	static const char *const texts[] = {
		"b.c", "*.a", "a", ".z", "b.c", "b", "ab", "*.a", "a.b"
	};
	static const char *const want[] = { ".a", "a.b", "ab", "b", "b.c", ".z" };
	struct sl_domains list = {};
	struct sl_elem_error error;
	struct sl_domain domain;
	size_t at = 0, i;

	(void)state;
	for (i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
		assert_int_equal(sl_domain_read(texts[i], strlen(texts[i]), &domain, &error), 0);
		assert_int_equal(sl_domains_add(&list, &domain), 0);
	}
	assert_int_equal(sl_domains_sort(&list), 0);
	assert_int_equal(list.count, sizeof(want) / sizeof(*want));
	for (i = 0; sl_domains_next(&list, &at, &domain); i++) {
		struct sl_buf buf = {};
		char *printed;

		sl_domain_print(&buf, &domain);
		assert_int_equal(sl_buf_take(&buf, &printed), 0);
		assert_string_equal(printed, want[i]);
		free(printed);
	}
	assert_int_equal(i, list.count);
	sl_domains_clear(&list);
}

/* --- tables --- */

#define HEAP_SIZE (256U << 20)
#define NAMES	  5000

/* Entries come, change and go by chance; table and list are the same all the time. */
static void test_table(void **state)
{
	static unsigned char truth[NAMES];
	static __u64 hashes[NAMES];
	struct test_heap heap;
	__u32 table = 0, names = 0;

	(void)state;
	test_heap_init(&heap, HEAP_SIZE);
	for (int i = 0; i < NAMES; i++)
		hashes[i] = random_next(&seed) & ~(__u64)SL_NAME_FORMS;
	memset(truth, 0, sizeof(truth));
	assert_int_equal(sl_names_new(&heap.heap, 3, true, &table), 0);
	for (int round = 0; round < 200000; round++) {
		unsigned int i = chance(NAMES), forms = 1 + chance(3);
		/* Fuller and fuller, and emptier again. */
		bool add = chance(100) < (round / 50000 % 2 ? 30U : 70U);
		const struct sl_names_table *t;
		struct sl_counter *counter;

		names -= truth[i] != 0;
		if (add) {
			assert_int_equal(sl_names_add(&heap.heap, &table, hashes[i], forms), 0);
			if (!truth[i])
				sl_names_counter(&heap.heap, table, hashes[i])->packets = i;
			truth[i] |= forms;
		} else {
			sl_names_delete(&heap.heap, table, hashes[i], forms);
			truth[i] &= (unsigned char)~forms;
		}
		names += truth[i] != 0;
		t = sl_heap_at(&heap.heap, table);
		assert_true(t->used < t->nbuckets * SL_NAMES_BUCKET);
		assert_int_equal(sl_names_find(&heap.heap, table, hashes[i]), truth[i]);
		i = chance(NAMES);
		assert_int_equal(sl_names_find(&heap.heap, table, hashes[i]), truth[i]);
		counter = sl_names_counter(&heap.heap, table, hashes[i]);
		assert_int_equal(counter != NULL, truth[i] != 0);
		if (counter)
			assert_int_equal(counter->packets, i);
	}
	for (int i = 0; i < NAMES; i++)
		assert_int_equal(sl_names_find(&heap.heap, table, hashes[i]), truth[i]);
	assert_int_equal(((struct sl_names_table *)sl_heap_at(&heap.heap, table))->names, names);
	sl_names_blocks(&heap.heap, table, test_heap_mark, &heap);
	test_heap_check(&heap);
	sl_names_free(&heap.heap, table);
	assert_int_equal(heap.used, 0);
	test_heap_clear(&heap);
}

/* Each allocation fails in turn: nothing has changed then, and nothing is lost. */
static void test_no_memory(void **state)
{
	(void)state;
	for (unsigned int fail_in = 1; fail_in < 40; fail_in++) {
		struct test_heap heap;
		__u32 table = 0;
		int err, i;

		test_heap_init(&heap, HEAP_SIZE);
		heap.fail_in = fail_in;
		err = sl_names_new(&heap.heap, 1, true, &table);
		for (i = 0; !err && i < 300; i++)
			err = sl_names_add(&heap.heap, &table,
					   (__u64)i * 0x9e3779b97f4a7c14ULL << 2, SL_NAME_SELF);
		assert_true(!err || err == -ENOMEM);
		while (err && table && --i > 0)
			assert_int_equal(sl_names_find(&heap.heap, table,
						       (__u64)(i - 1) * 0x9e3779b97f4a7c14ULL << 2),
					 SL_NAME_SELF);
		if (table)
			sl_names_free(&heap.heap, table);
		assert_int_equal(heap.used, 0);
		test_heap_clear(&heap);
	}
}

static int take_back(void *arg, const struct sl_domain *domain)
{
	return sl_domains_add(arg, domain);
}

/* Names as text are read back as they were, packed and noted. */
static void test_text_kept(void **state)
{
	struct sl_domains list = {}, back = {};
	__u32 packed = 0, first = 0, last = 0;
	struct sl_domain domain;
	struct test_heap heap;

	(void)state;
	test_heap_init(&heap, HEAP_SIZE);
	for (int i = 0; i < 40000; i++) {
		domain.forms = (__u8)(1 + chance(3));
		domain.length = (__u8)snprintf(domain.text, sizeof(domain.text),
					       "%x.name%u.example", chance(1U << 31), chance(1000));
		assert_int_equal(sl_domains_add(&list, &domain), 0);
		assert_int_equal(sl_names_note(&heap.heap, &domain, &first, &last), 0);
	}
	assert_int_equal(sl_names_pack(&heap.heap, &list, &packed), 0);
	assert_int_equal(sl_names_text_each(&heap.heap, packed, take_back, &back), 0);
	assert_int_equal(back.used, list.used);
	assert_memory_equal(back.bytes, list.bytes, list.used);
	sl_domains_clear(&back);
	assert_int_equal(sl_names_text_each(&heap.heap, first, take_back, &back), 0);
	assert_int_equal(back.used, list.used);
	assert_memory_equal(back.bytes, list.bytes, list.used);
	sl_domains_clear(&back);
	sl_domains_clear(&list);
	sl_names_text_free(&heap.heap, packed);
	sl_names_text_free(&heap.heap, first);
	assert_int_equal(heap.used, 0);
	test_heap_clear(&heap);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),	     cmocka_unit_test(test_wire),
		cmocka_unit_test(test_lengths),	     cmocka_unit_test(test_chance),
		cmocka_unit_test(test_hash_differs), cmocka_unit_test(test_domain),
		cmocka_unit_test(test_punycode),     cmocka_unit_test(test_same_hash),
		cmocka_unit_test(test_sort),	     cmocka_unit_test(test_table),
		cmocka_unit_test(test_no_memory),    cmocka_unit_test(test_text_kept),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
