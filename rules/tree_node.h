/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "tree_box.h"
#include "tree_cut.h"
#include "tree_store.h"

/*
 * A tree over the records with these numbers, which are ascending. *price is what a packet of one of
 * the records can expect to pay, in 1/64 ns. store NULL: only find the price. -E2BIG,
 * -ENOMEM.
 */
int sl_tree_grow(struct sl_store *store, const struct sl_boxes *boxes, struct sl_cut_room *room,
		 const __u32 *numbers, size_t count, __u64 *ref, __u64 *price);
