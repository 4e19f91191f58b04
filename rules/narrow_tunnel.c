// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "check.h"

#include <errno.h>

#include "cleanup.h"
#include "diag.h"
#include "inner.h"

static int narrow(struct sl_narrow *n, struct sl_intervals *set, const struct sl_part **by,
		  const struct sl_intervals *other, const struct sl_part *part)
{
	const struct sl_part *before = *by;
	int err;

	err = before ? sl_intervals_intersect(set, other) : sl_intervals_copy(set, other);
	if (err)
		return err;
	*by = part;
	return set->count ? 0 : sl_narrow_contradiction(n, part, before);
}

/* A tunnel says by what protocol of IP it goes. */
static int narrow_tunnel(struct sl_narrow *n, const struct sl_intervals *tunnels,
			 const struct sl_part *part)
{
	_cleanup_(sl_intervals_clear) struct sl_intervals protos = {};
	int err;

	err = narrow(n, &n->tunnel, &n->tunnel_by, tunnels, part);
	if (!err)
		err = sl_tunnel_protos(&n->tunnel, &protos);
	if (err || !protos.count)
		return err;
	err = sl_narrow_l3(n, SL_L3_IPS, part);
	return err ? err : sl_narrow_field(n, SL_FIELD_PROTO, &protos, part);
}

int sl_narrow_carries(struct sl_narrow *n, const struct sl_part *part)
{
	struct sl_interval any = { SL_TUNNEL_NONE + 1, SL_TUNNEL_MAX_ - 1 };
	const struct sl_intervals set = { .v = &any, .count = 1 };

	return narrow_tunnel(n, &set, part);
}

int sl_narrow_tunnel(struct sl_narrow *n, const struct sl_wanted *wanted,
		     const struct sl_part *part)
{
	struct sl_interval one = { wanted->selector->tunnel, wanted->selector->tunnel };
	const struct sl_intervals set = { .v = &one, .count = 1 };
	int err;

	if (n->depth == SL_INNER_DEPTH)
		return sl_diag_error(
			n->p->diag, &part->loc,
			"packets in packets are looked into %d deep: what the last one carries is not known",
			SL_INNER_DEPTH);
	if (wanted->selector->kind == SL_KIND_TUNNEL)
		return narrow_tunnel(n, &wanted->set, part);
	err = narrow_tunnel(n, &set, part);
	return err ? err : narrow(n, &n->tunnel_id, &n->tunnel_id_by, &wanted->set, part);
}
