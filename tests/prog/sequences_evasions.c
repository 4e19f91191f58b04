// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * Packets that got past other packet filters: each row says which. The sender is to be dropped, or
 * all but one port is closed.
 */
#include "sequences.h"

#define SENDER	    "sender: saddr { 10.77.0.1, 2001:db8:77::1 } drop\npolicy accept"
#define SENDER_SHUT "sender: saddr { 10.77.0.1, 2001:db8:77::1 } drop\npolicy drop"
#define SSH_ONLY    "ssh: tcp dport 22 accept\npolicy drop"
#define NO_DNS	    "dns: udp dport 53 drop\npolicy accept"

static const struct sequence evasions[] = {
	{ "plain udp", .rules = SENDER, STEPS(LOSE_BY("sender", eth(), ip4(), udp())) },
	{ "plain udp, ipv6", .rules = SENDER, STEPS(LOSE_BY("sender", eth(), ip6(), udp())) },
	{ "gre", .rules = SENDER, STEPS(LOSE_BY("sender", eth(), ip4(.proto = 47), data(24))) },
	{ "ip options", .rules = SENDER,
	  STEPS(LOSE_BY("sender", eth(), ip4(OPTS("\x94\x04\0\0")), udp())) },
	{ "802.1Q (bpfilter)", .rules = SENDER,
	  STEPS(LOSE_BY("sender", eth(), vlan(.id = 5), ip4(), udp()),
		LOSE_BY("sender", eth(), vlan(.id = 5), ip6(), udp())) },
	{ "802.1ad over 802.1Q (bpfilter, nft netdev)", .rules = SENDER,
	  STEPS(LOSE_BY("sender", eth(.type = 0x88a8), vlan(.id = 5), vlan(.id = 6), ip4(), udp()),
		LOSE_BY("sender", eth(.type = 0x88a8), vlan(.id = 5), vlan(.id = 6), ip6(),
			tcp())) },
	{ "priority tag", .rules = SENDER,
	  STEPS(LOSE_BY("sender", eth(), vlan(.id = 0), ip4(), udp())) },
	{ "first fragment of 8 bytes, policy drop (bpfilter)", .rules = SENDER_SHUT,
	  STEPS(LOSE(FRAG_TINY, eth(), ip4(.id = 1, .mf = 1, .proto = 6),
		     bytes("\x0f\xa0\0\x50\0\0\0\1"))) },
	{ "first fragment of 8 bytes, its reason accepted", .rules = SENDER_SHUT,
	  .on = "on malformed accept",
	  STEPS({ .frame = pkt(eth(), ip4(.id = 1, .mf = 1, .proto = 6), data(8)),
		  .verdict = SL_DROP,
		  .reason = SL_REASON_FRAG_TINY,
		  .by = "sender" }) },
	{ "syn in fragments of 8 and 12 bytes (bpfilter)", .rules = SENDER_SHUT,
	  STEPS(LOSE(FRAG_TINY, eth(), ip4(.id = 1, .mf = 1, .proto = 6),
		     bytes("\x0f\xa0\0\x50\0\0\0\1")),
		LOSE(FRAG_TINY, eth(), ip4(.id = 1, .offset = 8, .proto = 6),
		     bytes("\0\0\0\0\x50\2\xff\xff\0\0\0\0"))) },
	{ "tiny later fragment (bpfilter)", .rules = SENDER_SHUT,
	  STEPS(LOSE_BY("sender", eth(), ip4(.id = 1, .mf = 1), udp(.len = 9)),
		LOSE_BY("sender", eth(), ip4(.id = 1, .offset = 8), data(1))) },
	{ "tiny later fragment, alone (bpfilter)", .rules = SENDER_SHUT,
	  STEPS(LOSE(FRAG_ORPHAN, eth(), ip4(.id = 1, .offset = 8), data(1))) },
	{ "truncated tcp header, policy drop (bpfilter)", .rules = SENDER_SHUT,
	  STEPS(LOSE(SHORT_TCP, eth(), ip4(.len = 32), tcp(), cut(8)),
		LOSE(SHORT_TCP, eth(), ip6(.len = 12), tcp(), cut(8))) },
	{ "truncated tcp header, its reason accepted", .rules = SENDER_SHUT,
	  .on = "on short-tcp accept",
	  STEPS({ .frame = pkt(eth(), ip4(.len = 32), tcp(), cut(8)),
		  .verdict = SL_DROP,
		  .reason = SL_REASON_SHORT_TCP,
		  .by = "sender" }) },
	{ "seven destination options before udp (bpfilter)", .rules = NO_DNS,
	  STEPS(LOSE_BY("dns", eth(), ip6(), dstopts(), dstopts(), dstopts(), dstopts(), dstopts(),
			dstopts(), dstopts(), udp())) },
	{ "seven destination options before udp, sender", .rules = SENDER,
	  STEPS(LOSE_BY("sender", eth(), ip6(), dstopts(), dstopts(), dstopts(), dstopts(),
			dstopts(), dstopts(), dstopts(), udp())) },
	{ "later fragment looks like ssh (all of them)", .rules = SSH_ONLY,
	  STEPS(LOSE_BY("policy", eth(), ip4(.id = 1, .mf = 1), tcp(.dport = 80), data(4)),
		LOSE_BY("policy", eth(), ip4(.id = 1, .offset = 24), tcp(.dport = 22), data(4))) },
	{ "later fragment looks like ssh, alone (all of them)", .rules = SSH_ONLY,
	  STEPS(LOSE(FRAG_ORPHAN, eth(), ip4(.id = 1, .offset = 24), tcp(.dport = 22), data(4))) },
	{ "later fragment looks like ssh, alone, its reason accepted, others dropped",
	  .rules = SSH_ONLY, .on = "on frag-orphan accept",
	  STEPS(LET(FRAG_ORPHAN, eth(), ip4(.id = 1, .offset = 24), tcp(.dport = 22), data(4))) },
	{ "later fragment looks like ssh, ipv6", .rules = SSH_ONLY,
	  STEPS(LOSE_BY("policy", eth(), ip6(), fragment(.id = 1, .more = 1), tcp(.dport = 80),
			data(4)),
		LOSE_BY("policy", eth(), ip6(), fragment(.id = 1, .offset = 24),
			tcp(.dport = 22))) },
	{ "padding looks like tcp", .rules = SSH_ONLY,
	  STEPS(LOSE(SHORT_TCP, eth(), ip4(.len = 20, .proto = 6), tcp(.dport = 22))) },
	{ "options end where the port would be read at a fixed place", .rules = SSH_ONLY,
	  STEPS(LOSE_BY("policy", eth(), ip4(OPTS("\1\1\0\x16")), tcp(.dport = 80))) },
	{ "payload length 0 before hop-by-hop", .rules = SSH_ONLY,
	  STEPS(LOSE(BAD_IP6_LENGTH, eth(), ip6(.len = 0), hopopts(), tcp(.dport = 80))) },
	{ "atomic fragment", .rules = NO_DNS,
	  STEPS(LOSE_BY("dns", eth(), ip6(), fragment(), udp())) },
};

const struct sequences sequences_evasions = SEQUENCES(evasions);
