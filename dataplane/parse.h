/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * From the first byte of the frame to the transport header. Parsing finds facts: it fills pkt->key
 * as far as it gets, and pkt->reason when it could not go on. What follows from a reason is not
 * decided here.
 */

#include "parse_arp.h"
#include "parse_ip4.h"
#include "parse_ip6.h"
#include "parse_link.h"
#include "parse_transport.h"

static __always_inline enum sl_step parse_other(const struct sl_bytes *from, struct sl_facts *pkt)
{
	if (pkt->ethertype == SL_ETH_ARP)
		return parse_arp(from, pkt);
	return sl_stop(pkt,
		       pkt->ethertype < SL_ETH_FIRST ? SL_REASON_LLC : SL_REASON_UNKNOWN_ETHERTYPE);
}

/* What follows the link layer, of which pkt->ethertype is known. */
static __always_inline void sl_parse_network(const struct sl_bytes *from, struct sl_facts *pkt)
{
	enum sl_step step;

	if (sl_often(pkt->ethertype == SL_ETH_IP4))
		step = parse_ip4(from, pkt);
	else if (pkt->ethertype == SL_ETH_IP6)
		step = parse_ip6(from, pkt);
	else
		step = parse_other(from, pkt);
	if (step == SL_NEXT)
		parse_transport(from, pkt);
}

static __always_inline void sl_parse(const struct sl_bytes *from, struct sl_facts *pkt)
{
	if (parse_link(from, pkt) == SL_NEXT)
		sl_parse_network(from, pkt);
}
