// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* docs/packets.md, "Tunnels". */
#include <string.h>

#include "model.h"

static wide number(const struct m_facts *f, __u32 at, unsigned int size)
{
	wide n = 0;

	while (size--)
		n = n << 8 | f->bytes[at++];
	return n;
}

static enum sl_tunnel kind_of(const struct m_facts *f)
{
	if (f->has[M_PROTO] && f->transport == 17) {
		switch ((int)f->value[M_DPORT]) {
		case 4789:
			return SL_TUNNEL_VXLAN;
		case 6081:
			return SL_TUNNEL_GENEVE;
		case 2152:
			return SL_TUNNEL_GTP;
		}
	}
	if (!f->family)
		return SL_TUNNEL_NONE;
	switch ((int)f->value[M_PROTO]) {
	case 47:
		return SL_TUNNEL_GRE;
	case 4:
	case 41:
		return SL_TUNNEL_IPIP;
	default:
		return SL_TUNNEL_NONE;
	}
}

/* What is behind the header of a tunnel. */
struct cargo {
	bool is_there, is_bad, is_frame;
	__u32 begin, end;
	wide ethertype;
};

static void note_id(struct m_facts *f, wide id)
{
	f->has[M_TUNNEL_ID] = true;
	f->value[M_TUNNEL_ID] = id;
}

static void carry(struct cargo *cargo, __u32 begin, wide ethertype)
{
	cargo->begin = begin;
	cargo->is_bad = begin > cargo->end;
	cargo->is_there = !cargo->is_bad;
	cargo->is_frame = ethertype == 0x6558;
	cargo->ethertype = ethertype;
}

static bool is_no_tunnel(struct m_facts *f)
{
	f->value[M_KIND_OF_TUNNEL] = SL_TUNNEL_NONE;
	return false;
}

static void open_gre(struct m_facts *f, struct cargo *cargo)
{
	__u32 flags = (__u32)number(f, cargo->begin, 2), at = cargo->begin + 4;

	if (flags & 7)
		return;
	cargo->is_bad = flags >> 14 & 1;
	if (cargo->is_bad)
		return;
	if (flags >> 15 & 1)
		at += 4;
	if (flags >> 13 & 1) {
		if (at + 4 <= cargo->end)
			note_id(f, number(f, at, 4));
		at += 4;
	}
	if (flags >> 12 & 1)
		at += 4;
	carry(cargo, at, number(f, cargo->begin + 2, 2));
}

static void open_gtp(struct m_facts *f, struct cargo *cargo)
{
	__u32 flags = f->bytes[cargo->begin], at = cargo->begin + 8;
	__u32 length = (__u32)number(f, cargo->begin + 2, 2);
	int version;

	note_id(f, number(f, cargo->begin + 4, 4));
	cargo->is_bad = true;
	if (!length && f->is_gso)
		length = cargo->end - at;
	if (at + length > cargo->end)
		return;
	cargo->end = at + length;
	if (flags & 7)
		at += 4;
	if (at > cargo->end)
		return;
	for (int i = 0; flags & 4 && f->bytes[at - 1]; i++) {
		__u32 size = at < cargo->end ? f->bytes[at] * 4U : 0;

		if (i == 8 || !size || at + size > cargo->end)
			return;
		at += size;
	}
	if (at >= cargo->end)
		return;
	version = f->bytes[at] >> 4;
	carry(cargo, at, version == 4 ? 0x0800 : version == 6 ? 0x86dd : 0);
}

/* False: it is no tunnel after all. */
static bool open_tunnel(struct m_facts *f, struct cargo *cargo)
{
	int kind = (int)f->value[M_KIND_OF_TUNNEL];
	const __u8 *header = f->bytes + cargo->begin;
	__u32 room = cargo->end - cargo->begin;

	if (kind == SL_TUNNEL_IPIP) {
		carry(cargo, cargo->begin, f->value[M_PROTO] == 4 ? 0x0800 : 0x86dd);
		return true;
	}
	cargo->is_bad = room < (kind == SL_TUNNEL_GRE ? 4 : 8);
	if (cargo->is_bad)
		return true;
	switch (kind) {
	case SL_TUNNEL_GRE:
		open_gre(f, cargo);
		return true;
	case SL_TUNNEL_GTP:
		/* Version 1, not primed, a packet. */
		if (header[0] >> 4 != 3 || header[1] != 255)
			return is_no_tunnel(f);
		open_gtp(f, cargo);
		return true;
	case SL_TUNNEL_VXLAN:
		if (!(header[0] & 8))
			return is_no_tunnel(f);
		note_id(f, number(f, cargo->begin + 4, 3));
		carry(cargo, cargo->begin + 8, 0x6558);
		return true;
	default:
		if (header[0] >> 6)
			return is_no_tunnel(f);
		note_id(f, number(f, cargo->begin + 4, 3));
		carry(cargo, cargo->begin + 8 + (header[0] & 63) * 4U,
		      number(f, cargo->begin + 2, 2));
		return true;
	}
}

static bool is_bad(const struct m_facts *f)
{
	return f->reason && f->reason != SL_REASON_UNKNOWN_ETHERTYPE &&
	       f->reason != SL_REASON_LLC && f->reason != SL_REASON_JUMBOGRAM;
}

void m_look_inside(struct m_facts *whole)
{
	static struct m_facts within[2];
	struct m_facts *f = whole;

	for (int depth = 0; !f->reason; depth++) {
		struct cargo cargo = { .begin = f->payload_at, .end = f->body_end };

		f->has[M_KIND_OF_TUNNEL] = true;
		f->value[M_KIND_OF_TUNNEL] = kind_of(f);
		if (f->value[M_KIND_OF_TUNNEL] == SL_TUNNEL_NONE)
			return;
		if (f->value[M_FRAGMENT]) {
			f->value[M_KIND_OF_TUNNEL] = SL_TUNNEL_NONE;
			m_blind(whole, SL_REASON_TUNNEL_FRAGMENT);
			return;
		}
		if (!open_tunnel(f, &cargo))
			return;
		if (depth == 2) {
			m_blind(whole, SL_REASON_TUNNEL_DEPTH);
			return;
		}
		if (cargo.is_bad) {
			whole->reason = SL_REASON_BAD_TUNNEL;
			return;
		}
		if (!cargo.is_there)
			return;
		m_parse_within(&within[depth], f, cargo.begin, cargo.end, cargo.is_frame,
			       cargo.ethertype);
		f->inner = &within[depth];
		f = f->inner;
		if (is_bad(f))
			whole->reason = SL_REASON_BAD_INNER;
	}
	f->has[M_KIND_OF_TUNNEL] = true;
}
