// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* A connection: both sides' segments, as they are sent and as somebody who hides something would. */
#include <string.h>

#include "make_stream.h"

#define SIDE	 15 /* segments of each */
#define SEGMENTS (3 * SIDE)

static struct draft load;
static struct stream streams[2];

static void set(struct wish *w, enum m_field field, wide value)
{
	w->has[field] = true;
	w->value[field] = value;
}

static void send(struct chance *c, struct fuzz_case *fc, struct plan *p, struct draft *d,
		 const struct wish *w)
{
	struct cutting whole = {};

	plan_make(c, w, p);
	whole.size = p->body.len;
	plan_emit(c, p, &whole, d);
	if (chance_of(c, 2))
		mutate(c, d);
	case_add(c, fc, d);
}

static void begin_load(void)
{
	load.len = load.ip4_at = load.ip6_at = 0;
	load.marks = 0;
}

static void send_segment(struct chance *c, struct fuzz_case *fc, struct plan *p, struct draft *d,
			 struct wish *w, const struct segment *s)
{
	static const __u8 ends[] = { 17, 4, 20, 2, 18 };
	__u32 first = w->number;

	begin_load();
	draft_random(&load, c, s->before);
	draft_append(&load, &streams[s->is_server].bytes, s->from, s->size);
	if (s->other && s->size)
		load.bytes[chance_below(c, s->size)] ^= (__u8)(1U << chance_below(c, 6));
	w->number = first + s->at;
	w->is_whole = chance_of(c, 97);
	set(w, M_FLAGS, chance_of(c, 96) ? 24 : chance_pick(c, ends));
	send(c, fc, p, d, w);
	w->number = first;
}

/* Bytes with gaps between them, up to more than are kept. */
static int cut_apart(struct chance *c, const struct stream *s, struct segment *segments)
{
	__u32 step = s->bytes.len / SIDE;

	for (__u32 i = 0; i < SIDE; i++)
		segments[i] = (struct segment) { .at = i * step, .from = i * step, .size = 1 };
	/* At its beginning it is part of a message, or none. */
	if (chance_of(c, 50))
		segments[0].at = segments[0].from = 1;
	return SIDE;
}

/* Both sides' in their order, the one or the other first. */
static int merge(struct chance *c, const struct segment *a, int na, const struct segment *b, int nb,
		 struct segment *to)
{
	int i = 0, j = 0;

	while (i < na || j < nb) {
		bool takes_b = j < nb && (i == na || chance_of(c, 40));

		to[i + j] = takes_b ? b[j] : a[i];
		to[i + j].is_server = takes_b;
		i += !takes_b;
		j += takes_b;
	}
	return na + nb;
}

static void swap(struct segment *a, struct segment *b)
{
	struct segment kept = *a;

	*a = *b;
	*b = kept;
}

/* Some come again, are missing, or are not what they should be. */
static int spoil(struct chance *c, struct segment *segments, int count)
{
	int i = (int)chance_below(c, (__u32)count);
	struct segment one = segments[i];

	if (count > 1 && chance_of(c, 15)) {
		memmove(&segments[i], &segments[i + 1], (size_t)(count - i - 1) * sizeof(one));
		return count - 1;
	}
	if (one.at == one.from && chance_of(c, 70))
		spoil_segment(c, &streams[one.is_server], &one);
	if (chance_of(c, 30)) {
		segments[i] = one;
		return count;
	}
	i = (int)chance_between(c, (__u32)i, (__u32)count);
	memmove(&segments[i + 1], &segments[i], (size_t)(count - i) * sizeof(one));
	segments[i] = one;
	return count + 1;
}

static void shuffle(struct chance *c, struct segment *segments, int count)
{
	for (int i = count - 1; i > 0; i--)
		swap(&segments[i], &segments[chance_below(c, (__u32)i + 1)]);
}

static void begin(struct chance *c, struct fuzz_case *fc, struct plan *p, struct draft *d,
		  struct wish sides[2])
{
	begin_load();
	set(&sides[0], M_FLAGS, 2);
	sides[0].number--;
	send(c, fc, p, d, &sides[0]);
	sides[0].number++;
	if (chance_of(c, 50))
		return;
	set(&sides[1], M_FLAGS, 18);
	sides[1].number--;
	send(c, fc, p, d, &sides[1]);
	sides[1].number++;
}

static __u16 port_of(struct chance *c, int app)
{
	static const __u16 ports[] = { 443, 80, 22, 53 };

	return app == SL_APP_DNS && chance_of(c, 80) ? 53 : chance_pick(c, ports);
}

/* Who talks, and from which numbers on. */
static void make_sides(struct chance *c, struct wish sides[2], int app)
{
	struct wish *w = &sides[0];

	w->has[M_LENGTH] = w->has[M_PACKET_LENGTH] = w->has[M_PAYLOAD_LENGTH] = false;
	w->family = w->family ? w->family : chance_of(c, 50) ? 4 : 6;
	w->transport = 6;
	w->load = &load;
	w->has_number = w->is_whole = true;
	w->number = chance_of(c, 90) ? (__u32)chance_next(c) : -chance_below(c, 300);
	if (!w->has[M_SADDR] || !w->has[M_DADDR] || chance_of(c, 30)) {
		set(w, M_SADDR, make_address(c, w->family));
		set(w, M_DADDR, make_address(c, w->family));
	}
	set(w, M_SPORT, chance_between(c, 1024, 65535));
	set(w, M_DPORT, port_of(c, app));
	sides[1] = *w;
	sides[1].number = (__u32)chance_next(c);
	set(&sides[1], M_SADDR, w->value[M_DADDR]);
	set(&sides[1], M_DADDR, w->value[M_SADDR]);
	set(&sides[1], M_SPORT, w->value[M_DPORT]);
	set(&sides[1], M_DPORT, w->value[M_SPORT]);
}

static int app_of(struct chance *c, const struct fuzz_case *fc, const struct wish *w)
{
	int app = w->has[M_APPLICATION] ? (int)w->value[M_APPLICATION] : 0;

	if (fc->flavour == FLAVOUR_NAMES)
		return SL_APP_DNS;
	return app >= SL_APP_DNS && app <= SL_APP_SSH
		       ? app
		       : (int)chance_between(c, SL_APP_TLS, SL_APP_SSH);
}

void make_connection(struct chance *c, struct fuzz_case *fc, struct plan *p, struct draft *d)
{
	struct segment of[2][SIDE], segments[SEGMENTS];
	int counts[2] = {}, count, app;
	struct wish w[WISHES], sides[2];

	make_wish(c, &fc->conf, w);
	app = app_of(c, fc, w);
	for (int i = 0; i < 2; i++) {
		if (i && chance_of(c, 60))
			break;
		make_stream(c, &streams[i], w, app, i);
		counts[i] = streams[i].bytes.len > 2 * SIDE && chance_of(c, 5)
				    ? cut_apart(c, &streams[i], of[i])
				    : cut_stream(c, &streams[i], of[i], SIDE);
	}
	sides[0] = w[0];
	make_sides(c, sides, app);
	if (chance_of(c, 75))
		begin(c, fc, p, d, sides);
	count = merge(c, of[0], counts[0], of[1], counts[1], segments);
	while (count && count < SEGMENTS - 1 && chance_of(c, 50))
		count = spoil(c, segments, count);
	if (chance_of(c, 20))
		shuffle(c, segments, count);
	for (int i = 0; i < count; i++)
		send_segment(c, fc, p, d, &sides[segments[i].is_server], &segments[i]);
}
