// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* What packets carry that is worth to be looked into: packets, messages, bytes that rules ask for. */
#include <string.h>

#include "fuzz.h"

static struct draft loads[WISHES];

static void begin(struct draft *d)
{
	d->len = d->ip4_at = d->ip6_at = 0;
	d->marks = 0;
}

static void put_marked(struct draft *d, wide value, __u32 size)
{
	draft_mark(d, d->len, size);
	draft_put(d, value, size);
}

static wide wished(const struct wish *w, enum m_field field, wide otherwise)
{
	return w->has[field] ? w->value[field] : otherwise;
}

static void wish_port(struct chance *c, struct wish *w, wide port)
{
	enum m_field field = chance_of(c, 80) ? M_DPORT : M_SPORT;

	w->transport = 17;
	if (!w->has[field]) {
		w->has[field] = true;
		w->value[field] = port;
	}
}

/* --- tunnels --- */

static void put_geneve(struct chance *c, struct draft *d, wide type, wide id)
{
	__u32 words = chance_of(c, 60) ? 0 : chance_below(c, 6);

	put_marked(d, words | (chance_of(c, 4) ? 0x40 : 0), 1);
	draft_put(d, chance_below(c, 256), 1);
	put_marked(d, type, 2);
	draft_put(d, id << 8 | chance_below(c, 256), 4);
	draft_random(d, c, words * 4);
}

static void put_gre(struct chance *c, struct draft *d, wide type, wide id)
{
	__u32 flags = chance_below(c, 8) << 13 & 0xa000;

	flags |= chance_of(c, 30) ? 0x1000 : 0;
	flags |= chance_of(c, 70) ? 0x2000 : 0;
	flags |= chance_of(c, 3) ? 0x4000 : 0;
	flags |= chance_of(c, 3) ? 1 : 0;
	put_marked(d, flags, 2);
	put_marked(d, type, 2);
	if (flags & 0x8000)
		draft_random(d, c, 4);
	if (flags & 0x2000)
		draft_put(d, id, 4);
	if (flags & 0x1000)
		draft_random(d, c, 4);
}

static void put_gtp(struct chance *c, struct draft *d, __u32 size, wide id)
{
	__u32 flags = chance_of(c, 50) ? 0 : chance_below(c, 8), headers = 0;
	__u32 more = flags ? 4 : 0;

	if (flags & 4)
		headers = chance_of(c, 70) ? chance_below(c, 3) : chance_between(c, 7, 9);
	more += headers * 4;
	put_marked(d, 0x30 | flags, 1);
	put_marked(d, chance_of(c, 95) ? 255 : chance_below(c, 256), 1);
	put_marked(d, chance_of(c, 90) ? size + more : chance_below(c, size + more + 8), 2);
	draft_put(d, id, 4);
	if (!flags)
		return;
	draft_random(d, c, 3);
	put_marked(d, headers ? 0x85 : 0, 1);
	for (__u32 i = 0; i < headers; i++) {
		put_marked(d, 1, 1);
		draft_random(d, c, 2);
		put_marked(d, i + 1 < headers ? 0x85 : 0, 1);
	}
}

static void wish_for_kind(struct chance *c, struct wish *w, int kind, int family)
{
	switch (kind) {
	case SL_TUNNEL_VXLAN:
		wish_port(c, w, 4789);
		return;
	case SL_TUNNEL_GENEVE:
		wish_port(c, w, 6081);
		return;
	case SL_TUNNEL_GTP:
		wish_port(c, w, 2152);
		return;
	default:
		w->transport = kind == SL_TUNNEL_GRE ? 47 : family == 6 ? 41 : 4;
	}
}

/* Puts the packet into a tunnel; without its Ethernet header, whose size is link, or with it. */
static void put_in_tunnel(struct chance *c, struct draft *d, struct wish *w, int kind,
			  const struct draft *inner, __u32 link, wide ethertype)
{
	wide id = wished(w, M_TUNNEL_ID, chance_next(c) & 0xffffff);
	bool is_frame = kind == SL_TUNNEL_VXLAN ||
			((kind == SL_TUNNEL_GENEVE || kind == SL_TUNNEL_GRE) && chance_of(c, 50));
	__u32 from = is_frame || link > inner->len ? 0 : link;
	wide type = is_frame ? 0x6558 : ethertype;

	switch (kind) {
	case SL_TUNNEL_VXLAN:
		put_marked(d, chance_of(c, 95) ? 8 : chance_below(c, 256), 1);
		draft_put(d, 0, 3);
		draft_put(d, id << 8, 4);
		break;
	case SL_TUNNEL_GENEVE:
		put_geneve(c, d, type, id);
		break;
	case SL_TUNNEL_GRE:
		put_gre(c, d, type, id);
		break;
	case SL_TUNNEL_GTP:
		put_gtp(c, d, inner->len - from, id);
		break;
	default:
		break;
	}
	if (d->len + inner->len < 60000)
		draft_append(d, inner, from, inner->len - from);
}

static void load_tunnel(struct chance *c, struct wish w[WISHES], int level)
{
	static struct draft frames[WISHES];
	static struct plan plans[WISHES];
	struct draft *frame = &frames[level], *d = &loads[level];
	struct plan *p = &plans[level];
	struct wish *within = level + 1 < WISHES ? &w[level + 1] : NULL, none = {};
	struct cutting cut = {};
	int kind = (int)wished(&w[level], M_KIND_OF_TUNNEL, chance_below(c, SL_TUNNEL_MAX_));

	if (kind == SL_TUNNEL_NONE)
		return;
	if (within && chance_of(c, 45))
		load_tunnel(c, w, level + 1);
	if (chance_of(c, 6)) {
		make_other(c, within ? within : &none, frame);
		p->tags = 0;
		p->family = chance_of(c, 50) ? 4 : 6;
	} else {
		plan_make(c, within ? within : &none, p);
		cut.size = p->body.len;
		if (chance_of(c, 8))
			cut = (struct cutting) { true, chance_of(c, 50) ? 0 : 64, p->body.len & ~7U,
						 true };
		plan_emit(c, p, &cut, frame);
	}
	if (chance_of(c, 20))
		mutate(c, frame);
	wish_for_kind(c, &w[level], kind, p->family);
	begin(d);
	put_in_tunnel(c, d, &w[level], kind, frame, 14 + 4 * (__u32)p->tags,
		      p->family == 4 ? 0x0800 : 0x86dd);
	w[level].load = d;
}

/* --- messages --- */

static void put_label(struct chance *c, struct draft *d, const char *text, __u32 size)
{
	put_marked(d, size, 1);
	for (__u32 i = 0; i < size; i++)
		draft_put(d, (__u8)text[i] ^ (chance_of(c, 20) && text[i] >= 'a' ? 32U : 0), 1);
}

static void put_text(struct chance *c, struct draft *d, const char *text)
{
	while (*text) {
		__u32 size = (__u32)strcspn(text, ".");

		put_label(c, d, text, size);
		text += size + (text[size] == '.');
	}
}

static void put_question(struct chance *c, struct draft *d, const struct wish *w)
{
	static const __u16 classes[] = { 1, 1, 1, 1, 1, 1, 0x8001, 3, 4, 254, 255, 0, 2, 0x8002 };
	static const char *const odd[] = { "x", "www", "a.b", "deep.er", "no.t" };
	int form = w->name.family;

	/* Below the name that is asked for, or just not. */
	if (form == 2 || chance_of(c, 30))
		put_text(c, d, chance_pick(c, odd));
	if (chance_of(c, 5))
		put_label(c, d, chance_of(c, 50) ? "a.b" : "\xff\x00.", 3);
	if (chance_of(c, 3)) {
		for (int i = (int)chance_between(c, 1, 130); i > 0; i--)
			put_label(
				c, d,
				"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
				chance_of(c, 80) ? 1 : chance_between(c, 1, 65));
	}
	if (form || chance_of(c, 90))
		put_text(c, d, m_names[form ? (__u32)w->name.low : chance_below(c, M_NAMES)]);
	put_marked(d, chance_of(c, 96) ? 0 : 0xc0, 1);
	put_marked(d, wished(w, M_QTYPE, chance_of(c, 60) ? 1 : chance_below(c, 70)), 2);
	put_marked(d, chance_pick(c, classes), 2);
}

/* EDNS, and a count that says so. */
static void put_opt(struct chance *c, struct draft *d)
{
	if (chance_of(c, 90))
		draft_set(d, 6, 1, 6);
	put_marked(d, 41, 3);
	draft_put(d, 1232, 2);
	draft_put(d, 0, 1);
	put_marked(d, chance_of(c, 80) ? 0 : 1, 1);
	draft_put(d, chance_below(c, 2) << 15, 2);
	put_marked(d, 0, 2);
	if (chance_of(c, 30))
		draft_random(d, c, chance_below(c, 20));
}

void make_dns(struct chance *c, struct draft *d, const struct wish *w)
{
	static const __u16 counts[] = { 1, 1, 1, 1, 1, 1, 1, 1, 0, 2, 0x0100 };
	__u32 questions = chance_pick(c, counts);

	begin(d);
	draft_random(d, c, 2);
	draft_put(d,
		  wished(w, M_RESPONSE, chance_below(c, 2)) << 15 |
			  (wished(w, M_OPCODE, chance_of(c, 80) ? 0 : chance_below(c, 16)) & 15)
				  << 11 |
			  (chance_below(c, 128) << 4 & 0x7f0) |
			  (wished(w, M_RCODE, chance_below(c, 16)) & 15),
		  2);
	put_marked(d, questions, 2);
	for (int i = 0; i < 3; i++)
		put_marked(d, chance_of(c, 60) ? 0 : chance_below(c, 3), 2);
	if (questions || chance_of(c, 30))
		put_question(c, d, w);
	if (chance_of(c, 25))
		put_opt(c, d);
	else if (chance_of(c, 40))
		draft_random(d, c, chance_below(c, 60));
}

static void load_message(struct chance *c, struct wish *w)
{
	static const __u16 ports[] = { 53, 53, 53, 53, 5353, 5355, 853, 5300 };
	struct draft *d = &loads[0];

	if (chance_of(c, 80))
		wish_port(c, w, chance_pick(c, ports));
	if (chance_of(c, 10))
		return;
	w->transport = 17;
	make_dns(c, d, w);
	w->load = d;
	if (chance_of(c, 25))
		load_over_tcp(c, w, d);
}

/* --- bytes --- */

static void put_bytes(struct draft *d, const struct m_range *r)
{
	for (int times = 0; times < (int)r->high; times++)
		draft_put(d, r->low, (__u32)r->family);
}

static void load_bytes(struct chance *c, struct wish *w)
{
	static const char letters[] = "aAbB/\\|\x00\xff.";
	static const int protos[] = { 6, 17, 17, 132, 1, 47 };
	struct draft *d = &loads[0];
	__u32 length = chance_of(c, 70) ? chance_below(c, 120) : chance_below(c, 1200);

	begin(d);
	while (d->len < length || (w->bytes.family && chance_of(c, 60))) {
		__u32 kind = chance_below(c, 10);

		if (kind == 0 && w->bytes.family && d->len < 2000) {
			put_bytes(d, &w->bytes);
			/* All but its end. */
			if (chance_of(c, 20))
				d->len--;
		} else if (kind < 6) {
			draft_put(d, (__u8)letters[chance_below(c, sizeof(letters) - 1)], 1);
		} else {
			draft_random(d, c, chance_between(c, 1, 9));
		}
	}
	if (!w->transport && !w->has[M_PROTO])
		w->transport = chance_pick(c, protos);
	if (w->transport == 1)
		w->family = 4;
	w->load = d;
}

/* --- flows --- */

/* Two ends, the same in all of a case. */
struct talk {
	int family, proto;
	wide a, b;
	__u16 port_a, port_b;
};

static struct talk talk_of(__u64 seed, __u32 number)
{
	static const int protos[] = { 6, 6, 6, 17, 17, 1, 132, 47, 6 };
	struct chance c = { seed ^ number << 20 };
	struct talk t = { .family = chance_of(&c, 50) ? 4 : 6 };

	t.proto = chance_pick(&c, protos);
	if (t.proto == 1 && t.family == 6)
		t.proto = 58;
	t.a = make_address(&c, t.family);
	t.b = make_address(&c, t.family);
	t.port_a = make_port(&c);
	t.port_b = make_port(&c);
	return t;
}

static void set(struct wish *w, enum m_field field, wide value)
{
	w->has[field] = true;
	w->value[field] = value;
}

static void wish_for_talk(struct chance *c, struct wish *w, const struct talk *t, bool back)
{
	static const __u8 flags[] = { 2, 18, 16, 16, 24, 17, 4, 20, 0x42, 3, 0, 6 };

	w->family = t->family;
	w->transport = t->proto;
	set(w, M_SADDR, back ? t->b : t->a);
	set(w, M_DADDR, back ? t->a : t->b);
	if (t->proto == 1 || t->proto == 58) {
		w->has_echo = true;
		w->echo = t->port_a;
		if (chance_of(c, 15))
			set(w, M_TYPE, 13U + back);
		else
			set(w, M_TYPE, t->family == 4 ? (back ? 0 : 8) : 128U + back);
		return;
	}
	if (t->proto != 47) {
		set(w, M_SPORT, back ? t->port_b : t->port_a);
		set(w, M_DPORT, back ? t->port_a : t->port_b);
	}
	if (t->proto == 6)
		set(w, M_FLAGS, chance_pick(c, flags));
}

/* An error about a packet of the talk, which may say of it what it likes. */
static void load_error(struct chance *c, struct wish *w, const struct talk *t)
{
	static struct draft frame;
	static struct plan plan;
	struct cutting whole = {};
	struct draft *d = &loads[0];
	bool back = chance_of(c, 50);
	struct wish quoted = {};

	wish_for_talk(c, &quoted, t, back);
	set(&quoted, M_TAGS, 0);
	set(&quoted, M_PAYLOAD_LENGTH, chance_below(c, 20));
	plan_make(c, &quoted, &plan);
	whole.size = plan.body.len;
	if (chance_of(c, 10))
		whole = (struct cutting) { true, chance_of(c, 50) ? 0 : 16, whole.size & ~7U,
					   true };
	plan_emit(c, &plan, &whole, &frame);
	if (chance_of(c, 15))
		mutate(c, &frame);
	begin(d);
	if (frame.len > 14)
		draft_append(d, &frame, 14, frame.len - 14);
	w->family = t->family;
	w->transport = t->family == 4 ? 1 : 58;
	set(w, M_TYPE,
	    t->family == 4 ? chance_pick(c, ((__u8[]) { 3, 11, 4, 5, 12 }))
			   : chance_between(c, 1, 4));
	set(w, M_SADDR, make_address(c, t->family));
	set(w, M_DADDR, chance_of(c, 90) ? (back ? t->b : t->a) : make_address(c, t->family));
	w->load = d;
}

static void load_talk(struct chance *c, struct wish *w, __u64 seed)
{
	struct talk t = talk_of(seed, chance_below(c, 7));

	if (chance_of(c, 10))
		load_error(c, w, &t);
	else
		wish_for_talk(c, w, &t, chance_of(c, 45));
}

void make_load(struct chance *c, struct wish w[WISHES], int flavour, __u64 seed)
{
	switch (flavour) {
	case FLAVOUR_TUNNELS:
		if (chance_of(c, 85))
			load_tunnel(c, w, 0);
		return;
	case FLAVOUR_NAMES:
		if (w->has[M_APPLICATION] || chance_of(c, 75))
			load_message(c, w);
		return;
	case FLAVOUR_SAID:
		if (chance_of(c, 5))
			load_message(c, w);
		else if (w->has[M_APPLICATION] || chance_of(c, 75))
			load_said(c, w);
		return;
	case FLAVOUR_BYTES:
		if (w->bytes.family || chance_of(c, 70))
			load_bytes(c, w);
		return;
	case FLAVOUR_FLOWS:
		if (chance_of(c, 80))
			load_talk(c, w, seed);
		return;
	default:
		return;
	}
}
