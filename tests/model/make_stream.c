// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* What a side of a connection sends, one thing behind the other, and which segments it is cut into. */
#include <string.h>

#include "make_stream.h"

static struct draft piece;

static void put_text(struct draft *d, const char *text)
{
	for (; *text; text++)
		draft_put(d, (__u8)*text, 1);
}

static void clear(struct draft *d)
{
	d->len = d->ip4_at = d->ip6_at = 0;
	d->marks = 0;
}

/* No message, or the beginning of one that does not end. */
static void put_else(struct chance *c, struct draft *d)
{
	static const char *const texts[] = { "220 mail.example ESMTP\r\n",
					     "HTTP/1.1 200 OK\r\n\r\n", "\x17\x03\x03", "x",
					     "GET / HTTP/9\r\n" };

	if (chance_of(c, 60))
		put_text(d, chance_pick(c, texts));
	else if (chance_of(c, 80))
		draft_random(d, c, chance_between(c, 1, 60));
	else
		put_text(d, "GET /");
	for (__u32 i = chance_of(c, 6) ? chance_between(c, 300, 18000) : 0; i > 0; i--)
		draft_put(d, 'a', 1);
}

static void put_message(struct chance *c, struct draft *d, const struct wish *w, int app)
{
	struct wish of = *w;

	clear(&piece);
	if (app == SL_APP_DNS) {
		make_dns(c, &piece, w);
		draft_put(d, chance_of(c, 95) ? piece.len : chance_below(c, 300), 2);
	} else {
		of.has[M_APPLICATION] = true;
		of.value[M_APPLICATION] = (wide)app;
		make_said(c, &piece, &of);
	}
	draft_append(d, &piece, 0, piece.len);
}

static int other_app(struct chance *c)
{
	static const int apps[] = { SL_APP_TLS, SL_APP_TLS, SL_APP_HTTP, SL_APP_SSH, SL_APP_DNS };

	return chance_pick(c, apps);
}

void make_stream(struct chance *c, struct stream *s, const struct wish *w, int app, bool is_server)
{
	int count = chance_of(c, 35) ? 1 : (int)chance_between(c, 2, STREAM_PIECES);

	clear(&s->bytes);
	s->pieces = 0;
	while (s->pieces < count) {
		if (chance_of(c, is_server && app != SL_APP_SSH ? 70 : 15))
			put_else(c, &s->bytes);
		else
			put_message(c, &s->bytes, w, chance_of(c, 90) ? app : other_app(c));
		s->end[s->pieces++] = s->bytes.len;
	}
}

/* Mostly where the pieces end, as their senders do, or anywhere. */
static __u32 next_size(struct chance *c, const struct stream *s, __u32 at)
{
	__u32 rest = s->bytes.len - at, most = rest < 2500 ? rest : 2500;

	for (int i = 0; i < s->pieces; i++) {
		__u32 in_piece = s->end[i] - at;

		if (s->end[i] <= at || in_piece > most)
			continue;
		if (chance_of(c, 50))
			return in_piece;
		return chance_of(c, 60) ? chance_between(c, 1, in_piece) : most;
	}
	return chance_of(c, 70) ? most : chance_between(c, 1, most);
}

int cut_stream(struct chance *c, const struct stream *s, struct segment *segments, int room)
{
	__u32 at = 0;
	int count = 0;

	while (at < s->bytes.len && count < room) {
		__u32 size = next_size(c, s, at);

		segments[count++] = (struct segment) { .at = at, .from = at, .size = size };
		at += size;
	}
	return count;
}

/* As somebody would who hides something: where it is not, or not what it was. */
static void move(struct chance *c, struct segment *s)
{
	static const __u32 far[] = { 16375,	 16376,	   (16U << 20) - 1, 16U << 20,
				     0x3fffffff, 1U << 30, 0x7fffffff,	    1U << 31 };

	if (chance_of(c, 50)) {
		s->at = chance_pick(c, far);
		return;
	}
	/* Some of it, or all, is before the first byte. */
	s->before = chance_between(c, 1, 9);
	s->at -= s->before;
	if (chance_of(c, 30))
		s->at -= s->size;
}

void spoil_segment(struct chance *c, const struct stream *s, struct segment *segment)
{
	__u32 rest = s->bytes.len - segment->from - segment->size;

	switch (chance_below(c, 5)) {
	case 0:
		move(c, segment);
		break;
	case 1: /* all of it up to there */
		segment->size += segment->from < 2500 ? segment->from : 0;
		segment->at -= segment->from < 2500 ? segment->from : 0;
		segment->from -= segment->from < 2500 ? segment->from : 0;
		break;
	case 2: /* goes on into the next one */
		segment->size += chance_below(c, (rest < 1000 ? rest : 1000) + 1);
		break;
	case 3: /* part of it */
		segment->from += chance_below(c, segment->size);
		segment->size -= segment->from - segment->at;
		segment->at = segment->from;
		break;
	default:
		break;
	}
	segment->other = chance_of(c, 30);
}
