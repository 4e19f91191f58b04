/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "match.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "inner.h"

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

int sl_tunnel_protos(const struct sl_intervals *tunnels, struct sl_intervals *out)
{
	static const __u8 protos[SL_TUNNEL_MAX_][2] = {
		[SL_TUNNEL_IPIP] = { 4, 41 },	[SL_TUNNEL_GRE] = { 47, 47 },
		[SL_TUNNEL_VXLAN] = { 17, 17 }, [SL_TUNNEL_GENEVE] = { 17, 17 },
		[SL_TUNNEL_GTP] = { 17, 17 },
	};
	unsigned int i, j;

	if (!tunnels->count || sl_intervals_have(tunnels, SL_TUNNEL_NONE))
		return 0;
	for (i = SL_TUNNEL_NONE + 1; i < SL_TUNNEL_MAX_; i++) {
		if (!sl_intervals_have(tunnels, i))
			continue;
		for (j = 0; j < 2; j++)
			if (sl_intervals_add(out, protos[i][j], protos[i][j]))
				return -ENOMEM;
	}
	sl_intervals_normalise(out);
	return 0;
}

bool sl_tunnel_says_proto(const struct sl_conf_match *match, int *err)
{
	const struct sl_intervals *proto = sl_match_find(match, SL_FIELD_PROTO);
	struct sl_intervals said = {};
	bool same;

	*err = sl_tunnel_protos(&match->tunnel, &said);
	same = proto && said.count && sl_intervals_cover(&said, proto) &&
	       sl_intervals_cover(proto, &said);
	sl_intervals_clear(&said);
	return same;
}

bool sl_match_asks_tunnel(const struct sl_conf_match *match)
{
	return match->tunnel.count &&
	       !(match->inner && !match->tunnel_id.count &&
		 sl_intervals_are(&match->tunnel, SL_TUNNEL_NONE + 1, SL_TUNNEL_MAX_ - 1));
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

int sl_contains_copy(struct sl_cond_contains *to, const struct sl_cond_contains *from)
{
	size_t size = from->count * sizeof(*from->needles);

	to->needles = malloc(size);
	if (!to->needles)
		return -ENOMEM;
	memcpy(to->needles, from->needles, size);
	to->count = from->count;
	to->negate = from->negate;
	return 0;
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

/* RFC 9110, 9.1; RFC 3986, 6.2.2.1; RFC 7301, 3.1: what is not named here is told apart. */
bool sl_text_is_nocase(enum sl_text_of of)
{
	return of == SL_TEXT_HTTP_AGENT || of == SL_TEXT_SSH_SOFTWARE;
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
	for (i = 0; i < (*match)->ncontains; i++)
		free((*match)->contains[i].needles);
	free((*match)->contains);
	for (i = 0; i < (*match)->nnames; i++)
		sl_domains_clear(&(*match)->names[i].names);
	free((*match)->names);
	for (i = 0; i < (*match)->ntexts; i++)
		sl_texts_clear(&(*match)->texts[i].texts);
	free((*match)->texts);
	free((*match)->raws);
	free((*match)->lengths);
	sl_intervals_clear(&(*match)->mss);
	sl_intervals_clear(&(*match)->tunnel);
	sl_intervals_clear(&(*match)->tunnel_id);
	sl_match_freep(&(*match)->inner);
	free((*match)->sets);
	free((*match)->ifaces);
	free(*match);
	*match = NULL;
}
