/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* Ethernet and its VLAN tags, up to the ethertype of what they carry. */

#include "env.h"
#include "pkt.h"

#define SL_ETHERNET_LEN 14U
#define SL_VLAN_LEN	4U
#define SL_VLAN_DEPTH	4

#define SL_ETH_IP4   0x0800
#define SL_ETH_ARP   0x0806
#define SL_ETH_VLAN  0x8100
#define SL_ETH_IP6   0x86dd
#define SL_ETH_QINQ  0x88a8
#define SL_ETH_FIRST 0x0600 /* below: a length, IEEE 802.3 */

static __always_inline void link_add_tag(struct sl_facts *pkt, __u16 tci)
{
	__u64 id = tci & 0xfff;
	__u64 pcp = tci >> 13;

	if (pkt->tags == 0)
		pkt->key.link |= id << SL_LINK_VLAN_SHIFT | pcp << SL_LINK_PCP_SHIFT;
	else if (pkt->tags == 1)
		pkt->key.link |= id << SL_LINK_IVLAN_SHIFT | pcp << SL_LINK_IPCP_SHIFT;
	pkt->tags++;
}

/* Only an skb has a tag beside the frame. */
static __always_inline bool link_took_tag(const struct sl_facts *pkt)
{
#ifdef SL_HAS_SKB
	return pkt->has_vlan_tci;
#else
	(void)pkt;
	return false;
#endif
}

static __always_inline bool link_is_tag(__u16 ethertype)
{
	return ethertype == SL_ETH_VLAN || ethertype == SL_ETH_QINQ;
}

static __always_inline enum sl_step parse_tags(const struct sl_bytes *from, struct sl_facts *pkt)
{
	const __u8 *tag;

	for (int i = 0; i < SL_VLAN_DEPTH; i++) {
		if (!link_is_tag(pkt->ethertype))
			return SL_NEXT;
		if (pkt->tags == SL_VLAN_DEPTH)
			return sl_stop(pkt, SL_REASON_VLAN_DEPTH);
		tag = sl_header(from, pkt->cursor, SL_VLAN_LEN);
		if (!tag)
			return sl_stop(pkt, SL_REASON_SHORT_VLAN);
		link_add_tag(pkt, sl_get16(tag));
		pkt->ethertype = sl_get16(tag + 2);
		pkt->cursor += SL_VLAN_LEN;
	}
	if (link_is_tag(pkt->ethertype))
		return sl_stop(pkt, SL_REASON_VLAN_DEPTH);
	return SL_NEXT;
}

static __always_inline enum sl_step parse_link(const struct sl_bytes *from, struct sl_facts *pkt)
{
	enum sl_step step = SL_NEXT;

	if (sl_rare(!from->window))
		return sl_stop(pkt, pkt->reason ? pkt->reason : SL_REASON_SHORT_ETHERNET);
	pkt->ethertype = sl_get16(from->window + 12);
	/* What sl_pkt_init() left there, and not 14, so that the verifier does not know it. */
	pkt->cursor = pkt->network + SL_ETHERNET_LEN;
	if (!sl_rare(link_is_tag(pkt->ethertype)) && !link_took_tag(pkt)) {
		pkt->key.link = (__u64)pkt->ethertype << SL_LINK_ETHERTYPE_SHIFT;
		pkt->network = pkt->cursor;
		return SL_NEXT;
	}

	if (link_took_tag(pkt))
		link_add_tag(pkt, pkt->vlan_tci);
	if (link_is_tag(pkt->ethertype))
		step = parse_tags(from, pkt);
	pkt->cursor = sl_unknown(pkt->cursor);

	pkt->key.link |= (__u64)pkt->ethertype << SL_LINK_ETHERTYPE_SHIFT |
			 (__u64)pkt->tags << SL_LINK_TAGS_SHIFT;
	pkt->network = pkt->cursor;
	return step;
}
