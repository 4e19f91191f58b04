/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "tree_box.h"

#include <errno.h>
#include <stdlib.h>

#include "op.h"

#define NDIMS(dims) (sizeof(dims) / sizeof((dims)[0]))

/* clang-format off */
#define PORT_DIMS { SL_REF_PORTS, 0, 16 }, { SL_REF_PORTS, 16, 16 }
#define VLAN_DIM  { SL_REF_LINK, SL_LINK_VLAN_SHIFT, 12 }

static const struct sl_dim dims_other[] = {
	VLAN_DIM, { SL_REF_LINK, SL_LINK_ETHERTYPE_SHIFT, 16 },
};

static const struct sl_dim dims_ip4[] = {
	VLAN_DIM, PORT_DIMS, { SL_REF_ADDR0, 32, 32 }, { SL_REF_ADDR0, 0, 32 },
};

static const struct sl_dim dims_ip6[] = {
	VLAN_DIM, PORT_DIMS,
	{ SL_REF_ADDR0, 0, 64 }, { SL_REF_ADDR1, 0, 64 },
	{ SL_REF_ADDR2, 0, 64 }, { SL_REF_ADDR3, 0, 64 },
};
/* clang-format on */

static __u64 dim_max(const struct sl_dim *dim)
{
	return ~0ULL >> (64 - dim->width);
}

/* A masked compare as a span; all numbers where the mask is no prefix. */
static struct sl_span masked(const struct sl_dim *dim, __u64 value, __u64 mask)
{
	__u64 max = dim_max(dim), open = ~(mask >> dim->shift) & max;

	if (open & (open + 1))
		return (struct sl_span) { 0, max };
	value = value >> dim->shift & max;
	return (struct sl_span) { value, value | open };
}

/* One half of an address of which len bits count. */
static struct sl_span prefix(__u64 value, unsigned int len)
{
	__u64 open = len >= 64 ? 0 : ~0ULL >> len;

	return (struct sl_span) { value, value | open };
}

static struct sl_span half(const struct sl_record6 *record, unsigned int word)
{
	unsigned int len = word < 2 ? record->saddr_len : record->daddr_len;

	if (word % 2)
		len = len > 64 ? len - 64 : 0;
	return prefix(record->addr_value[word], len);
}

static struct sl_span ports(const struct sl_dim *dim, const __u16 *box)
{
	const __u16 *port = box + (dim->shift ? 2 : 0);

	return (struct sl_span) { port[0], (__u64)port[0] + port[1] };
}

/* What both kinds of records have. */
struct common {
	const __u16 *ports; /* low and span of sport, low and span of dport */
	__u32 order;
	__u32 target;
};

static struct common common_of(const struct sl_boxes *boxes, size_t i)
{
	const struct sl_record4 *four = (const void *)boxes->records->bytes;
	const struct sl_record6 *six = (const void *)boxes->records->bytes;

	if (boxes->l3 == SL_L3_IP6)
		return (struct common) { &six[i].sport_low, six[i].order, six[i].target };
	return (struct common) { &four[i].sport_low, four[i].order, four[i].target };
}

static struct sl_span span_of(const struct sl_boxes *boxes, const struct sl_block *block, size_t i,
			      const struct sl_dim *dim)
{
	const struct sl_record4 *four = (const void *)boxes->records->bytes;
	const struct sl_record6 *six = (const void *)boxes->records->bytes;
	struct common common = common_of(boxes, i);
	const struct sl_body *body;

	switch (dim->word) {
	case SL_REF_PORTS:
		return ports(dim, common.ports);
	case SL_REF_LINK:
		if (!(common.order & SL_ORDER_BODY))
			return masked(dim, 0, 0);
		body = sl_block_at(block, common.target);
		return masked(dim, body->link_value, body->link_mask);
	default:
		if (boxes->l3 == SL_L3_IP6)
			return half(&six[i], dim->word - SL_REF_ADDR0);
		return masked(dim, four[i].addr_value, four[i].addr_mask);
	}
}

static int fill_dim(struct sl_boxes *boxes, const struct sl_block *block, unsigned int d)
{
	struct sl_span *spans = calloc(boxes->records->count, sizeof(*spans));
	size_t i;

	if (!spans)
		return -ENOMEM;
	for (i = 0; i < boxes->records->count; i++)
		spans[i] = span_of(boxes, block, i, &boxes->dims[d]);
	boxes->span[d] = spans;
	return 0;
}

static int fill_decides(struct sl_boxes *boxes)
{
	bool *decides = calloc(boxes->records->count, sizeof(*decides));
	size_t i;

	if (!decides)
		return -ENOMEM;
	for (i = 0; i < boxes->records->count; i++) {
		__u32 order = common_of(boxes, i).order;

		decides[i] = !(order & SL_ORDER_BODY) &&
			     (order >> SL_ORDER_VERDICT_SHIFT & 7) != SL_CONTINUE;
	}
	boxes->decides = decides;
	return 0;
}

int sl_boxes_make(struct sl_boxes *out, const struct sl_block *block, enum sl_l3 l3,
		  const struct sl_records *records)
{
	static const struct sl_dim *const dims[] = { dims_other, dims_ip4, dims_ip6 };
	static const unsigned int ndims[] = { NDIMS(dims_other), NDIMS(dims_ip4), NDIMS(dims_ip6) };
	struct sl_boxes boxes = {
		.l3 = l3, .records = records, .dims = dims[l3], .ndims = ndims[l3]
	};
	unsigned int d;
	int err;

	err = fill_decides(&boxes);
	for (d = 0; !err && d < boxes.ndims; d++)
		err = fill_dim(&boxes, block, d);
	if (err) {
		sl_boxes_clear(&boxes);
		return err;
	}
	*out = boxes;
	return 0;
}

void sl_boxes_clear(struct sl_boxes *boxes)
{
	unsigned int d;

	for (d = 0; d < boxes->ndims; d++)
		free(boxes->span[d]);
	free(boxes->decides);
	*boxes = (struct sl_boxes) {};
}
