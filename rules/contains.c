/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "check.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "diag.h"
#include "needle.h"
#include "print.h"

/*
 * `payload contains "BYTES"`. In the quotes, \xHH and the pairs of digits between two bars are bytes
 * by their numbers; \\ and \| stand for themselves.
 */

struct reading {
	struct sl_parser *p;
	const struct sl_atom *atom;
	unsigned char *bytes; /* as many as there are characters, at most */
	size_t count;
};

/* Something is wrong with length characters from at on. */
static int wrong(const struct reading *r, const char *at, size_t length, const char *what)
{
	struct sl_loc loc = r->atom->loc;

	/* The quote is before the text. */
	loc.begin += 1 + (__u32)(at - r->atom->text);
	loc.end = loc.begin + (__u32)length;
	return sl_diag_error(r->p->diag, &loc, "%s", what);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Two digits; false when there are not. */
static bool read_pair(struct reading *r, const char *at)
{
	int high = digit(at[0]), low = high < 0 ? -1 : digit(at[1]);

	if (low < 0)
		return false;
	r->bytes[r->count++] = (unsigned char)(high << 4 | low);
	return true;
}

static int read_escape(struct reading *r, const char **at)
{
	const char *from = *at;

	switch (from[1]) {
	case 'x':
		if (!read_pair(r, from + 2))
			return wrong(r, from, 2, "'\\x' takes two hexadecimal digits");
		*at += 4;
		return 0;
	case '\\':
	case '|':
		r->bytes[r->count++] = (unsigned char)from[1];
		*at += 2;
		return 0;
	default:
		return wrong(r, from, from[1] ? 2 : 1,
			     "'\\' stands before 'xHH', '\\' or '|': a quote is '\\x22'");
	}
}

/* From the bar on: pairs of digits with blanks between them. */
static int read_bars(struct reading *r, const char **at)
{
	const char *from = *at, *to = from + 1;

	for (; *to && *to != '|'; to += *to == ' ' ? 1 : 2) {
		if (*to != ' ' && !read_pair(r, to))
			return wrong(r, to, 1,
				     "between bars there are pairs of hexadecimal digits");
	}
	if (!*to)
		return wrong(r, from, 1, "the second '|' is missing: a bar itself is '\\|'");
	*at = to + 1;
	return 0;
}

static int read_bytes(struct reading *r)
{
	const char *at = r->atom->text;
	int err = 0;

	r->bytes = sl_pool_alloc(&r->p->pool, strlen(at) + 1);
	if (!r->bytes)
		return -ENOMEM;
	while (*at && !err) {
		if (*at == '\\')
			err = read_escape(r, &at);
		else if (*at == '|')
			err = read_bars(r, &at);
		else
			r->bytes[r->count++] = (unsigned char)*at++;
	}
	if (err)
		return err;
	if (!r->count)
		return sl_diag_error(r->p->diag, &r->atom->loc, "no bytes to look for");
	if (r->count > SL_NEEDLE_MAX)
		return sl_diag_error(r->p->diag, &r->atom->loc,
				     "%zu bytes are too many to look for: %u is the most", r->count,
				     SL_NEEDLE_MAX);
	return 0;
}

static int print_bytes(const struct reading *r, char **out)
{
	struct sl_buf buf = {};
	size_t i;

	sl_buf_add(&buf, "\"");
	for (i = 0; i < r->count; i++) {
		unsigned char byte = r->bytes[i];

		if (byte == '\\' || byte == '|')
			sl_buf_add(&buf, "\\%c", byte);
		else if (byte < ' ' || byte > '~' || byte == '"')
			sl_buf_add(&buf, "\\x%02x", byte);
		else
			sl_buf_add(&buf, "%c", byte);
	}
	sl_buf_add(&buf, "\"");
	return sl_buf_take(&buf, out);
}

/* One more needle, of at least one byte; takes over text. */
static int add(struct reading *r, const struct sl_conf_needle *needle, char *text)
{
	_cleanup_free_ char *owned = text;
	struct sl_conf *conf = r->p->conf;
	struct sl_conf_needle *bigger;

	/* It doubles: there may be thousands. */
	if (!(conf->nneedles & (conf->nneedles - 1))) {
		bigger = reallocarray(conf->needles, conf->nneedles ? 2 * conf->nneedles : 1,
				      sizeof(*bigger));
		if (!bigger)
			return -ENOMEM;
		conf->needles = bigger;
	}
	bigger = &conf->needles[conf->nneedles];
	*bigger = *needle;
	bigger->bytes = malloc(needle->length + 1U);
	if (!bigger->bytes)
		return -ENOMEM;
	memcpy(bigger->bytes, r->bytes, needle->length);
	bigger->text = TAKE_PTR(owned);
	conf->nneedles++;
	return 0;
}

/* What tells needles apart, in the pool. */
static const char *key_of(struct sl_parser *p, const struct sl_conf_needle *needle,
			  const char *text)
{
	struct sl_buf buf = {};
	char *all = NULL;
	const char *key;

	sl_buf_add(&buf, "%s %u %u %u", text, needle->nocase, needle->first, needle->last);
	if (sl_buf_take(&buf, &all))
		return NULL;
	key = sl_pool_text(&p->pool, all, strlen(all));
	free(all);
	return key;
}

/* The place of the needle among those of the configuration, in which each is once. */
static int intern(struct reading *r, const struct sl_conf_needle *needle, __u32 *out)
{
	_cleanup_free_ char *text = NULL;
	uintptr_t found;
	const char *key;
	int err;

	err = print_bytes(r, &text);
	if (err)
		return err;
	key = key_of(r->p, needle, text);
	if (!key)
		return -ENOMEM;
	found = (uintptr_t)sl_nametab_get(&r->p->needle_names, key);
	*out = (__u32)found - 1;
	if (found)
		return 0;
	if (r->p->conf->nneedles == SL_NEEDLES)
		return sl_diag_error(r->p->diag, &r->atom->loc,
				     "more than %u texts to look for in payloads", SL_NEEDLES);
	*out = (__u32)r->p->conf->nneedles;
	err = add(r, needle, TAKE_PTR(text));
	return err ? err : sl_nametab_put(&r->p->needle_names, key, (void *)((uintptr_t)*out + 1));
}

static int read_needle(struct sl_parser *p, const struct sl_value *value,
		       const struct sl_ast_contains *options, __u32 *out)
{
	struct reading r = { .p = p, .atom = &value->low };
	struct sl_conf_needle needle = {
		.nocase = options->nocase,
		.first = options->offset,
		.last = ~0U,
	};
	int err;

	if (value->kind != SL_VALUE_ATOM || value->low.kind != SL_ATOM_STRING)
		return sl_diag_error(p->diag, &value->loc,
				     "what to look for in the payload stands in quotes");
	err = read_bytes(&r);
	if (err)
		return err;
	needle.length = (__u16)r.count;
	if (options->depth && options->depth < needle.length)
		return sl_diag_error(p->diag, &value->loc,
				     "%u bytes are not in a depth of %u: the rule can never match",
				     needle.length, options->depth);
	if (options->depth)
		needle.last = needle.first + options->depth - needle.length;
	return intern(&r, &needle, out);
}

static int compare(const void *a, const void *b)
{
	const __u32 *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static size_t sort(__u32 *needles, size_t count)
{
	size_t i, to = 0;

	qsort(needles, count, sizeof(*needles), compare);
	for (i = 0; i < count; i++) {
		if (!i || needles[i] != needles[i - 1])
			needles[to++] = needles[i];
	}
	return to;
}

int sl_contains_narrow(struct sl_narrow *n, const struct sl_part *part)
{
	struct sl_cond_contains cond = { .negate = part->op == SL_CMP_NE };
	struct sl_flat flat = {};
	int failed = 0, err;
	size_t i;

	if (part->op > SL_CMP_NE)
		return sl_diag_error(n->p->diag, &part->loc,
				     "bytes compare with '==' or '!=' only");
	err = sl_flat_read(n->p, part->values, &flat);
	if (err)
		return err;
	if (!flat.count)
		return sl_diag_error(n->p->diag, &part->values->loc,
				     "this set is empty: the rule can never match");
	cond.needles = sl_pool_alloc(&n->p->pool, flat.count * sizeof(*cond.needles));
	if (!cond.needles)
		return -ENOMEM;
	for (i = 0; i < flat.count; i++) {
		err = read_needle(n->p, flat.v[i], &part->contains, &cond.needles[i]);
		if (err == -ENOMEM)
			return err;
		failed = err ? err : failed;
	}
	if (failed)
		return failed;
	cond.count = sort(cond.needles, flat.count);
	err = sl_narrow_l3(n, SL_L3_IPS, part);
	return err ? err : sl_narrow_contains(n, &cond, part);
}

static void print_one(struct sl_buf *buf, const struct sl_conf *conf,
		      const struct sl_cond_contains *cond)
{
	const struct sl_conf_needle *needle = &conf->needles[cond->needles[0]];
	size_t i;

	sl_print_blank(buf);
	sl_buf_add(buf, "payload contains %s%s", cond->negate ? "!= " : "",
		   cond->count > 1 ? "{ " : "");
	for (i = 0; i < cond->count; i++)
		sl_buf_add(buf, "%s%s", i ? ", " : "", conf->needles[cond->needles[i]].text);
	sl_buf_add(buf, "%s", cond->count > 1 ? " }" : "");
	if (needle->nocase)
		sl_buf_add(buf, " nocase");
	if (needle->first)
		sl_buf_add(buf, " offset %u", needle->first);
	if (needle->last != ~0U)
		sl_buf_add(buf, " depth %u", needle->last - needle->first + needle->length);
}

void sl_contains_print(struct sl_buf *buf, const struct sl_conf *conf,
		       const struct sl_conf_match *match)
{
	size_t i;

	for (i = 0; i < match->ncontains; i++)
		print_one(buf, conf, &match->contains[i]);
}
