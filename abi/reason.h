/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Why a packet could not be read to its end, or was read and found to lie.
 *
 * A packet carries at most one reason: the first that parsing met. Each reason has a word (the one
 * that rules, counters, JSON and docs use), a class, and a setting: `on WORD drop|accept` or, for
 * the whole class, `on CLASS drop|accept`. "drop" decides at once, before any rule. "accept" lets
 * the rules judge by the fields that could be read, and accepts when none of them decides.
 *
 * Of class BLIND a packet has one beside that: it is counted, and unless it is set to drop nothing
 * else comes of it.
 */

/* clang-format off */
#define SL_CLASSES(X)                                                                     \
	X(MALFORMED,   "malformed",   1, "a header is cut short or contradicts itself or the frame") \
	X(UNSUPPORTED, "unsupported", 0, "well formed, but not a protocol that Sluice reads")       \
	X(DEEP,        "deep",        1, "more headers in a row than Sluice follows")               \
	X(ORPHAN,      "orphan",      1, "a later fragment whose first one was not seen")           \
	X(ERROR,       "error",       1, "the kernel would not hand out the packet's bytes")        \
	X(UNSENT,      "unsent",      1, "a rule says reject or redirect, and that cannot be done") \
	X(UNDONE,      "undone",      0, "something else that a rule says cannot be done")          \
	X(PENDING,     "pending",     0, "part of a message whose other parts have not come")       \
	X(UNDECIDED,   "undecided",   0, "the bytes that rules ask for could not be looked at")     \
	X(BLIND,       "blind",       0, "well formed, with something in it that cannot be looked into")

/*        name               word                class        what it says */
#define SL_REASONS(X)                                                                     \
	X(SHORT_ETHERNET,    "short-ethernet",    MALFORMED,   "frame ends inside the Ethernet header")          \
	X(SHORT_VLAN,        "short-vlan",        MALFORMED,   "frame ends inside a VLAN tag")                   \
	X(VLAN_DEPTH,        "vlan-depth",        DEEP,        "more than 4 VLAN tags")                          \
	X(UNKNOWN_ETHERTYPE, "unknown-ethertype", UNSUPPORTED, "neither IPv4, IPv6 nor ARP")                     \
	X(LLC,               "llc",               UNSUPPORTED, "IEEE 802.3 length field: LLC, as STP sends")     \
	X(SHORT_ARP,         "short-arp",         MALFORMED,   "frame ends inside the ARP packet")               \
	X(BAD_ARP,           "bad-arp",           MALFORMED,   "ARP not for IPv4 over Ethernet")                 \
	X(SHORT_IP4,         "short-ip4",         MALFORMED,   "frame ends inside the IPv4 header")              \
	X(BAD_IP4_VERSION,   "bad-ip4-version",   MALFORMED,   "ethertype says IPv4, version field does not")    \
	X(BAD_IHL,           "bad-ihl",           MALFORMED,   "IPv4 header length below 20 or past the packet") \
	X(BAD_IP4_LENGTH,    "bad-ip4-length",    MALFORMED,   "IPv4 total length below its header or past the frame") \
	X(BAD_IP4_OPTION,    "bad-ip4-option",    MALFORMED,   "an IPv4 option's length is below 2 or past the header") \
	X(SHORT_IP6,         "short-ip6",         MALFORMED,   "frame ends inside the IPv6 header")              \
	X(BAD_IP6_VERSION,   "bad-ip6-version",   MALFORMED,   "ethertype says IPv6, version field does not")    \
	X(BAD_IP6_LENGTH,    "bad-ip6-length",    MALFORMED,   "IPv6 payload length past the frame")             \
	X(JUMBOGRAM,         "jumbogram",         UNSUPPORTED, "IPv6 jumbogram (RFC 2675)")                      \
	X(SHORT_EXTHDR,      "short-exthdr",      MALFORMED,   "packet ends inside an IPv6 extension header")    \
	X(BAD_EXTHDR,        "bad-exthdr",        MALFORMED,   "hop-by-hop options not first, or a second fragment header") \
	X(EXTHDR_DEPTH,      "exthdr-depth",      DEEP,        "more than 16 IPv6 extension headers")            \
	X(SHORT_TCP,         "short-tcp",         MALFORMED,   "packet ends inside the TCP header")              \
	X(BAD_DOFF,          "bad-doff",          MALFORMED,   "TCP data offset below 20 bytes or past the packet") \
	X(SHORT_UDP,         "short-udp",         MALFORMED,   "packet ends inside the UDP header")              \
	X(BAD_UDP_LENGTH,    "bad-udp-length",    MALFORMED,   "UDP length below 8 or past the packet")          \
	X(SHORT_SCTP,        "short-sctp",        MALFORMED,   "packet ends inside the SCTP header")             \
	X(SHORT_ICMP,        "short-icmp",        MALFORMED,   "packet ends inside the ICMP header")             \
	X(SHORT_ICMP6,       "short-icmp6",       MALFORMED,   "packet ends inside the ICMPv6 header")           \
	X(FRAG_TINY,         "frag-tiny",         MALFORMED,   "fragments cut the transport header")             \
	X(FRAG_LENGTH,       "frag-length",       MALFORMED,   "fragment empty, or not the last and no multiple of 8") \
	X(FRAG_PAST,         "frag-past",         MALFORMED,   "fragment ends past 65535 bytes (ping of death)") \
	X(FRAG_OVERLAP,      "frag-overlap",      MALFORMED,   "fragment overlaps another of its packet, or lies past its end")        \
	X(FRAG_DUPLICATE,    "frag-duplicate",    MALFORMED,   "fragment repeats what was seen whole")           \
	X(BAD_TUNNEL,        "bad-tunnel",        MALFORMED,   "a tunnel's header is cut short or contradicts itself") \
	X(BAD_INNER,         "bad-inner",         MALFORMED,   "a packet in a tunnel is malformed, or has too many headers") \
	X(FRAG_ORPHAN,       "frag-orphan",       ORPHAN,      "later fragment, its first one not seen")         \
	X(NO_VIEW,           "no-view",           ERROR,       "dynptr over the packet refused by the kernel")   \
	X(NO_RULES,          "no-rules",          UNSUPPORTED, "no rule set is loaded")                          \
	X(REJECT_LIMIT,      "reject-limit",      UNSENT,      "more rejected than answered in a second")        \
	X(REJECT_SILENT,     "reject-silent",     UNSENT,      "rejected, but such a packet is never answered")  \
	X(REJECT_ROOM,       "reject-room",       UNSENT,      "rejected, but the frame has no room for the answer") \
	X(REJECT_UNSENT,     "reject-unsent",     UNSENT,      "rejected, but the interface did not take the answer") \
	X(REDIRECT_PORT,     "redirect-port",     UNSENT,      "the interface to redirect to is not there")      \
	X(MIRROR_PORT,       "mirror-port",       UNDONE,      "the interface to mirror to is not there, or refused the copy") \
	X(WRITE_PAST,        "write-past",        UNDONE,      "bytes to be set are not in the packet, or cross headers") \
	X(WRITE_REFUSED,     "write-refused",     UNDONE,      "the kernel would not let the packet be changed") \
	X(LIMIT_TABLE,       "limit-table",       UNDONE,      "no room for one more address or flow of a limit") \
	X(BAN_FULL,          "ban-full",          UNDONE,      "no room for one more in the set that a rule bans into")  \
	X(EVENT_LOST,        "event-lost",        UNDONE,      "the ring of events was full")                    \
	X(STREAM_PENDING,    "stream-pending",    PENDING,     "a message goes on in packets that have not come") \
	X(STREAM_SPLIT,      "stream-split",      UNDECIDED,   "a message goes on in packets that are not put together, or follows another in its packet") \
	X(STREAM_SIZE,       "stream-size",       UNDECIDED,   "a message is longer, or in more parts, than is put together") \
	X(STREAM_TABLE,      "stream-table",      UNDECIDED,   "no place was left to put a message together") \
	X(STREAM_OVERLAP,    "stream-overlap",    UNDECIDED,   "bytes of a message came once more, and were others") \
	X(STREAM_BROKEN,     "stream-broken",     UNDECIDED,   "a message whose lengths do not fit into each other") \
	X(PATTERN_BUDGET,    "pattern-budget",    UNDECIDED,   "too much in the payload is nearly what rules look for") \
	X(LATER_FRAGMENT,    "later-fragment",    BLIND,       "rules ask for a message, and this is a later fragment") \
	X(TUNNEL_DEPTH,      "tunnel-depth",      BLIND,       "a third tunnel within tunnels: what it carries is not looked at") \
	X(TUNNEL_FRAGMENT,   "tunnel-fragment",   BLIND,       "rules ask for what is in a tunnel, and this is a fragment of it") \
	X(DOT,               "dot",               BLIND,       "DNS over TLS, DTLS or QUIC, by its port or ALPN") \
	X(DOH,               "doh",               BLIND,       "DNS over HTTP, by the path of the request")     \
	X(ECH,               "ech",               BLIND,       "TLS whose ClientHello has an encrypted one in it, or as if") \
	X(QUIC,              "quic",              BLIND,       "QUIC, by its long header") \
	X(FLOW_TABLE,        "flow-table",        BLIND,       "a new flow's place in the table was full") \
	X(BAD_DNS,           "bad-dns",           BLIND,       "no DNS message that can be read, at a port of DNS")
/* clang-format on */

enum sl_class {
#define X(name, word, drop, text) SL_CLASS_##name,
	SL_CLASSES(X)
#undef X
	SL_CLASS_MAX_
};

enum sl_reason {
	SL_REASON_NONE,
#define X(name, word, class, text) SL_REASON_##name,
	SL_REASONS(X)
#undef X
	SL_REASON_MAX_
};

/* Settings are one bit a reason, counters one slot a reason: see struct sl_ruleset and SL_IF_SLOTS. */
_Static_assert(SL_REASON_MAX_ <= 64, "a reason is a bit of a __u64");
