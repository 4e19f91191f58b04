// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* docs/packets.md, "What rules set". */
#include <string.h>

#include "model.h"

/* RFC 1071; the first byte is the high one of its word. */
static __u64 sum(const __u8 *bytes, __u32 from, __u32 to)
{
	__u64 all = 0;

	for (__u32 i = from; i < to; i++)
		all += (__u64)bytes[i] << ((i - from) % 2 ? 0 : 8);
	return all;
}

void m_sums(const struct m_facts *f, __u32 *header, __u32 *transport)
{
	int at = f->transport == 6			   ? 16
		 : f->transport == 17			   ? 6
		 : f->transport == 1 || f->transport == 58 ? 2
							   : -1;

	*header = f->family == 4 && f->packet_end ? f->network_at + 10 : 0;
	*transport = at < 0 ? 0 : f->transport_at + (__u32)at;
}

/* What a transport's checksum covers, addresses included. */
static __u64 transport_sum(const struct m_facts *f, const __u8 *bytes)
{
	__u32 ip = f->network_at;
	__u64 all = sum(bytes, f->transport_at, f->body_end);

	if (f->transport == 1)
		return all;
	return all + (f->family == 4 ? sum(bytes, ip + 12, ip + 20) : sum(bytes, ip + 8, ip + 40));
}

/* UDP without a checksum. */
static bool has_none(const struct m_facts *f, const __u8 *bytes, __u32 transport)
{
	return f->transport == 17 && !bytes[transport] && !bytes[transport + 1];
}

/* The checksum that makes the sum over all that it covers what it was. */
static void put_right(struct m_facts *f, __u32 at, __u64 had, __u64 has)
{
	__u64 value = (__u64)f->bytes[at] << 8 | f->bytes[at + 1];

	if (had % 0xffff == has % 0xffff)
		return;
	value = (value + had % 0xffff + 0xffff - has % 0xffff) % 0xffff;
	if (!value && f->transport == 17 && at > f->transport_at)
		value = 0xffff;
	f->bytes[at] = (__u8)(value >> 8);
	f->bytes[at + 1] = (__u8)value;
}

void m_put(struct m_facts *f, __u32 at, __u32 size, wide value, wide mask, bool *is_changed)
{
	__u32 header, transport, end;
	__u64 had = 0, had_transport = 0;

	m_sums(f, &header, &transport);
	end = header ? f->header_end : 0;
	if (header)
		had = sum(f->bytes, f->network_at, end);
	if (transport && has_none(f, f->bytes, transport))
		transport = 0;
	if (transport)
		had_transport = transport_sum(f, f->bytes);
	for (__u32 i = 0; i < size; i++) {
		__u32 shift = 8 * (size - 1 - i);
		__u8 bits = (__u8)(mask >> shift);

		f->bytes[at + i] = (__u8)((f->bytes[at + i] & ~bits) | ((value >> shift) & bits));
	}
	if (header)
		put_right(f, header, had, sum(f->bytes, f->network_at, end));
	if (transport)
		put_right(f, transport, had_transport, transport_sum(f, f->bytes));
	*is_changed = true;
	m_refresh(f);
}

/* Link header, IP headers, what they carry, padding: bytes that are set lie in one of these. */
static int part_of(const struct m_facts *f, __u32 at)
{
	if (!f->network_at || at < f->network_at)
		return 0;
	if (!f->packet_end)
		return 1;
	if (f->transport_at && at >= f->transport_at)
		return at < f->body_end ? 3 : 4;
	return f->transport_at || f->family == 6 || at < f->header_end ? 2 : 4;
}

static enum sl_reason set_bytes(const struct m_stmt *s, struct m_facts *f, bool *is_changed)
{
	__u32 begin = 0, end = f->length, at;

	if (s->base == SL_BASE_NETWORK) {
		begin = f->network_at;
		end = f->packet_end ? f->packet_end : end;
	} else if (s->base != SL_BASE_FRAME) {
		begin = s->base == SL_BASE_TRANSPORT ? f->transport_at : f->payload_at;
		end = f->body_end;
	}
	at = begin + (__u32)s->offset;
	if ((s->base != SL_BASE_FRAME && !begin) || at + (__u32)s->length > end)
		return SL_REASON_WRITE_PAST;
	if (part_of(f, at) != part_of(f, at + (__u32)s->length - 1))
		return SL_REASON_WRITE_PAST;
	/* A checksum over all of the packet, and none that can be put right by the bytes alone. */
	if (f->transport == 132 && part_of(f, at) == 3)
		return SL_REASON_WRITE_REFUSED;
	m_put(f, at, (__u32)s->length, s->value, s->mask, is_changed);
	return SL_REASON_NONE;
}

struct m_copies m_copies;

/* As it is now: tags come and go later. */
static void copy(const struct m_facts *f)
{
	int i = m_copies.count++;

	m_copies.copy[i].len = f->end;
	memcpy(m_copies.copy[i].bytes, f->bytes, f->end);
}

__u64 m_done[M_SETS];

enum sl_reason m_set(const struct m_stmt *s, struct m_facts *f, bool *is_changed)
{
	__u32 ip = f->network_at;
	bool is_four = f->family == 4;

	m_done[s->kind]++;
	switch (s->kind) {
	case M_SET_DSCP:
		if (!f->packet_end)
			break;
		f->value[M_DSCP] = s->value;
		m_put(f, ip + is_four, 2 - is_four, is_four ? s->value << 2 : s->value << 6,
		      is_four ? 0xfc : 0xfc0, is_changed);
		break;
	case M_SET_TTL:
		if (!f->packet_end)
			break;
		f->value[M_TTL] = s->value;
		m_put(f, ip + (is_four ? 8 : 7), 1, s->value, 255, is_changed);
		break;
	case M_SET_MSS:
		/* Only down. */
		if (f->has[M_MSS] && f->value[M_MSS] > s->value) {
			m_put(f, f->mss_at, 2, s->value, 0xffff, is_changed);
		}
		break;
	case M_SET_VLAN_ID:
		m_set_tag(f, s->value, 0, 0xfff, is_changed);
		break;
	case M_SET_VLAN_PCP:
		m_set_tag(f, s->value, 13, 7, is_changed);
		break;
	case M_PUSH_VLAN:
		return m_push(f, (__u16)s->value);
	case M_POP_VLAN:
		m_pop(f);
		break;
	case M_MIRROR:
		if (!s->value)
			return SL_REASON_MIRROR_PORT;
		copy(f);
		break;
	default:
		return set_bytes(s, f, is_changed);
	}
	return SL_REASON_NONE;
}

bool m_sums_kept(const struct m_facts *f, const __u8 *before, const __u8 *after)
{
	__u32 header, transport, ip = f->network_at, end;

	m_sums(f, &header, &transport);
	end = header ? f->header_end : 0;
	if (header && sum(before, ip, end) % 0xffff != sum(after, ip, end) % 0xffff)
		return false;
	if (!transport)
		return true;
	/* UDP may have none; then it gets none, but from who sets these very bytes. */
	if (has_none(f, before, transport))
		return !has_none(f, f->bytes, transport) || has_none(f, after, transport);
	return !has_none(f, after, transport) &&
	       transport_sum(f, before) % 0xffff == transport_sum(f, after) % 0xffff;
}
