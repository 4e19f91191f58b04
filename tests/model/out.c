// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* The bytes that come out, beside those that should. */
#include <string.h>

#include "fuzz.h"
#include "packet.h"
#include "prog.h"
#include "trace.h"

/* What rules set is set, and nothing else, but for checksums, which cover as much as before. */
static bool same_bytes(const struct item *item, const struct m_facts *f, const struct m_result *r,
		       const __u8 *came)
{
	__u32 header, transport;

	if (!r->is_changed)
		return !memcmp(came, item->bytes, item->len);
	m_sums(f, &header, &transport);
	for (size_t i = 0; i < item->len; i++) {
		if ((header && i - header < 2) || (transport && i - transport < 2))
			continue;
		if (came[i] != f->bytes[i])
			return false;
	}
	return m_sums_kept(f, item->bytes, came);
}

/* The frame with the tag in it that may be beside it, wherever the kernel keeps that. */
static size_t put_tag_in(__u8 *whole, const struct came_out *out, const __u8 *tag)
{
	memcpy(whole, out->bytes, 12);
	memcpy(whole + 12, tag, 4);
	memcpy(whole + 16, out->bytes + 12, out->len - 12);
	return out->len + 4;
}

/*
 * The tags must be those that leave. What is behind them has its place in the frame as it came.
 */
static bool moved_tags(const struct item *item, const struct m_facts *f, const struct m_result *r,
		       const struct came_out *out)
{
	static __u8 whole[PACKET_ROOM], as_it_came[PACKET_ROOM];
	__u8 link[64], beside[4] = { (__u8)(out->tpid >> 8), (__u8)out->tpid, (__u8)(out->tci >> 8),
				     (__u8)out->tci };
	__u32 came = m_tags_came(f), leaves = m_tags_leave(f, link);
	size_t wanted = item->len - came + leaves, len = out->len;

	if (out->len < 14)
		return false;
	memcpy(whole, out->bytes, out->len);
	if (out->sees_tag ? out->has_tag : out->len + 4 == wanted)
		len = put_tag_in(whole, out, out->sees_tag ? beside : link + 12);
	if (len != wanted || memcmp(whole, link, leaves))
		return false;
	memcpy(as_it_came, f->bytes, came);
	memcpy(as_it_came + came, whole + leaves, item->len - came);
	/* Tags that were set and are gone now cannot be seen. */
	if (!r->is_changed)
		memcpy(as_it_came, item->bytes, came);
	return same_bytes(item, f, r, as_it_came);
}

bool out_is_copy(const struct item *item, const struct m_facts *f, const __u8 *copy,
		 const __u8 *came)
{
	const struct m_result changed = { .is_changed = true };
	struct m_facts then = *f;

	then.bytes = (__u8 *)copy;
	return same_bytes(item, &then, &changed, came);
}

bool out_is_answer(const struct m_facts *f, enum m_told to, const struct m_answer *a,
		   bool is_changed, const struct lengths *lengths, const struct came_out *out)
{
	__u32 header = 0, transport = 0, link = f->network_at;
	__u32 from = to == M_SENDER ? 6 : 0;

	if (out->len < lengths->least || out->len > lengths->most || out->len < link + a->len)
		return false;
	if (memcmp(out->bytes, f->bytes + from, 6) ||
	    memcmp(out->bytes + 6, f->bytes + 6 - from, 6) ||
	    memcmp(out->bytes + 12, f->bytes + 12, link - 12))
		return false;
	if (is_changed)
		m_sums(f, &header, &transport);
	return m_answer_is(a, f, out->bytes + link, header, transport);
}

bool out_is_right(const struct item *item, const struct m_facts *f, const struct m_result *r,
		  const struct came_out *out)
{
	/* XDP may leave metadata in front of the frame. */
	size_t before = out->len - item->len;

	if ((r->verdict == SL_ACCEPT || r->verdict == SL_REDIRECT) && m_tags_move(f))
		return moved_tags(item, f, r, out);
	if (out->len < item->len || before > sizeof(struct sl_meta))
		return false;
	if (out->sees_tag && r->verdict == SL_ACCEPT && item->has_tag && out->tci != f->tci)
		return false;
	return same_bytes(item, f, r, out->bytes + before);
}
