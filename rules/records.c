/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "records.h"

#include <errno.h>
#include <stdlib.h>

/* A box, as both kinds of records have it. */
struct box {
	__u64 value[4];
	__u64 mask[4];
	__u16 sport_low;
	__u16 sport_span;
	__u16 dport_low;
	__u16 dport_span;
};

size_t sl_record_size(enum sl_l3 l3)
{
	return l3 == SL_L3_IP6 ? sizeof(struct sl_record6) : sizeof(struct sl_record4);
}

/* One piece of one condition. */
static void put_piece(struct box *box, const struct sl_spread_cond *cond,
		      const struct sl_piece *piece)
{
	unsigned int half = cond->shift / 64;

	switch (cond->place) {
	case SL_PLACE_ADDR4:
		box->value[0] |= (__u64)piece->value << cond->shift;
		box->mask[0] |= (__u64)piece->mask << cond->shift;
		break;
	case SL_PLACE_ADDR6:
		box->value[half] = (__u64)(piece->value >> 64);
		box->value[half + 1] = (__u64)piece->value;
		box->mask[half] = (__u64)(piece->mask >> 64);
		box->mask[half + 1] = (__u64)piece->mask;
		break;
	case SL_PLACE_SPORT:
		box->sport_low = (__u16)piece->value;
		box->sport_span = (__u16)piece->mask;
		break;
	case SL_PLACE_DPORT:
		box->dport_low = (__u16)piece->value;
		box->dport_span = (__u16)piece->mask;
		break;
	default:
		break;
	}
}

/* The combination with that number: the last condition changes fastest. */
static struct box box_of(const struct sl_spread *spread, __u64 number)
{
	struct box box = { .sport_span = 0xffff, .dport_span = 0xffff };
	unsigned int i;

	for (i = spread->count; i-- > 0;) {
		const struct sl_spread_cond *cond = &spread->conds[i];

		put_piece(&box, cond, &cond->pieces.v[number % cond->pieces.count]);
		number /= cond->pieces.count;
	}
	return box;
}

static __u8 prefix_len(const __u64 *mask)
{
	return (__u8)(__builtin_popcountll(mask[0]) + __builtin_popcountll(mask[1]));
}

static void write_record(char *to, enum sl_l3 l3, const struct box *box,
			 const struct sl_record_end *end)
{
	if (l3 == SL_L3_IP6)
		*(struct sl_record6 *)to = (struct sl_record6) {
			.addr_value = { box->value[0], box->value[1], box->value[2],
					box->value[3] },
			.sport_low = box->sport_low,
			.sport_span = box->sport_span,
			.dport_low = box->dport_low,
			.dport_span = box->dport_span,
			.order = end->order,
			.target = end->target,
			.saddr_len = prefix_len(box->mask),
			.daddr_len = prefix_len(box->mask + 2),
		};
	else
		*(struct sl_record4 *)to = (struct sl_record4) {
			.addr_value = box->value[0],
			.addr_mask = box->mask[0],
			.sport_low = box->sport_low,
			.sport_span = box->sport_span,
			.dport_low = box->dport_low,
			.dport_span = box->dport_span,
			.order = end->order,
			.target = end->target,
		};
}

static int reserve(struct sl_records *records, enum sl_l3 l3, size_t count)
{
	size_t size = records->size ? records->size : 8;
	char *bytes;

	while (size < count)
		size *= 2;
	if (size == records->size)
		return 0;
	bytes = reallocarray(records->bytes, size, sl_record_size(l3));
	if (!bytes)
		return -ENOMEM;
	records->bytes = bytes;
	records->size = size;
	return 0;
}

int sl_records_add(struct sl_records *records, enum sl_l3 l3, const struct sl_spread *spread,
		   const struct sl_record_end *end)
{
	__u64 i;
	int err;

	err = reserve(records, l3, records->count + spread->records);
	if (err)
		return err;
	for (i = 0; i < spread->records; i++) {
		struct box box = box_of(spread, i);

		write_record(records->bytes + records->count++ * sl_record_size(l3), l3, &box, end);
	}
	return 0;
}

void sl_records_clear(struct sl_records *records)
{
	free(records->bytes);
	*records = (struct sl_records) {};
}
