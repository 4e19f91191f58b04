// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * A case as text: numbers, so that what is read back is what was written. Lines that begin with
 * '#' are for people.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define HIGH(value) ((__u64)((value) >> 64))
#define LOW(value)  ((__u64)(value))

static void write_match(const struct m_match *m, FILE *to)
{
	fprintf(to, "match %d %d %d %u %d %d %d %d %llx:%llx %d", m->selector, m->inner, m->negate,
		m->mask, m->base, m->offset, m->length, m->style, HIGH(m->raw_mask),
		LOW(m->raw_mask), m->count);
	for (int i = 0; i < m->count; i++)
		fprintf(to, " %d %llx:%llx %llx:%llx", m->range[i].family, HIGH(m->range[i].low),
			LOW(m->range[i].low), HIGH(m->range[i].high), LOW(m->range[i].high));
	fputs("\n", to);
}

static void write_stmt(const struct m_stmt *s, FILE *to)
{
	fprintf(to, "set %d %d %d %d %llx:%llx %llx:%llx\n", s->kind, s->base, s->offset, s->length,
		HIGH(s->value), LOW(s->value), HIGH(s->mask), LOW(s->mask));
}

static bool read_stmt(const char *line, struct m_rule *rule)
{
	struct m_stmt *s = &rule->stmt[rule->stmts];
	unsigned long long value[2], mask[2];

	if (rule->stmts == M_STMTS ||
	    sscanf(line, "set %d %d %d %d %llx:%llx %llx:%llx", &s->kind, &s->base, &s->offset,
		   &s->length, &value[0], &value[1], &mask[0], &mask[1]) < 8)
		return false;
	s->value = (wide)value[0] << 64 | value[1];
	s->mask = (wide)mask[0] << 64 | mask[1];
	rule->stmts++;
	return true;
}

static void write_comment(const struct m_conf *conf, FILE *to)
{
	struct lines lines;
	char *text = conf_text(conf, &lines), *next = text, *line;

	while ((line = strsep(&next, "\n")) && next)
		fprintf(to, "# %s\n", line);
	free(text);
}

void case_write(const struct fuzz_case *fc, FILE *to)
{
	fprintf(to, "seed %llu\n", fc->seed);
	write_comment(&fc->conf, to);
	for (int i = 0; i < fc->conf.ons; i++)
		fprintf(to, "on %d %d %d\n", fc->conf.on[i].is_class, fc->conf.on[i].drop,
			fc->conf.on[i].what);
	for (int dir = 0; dir < SL_DIR_MAX_; dir++) {
		const struct m_chain *chain = &fc->conf.chain[dir];

		fprintf(to, "chain %d %d\n", dir, chain->policy);
		for (int i = 0; i < chain->count; i++) {
			fprintf(to, "rule %d %d %d %d %d %d %llx:%llx\n", chain->rule[i].has_name,
				chain->rule[i].action, chain->rule[i].rest_of_flow,
				chain->rule[i].reject, chain->rule[i].with, chain->rule[i].is_there,
				HIGH(chain->rule[i].address), LOW(chain->rule[i].address));
			for (int j = 0; j < chain->rule[i].count; j++)
				write_match(&chain->rule[i].match[j], to);
			for (int j = 0; j < chain->rule[i].stmts; j++)
				write_stmt(&chain->rule[i].stmt[j], to);
		}
	}
	for (int i = 0; i < fc->count; i++) {
		const struct item *item = &fc->item[i];

		fprintf(to, "frame %llu %zu %d %d %u ", item->wait, item->linear, item->is_gso,
			item->has_tag, item->tci);
		for (size_t j = 0; j < item->len; j++)
			fprintf(to, "%02x", item->bytes[j]);
		fputs(item->len ? "\n" : "-\n", to);
	}
}

static bool read_match(char *line, struct m_rule *rule)
{
	struct m_match *m = &rule->match[rule->count];
	unsigned long long raw_mask[2];
	int negate, mask, used = 0;

	if (rule->count == M_MATCHES ||
	    sscanf(line, "match %d %d %d %d %d %d %d %d %llx:%llx %d%n", &m->selector, &m->inner,
		   &negate, &mask, &m->base, &m->offset, &m->length, &m->style, &raw_mask[0],
		   &raw_mask[1], &m->count, &used) < 11 ||
	    m->selector < 0 || m->selector >= M_SELECTORS || m->count < 0 || m->count > M_VALUES)
		return false;
	m->negate = negate;
	m->mask = (__u8)mask;
	m->raw_mask = (wide)raw_mask[0] << 64 | raw_mask[1];
	for (int i = 0; i < m->count; i++) {
		unsigned long long low[2], high[2];

		line += used;
		if (sscanf(line, " %d %llx:%llx %llx:%llx%n", &m->range[i].family, &low[0], &low[1],
			   &high[0], &high[1], &used) < 5)
			return false;
		m->range[i].low = (wide)low[0] << 64 | low[1];
		m->range[i].high = (wide)high[0] << 64 | high[1];
	}
	rule->count++;
	return true;
}

static bool read_frame(const char *line, struct item *item)
{
	unsigned long long wait;
	unsigned int gso, tag, tci, byte;
	int used = 0;

	*item = (struct item) {};
	if (sscanf(line, "frame %llu %zu %u %u %u %n", &wait, &item->linear, &gso, &tag, &tci,
		   &used) < 5)
		return false;
	line += used;
	item->bytes = malloc(strlen(line) / 2 + 1);
	if (!item->bytes)
		abort();
	while (sscanf(line, "%2x", &byte) == 1) {
		item->bytes[item->len++] = (__u8)byte;
		line += 2;
	}
	item->wait = wait;
	item->is_gso = gso;
	item->has_tag = tag;
	item->tci = (__u16)tci;
	return true;
}

static bool read_rule(const char *line, struct m_rule *rule)
{
	unsigned long long address[2];
	int a, b, c, is_there;

	*rule = (struct m_rule) {};
	if (sscanf(line, "rule %d %d %d %d %d %d %llx:%llx", &a, &b, &c, &rule->reject, &rule->with,
		   &is_there, &address[0], &address[1]) < 8)
		return false;
	rule->has_name = a;
	rule->action = b;
	rule->rest_of_flow = c;
	rule->is_there = is_there;
	rule->address = (wide)address[0] << 64 | address[1];
	return true;
}

static bool read_line(struct fuzz_case *fc, char *line, struct m_chain **chain)
{
	struct m_on on;
	unsigned long long seed;
	int a, b, c;

	if (*line == '#' || *line == '\n')
		return true;
	if (sscanf(line, "seed %llu", &seed) == 1) {
		fc->seed = seed;
		return true;
	}
	if (sscanf(line, "on %d %d %d", &a, &b, &c) == 3) {
		on = (struct m_on) { .is_class = a, .drop = b, .what = c };
		if (fc->conf.ons == M_ONS)
			return false;
		fc->conf.on[fc->conf.ons++] = on;
		return true;
	}
	if (sscanf(line, "chain %d %d", &a, &b) == 2) {
		if (a < 0 || a >= SL_DIR_MAX_)
			return false;
		*chain = &fc->conf.chain[a];
		(*chain)->policy = b;
		return true;
	}
	if (!strncmp(line, "rule ", 5))
		return *chain && (*chain)->count < M_RULES &&
		       read_rule(line, &(*chain)->rule[(*chain)->count++]);
	if (!strncmp(line, "match ", 6))
		return *chain && (*chain)->count &&
		       read_match(line, &(*chain)->rule[(*chain)->count - 1]);
	if (!strncmp(line, "set ", 4))
		return *chain && (*chain)->count &&
		       read_stmt(line, &(*chain)->rule[(*chain)->count - 1]);
	if (fc->count == ITEMS || !read_frame(line, &fc->item[fc->count]))
		return false;
	fc->count++;
	return true;
}

bool case_read(struct fuzz_case *fc, FILE *from)
{
	struct m_chain *chain = NULL;
	char *line = NULL;
	size_t room = 0;
	bool good = true;

	*fc = (struct fuzz_case) {};
	while (good && getline(&line, &room, from) > 0) {
		good = read_line(fc, line, &chain);
		if (!good)
			fprintf(stderr, "no line of a case: %.60s\n", line);
	}
	free(line);
	return good;
}
