// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* A message in several segments, as a client sends them and as somebody who hides something would. */
#include <string.h>

#include "fuzz.h"

#define SEGMENTS 10

struct segment {
	__u32 from, size;
	bool other; /* some of its bytes are not those of the message */
};

static struct draft message, load;

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

static void send_segment(struct chance *c, struct fuzz_case *fc, struct plan *p, struct draft *d,
			 struct wish *w, const struct segment *s)
{
	__u32 first = w->number;

	load.len = load.ip4_at = load.ip6_at = 0;
	load.marks = 0;
	draft_append(&load, &message, s->from, s->size);
	if (s->other && s->size)
		load.bytes[chance_below(c, s->size)] ^= (__u8)(1U << chance_below(c, 6));
	w->number = first + s->from;
	set(w, M_FLAGS, chance_of(c, 95) ? 24 : chance_of(c, 50) ? 17 : 4);
	send(c, fc, p, d, w);
	w->number = first;
}

static int cut_up(struct chance *c, struct segment *segments)
{
	__u32 at = 0;
	int count = 0;

	while (at < message.len) {
		__u32 size = message.len - at;

		if (count < 4 && chance_of(c, 80))
			size = chance_between(c, 1, size);
		segments[count++] = (struct segment) { at, size, false };
		at += size;
	}
	return count;
}

static int spoil(struct chance *c, struct segment *segments, int count)
{
	struct segment *s = &segments[chance_below(c, (__u32)count)];

	switch (chance_below(c, 4)) {
	case 0: /* comes again, as it was or not */
		segments[count] = *s;
		segments[count++].other = chance_of(c, 60);
		break;
	case 1: /* overlaps the next one */
		s->size += chance_below(c, message.len - s->from - s->size + 1);
		s->other = chance_of(c, 40);
		break;
	case 2: /* all of it at once */
		segments[count++] = (struct segment) { 0, message.len, chance_of(c, 50) };
		break;
	default: /* is missing */
		if (count > 1)
			*s = segments[--count];
	}
	return count;
}

static void shuffle(struct chance *c, struct segment *segments, int count)
{
	for (int i = count - 1; i > 0; i--) {
		int j = (int)chance_below(c, (__u32)i + 1);
		struct segment kept = segments[i];

		segments[i] = segments[j];
		segments[j] = kept;
	}
}

static void begin(struct chance *c, struct fuzz_case *fc, struct plan *p, struct draft *d,
		  struct wish *w)
{
	struct wish back = *w;

	load.len = 0;
	load.marks = 0;
	set(w, M_FLAGS, 2);
	w->number--;
	send(c, fc, p, d, w);
	w->number++;
	if (chance_of(c, 60))
		return;
	set(&back, M_FLAGS, 18);
	set(&back, M_SADDR, w->value[M_DADDR]);
	set(&back, M_DADDR, w->value[M_SADDR]);
	set(&back, M_SPORT, w->value[M_DPORT]);
	set(&back, M_DPORT, w->value[M_SPORT]);
	back.has_number = false;
	send(c, fc, p, d, &back);
}

void make_connection(struct chance *c, struct fuzz_case *fc, struct plan *p, struct draft *d)
{
	struct segment segments[SEGMENTS];
	struct wish w[WISHES];
	int count;

	make_wish(c, &fc->conf, w);
	make_said(c, &message, w);
	if (!message.len)
		return;
	w->has[M_LENGTH] = w->has[M_PACKET_LENGTH] = w->has[M_PAYLOAD_LENGTH] = false;
	w->family = w->family ? w->family : chance_of(c, 50) ? 4 : 6;
	w->transport = 6;
	w->load = &load;
	w->has_number = true;
	w->number = chance_of(c, 90) ? (__u32)chance_next(c) : -chance_below(c, message.len);
	set(w, M_SADDR, make_address(c, w->family));
	set(w, M_DADDR, make_address(c, w->family));
	set(w, M_SPORT, chance_between(c, 1024, 65535));
	set(w, M_DPORT, chance_pick(c, ((__u16[]) { 443, 80, 22, 53 })));
	if (chance_of(c, 75))
		begin(c, fc, p, d, w);
	count = cut_up(c, segments);
	while (count < SEGMENTS - 1 && chance_of(c, 45))
		count = spoil(c, segments, count);
	if (chance_of(c, 40))
		shuffle(c, segments, count);
	for (int i = 0; i < count; i++)
		send_segment(c, fc, p, d, w, &segments[i]);
}
