// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include <string.h>

#include "model.h"

/* The packet from `at` on; nothing behind `end` is its own. */
struct cursor {
	const __u8 *bytes;
	__u32 at, end;
	bool is_gso;
};

static __u32 left(const struct cursor *c)
{
	return c->end - c->at;
}

static wide number(const struct cursor *c, __u32 offset, unsigned int size)
{
	wide n = 0;

	while (size--)
		n = n << 8 | c->bytes[c->at + offset++];
	return n;
}

static void set(struct m_facts *f, enum m_field field, wide value)
{
	f->has[field] = true;
	f->value[field] = value;
}

static bool stop(struct m_facts *f, enum sl_reason reason)
{
	f->reason = reason;
	return false;
}

static void note_tag(struct m_facts *f, wide tci)
{
	wide tags = f->value[M_TAGS];

	if (tags == 0) {
		set(f, M_VLAN, tci & 0xfff);
		set(f, M_PCP, tci >> 13);
	} else if (tags == 1) {
		set(f, M_CVLAN, tci & 0xfff);
		set(f, M_CPCP, tci >> 13);
	}
	set(f, M_TAGS, tags + 1);
}

static bool is_tag(wide ethertype)
{
	return ethertype == 0x8100 || ethertype == 0x88a8;
}

static bool read_link(struct m_facts *f, struct cursor *c, const struct m_frame *frame)
{
	set(f, M_TAGS, 0);
	set(f, M_ETHERTYPE, 0);
	if (left(c) >= 6)
		set(f, M_DMAC, number(c, 0, 6));
	if (left(c) >= 12)
		set(f, M_SMAC, number(c, 6, 6));
	if (left(c) < 14)
		return stop(f, SL_REASON_SHORT_ETHERNET);
	if (frame->has_tag)
		note_tag(f, frame->tci);
	set(f, M_ETHERTYPE, number(c, 12, 2));
	c->at += 14;
	f->network_at = c->at;
	while (is_tag(f->value[M_ETHERTYPE])) {
		if (f->value[M_TAGS] == 4)
			return stop(f, SL_REASON_VLAN_DEPTH);
		if (left(c) < 4)
			return stop(f, SL_REASON_SHORT_VLAN);
		note_tag(f, number(c, 0, 2));
		set(f, M_ETHERTYPE, number(c, 2, 2));
		c->at += 4;
		f->network_at = c->at;
	}
	if (f->value[M_ETHERTYPE] < 0x600)
		return stop(f, SL_REASON_LLC);
	return true;
}

/* RFC 826 */
static bool read_arp(struct m_facts *f, struct cursor *c)
{
	if (left(c) < 28)
		return stop(f, SL_REASON_SHORT_ARP);
	if (number(c, 0, 2) != 1 || number(c, 2, 2) != 0x0800 || number(c, 4, 1) != 6 ||
	    number(c, 5, 1) != 4)
		return stop(f, SL_REASON_BAD_ARP);
	return true;
}

/* Bytes that the header of a transport protocol has at least; 0: one that Sluice does not read. */
static __u32 least_header(const struct m_facts *f)
{
	switch ((int)f->value[M_PROTO]) {
	case 6:
		return 20;
	case 17:
		return 8;
	case 132:
		return 12;
	case 1:
		return f->family == 4 ? 8 : 0;
	case 58:
		return f->family == 6 ? 8 : 0;
	default:
		return 0;
	}
}

/* What is wrong with a fragment by itself; header: what counts with it towards 65535 bytes. */
static bool check_fragment(struct m_facts *f, __u32 header)
{
	if (f->size == 0 || (f->more && f->size % 8))
		return stop(f, SL_REASON_FRAG_LENGTH);
	if (header + f->offset + f->size > 65535)
		return stop(f, SL_REASON_FRAG_PAST);
	if (f->offset && f->offset < least_header(f))
		return stop(f, SL_REASON_FRAG_TINY);
	return true;
}

static bool is_first(const struct m_facts *f)
{
	return f->value[M_FRAGMENT] == SL_FRAG_FIRST;
}

static bool is_later(const struct m_facts *f)
{
	return f->value[M_FRAGMENT] == SL_FRAG_LATER;
}

static void note_fragment(struct m_facts *f, wide offset, bool more)
{
	f->offset = (__u32)offset;
	f->more = more;
	set(f, M_FRAGMENT, offset ? SL_FRAG_LATER : more ? SL_FRAG_FIRST : SL_FRAG_NONE);
}

/* RFC 791, 3.1 */
static bool options_are_good(const struct cursor *c, __u32 header)
{
	__u32 i = 20;

	while (i < header) {
		wide kind = number(c, i, 1);
		wide size;

		if (kind == 0)
			break;
		if (kind == 1) {
			i++;
			continue;
		}
		if (i + 1 == header)
			return false;
		size = number(c, i + 1, 1);
		if (size < 2 || i + size > header)
			return false;
		i += (__u32)size;
	}
	return true;
}

/* The IP packet at the cursor is so long; IPv6 says it without its header. */
static void note_packet(struct m_facts *f, struct cursor *c, __u32 length)
{
	c->end = c->at + length;
	f->packet_end = c->end;
	f->body_end = c->end;
	set(f, M_PACKET_LENGTH, f->family == 4 ? length : length - 40);
}

static bool read_ip4(struct m_facts *f, struct cursor *c)
{
	__u32 header, total;

	if (left(c) < 20)
		return stop(f, SL_REASON_SHORT_IP4);
	if (number(c, 0, 1) >> 4 != 4)
		return stop(f, SL_REASON_BAD_IP4_VERSION);
	f->family = 4;
	set(f, M_SADDR, number(c, 12, 4));
	set(f, M_DADDR, number(c, 16, 4));
	set(f, M_PROTO, number(c, 9, 1));
	set(f, M_TTL, number(c, 8, 1));
	set(f, M_DSCP, number(c, 1, 1) >> 2);
	note_fragment(f, (number(c, 6, 2) & 0x1fff) * 8, number(c, 6, 2) >> 13 & 1);
	f->id = (__u32)number(c, 4, 2);

	header = (__u32)(number(c, 0, 1) & 15) * 4;
	total = (__u32)number(c, 2, 2);
	if (c->is_gso && total == 0)
		total = left(c);
	if (header < 20)
		return stop(f, SL_REASON_BAD_IHL);
	if (total < 20 || total > left(c))
		return stop(f, SL_REASON_BAD_IP4_LENGTH);
	if (header > total)
		return stop(f, SL_REASON_BAD_IHL);
	note_packet(f, c, total);
	f->header_end = c->at + header;
	if (!options_are_good(c, header))
		return stop(f, SL_REASON_BAD_IP4_OPTION);
	c->at += header;
	f->size = left(c);
	return f->value[M_FRAGMENT] == SL_FRAG_NONE || check_fragment(f, header);
}

static bool is_extension(wide next)
{
	switch ((int)next) {
	case 0: /* hop-by-hop */
	case 43: /* routing */
	case 44: /* fragment */
	case 51: /* authentication */
	case 60: /* destination options */
	case 135: /* mobility */
	case 139: /* HIP */
	case 140: /* shim6 */
		return true;
	default:
		return false;
	}
}

/* What is wrong behind a fragment header that was found wrong before. */
static bool also(struct m_facts *f, enum sl_reason reason)
{
	return stop(f, f->reason ? f->reason : reason);
}

static void read_fragment_header(struct m_facts *f, struct cursor *c)
{
	wide word = number(c, 2, 2);

	note_fragment(f, word & 0xfff8, word & 1);
	f->id = (__u32)number(c, 4, 4);
	set(f, M_PROTO, number(c, 0, 1));
	c->at += 8;
	f->size = left(c);
	if (f->value[M_FRAGMENT] != SL_FRAG_NONE)
		check_fragment(f, 0);
}

static int kind_of_extension(wide next)
{
	switch ((int)next) {
	case 0:
		return SL_EXT_HOPOPTS;
	case 43:
		return SL_EXT_ROUTING;
	case 44:
		return SL_EXT_FRAGMENT;
	case 51:
		return SL_EXT_AH;
	case 60:
		return SL_EXT_DSTOPTS;
	case 135:
		return SL_EXT_MOBILITY;
	default:
		return SL_EXT_OTHER;
	}
}

static void note_extension(struct m_facts *f, wide kind)
{
	set(f, M_EXTS, f->value[M_EXTS] | (wide)1 << kind_of_extension(kind));
}

static bool read_extensions(struct m_facts *f, struct cursor *c)
{
	bool fragment_seen = false;
	int count = 0;

	while (is_extension(f->value[M_PROTO])) {
		wide kind = f->value[M_PROTO];
		__u32 size;

		if (count == 16)
			return also(f, SL_REASON_EXTHDR_DEPTH);
		if (kind == 0 && count)
			return also(f, SL_REASON_BAD_EXTHDR);
		if (left(c) < 8)
			return also(f, is_first(f) ? SL_REASON_FRAG_TINY : SL_REASON_SHORT_EXTHDR);
		if (kind == 44 && fragment_seen)
			return also(f, SL_REASON_BAD_EXTHDR);
		count++;
		if (kind == 44) {
			fragment_seen = true;
			note_extension(f, kind);
			read_fragment_header(f, c);
			if (is_later(f))
				break;
			continue;
		}
		size = (__u32)number(c, 1, 1);
		size = kind == 51 ? size * 4 + 8 : size * 8 + 8;
		if (size > left(c))
			return also(f, is_first(f) ? SL_REASON_FRAG_TINY : SL_REASON_SHORT_EXTHDR);
		note_extension(f, kind);
		set(f, M_PROTO, number(c, 0, 1));
		c->at += size;
	}
	return !f->reason;
}

static bool read_ip6(struct m_facts *f, struct cursor *c)
{
	__u32 total;

	if (left(c) < 40)
		return stop(f, SL_REASON_SHORT_IP6);
	if (number(c, 0, 1) >> 4 != 6)
		return stop(f, SL_REASON_BAD_IP6_VERSION);
	f->family = 6;
	set(f, M_SADDR, number(c, 8, 16));
	set(f, M_DADDR, number(c, 24, 16));
	set(f, M_PROTO, number(c, 6, 1));
	set(f, M_TTL, number(c, 7, 1));
	set(f, M_DSCP, number(c, 0, 2) >> 6 & 63);
	note_fragment(f, 0, false);
	set(f, M_EXTS, 0);

	total = (__u32)number(c, 4, 2);
	c->at += 40;
	if (total > left(c))
		return stop(f, SL_REASON_BAD_IP6_LENGTH);
	if (c->is_gso && total == 0)
		total = left(c);
	/* RFC 2675: the true length is in an option, if it can be longer than what this field holds. */
	if (total == 0 && f->value[M_PROTO] == 0)
		return stop(f, left(c) > 65535 ? SL_REASON_JUMBOGRAM : SL_REASON_BAD_IP6_LENGTH);
	c->at -= 40;
	note_packet(f, c, total + 40);
	c->at += 40;
	return read_extensions(f, c);
}

/* In a fragment whatever is cut is cut by the fragments. */
static bool cut(struct m_facts *f, enum sl_reason reason)
{
	return stop(f, is_first(f) ? SL_REASON_FRAG_TINY : reason);
}

static bool payload(struct m_facts *f, const struct cursor *c, __u32 header)
{
	f->payload_at = c->at + header;
	f->payload_length = left(c) - header;
	f->body_end = c->end;
	set(f, M_PAYLOAD_LENGTH, f->payload_length);
	return true;
}

static bool read_ports(struct m_facts *f, const struct cursor *c, __u32 header)
{
	f->transport = (int)f->value[M_PROTO];
	set(f, M_SPORT, number(c, 0, 2));
	set(f, M_DPORT, number(c, 2, 2));
	return payload(f, c, header);
}

/* RFC 9293, 3.7.1 */
static void read_mss(struct m_facts *f, const struct cursor *c, __u32 header)
{
	__u32 i = 20;

	while (i < header && number(c, i, 1) != 0) {
		wide kind = number(c, i, 1), size;

		if (kind == 1) {
			i++;
			continue;
		}
		if (i + 1 == header)
			return;
		size = number(c, i + 1, 1);
		if (size < 2 || i + size > header)
			return;
		if (kind == 2) {
			if (size == 4) {
				set(f, M_MSS, number(c, i + 2, 2));
				f->mss_at = c->at + i + 2;
			}
			return;
		}
		i += (__u32)size;
	}
}

static bool read_tcp(struct m_facts *f, const struct cursor *c)
{
	__u32 header;

	if (left(c) < 20)
		return cut(f, SL_REASON_SHORT_TCP);
	header = (__u32)(number(c, 12, 1) >> 4) * 4;
	if (header < 20)
		return stop(f, SL_REASON_BAD_DOFF);
	if (header > left(c))
		return cut(f, SL_REASON_BAD_DOFF);
	set(f, M_FLAGS, number(c, 13, 1));
	set(f, M_WINDOW, number(c, 14, 2));
	if (f->value[M_FLAGS] & 2)
		read_mss(f, c, header);
	return read_ports(f, c, header);
}

static bool read_udp(struct m_facts *f, struct cursor *c)
{
	__u32 length;

	if (left(c) < 8)
		return cut(f, SL_REASON_SHORT_UDP);
	length = (__u32)number(c, 4, 2);
	if (c->is_gso && length == 0)
		length = left(c);
	if (length < 8 || (length > left(c) && !is_first(f)))
		return stop(f, SL_REASON_BAD_UDP_LENGTH);
	if (!is_first(f))
		c->end = c->at + length;
	set(f, M_UDP_SAYS, number(c, 4, 2));
	return read_ports(f, c, 8);
}

static bool read_sctp(struct m_facts *f, const struct cursor *c)
{
	if (left(c) < 12)
		return cut(f, SL_REASON_SHORT_SCTP);
	return read_ports(f, c, 12);
}

static bool read_icmp(struct m_facts *f, const struct cursor *c, enum sl_reason reason)
{
	if (left(c) < 8)
		return cut(f, reason);
	f->transport = (int)f->value[M_PROTO];
	set(f, M_TYPE, number(c, 0, 1));
	set(f, M_CODE, number(c, 1, 1));
	return payload(f, c, 8);
}

static bool read_transport(struct m_facts *f, struct cursor *c)
{
	f->transport_at = c->at;
	if (f->family == 6 && f->value[M_PROTO] == 50)
		set(f, M_EXTS, f->value[M_EXTS] | 1 << SL_EXT_ESP);
	if (!least_header(f))
		return payload(f, c, 0);
	switch ((int)f->value[M_PROTO]) {
	case 6:
		return read_tcp(f, c);
	case 17:
		return read_udp(f, c);
	case 132:
		return read_sctp(f, c);
	case 1:
		return read_icmp(f, c, SL_REASON_SHORT_ICMP);
	default:
		return read_icmp(f, c, SL_REASON_SHORT_ICMP6);
	}
}

static bool read_network(struct m_facts *f, struct cursor *c)
{
	switch ((int)f->value[M_ETHERTYPE]) {
	case 0x0800:
		return read_ip4(f, c);
	case 0x86dd:
		return read_ip6(f, c);
	case 0x0806:
		return read_arp(f, c);
	default:
		return stop(f, SL_REASON_UNKNOWN_ETHERTYPE);
	}
}

static void refresh(struct m_facts *f)
{
	struct cursor c = { .bytes = f->bytes, .at = f->transport_at, .end = f->body_end };

	if (f->has[M_SMAC]) {
		c.at = f->begin;
		set(f, M_DMAC, number(&c, 0, 6));
		set(f, M_SMAC, number(&c, 6, 6));
		c.at = f->transport_at;
	}
	if (f->has[M_UDP_SAYS])
		set(f, M_UDP_SAYS, number(&c, 4, 2));
	if (!f->has[M_WINDOW])
		return;
	set(f, M_WINDOW, number(&c, 14, 2));
	f->has[M_MSS] = false;
	if (f->value[M_FLAGS] & 2)
		read_mss(f, &c, f->payload_at - f->transport_at);
}

void m_refresh(struct m_facts *f)
{
	for (; f; f = f->inner)
		refresh(f);
}

static void read_packet(struct m_facts *f, struct cursor *c)
{
	if (read_network(f, c) && f->family && !is_later(f))
		read_transport(f, c);
}

void m_parse(struct m_facts *f, const struct m_frame *frame)
{
	struct cursor c = { .bytes = frame->bytes,
			    .end = (__u32)frame->len,
			    .is_gso = frame->is_gso };

	memset(f, 0, sizeof(*f));
	f->length = (__u32)frame->len;
	f->end = f->length;
	f->has_frame = true;
	f->bytes = frame->bytes;
	f->came = frame->came;
	f->is_gso = frame->is_gso;
	f->has_tag = frame->has_tag;
	f->tci = frame->tci;
	set(f, M_LENGTH, f->length);
	if (read_link(f, &c, frame))
		read_packet(f, &c);
	f->came_tags = (int)f->value[M_TAGS];
}

void m_parse_within(struct m_facts *f, const struct m_facts *outer, __u32 begin, __u32 end,
		    bool is_frame, wide ethertype)
{
	struct cursor c = {
		.bytes = outer->bytes, .at = begin, .end = end, .is_gso = outer->is_gso
	};
	const struct m_frame untagged = {};

	memset(f, 0, sizeof(*f));
	f->length = end - begin;
	f->begin = begin;
	f->end = end;
	f->has_frame = is_frame;
	f->bytes = outer->bytes;
	f->came = outer->came;
	f->is_gso = outer->is_gso;
	set(f, M_LENGTH, f->length);
	if (is_frame) {
		if (read_link(f, &c, &untagged))
			read_packet(f, &c);
		return;
	}
	set(f, M_TAGS, 0);
	set(f, M_ETHERTYPE, ethertype);
	f->network_at = begin;
	if (ethertype < 0x600)
		stop(f, SL_REASON_LLC);
	else
		read_packet(f, &c);
}
