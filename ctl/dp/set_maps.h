/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "set_content.h"

struct sl_dp;

/* The maps of maps: made, pinned, found again, removed. */
int dp_set_maps_make(struct sl_dp *dp);
int dp_set_maps_pin(struct sl_dp *dp);
int dp_set_maps_adopt(struct sl_dp *dp);
void dp_set_maps_unpin(struct sl_dp *dp);
void dp_set_maps_close(struct sl_dp *dp);

/* A map for entries; in a slot; a descriptor or a negative errno. */
int dp_set_map_new(struct sl_dp *dp, enum sl_set_kind kind, __u32 size);
int dp_set_map_get(struct sl_dp *dp, enum sl_set_kind kind, __u32 slot);
/* Returns when no program uses the map any more that was there. */
int dp_set_map_put(struct sl_dp *dp, enum sl_set_kind kind, __u32 slot, int fd);
void dp_set_map_drop(struct sl_dp *dp, enum sl_set_kind kind, __u32 slot);

union dp_key {
	struct sl_set_key key;
	struct sl_set_prefix prefix;
};

void dp_entry_key(enum sl_set_kind kind, const struct sl_set_spec *spec,
		  const struct sl_conf_elem *elem, union dp_key *key);
void dp_entry_elem(enum sl_set_kind kind, const struct sl_set_spec *spec, const union dp_key *key,
		   struct sl_conf_elem *elem);
int dp_entry_put(int fd, enum sl_set_kind kind, const union dp_key *key,
		 const struct sl_set_entry *entry);
int dp_entry_get(int fd, enum sl_set_kind kind, const union dp_key *key, struct sl_set_entry *out);
/* Ends when call does not return 0; call may delete the entry it is given. */
int dp_entries_each(int fd,
		    int (*call)(void *arg, const union dp_key *key,
				const struct sl_set_entry *entry),
		    void *arg);
