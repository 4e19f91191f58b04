/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "block.h"
#include "records.h"

/* Writes the records of a list into the block, and what finds them there. -E2BIG, -ENOMEM. */
int sl_tree_build(struct sl_block *block, enum sl_l3 l3, const struct sl_records *records,
		  struct sl_list *out);
