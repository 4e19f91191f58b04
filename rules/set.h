/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include "domain.h"
#include "interval.h"
#include "loc.h"
#include "op.h"
#include "sets.h"

extern const char *const sl_set_type_names[SL_TYPE_MAX_]; /* "addr", ... */

/* One element, part by part. Only a prefix is more than one number, and it is the only part. */
struct sl_conf_elem {
	__u8 l3; /* SL_L3_BIT() of its addresses, which are all of one family; 0: it has none */
	struct sl_interval part[SL_SET_PARTS];
};

/*
 * Elements in normal form: of a set that only says yes or no about one number, those numbers; else
 * the elements one by one, ascending, none twice. See sl_set_is_plain().
 */
struct sl_conf_elems {
	struct sl_intervals four; /* IPv4 addresses */
	struct sl_intervals six; /* IPv6 addresses */
	struct sl_intervals numbers; /* ports, MAC addresses, protocols */
	struct sl_conf_elem *v;
	size_t count;
	size_t size;
	struct sl_domains names; /* of a set of type domain */
};

struct sl_conf_file {
	char *pattern; /* a path or a glob as in glob(3), relative ones to the working directory */
	struct sl_loc loc;
};

/* What the set holds in force: its files, countries and elements together. See set_content.h. */
struct sl_set_content;

struct sl_conf_set {
	char *name; /* NULL: it has none, for it is written in a rule */
	struct sl_loc loc;
	enum sl_set_type type[SL_SET_PARTS];
	unsigned int nparts;
	__u32 size; /* most elements at run time; 0: not said */
	__u32 timeout_s; /* of elements added at run time; 0: they stay */
	bool counters; /* packets and bytes for each element */
	struct sl_conf_file *files;
	size_t nfiles;
	char (*countries)[3]; /* of a nameless set: ISO 3166 codes, lower case, ascending */
	size_t ncountries;
	struct sl_conf_elems elems; /* written in the configuration itself */
	struct sl_set_content *content;
	__u32 place; /* of it in the arena or in a map of maps; set before sl_conf_lower() */
};

/* One part, no timeout, no counters: numbers, not entries. */
static inline bool sl_set_is_plain(const struct sl_conf_set *set)
{
	return set->nparts == 1 && !set->timeout_s && !set->counters &&
	       set->type[0] != SL_TYPE_DOMAIN;
}

enum sl_set_kind sl_set_kind_of(const struct sl_conf_set *set);
/* What a packet's parts are when a statement does not say: sources, and the port it goes to. */
void sl_set_default_parts(const struct sl_conf_set *set, __u8 to[SL_SET_PARTS]);

/* One more entry at the end of elems->v. 0 or -ENOMEM. */
int sl_elems_append(struct sl_conf_elems *elems, const struct sl_conf_elem *elem);
void sl_elems_clear(struct sl_conf_elems *elems);
void sl_set_clear(struct sl_conf_set *set);
