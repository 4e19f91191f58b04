/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * The bytes of one layer, seen by themselves: a clone of the packet's view that begins and ends
 * with the layer, wherever the bytes lie. Padding behind the IP packet belongs to the frame alone.
 */

#include "../abi/op.h"
#include "pkt.h"

struct sl_layer {
	__u32 start; /* in the frame */
	__u32 end;
};

/* False when the packet does not have the layer. */
static __always_inline bool sl_layer_find(const struct sl_facts *facts, __u32 base,
					  struct sl_layer *layer)
{
	layer->start = 0;
	layer->end = facts->length;
	if (base == SL_BASE_FRAME)
		return true;
	if (base == SL_BASE_INNER_FRAME) {
		layer->start = facts->frame;
	} else if (base == SL_BASE_NETWORK) {
		layer->start = facts->network;
		/* Of what is not IP, or lies about its length, the frame is all that there is. */
		if (facts->ip_end)
			layer->end = facts->ip_end;
	} else {
		layer->start = base == SL_BASE_TRANSPORT ? facts->transport : facts->payload;
		layer->end = facts->end;
	}
	return layer->start && layer->start <= layer->end && layer->end <= facts->length;
}

/* False when the packet does not have the layer; then there is no view to use. */
static __always_inline bool sl_layer_view(const struct bpf_dynptr *view,
					  const struct sl_facts *facts, __u32 base,
					  struct bpf_dynptr *out)
{
	struct sl_layer layer;

	if (!sl_layer_find(facts, base, &layer))
		return false;
	return !bpf_dynptr_clone(view, out) && !bpf_dynptr_adjust(out, layer.start, layer.end);
}
