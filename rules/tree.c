/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "tree.h"

#include <string.h>

#define LEAF_ALIGN 64

int sl_tree_build(struct sl_block *block, enum sl_l3 l3, const struct sl_records *records,
		  struct sl_list *out)
{
	__u64 size = records->count * sl_record_size(l3);
	__u32 at;
	int err;

	if (!size)
		return 0;
	err = sl_block_take(block, size, LEAF_ALIGN, &at);
	if (err)
		return err;
	memcpy(sl_block_at(block, at), records->bytes, size);
	out->tree[0] = at | size << SL_REF_BYTES_SHIFT;
	return 0;
}
