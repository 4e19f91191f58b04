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

static __always_inline void sl_parse(struct sl_pkt *pkt)
{
	enum sl_step step;

	if (parse_link(pkt) == SL_STOP)
		return;
	switch (pkt->ethertype) {
	case SL_ETH_IP4:
		step = parse_ip4(pkt);
		break;
	case SL_ETH_IP6:
		step = parse_ip6(pkt);
		break;
	case SL_ETH_ARP:
		parse_arp(pkt);
		return;
	default:
		sl_stop(pkt, pkt->ethertype < SL_ETH_FIRST ? SL_REASON_LLC
							   : SL_REASON_UNKNOWN_ETHERTYPE);
		return;
	}
	if (step == SL_NEXT)
		parse_transport(pkt);
}
