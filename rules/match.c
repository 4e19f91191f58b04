/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "match.h"

#include <stdlib.h>

const struct sl_intervals *sl_match_find(const struct sl_conf_match *match, enum sl_field field)
{
	size_t i;

	for (i = 0; i < match->count; i++) {
		if (match->conds[i].field == field)
			return &match->conds[i].set;
	}
	return NULL;
}

enum sl_selector sl_raw_selector(const struct sl_cond_raw *raw, const struct sl_intervals *proto)
{
	int i;

	for (i = 0; i < SL_SEL_MAX_; i++) {
		const struct sl_selector_info *info = &sl_selectors[i];

		if (info->kind == SL_KIND_RAW && info->base == raw->base &&
		    info->offset == raw->offset && info->length == raw->length &&
		    raw->mask == sl_selector_max(info) &&
		    (!info->protos[0] ||
		     (proto && sl_intervals_are(proto, info->protos[0], info->protos[0]))))
			return (enum sl_selector)i;
	}
	return SL_SEL_MAX_;
}

__u8 sl_match_proto(enum sl_l3 l3, enum sl_l4 l4)
{
	static const __u8 protos[SL_L4_MAX_] = {
		[SL_L4_TCP] = 6,
		[SL_L4_UDP] = 17,
		[SL_L4_SCTP] = 132,
		[SL_L4_ICMP] = 1,
	};

	return l3 == SL_L3_IP6 && l4 == SL_L4_ICMP ? 58 : protos[l4];
}

bool sl_match_reaches(const struct sl_conf_match *match, enum sl_l3 l3, enum sl_l4 l4)
{
	const struct sl_intervals *proto = sl_match_find(match, SL_FIELD_PROTO);

	if (!(match->l3 & SL_L3_BIT(l3)))
		return false;
	/* Of SL_L3_OTHER no header behind the link layer is read. */
	if (l3 == SL_L3_OTHER)
		return l4 == SL_L4_OTHER;
	if (l4 == SL_L4_OTHER)
		return !match->header;
	return !proto || sl_intervals_have(proto, sl_match_proto(l3, l4));
}

bool sl_match_asks_app(const struct sl_conf_match *match)
{
	size_t i;

	for (i = 0; i < match->nlengths; i++) {
		if (match->lengths[i].of >= SL_NUMBER_APP)
			return true;
	}
	return false;
}

void sl_match_freep(struct sl_conf_match **match)
{
	size_t i;

	if (!*match)
		return;
	for (i = 0; i < (*match)->count; i++)
		sl_intervals_clear(&(*match)->conds[i].set);
	for (i = 0; i < (*match)->nraws; i++)
		sl_intervals_clear(&(*match)->raws[i].set);
	for (i = 0; i < (*match)->nlengths; i++)
		sl_intervals_clear(&(*match)->lengths[i].set);
	for (i = 0; i < (*match)->nnames; i++)
		sl_domains_clear(&(*match)->names[i].names);
	free((*match)->names);
	free((*match)->raws);
	free((*match)->lengths);
	sl_intervals_clear(&(*match)->mss);
	free((*match)->sets);
	free((*match)->ifaces);
	free(*match);
	*match = NULL;
}
