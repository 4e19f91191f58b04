// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * docs/rules.md, "Messages over TCP": of each side of a connection its first message, put together from
 * its segments. What is behind that is left to other tests: see m_is_beyond().
 */
#include <string.h>

#include "said.h"

#define SYN 2

static bool on_port(const struct m_facts *f, __u32 port)
{
	return f->value[M_SPORT] == port || f->value[M_DPORT] == port;
}

static bool is_dns_port(const struct m_facts *f)
{
	return on_port(f, 53) || on_port(f, 5353) || on_port(f, 5355);
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
		talk->side[i].has_isn = talk->side[i].has_place = false;
		talk->side[i].end = 0;
	}
	return talk;
}

static void forget_bytes(struct m_side *side)
{
	side->has_place = false;
	memset(side->there, 0, sizeof(side->there));
}

/* Of bytes that come twice the first count. False: others came. */
static bool put(struct m_side *side, __u32 at, const __u8 *bytes, __u32 length)
{
	bool same = true;

	if (!side->has_place)
		forget_bytes(side);
	side->has_place = true;
	for (__u32 i = 0; i < length && at + i < M_LOOKED_AT; i++) {
		if (side->there[at + i])
			same = same && side->bytes[at + i] == bytes[i];
		else
			side->bytes[at + i] = bytes[i];
		side->there[at + i] = true;
	}
	return same;
}

static void is_whole(struct m_side *side, __u32 end)
{
	if (side->state != M_SIDE_WHOLE || side->end < end)
		side->end = end;
	side->state = M_SIDE_WHOLE;
}

__u64 m_joined;

static enum m_reading join(struct m_facts *f, struct m_side *side, __u32 at)
{
	bool same = put(side, at, f->came + f->payload_at, f->payload_length);
	enum m_reading how = M_NOT;
	__u32 have = 0;

	while (have < M_LOOKED_AT && side->there[have])
		have++;
	if (have)
		how = m_read_stream(f, side->bytes, have, is_dns_port(f));
	if (how == M_WHOLE || how == M_BROKEN) {
		m_joined += have > f->payload_length;
		is_whole(side, have);
	} else if (have && how == M_NOT) {
		side->has_place = false;
		if (side->state != M_SIDE_WHOLE)
			side->state = M_SIDE_OTHER;
	} else {
		if (side->state == M_SIDE_NEW)
			side->state = M_SIDE_PART;
		f->reason = SL_REASON_STREAM_PENDING;
	}
	if (!same)
		f->reason = SL_REASON_STREAM_OVERLAP;
	return how;
}

/* Whether the segment has a message by itself; else it is put to what may come. */
static enum m_reading alone(struct m_facts *f, struct m_side *side)
{
	enum m_reading how;

	how = m_read_stream(f, f->came + f->payload_at, f->payload_length, is_dns_port(f));
	if (how == M_NOT) {
		if (side->state != M_SIDE_WHOLE)
			side->state = M_SIDE_OTHER;
		return how;
	}
	side->has_place = false;
	if (how != M_MORE) {
		is_whole(side, f->payload_length);
		return how;
	}
	if (side->state != M_SIDE_WHOLE)
		side->state = M_SIDE_PART;
	return join(f, side, 0);
}

static bool is_one_sided(int app)
{
	return app == SL_APP_TLS || app == SL_APP_HTTP;
}

static __u32 place_of(const struct m_facts *f, const struct m_side *side)
{
	if (side->state != M_SIDE_NEW)
		return number_of(f) - side->base;
	return side->has_isn ? number_of(f) - side->isn - 1 : 0;
}

/* Returns what the bytes were found to be; those that nothing is looked for in are nothing. */
static enum m_reading look_at(struct m_facts *f, struct m_side *side, int app)
{
	__u32 at = place_of(f, side);

	if (side->state == M_SIDE_NEW)
		side->base = number_of(f) - at;
	if (side->state == M_SIDE_NEW && is_one_sided(app))
		return M_NOT;
	if (side->state == M_SIDE_WHOLE && at >= side->end)
		return M_NOT;
	if (!at && (side->state == M_SIDE_NEW || (side->state == M_SIDE_WHOLE && !side->has_place)))
		return alone(f, side);
	return join(f, side, at);
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
	enum m_reading how = M_NOT;
	struct m_flow *of = flow ? flow : made;
	bool is_aside = is_piece || (!flow && made->state == SL_FLOW_CLOSING);

	if (!flow)
		made->talk = new_talk(state);
	note_isn(f, of);
	if (f->payload_length && is_aside)
		how = m_read_stream(f, f->came + f->payload_at, f->payload_length, is_dns_port(f));
	else if (f->payload_length)
		how = look_at(f, side_of(of, f), of->talk->app);
	if (is_aside && how == M_MORE && !is_piece)
		f->reason = SL_REASON_STREAM_SPLIT;
	if (how == M_BROKEN && !f->reason && !is_piece)
		f->reason = SL_REASON_STREAM_BROKEN;
	if (f->goes_on && !f->reason && !is_piece && !f->value[M_TO])
		f->reason = SL_REASON_STREAM_SPLIT;
	if (how == M_NOT && of->talk->app)
		m_fact(f, M_APPLICATION, (wide)of->talk->app);
	else if (how != M_NOT && !is_aside && f->has[M_APPLICATION])
		of->talk->app = (int)f->value[M_APPLICATION];
}

bool m_is_beyond(struct m_state *state, const struct m_facts *f)
{
	const struct m_flow *flow = m_flow_of(state, f);
	const struct m_side *side;
	__u32 at;

	if (!f->payload_length)
		return false;
	if (f->payload_length >= M_LOOKED_AT)
		return true;
	if (!flow)
		return false;
	side = side_of(flow, f);
	at = place_of(f, side);
	if (side->state == M_SIDE_OTHER || at >= M_LOOKED_AT ||
	    at + f->payload_length > M_LOOKED_AT)
		return true;
	return side->state == M_SIDE_WHOLE && at >= side->end && flow->talk->app != SL_APP_TLS &&
	       flow->talk->app != SL_APP_SSH;
}
