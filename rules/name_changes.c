/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "name_text.h"

#define HEAD 2 /* forms and length */

static int add(void *arg, const struct sl_domain *domain)
{
	return sl_domains_add(arg, domain);
}

static int compare_names(const unsigned char *x, const unsigned char *y)
{
	int order = memcmp(x + HEAD, y + HEAD, x[1] < y[1] ? x[1] : y[1]);

	return order ? order : (int)x[1] - (int)y[1];
}

/* Of the same name, what was noted first comes first. */
static int compare(const void *a, const void *b)
{
	const unsigned char *x = *(const unsigned char *const *)a;
	const unsigned char *y = *(const unsigned char *const *)b;
	int order = compare_names(x, y);

	return order ? order : x < y ? -1 : x > y;
}

int sl_name_changes_read(const struct sl_heap *heap, __u32 first, struct sl_name_changes *out)
{
	struct sl_name_changes changes = {};
	const unsigned char *at;
	int err;

	err = sl_names_text_each(heap, first, add, &changes.list);
	if (!err && changes.list.count) {
		changes.sorted =
			(const unsigned char **)calloc(changes.list.count, sizeof(*changes.sorted));
		err = changes.sorted ? 0 : -ENOMEM;
	}
	if (err) {
		sl_name_changes_clear(&changes);
		return err;
	}
	for (at = changes.list.bytes; changes.count < changes.list.count; at += HEAD + at[1])
		changes.sorted[changes.count++] = at;
	if (changes.count)
		qsort((void *)changes.sorted, changes.count, sizeof(*changes.sorted), compare);
	*out = changes;
	return 0;
}

bool sl_name_changes_have(const struct sl_name_changes *changes, const struct sl_domain *domain)
{
	unsigned char key[HEAD + SL_NAME_MAX] = { 0, domain->length };
	size_t low = 0, high = changes->count;

	memcpy(key + HEAD, domain->text, domain->length);
	while (low < high) {
		size_t middle = (low + high) / 2;
		int order = compare_names(key, changes->sorted[middle]);

		if (!order)
			return true;
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

bool sl_name_changes_next(const struct sl_name_changes *changes, size_t *i, struct sl_domain *added,
			  struct sl_domain *out)
{
	const unsigned char *first;
	__u8 in = 0, gone = 0;

	if (*i >= changes->count)
		return false;
	first = changes->sorted[*i];
	for (; *i < changes->count && !compare_names(first, changes->sorted[*i]); ++*i) {
		__u8 forms = changes->sorted[*i][0];

		if (forms & SL_NAME_OUT) {
			gone |= forms & SL_NAME_FORMS;
			in &= (__u8)~forms;
		} else {
			in |= forms;
			gone &= (__u8)~forms;
		}
	}
	added->length = first[1];
	memcpy(added->text, first + HEAD, added->length);
	added->text[added->length] = '\0';
	*out = *added;
	added->forms = in;
	out->forms = gone;
	return true;
}

void sl_name_changes_clear(struct sl_name_changes *changes)
{
	sl_domains_clear(&changes->list);
	free((void *)changes->sorted);
	*changes = (struct sl_name_changes) {};
}
