/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * The names of a set as text, in the arena beside their hashes: to be listed, and to be found again
 * after a restart. What the configuration has is packed; changes are noted one behind the other.
 */

#include "domain.h"
#include "set_heap.h"
#include "sets.h"

/* A change that takes names out: beside SL_NAME_ bits in struct sl_domain.forms. */
#define SL_NAME_OUT 0x80U

/* Packs all names; *out is the offset of the first block, 0 for no names. 0 or -ENOMEM. */
int sl_names_pack(struct sl_heap *heap, const struct sl_domains *names, __u32 *out);
/* One more at the end of a chain; *first and *last are 0 for an empty one. 0 or -ENOMEM. */
int sl_names_note(struct sl_heap *heap, const struct sl_domain *domain, __u32 *first, __u32 *last);
void sl_names_text_blocks(const struct sl_heap *heap, __u32 first, sl_block_fn *call, void *arg);
void sl_names_text_free(struct sl_heap *heap, __u32 first);

/* What changes come to: of each name, ascending, what was added last and what taken out. */
struct sl_name_changes {
	struct sl_domains list; /* in the order in which they were made */
	const unsigned char **sorted; /* in it, as struct sl_domains has them */
	size_t count;
};

int sl_name_changes_read(const struct sl_heap *heap, __u32 first, struct sl_name_changes *out);
bool sl_name_changes_have(const struct sl_name_changes *changes, const struct sl_domain *domain);
/* The name that is number *i of those that differ; *i goes on to the next one. False: no more. */
bool sl_name_changes_next(const struct sl_name_changes *changes, size_t *i, struct sl_domain *added,
			  struct sl_domain *out);
void sl_name_changes_clear(struct sl_name_changes *changes);

/* Calls for each name, in order; a value that is not 0 ends it and is returned. -EIO: it is spoilt. */
typedef int sl_name_fn(void *arg, const struct sl_domain *domain);
int sl_names_text_each(const struct sl_heap *heap, __u32 first, sl_name_fn *call, void *arg);
