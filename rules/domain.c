/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "domain.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "punycode.h"
#include "set_content.h"

struct reading {
	const char *whole;
	struct sl_elem_error *error;
};

static int complain(const struct reading *r, const char *text, size_t length, const char *format,
		    ...) __attribute__((format(printf, 4, 5)));

static int complain(const struct reading *r, const char *text, size_t length, const char *format,
		    ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(r->error->text, sizeof(r->error->text), format, args);
	va_end(args);
	r->error->begin = (size_t)(text - r->whole);
	r->error->end = r->error->begin + length;
	return -EINVAL;
}

#define SHOWN(length) ((length) < 60 ? (int)(length) : 60)

static int check_byte(const struct reading *r, const char *c)
{
	if (isalnum((unsigned char)*c) || *c == '-' || *c == '_')
		return 0;
	if ((unsigned char)*c >= 0x80)
		return complain(
			r, c, 1,
			"a name is written in ASCII: of a name in other letters, write its A-label, as in xn--bcher-kva.example");
	if (isprint((unsigned char)*c))
		return complain(r, c, 1, "'%c' cannot be in a domain name", *c);
	return complain(r, c, 1, "byte 0x%02x cannot be in a domain name", (unsigned char)*c);
}

static int check_label(const struct reading *r, const char *text, size_t length)
{
	size_t i;
	int err = 0;

	if (!length)
		return complain(r, text, 1, "a label of a domain name is empty");
	for (i = 0; i < length && !err; i++)
		err = check_byte(r, text + i);
	if (err)
		return err;
	if (length > SL_LABEL_MAX)
		return complain(r, text, length, "a label of a domain name is longer than %u bytes",
				SL_LABEL_MAX);
	if (length >= 4 && !strncasecmp(text, "xn--", 4) &&
	    !sl_punycode_is_valid(text + 4, length - 4))
		return complain(r, text, length, "'%.*s' is no A-label: what follows xn-- is wrong",
				SHOWN(length), text);
	return 0;
}

static bool is_number(const char *text, size_t length)
{
	while (length && isdigit((unsigned char)text[length - 1]))
		length--;
	return !length;
}

static int check_name(const struct reading *r, const char *text, size_t length)
{
	const char *end = text + length, *dot, *label = text;
	int err = 0;

	if (length > SL_NAME_MAX)
		return complain(r, text, length, "a domain name is longer than %u bytes",
				SL_NAME_MAX);
	for (; !err; label = dot + 1) {
		dot = memchr(label, '.', (size_t)(end - label)) ?: end;
		err = check_label(r, label, (size_t)(dot - label));
		if (dot == end)
			break;
	}
	if (!err && is_number(label, (size_t)(end - label)))
		return complain(r, text, length,
				"'%.*s' is no domain name: the last label of one is no number",
				SHOWN(length), text);
	return err;
}

int sl_domain_read(const char *text, size_t length, struct sl_domain *out,
		   struct sl_elem_error *error)
{
	const struct reading r = { text, error };
	__u8 forms = SL_DOMAIN_SELF;
	size_t i;
	int err;

	if (length > 2 && text[0] == '*' && text[1] == '.') {
		forms = SL_DOMAIN_BELOW;
		text += 2;
		length -= 2;
	} else if (length > 1 && text[0] == '.') {
		forms = SL_DOMAIN_SELF | SL_DOMAIN_BELOW;
		text++;
		length--;
	}
	if (length > 1 && text[length - 1] == '.')
		length--;
	err = check_name(&r, text, length);
	if (err)
		return err;
	out->forms = forms;
	out->length = (__u8)length;
	for (i = 0; i < length; i++)
		out->text[i] = (char)tolower((unsigned char)text[i]);
	out->text[length] = '\0';
	return 0;
}

void sl_domain_print(struct sl_buf *buf, const struct sl_domain *domain)
{
	sl_buf_add(buf, "%s%s",
		   domain->forms == SL_DOMAIN_SELF    ? ""
		   : domain->forms == SL_DOMAIN_BELOW ? "*."
						      : ".",
		   domain->text);
}

__u64 sl_domain_hash(const struct sl_name_key *key, const char *text, size_t length)
{
	__u64 sum[2] = { length * key->length[0], length * key->length[1] };
	size_t end = length, size, i;

	for (i = 0; end; i++, end -= size) {
		__u32 half[2] = {};

		size = end < 8 ? end : 8;
		memcpy(half, text + end - size, size);
		sum[0] += (key->word[i][0] + half[0]) * (key->word[i][1] + half[1]);
		sum[1] += (key->word[i][2] + half[0]) * (key->word[i][3] + half[1]);
	}
	return (sum[0] >> 32 << 32 | sum[1] >> 32) & ~(__u64)SL_NAME_FORMS;
}
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "sl_domain_hash");

/* --- lists --- */

#define HEAD 2 /* bytes before a text */

bool sl_domains_next(const struct sl_domains *list, size_t *at, struct sl_domain *out)
{
	const unsigned char *from = list->bytes + *at;

	if (*at >= list->used)
		return false;
	out->forms = from[0];
	out->length = from[1];
	memcpy(out->text, from + HEAD, out->length);
	out->text[out->length] = '\0';
	*at += HEAD + (size_t)out->length;
	return true;
}

int sl_domains_add(struct sl_domains *list, const struct sl_domain *domain)
{
	unsigned char *to;

	if (list->size - list->used < HEAD + SL_NAME_MAX) {
		size_t size = list->size ? list->size * 2 : 4096;

		to = realloc(list->bytes, size);
		if (!to)
			return -ENOMEM;
		list->bytes = to;
		list->size = size;
	}
	to = list->bytes + list->used;
	to[0] = domain->forms;
	to[1] = domain->length;
	memcpy(to + HEAD, domain->text, domain->length);
	list->used += HEAD + (size_t)domain->length;
	list->count++;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const unsigned char *x = *(const unsigned char *const *)a;
	const unsigned char *y = *(const unsigned char *const *)b;
	int order = memcmp(x + HEAD, y + HEAD, x[1] < y[1] ? x[1] : y[1]);

	return order ? order : (int)x[1] - (int)y[1];
}

/* Of names in order, those that are the same are one. */
static int unite(struct sl_domains *list, unsigned char *const *names)
{
	struct sl_domains out = {};
	size_t i;

	out.bytes = malloc(list->size);
	if (!out.bytes)
		return -ENOMEM;
	out.size = list->size;
	for (i = 0; i < list->count; i++) {
		const unsigned char *name = names[i];
		unsigned char *last = out.bytes + out.used;

		if (i && !compare(&names[i - 1], &name)) {
			last[-(HEAD + (int)name[1])] |= name[0];
			continue;
		}
		memcpy(last, name, HEAD + (size_t)name[1]);
		out.used += HEAD + (size_t)name[1];
		out.count++;
	}
	sl_domains_clear(list);
	*list = out;
	return 0;
}

int sl_domains_sort(struct sl_domains *list)
{
	unsigned char **names, *at = list->bytes;
	size_t i;
	int err;

	if (!list->count)
		return 0;
	names = (unsigned char **)calloc(list->count, sizeof(*names));
	if (!names)
		return -ENOMEM;
	for (i = 0; i < list->count; i++, at += HEAD + at[1])
		names[i] = at;
	qsort((void *)names, list->count, sizeof(*names), compare);
	err = unite(list, names);
	free((void *)names);
	return err;
}

int sl_domains_copy(struct sl_domains *to, const struct sl_domains *from)
{
	unsigned char *bytes = NULL;

	if (from->used) {
		bytes = malloc(from->used);
		if (!bytes)
			return -ENOMEM;
		memcpy(bytes, from->bytes, from->used);
	}
	*to = (struct sl_domains) { bytes, from->used, from->used, from->count };
	return 0;
}

void sl_domains_clear(struct sl_domains *list)
{
	free(list->bytes);
	*list = (struct sl_domains) {};
}
