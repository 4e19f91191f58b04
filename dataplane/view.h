/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * The bytes of a packet, wherever they lie. A program sees them through a dynptr: the linear part
 * may be empty, a header may straddle two fragments. The host sees a buffer.
 */

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

/*
 * bpf_dynptr_slice(view, offset, buf, len): len bytes from offset on, in place where they lie in
 * one piece, else copied to buf; NULL past the end. To the verifier len must be a constant. Always
 * with a buffer: without one, bytes in an skb's fragments are refused.
 *
 * bpf_dynptr_read(buf, len, view, offset, 0): a copy; len need not be a constant. Negative past
 * the end.
 *
 * bpf_dynptr_write(view, offset, buf, len, flags): the other way round.
 *
 * bpf_dynptr_clone(view, clone) and bpf_dynptr_adjust(clone, start, end): a view of a part.
 */
#ifdef __bpf__

#include "bpf.h"

#else

#include <errno.h>
#include <string.h>

struct bpf_dynptr {
	__u8 *bytes;
	__u32 size;
};

static inline const void *bpf_dynptr_slice(const struct bpf_dynptr *view, __u32 offset, void *buf,
					   __u32 len)
{
	(void)buf;
	if (offset > view->size || len > view->size - offset)
		return NULL;
	return view->bytes + offset;
}

static inline long bpf_dynptr_read(void *buf, __u32 len, const struct bpf_dynptr *view,
				   __u32 offset, __u64 flags)
{
	const void *bytes = bpf_dynptr_slice(view, offset, NULL, len);

	(void)flags;
	if (!bytes)
		return -E2BIG;
	memcpy(buf, bytes, len);
	return 0;
}

static inline long bpf_dynptr_write(const struct bpf_dynptr *view, __u32 offset, void *buf,
				    __u32 len, __u64 flags)
{
	(void)flags;
	if (!bpf_dynptr_slice(view, offset, NULL, len))
		return -E2BIG;
	memcpy(view->bytes + offset, buf, len);
	return 0;
}

static inline int bpf_dynptr_clone(const struct bpf_dynptr *view, struct bpf_dynptr *clone)
{
	*clone = *view;
	return 0;
}

static inline int bpf_dynptr_adjust(struct bpf_dynptr *view, __u32 start, __u32 end)
{
	if (start > end || end > view->size)
		return -ERANGE;
	view->bytes += start;
	view->size = end - start;
	return 0;
}

#endif
