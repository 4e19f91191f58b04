/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include "parse_link.h"

#define SL_ARP_LEN 28U

/* RFC 826, for the one pair of address kinds that runs here: IPv4 over Ethernet. */
static __always_inline enum sl_step parse_arp(const struct sl_bytes *from, struct sl_facts *pkt)
{
	const __u8 *arp = sl_header(from, pkt->cursor, SL_ARP_LEN);

	if (!arp)
		return sl_stop(pkt, SL_REASON_SHORT_ARP);
	if (sl_get16(arp) != 1 || sl_get16(arp + 2) != SL_ETH_IP4 || arp[4] != 6 || arp[5] != 4)
		return sl_stop(pkt, SL_REASON_BAD_ARP);
	pkt->end = pkt->cursor + SL_ARP_LEN;
	return SL_STOP;
}
