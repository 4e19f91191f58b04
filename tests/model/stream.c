// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * docs/packets.md, "Sides of a connection": messages of TCP put together from segments, one behind the
 * other. No side sends a gigabyte here, so none has left what it began with behind.
 */
#include <string.h>

#include "said.h"

#define SYN 2

#define AHEAD  (16U << 20)
#define BEFORE 0x80000000U
#define GAPS   12

/* Bytes of a segment, and where they belong. */
struct segment {
	const __u8 *bytes;
	__u32 length, number, at;
	bool is_port;
	bool is_aside; /* read by itself */
};

static bool on_port(const struct m_facts *f, __u32 port)
{
	return f->value[M_SPORT] == port || f->value[M_DPORT] == port;
}

static __u32 number_of(const struct m_facts *f)
{
	const __u8 *at = f->came + f->transport_at + 4;
	__u32 number = (__u32)at[0] << 24 | (__u32)at[1] << 16 | (__u32)at[2] << 8 | at[3];

	/* A SYN has the number before its bytes. */
	return number + !!((int)f->value[M_FLAGS] & SYN);
}

static struct m_side *side_of(const struct m_flow *flow, const struct m_facts *f)
{
	bool from_client =
		flow->client.addr == f->value[M_SADDR] && flow->client.port == f->value[M_SPORT];

	return &flow->talk->side[!from_client];
}

static struct m_talk *new_talk(struct m_state *state)
{
	struct m_talk *talk = &state->talk[state->talks];

	talk->app = 0;
	for (int i = 0; i < 2; i++) {
		talk->side[i].state = M_SIDE_NEW;
		talk->side[i].has_isn = talk->side[i].is_kept = false;
		talk->side[i].end = 0;
	}
	return talk;
}

static enum m_reading read(struct m_facts *f, const struct segment *s)
{
	return m_read_stream(f, s->bytes, s->length < M_LOOKED_AT ? s->length : M_LOOKED_AT,
			     s->is_port);
}

/* An end never comes nearer while the side is what it was. */
static void becomes(struct m_side *side, enum m_side_state state, __u32 end)
{
	if (side->state != (int)state || side->end < end)
		side->end = end;
	side->state = (int)state;
}

static void give_up(struct m_side *side, enum sl_reason reason)
{
	side->is_kept = false;
	side->reason = reason;
	becomes(side, M_SIDE_GIVEN_UP, M_LOOKED_AT);
}

/* Whether it would be one more part than are kept, with a gap before it and behind. */
static bool is_part_too_many(const struct m_side *side, __u32 from, __u32 to)
{
	int parts = 0;

	for (__u32 i = from ? from - 1 : 0; i <= to && i < M_LOOKED_AT; i++) {
		if (side->there[i])
			return false;
	}
	for (__u32 i = 0; i < M_LOOKED_AT; i++)
		parts += side->there[i] && (!i || !side->there[i - 1]);
	return parts == GAPS;
}

/* Of bytes that come twice the first count. False: others came. */
static bool keep(struct m_side *side, const struct segment *s, __u32 to)
{
	bool same = true;

	for (__u32 at = s->at; at < to; at++) {
		__u8 byte = s->bytes[at - s->at];

		if (side->there[at])
			same = same && side->bytes[at] == byte;
		else
			side->bytes[at] = byte;
		side->there[at] = true;
	}
	return same;
}

__u64 m_joined, m_later;

/* What there is from the first byte on, and what the side has sent by that. */
static enum m_reading read_kept(struct m_facts *f, struct m_side *side, const struct segment *s,
				enum sl_reason *reason)
{
	struct segment kept = { .bytes = side->bytes, .is_port = s->is_port };
	enum m_reading how = M_NOT;

	while (kept.length < M_LOOKED_AT && side->there[kept.length])
		kept.length++;
	if (kept.length)
		how = read(f, &kept);
	if (how == M_WHOLE || how == M_BROKEN) {
		m_joined += kept.length > s->length;
		becomes(side, M_SIDE_WHOLE, kept.length);
	} else if (kept.length && how == M_NOT) {
		side->is_kept = false;
		if (side->state != M_SIDE_WHOLE)
			becomes(side, M_SIDE_OTHER, kept.length);
	} else if (kept.length == M_LOOKED_AT) {
		*reason = SL_REASON_STREAM_SIZE;
		if (side->state != M_SIDE_WHOLE)
			give_up(side, *reason);
	} else if (kept.length || side->state != M_SIDE_OTHER) {
		*reason = SL_REASON_STREAM_PENDING;
		if (side->state != M_SIDE_WHOLE)
			side->state = M_SIDE_PART;
	}
	return how;
}

static enum m_reading put_together(struct m_facts *f, struct m_side *side, const struct segment *s)
{
	__u32 room = M_LOOKED_AT - s->at;
	__u32 to = s->at + (s->length < room ? s->length : room);
	enum sl_reason reason = SL_REASON_NONE;
	enum m_reading how;
	bool same;

	if (!side->is_kept)
		memset(side->there, 0, sizeof(side->there));
	side->is_kept = true;
	if (is_part_too_many(side, s->at, to)) {
		f->reason = SL_REASON_STREAM_SIZE;
		if (side->state == M_SIDE_NEW || side->state == M_SIDE_PART)
			give_up(side, f->reason);
		return M_NOT;
	}
	same = keep(side, s, to);
	how = read_kept(f, side, s, &reason);
	f->reason = same ? reason : SL_REASON_STREAM_OVERLAP;
	return how;
}

/* As if nothing had come before. */
static enum m_reading try(struct m_facts *f, struct m_side *side, struct segment *s)
{
	enum m_reading how = read(f, s);

	if (how == M_NOT) {
		if (side->state != M_SIDE_WHOLE)
			becomes(side, M_SIDE_OTHER, s->at + s->length);
		return how;
	}
	side->is_kept = false;
	m_later += s->at != 0;
	if (s->at || side->state != M_SIDE_WHOLE)
		side->end = 0;
	side->base = s->number;
	s->at = 0;
	if (how != M_MORE) {
		becomes(side, M_SIDE_WHOLE, s->length);
		return how;
	}
	if (!side->end)
		side->state = M_SIDE_PART;
	return put_together(f, side, s);
}

static enum m_reading by_itself(struct m_facts *f, struct segment *s)
{
	enum m_reading how = read(f, s);

	s->is_aside = true;
	if (how == M_MORE && f->value[M_FRAGMENT] != SL_FRAG_FIRST)
		f->reason = SL_REASON_STREAM_SPLIT;
	return how;
}

static enum m_reading not_looked_at(struct m_facts *f, enum sl_reason reason)
{
	f->reason = reason;
	return M_NOT;
}

static enum m_reading after_nothing(struct m_facts *f, struct m_side *side, struct segment *s)
{
	if (!s->at)
		return try(f, side, s);
	if (s->at < M_LOOKED_AT)
		return put_together(f, side, s);
	return s->at < AHEAD ? not_looked_at(f, SL_REASON_STREAM_PENDING) : by_itself(f, s);
}

static enum m_reading after_other(struct m_facts *f, struct m_side *side, struct segment *s)
{
	if (s->at >= M_LOOKED_AT)
		return M_NOT;
	return s->at < side->end ? put_together(f, side, s) : try(f, side, s);
}

static enum m_reading after_part(struct m_facts *f, struct m_side *side, const struct segment *s)
{
	if (s->at < M_LOOKED_AT)
		return put_together(f, side, s);
	if (s->at < AHEAD)
		return not_looked_at(f, SL_REASON_STREAM_PENDING);
	give_up(side, SL_REASON_STREAM_SIZE);
	return M_NOT;
}

static enum m_reading after_message(struct m_facts *f, struct m_side *side, struct segment *s,
				    int app)
{
	if (s->at < side->end && s->at >= M_LOOKED_AT)
		return M_NOT;
	if (s->at < side->end)
		return s->at || side->is_kept ? put_together(f, side, s) : try(f, side, s);
	return app == SL_APP_TLS || app == SL_APP_SSH ? M_NOT : try(f, side, s);
}

static enum m_reading look_at(struct m_facts *f, struct m_side *side, struct segment *s, int app)
{
	bool is_one_sided = app == SL_APP_TLS || app == SL_APP_HTTP;

	if (s->at >= BEFORE)
		return s->length > 1 ? by_itself(f, s) : M_NOT;
	if (is_one_sided && (side->state == M_SIDE_NEW || side->state == M_SIDE_OTHER))
		return M_NOT;
	switch (side->state) {
	case M_SIDE_NEW:
		return after_nothing(f, side, s);
	case M_SIDE_OTHER:
		return after_other(f, side, s);
	case M_SIDE_PART:
		return after_part(f, side, s);
	case M_SIDE_WHOLE:
		return after_message(f, side, s, app);
	default:
		return not_looked_at(f, s->at < M_LOOKED_AT ? side->reason : SL_REASON_NONE);
	}
}

/* What is before the first byte is nothing that the receiver takes. */
static struct segment segment_of(const struct m_facts *f, struct m_side *side)
{
	struct segment s = {
		.bytes = f->came + f->payload_at,
		.length = f->payload_length,
		.number = number_of(f),
		.is_port = on_port(f, 53) || on_port(f, 5353) || on_port(f, 5355),
	};
	__u32 before;

	if (side->state == M_SIDE_NEW)
		side->base = side->has_isn ? side->isn + 1 : s.number;
	s.at = s.number - side->base;
	before = -s.at;
	if (s.at >= BEFORE && before < s.length) {
		s.bytes += before;
		s.length -= before;
		s.number = side->base;
		s.at = 0;
	}
	return s;
}

static void note_isn(const struct m_facts *f, const struct m_flow *flow)
{
	struct m_side *side = side_of(flow, f);

	if (!((int)f->value[M_FLAGS] & SYN) || (side->has_isn && flow->state != SL_FLOW_NEW))
		return;
	side->has_isn = true;
	side->isn = number_of(f) - 1;
}

void m_look_at_stream(struct m_state *state, struct m_facts *f, struct m_flow *flow,
		      struct m_flow *made)
{
	bool is_piece = f->value[M_FRAGMENT] == SL_FRAG_FIRST;
	struct m_flow *of = flow ? flow : made;
	struct segment s = {};
	enum m_reading how = M_NOT;

	if (!flow)
		made->talk = new_talk(state);
	note_isn(f, of);
	if (f->payload_length) {
		s = segment_of(f, side_of(of, f));
		how = is_piece || (!flow && made->state == SL_FLOW_CLOSING)
			      ? by_itself(f, &s)
			      : look_at(f, side_of(of, f), &s, of->talk->app);
	}
	if (how == M_BROKEN && !f->reason && !is_piece)
		f->reason = SL_REASON_STREAM_BROKEN;
	if (f->goes_on && !f->reason && !is_piece && !f->value[M_TO])
		f->reason = SL_REASON_STREAM_SPLIT;
	if (how == M_NOT && of->talk->app)
		m_fact(f, M_APPLICATION, (wide)of->talk->app);
	else if (how != M_NOT && !s.is_aside && f->has[M_APPLICATION])
		of->talk->app = (int)f->value[M_APPLICATION];
}
