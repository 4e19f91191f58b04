// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * docs/packets.md, "What rules set", of tags: those that come and go do so when the packet leaves, so
 * that its bytes stay where they are while rules are asked.
 */
#include <string.h>

#include "model.h"

#define LINK 12 /* the addresses; behind them is the outermost tag */

static __u32 own(const struct m_facts *f)
{
	return (__u32)f->came_tags - (__u32)f->popped;
}

/* Of the tags that it came with, in the frame. */
static __u32 place_of(const struct m_facts *f, __u32 own_tag)
{
	return LINK + 4 * (own_tag - f->has_tag);
}

/* The control word of a tag as it will be, the outermost is 0. */
static __u32 tci_at(const struct m_facts *f, __u32 i)
{
	__u32 at;

	if (i < (__u32)f->pushed)
		return f->pushes[(__u32)f->pushed - 1 - i].tci;
	i += (__u32)f->popped - (__u32)f->pushed;
	if (f->has_tag && !i)
		return f->tci;
	at = place_of(f, i);
	return (__u32)f->bytes[at + 2] << 8 | f->bytes[at + 3];
}

/* What rules behind see. */
static void show(struct m_facts *f)
{
	wide tags = (wide)(own(f) + (__u32)f->pushed);

	for (int i = 0; i < 2; i++) {
		enum m_field id = i ? M_CVLAN : M_VLAN, pcp = i ? M_CPCP : M_PCP;
		__u32 tci = tags > (wide)i ? tci_at(f, (__u32)i) : 0;

		f->has[id] = f->has[pcp] = tags > (wide)i;
		f->value[id] = tci & 0xfff;
		f->value[pcp] = tci >> 13;
	}
	/* Of more than four, no rule asks how many. */
	f->value[M_TAGS] = tags < 4 ? tags : 4;
}

static bool push(struct m_facts *f, __u16 tpid, __u16 tci)
{
	if (f->pushed == M_PUSHES)
		return false;
	f->pushes[f->pushed++] = (struct m_tag) { tpid, tci };
	return true;
}

static void pop(struct m_facts *f)
{
	if (f->pushed)
		f->pushed--;
	else if (own(f))
		f->popped++;
}

enum sl_reason m_push(struct m_facts *f, __u16 tci)
{
	bool is_done = push(f, 0x8100, tci);

	show(f);
	return is_done ? SL_REASON_NONE : SL_REASON_WRITE_REFUSED;
}

void m_pop(struct m_facts *f)
{
	pop(f);
	show(f);
}

void m_set_tag(struct m_facts *f, wide value, int shift, wide mask, bool *is_changed)
{
	__u16 tci;

	if (!f->value[M_TAGS])
		return;
	tci = (__u16)((tci_at(f, 0) & ~(mask << shift)) | value << shift);
	if (f->pushed) {
		f->pushes[f->pushed - 1].tci = tci;
	} else if (f->has_tag && !f->popped) {
		/* What is not in the frame is taken off and put on again. */
		pop(f);
		push(f, 0x8100, tci);
	} else {
		m_put(f, place_of(f, (__u32)f->popped) + 2, 2, value << shift, mask << shift,
		      is_changed);
	}
	show(f);
}

bool m_tags_move(const struct m_facts *f)
{
	return f->pushed || f->popped;
}

__u32 m_tags_came(const struct m_facts *f)
{
	return LINK + 4 * ((__u32)f->came_tags - f->has_tag);
}

__u32 m_tags_leave(const struct m_facts *f, __u8 *to)
{
	__u32 at = LINK;

	memcpy(to, f->bytes, LINK);
	for (int i = f->pushed - 1; i >= 0; i--) {
		const struct m_tag *tag = &f->pushes[i];

		memcpy(to + at,
		       ((__u8[]) { (__u8)(tag->tpid >> 8), (__u8)tag->tpid, (__u8)(tag->tci >> 8),
				   (__u8)tag->tci }),
		       4);
		at += 4;
	}
	for (__u32 i = (__u32)f->popped; i < (__u32)f->came_tags; i++) {
		if (f->has_tag && !i)
			memcpy(to + at, ((__u8[]) { 0x81, 0, (__u8)(f->tci >> 8), (__u8)f->tci }),
			       4);
		else
			memcpy(to + at, f->bytes + place_of(f, i), 4);
		at += 4;
	}
	return at;
}
