// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "print.h"

#include "inner.h"
#include "selector.h"

static enum sl_selector id_selector(const struct sl_conf_match *match)
{
	enum sl_selector i;

	for (i = SL_SEL_VXLAN_VNI; i < SL_SEL_GTP_TEID; i++) {
		if (sl_intervals_are(&match->tunnel, sl_selectors[i].tunnel,
				     sl_selectors[i].tunnel))
			break;
	}
	return i;
}

/* In words, one by one: a range of them would say nothing. */
static void print_words(struct sl_buf *buf, const struct sl_intervals *tunnels)
{
	unsigned int i, count = 0;
	const char *join = "{ ";

	if (sl_intervals_are(tunnels, SL_TUNNEL_NONE + 1, SL_TUNNEL_MAX_ - 1)) {
		sl_buf_add(buf, "any");
		return;
	}
	for (i = 0; i < SL_TUNNEL_MAX_; i++)
		count += sl_intervals_have(tunnels, i);
	for (i = 0; i < SL_TUNNEL_MAX_; i++) {
		if (!sl_intervals_have(tunnels, i))
			continue;
		sl_buf_add(buf, "%s%s", count > 1 ? join : "", sl_word_name(&sl_words_tunnel, i));
		join = ", ";
	}
	sl_buf_add(buf, count > 1 ? " }" : "");
}

void sl_tunnel_print(struct sl_buf *buf, const struct sl_conf_match *match)
{
	enum sl_selector selector;

	if (!sl_match_asks_tunnel(match))
		return;
	sl_print_blank(buf);
	if (!match->tunnel_id.count) {
		sl_buf_add(buf, "tunnel ");
		print_words(buf, &match->tunnel);
		return;
	}
	selector = id_selector(match);
	sl_buf_add(buf, "%s ", sl_selectors[selector].name);
	sl_numbers_print(buf, &match->tunnel_id, sl_selector_max(&sl_selectors[selector]));
}
