/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
/*
 * Decision trees against the rules that they were made from: shapes that occur, and shapes that are
 * hard to cut.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gen.h"
#include "rules_model.h"

/* Writes one rule's matches. */
typedef void rule_fn(struct random *r, struct sl_buf *text);

static void rule_any(struct random *r, struct sl_buf *text)
{
	static const char *const matches[] = { "", "ip ", "ip6 ", "tcp ", "udp " };

	sl_buf_add(text, "%s", matches[random_below(r, 5)]);
}

static unsigned int edge(struct random *r, unsigned int max)
{
	switch (random_below(r, 5)) {
	case 0:
		return 0;
	case 1:
		return max;
	case 2:
		return max / 2 + random_below(r, 2);
	default:
		return random_below(r, max + 1);
	}
}

static void add_prefix(struct random *r, struct sl_buf *text, const char *side, unsigned int len)
{
	unsigned int addr = 0x0a141e28U ^ (random_below(r, 4) ? 0 : (unsigned int)random_next(r));

	addr = len ? addr >> (32 - len) << (32 - len) : 0;
	sl_buf_add(text, "%s %u.%u.%u.%u/%u ", side, addr >> 24, addr >> 16 & 255, addr >> 8 & 255,
		   addr & 255, len);
}

/* Prefixes around one address, each inside the other. */
static void rule_nested(struct random *r, struct sl_buf *text)
{
	add_prefix(r, text, "saddr", random_below(r, 33));
	if (random_below(r, 2))
		add_prefix(r, text, "daddr", random_below(r, 33));
}

static void rule_nested6(struct random *r, struct sl_buf *text)
{
	unsigned int len = random_below(r, 8) * 16;
	static const char *const words[] = { "2001", "db8", "1", "2", "3", "4", "5" };

	sl_buf_add(text, random_below(r, 2) ? "saddr " : "daddr ");
	for (unsigned int i = 0; i < len / 16; i++)
		sl_buf_add(text, "%s:", words[i]);
	sl_buf_add(text, "%s/%u ", len ? ":" : "::", len);
}

static void add_range(struct random *r, struct sl_buf *text, const char *what)
{
	unsigned int low = edge(r, 65535), high = edge(r, 65535);

	sl_buf_add(text, "%s %u-%u ", what, low < high ? low : high, low < high ? high : low);
}

static void rule_ranges(struct random *r, struct sl_buf *text)
{
	add_range(r, text, "tcp sport");
	add_range(r, text, "tcp dport");
}

static void rule_same(struct random *r, struct sl_buf *text)
{
	(void)r;
	sl_buf_add(text, "saddr 10.20.30.0/24 udp dport 53 ");
}

/* Boxes that are alike, and bodies that tell them apart. */
static void rule_bodies(struct random *r, struct sl_buf *text)
{
	sl_buf_add(text, "saddr 10.20.0.0/16 ");
	switch (random_below(r, 4)) {
	case 0:
		sl_buf_add(text, "vlan id %u ", random_below(r, 4096));
		break;
	case 1:
		sl_buf_add(text, "ttl { %u, 17, 200-210 } ", random_below(r, 16));
		break;
	case 2:
		sl_buf_add(text, "tcp flags & (syn|ack) == syn ");
		break;
	default:
		sl_buf_add(text, "dscp %u ", random_below(r, 64));
	}
}

static void rule_mixed(struct random *r, struct sl_buf *text)
{
	static rule_fn *const kinds[] = { rule_any,    rule_nested, rule_nested6,
					  rule_ranges, rule_same,   rule_bodies };

	kinds[random_below(r, 6)](r, text);
}

static struct sl_conf *conf_of(struct random *r, rule_fn *rule, unsigned int count)
{
	static const char *const actions[] = { "accept", "drop", "count" };
	struct sl_buf text = {};
	struct sl_conf *conf;
	char *whole = NULL;

	sl_buf_add(&text, "chain ingress {\n");
	for (unsigned int i = 0; i < count; i++) {
		rule(r, &text);
		sl_buf_add(&text, "%s\n", actions[random_below(r, 3)]);
	}
	sl_buf_add(&text, "}\n");
	assert_int_equal(sl_buf_take(&text, &whole), 0);
	conf = must_parse(whole);
	free(whole);
	sl_conf_number(conf);
	return conf;
}

static void hard(rule_fn *rule, unsigned int seeds, unsigned int most, unsigned int packets)
{
	unsigned int seed;

	for (seed = 1; seed <= seeds; seed++) {
		struct random r = { seed };
		struct sl_conf *conf = conf_of(&r, rule, 1 + random_below(&r, most));
		struct sl_ruleset *block = model_lower(conf);

		model_agree(&r, conf, block, packets);
		free(block);
		sl_conf_freep(&conf);
	}
}

static void test_hard_to_cut(void **state)
{
	(void)state;
	hard(rule_any, 20, 100, 500);
	hard(rule_same, 20, 300, 500);
	hard(rule_nested, 60, 400, 3000);
	hard(rule_nested6, 40, 300, 2000);
	hard(rule_ranges, 60, 300, 3000);
	hard(rule_bodies, 40, 300, 2000);
	hard(rule_mixed, 100, 400, 4000);
}

static struct sl_conf *conf_of_shape(enum gen_shape shape, bool six, size_t count)
{
	struct gen_rule *rules = calloc(count, sizeof(*rules));
	struct sl_conf *conf;
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	assert_non_null(rules);
	assert_non_null(to);
	assert_int_equal(gen_rules(shape, six, 7, rules, count), 0);
	fputs("chain ingress {\npolicy drop\n", to);
	for (size_t i = 0; i < count; i++) {
		gen_print_sluice(&rules[i], six, to);
		fputc('\n', to);
	}
	fputs("}\n", to);
	fclose(to);
	conf = must_parse(text);
	sl_conf_number(conf);
	free(text);
	free(rules);
	return conf;
}

/* A packet in one of the rules' boxes, often several. */
static void near_rules(struct random *r, const struct sl_conf *conf, unsigned int packets)
{
	struct sl_ruleset *block = model_lower(conf);

	model_agree(r, conf, block, packets);
	free(block);
}

static void test_shapes(void **state)
{
	static const struct {
		size_t count;
		unsigned int packets;
	} sizes[] = { { 300, 20000 }, { 3000, 3000 } };

	(void)state;
	for (enum gen_shape shape = 0; shape < GEN_SHAPE_MAX_; shape++) {
		for (unsigned int i = 0; i < 2 * sizeof(sizes) / sizeof(sizes[0]); i++) {
			struct random r = { shape + 1 };
			struct sl_conf *conf = conf_of_shape(shape, i % 2, sizes[i / 2].count);

			near_rules(&r, conf, sizes[i / 2].packets);
			sl_conf_freep(&conf);
		}
	}
}

/* How many trees the list of TCP over IPv4 has. */
static unsigned int trees(const struct sl_ruleset *block)
{
	const struct sl_list *list = &block->chain[SL_DIR_INGRESS].list[SL_L3_IP4][SL_L4_TCP];
	unsigned int count = 0;

	while (count < SL_TREES && list->tree[count])
		count++;
	return count;
}

static bool is_leaf(const struct sl_ruleset *block, unsigned int records)
{
	__u64 ref = block->chain[SL_DIR_INGRESS].list[SL_L3_IP4][SL_L4_TCP].tree[0];

	return !(ref & SL_REF_CUT) &&
	       (ref >> SL_REF_BYTES_SHIFT) == records * sizeof(struct sl_record4);
}

static void test_forms(void **state)
{
	struct random r = { 1 };
	struct sl_conf *conf;
	struct sl_ruleset *block;

	(void)state;
	/* What a rule before decides on is not there. */
	conf = must_parse(
		"chain ingress {\ntcp dport 1-9 drop\ntcp dport 3-4 accept\ndrop\naccept\n}");
	sl_conf_number(conf);
	block = model_lower(conf);
	assert_true(is_leaf(block, 2));
	free(block);
	sl_conf_freep(&conf);

	/* No cut tells these apart. */
	conf = conf_of(&r, rule_same, 5000);
	block = model_lower(conf);
	assert_true(block->size < 5000 * 2 * 100);
	free(block);
	sl_conf_freep(&conf);

	/* Firewalls leave one side open: more than one tree. The bound of the memory. */
	conf = conf_of_shape(GEN_FW, false, 10000);
	block = model_lower(conf);
	assert_true(trees(block) > 1);
	assert_true(block->size < 10000 * 1024);
	free(block);
	sl_conf_freep(&conf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_hard_to_cut),
		cmocka_unit_test(test_shapes),
		cmocka_unit_test(test_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
