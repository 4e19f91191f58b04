// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* What else was sent because of a packet: copies of it, and the reset that goes back. */
#include <string.h>

#include "run.h"
#include "wire.h"

static struct wire_frame frame;

static bool is_copy(const struct item *item, const struct m_facts *f, int i, const __u8 *bytes,
		    size_t len)
{
	return len == m_copies.copy[i].len && out_is_copy(item, f, m_copies.copy[i].bytes, bytes);
}

static bool is_reset(const struct m_facts *f, const struct m_answer *a, const __u8 *bytes,
		     size_t len)
{
	const struct lengths lengths = { f->network_at + a->len, f->network_at + a->len };
	const struct came_out out = { .bytes = bytes, .len = len };

	return out_is_answer(f, M_SENDER, a, false, &lengths, &out);
}

bool sent_on_host(const struct item *item, const struct m_facts *f,
		  const struct m_answer answers[M_TOLD])
{
	const struct m_answer *back = &answers[M_SENDER];

	if ((int)host_done.ncopies != m_copies.count)
		return false;
	for (int i = 0; i < m_copies.count; i++) {
		if (!is_copy(item, f, i, host_copies[i].bytes, host_copies[i].len))
			return false;
	}
	if (!answers[M_RECEIVER].len)
		return !host_done.back_len;
	return is_reset(f, back, host_done.back, host_done.back_len);
}

void sent_forget(void)
{
	while (wire_take(&frame, false))
		;
}

/* What of it somebody gets must be that, in its order, and there must be nothing else. */
bool sent_by_kernel(const struct item *item, enum way way, const struct m_facts *f,
		    const struct m_answer answers[M_TOLD])
{
	const struct m_answer *back = &answers[M_SENDER];
	bool comes_back = loaded.is_sent && !loaded.is_refused && answers[M_RECEIVER].len;

	for (int i = 0; i < m_copies.count; i++) {
		const __u8 *copy = m_copies.copy[i].bytes;

		if (!wire_carries(copy, m_copies.copy[i].len))
			continue;
		if (!wire_take(&frame, true) || frame.came_in ||
		    !is_copy(item, f, i, frame.bytes, frame.len))
			return false;
		run_counts.copies++;
	}
	if (comes_back) {
		if (!wire_take(&frame, true) || frame.came_in != (way == WAY_TC_OUT) ||
		    !is_reset(f, back, frame.bytes, frame.len))
			return false;
		run_counts.resets++;
	}
	return !wire_take(&frame, false);
}

/* Segments that are not cut yet would be cut for the copy, by what the skb says of them. */
bool sent_can_be(const struct item *item)
{
	return !m_copies.count || !item->is_gso;
}
