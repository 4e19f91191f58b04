// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* Packets by chance: well formed, of all kinds, and with marks where it is worth to lie. */
#include <string.h>

#include "fuzz.h"

/* A field that decides how the rest is read. */
static void put_marked(struct draft *d, wide value, __u32 size)
{
	draft_mark(d, d->len, size);
	draft_put(d, value, size);
}

static wide wished(const struct wish *w, enum m_field field, wide otherwise)
{
	return w->has[field] ? w->value[field] : otherwise;
}

/* Sizes that common headers and mistakes have. */
static __u32 some_size(struct chance *c)
{
	__u32 kind = chance_below(c, 100);

	if (kind < 30)
		return chance_below(c, 8);
	if (kind < 85)
		return chance_below(c, 64);
	if (kind < 96)
		return chance_below(c, 1500);
	if (kind < 99)
		return chance_below(c, 9000);
	return chance_below(c, 65536);
}

static void put_tcp(struct chance *c, const struct wish *w, struct draft *d)
{
	static const __u8 options[][12] = {
		{ 2, 4, 5, 0xb4 },
		{ 1, 1, 1, 1 },
		{ 2, 4, 5, 0xb4, 1, 1, 4, 2, 1, 3, 3, 7 },
		{ 0xfe, 0, 0, 0, 2, 0, 2, 40 },
	};
	static const __u8 flags[] = { 2, 18, 16, 24, 17, 4, 0, 255 };
	__u32 size = chance_of(c, 60)	? 0
		     : chance_of(c, 70) ? 4 * chance_between(c, 1, 3)
					: 4 * chance_below(c, 11);
	__u32 which = chance_below(c, 4);

	put_marked(d, wished(w, M_SPORT, make_port(c)), 2);
	put_marked(d, wished(w, M_DPORT, make_port(c)), 2);
	draft_put(d, w->has_number ? w->number : (__u32)chance_next(c), 4);
	draft_random(d, c, 4);
	put_marked(d, (5 + size / 4) << 4 | chance_below(c, 16), 1);
	put_marked(d, wished(w, M_FLAGS, chance_pick(c, flags)), 1);
	draft_put(d, wished(w, M_WINDOW, chance_next(c) & 0xffff), 2);
	draft_random(d, c, 4);
	for (__u32 i = 0; i < size; i++)
		put_marked(d, size <= 12 ? options[which][i] : chance_below(c, 256), 1);
	if (size >= 4 && size <= 12 && which % 2 == 0 && w->has[M_MSS])
		draft_set(d, d->len - size + 2, w->value[M_MSS], 2);
}

/* What looks like a packet of its own: IP in IP, a frame in a tunnel, headers where data belongs. */
static void put_inner(struct chance *c, struct draft *d)
{
	static const __u8 four[] = { 0x45, 0, 0,  40, 0, 1, 0,	0,  64, 6,
				     0,	   0, 10, 77, 0, 1, 10, 77, 0,	2 };

	if (chance_of(c, 30))
		draft_put(d, (wide)0x0800000000000100ULL, 8); /* VXLAN */
	if (chance_of(c, 30)) {
		draft_random(d, c, 12);
		draft_put(d, 0x0800, 2);
	}
	for (__u32 i = 0; i < sizeof(four); i++)
		draft_put(d, four[i], 1);
	draft_put(d, make_port(c), 2);
	draft_put(d, make_port(c), 2);
	draft_put(d, 0, 8);
	draft_put(d, 0x5002ffff00000000ULL, 8);
}

static void put_payload(struct chance *c, const struct wish *w, struct draft *d, __u32 size)
{
	__u32 end = d->len + size;

	if (w->load) {
		draft_append(d, w->load, 0, w->load->len);
		return;
	}
	if (size >= 64 && chance_of(c, 40))
		put_inner(c, d);
	while (d->len < end)
		draft_random(d, c, end - d->len < 512 ? end - d->len : 512);
}

static void put_transport(struct chance *c, const struct wish *w, struct draft *d, int proto,
			  int family)
{
	__u32 size = some_size(c);

	if (w->has[M_PAYLOAD_LENGTH] && w->value[M_PAYLOAD_LENGTH] < 65000)
		size = (__u32)w->value[M_PAYLOAD_LENGTH];
	if (w->has[M_UDP_SAYS] && w->value[M_UDP_SAYS] >= 8)
		size = ((__u32)w->value[M_UDP_SAYS] & 0xffff) - 8;
	if (w->load)
		size = w->load->len;
	switch (proto) {
	case 6:
		put_tcp(c, w, d);
		break;
	case 17:
		put_marked(d, wished(w, M_SPORT, make_port(c)), 2);
		put_marked(d, wished(w, M_DPORT, make_port(c)), 2);
		if (size + 8 > 65535)
			size = 65527;
		put_marked(d, chance_of(c, 80) ? size + 8 : chance_below(c, size + 12), 2);
		draft_put(d, 0, 2);
		put_payload(c, w, d, size);
		return;
	case 132:
		put_marked(d, wished(w, M_SPORT, make_port(c)), 2);
		put_marked(d, wished(w, M_DPORT, make_port(c)), 2);
		draft_random(d, c, 8);
		break;
	case 1:
	case 58:
		put_marked(
			d,
			wished(w, M_TYPE,
			       chance_of(c, 50) ? (family == 4 ? 8 : 128) : chance_below(c, 256)),
			1);
		put_marked(d, wished(w, M_CODE, chance_below(c, 5)), 1);
		draft_random(d, c, 2);
		draft_put(d, w->has_echo ? w->echo : chance_next(c) & 0xffff, 2);
		draft_random(d, c, 2);
		break;
	default:
		break;
	}
	put_payload(c, w, d, size);
}

/* An extension header, of which the next header is not known yet: returns where it is. */
static __u32 put_extension(struct chance *c, struct draft *d, int kind)
{
	__u32 at = d->len, size = 8;

	if (chance_of(c, 20))
		size = 8 * chance_between(c, 1, 4);
	if (chance_of(c, 2))
		size = 8 * chance_between(c, 1, 256);
	if (kind == 51)
		size = 8 + 4 * chance_below(c, 6);
	put_marked(d, 59, 1);
	if (kind == 44) {
		draft_put(d, chance_of(c, 90) ? 0 : chance_below(c, 256), 1);
		put_marked(d,
			   chance_of(c, 90) ? 0
					    : chance_pick(c, ((__u16[]) { 6, 1, 8, 9, 0xfff9 })),
			   2);
		draft_put(d, chance_below(c, 4), 4);
		return at;
	}
	put_marked(d, kind == 51 ? size / 4 - 2 : size / 8 - 1, 1);
	if (kind == 0 && chance_of(c, 20)) {
		/* A jumbo payload option (RFC 2675), true or not. */
		draft_put(d, 0xc204, 2);
		put_marked(d, chance_of(c, 50) ? 65536 : chance_below(c, 100000), 4);
	}
	if (d->len < at + size)
		draft_random(d, c, at + size - d->len);
	return at;
}

/* The chain that some packets have: mostly none. Links each header to the next one. */
static void put_chain(struct chance *c, struct draft *d, bool is_head, __u8 *first, __u32 *link)
{
	static const __u8 head_kinds[] = { 0, 43, 60, 60, 43 };
	static const __u8 body_kinds[] = { 60, 51, 60, 135, 139, 140, 43, 44, 0 };
	__u32 count = chance_of(c, 60) ? 0 : chance_between(c, 1, 3);

	if (chance_of(c, 4))
		count = chance_between(c, 13, 18);
	for (__u32 i = 0; i < count; i++) {
		__u8 kind = is_head ? chance_pick(c, head_kinds) : chance_pick(c, body_kinds);

		/* The rare mistakes: hop-by-hop that is not first, a second fragment header. */
		if ((kind == 0 && (i || !is_head)) || kind == 44)
			kind = chance_of(c, 12) ? kind : 60;
		if (*link == ~0U)
			*first = kind;
		else
			draft_set(d, *link, kind, 1);
		*link = put_extension(c, d, kind);
	}
}

static void plan_tags(struct chance *c, const struct wish *w, struct plan *p)
{
	static const int counts[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
				      0, 1, 1, 1, 1, 2, 2, 2, 3, 4, 4, 5 };
	static const __u16 ids[] = { 0, 1, 5, 7, 100, 199, 256, 4094, 4095 };

	p->tags = (int)wished(w, M_TAGS, (wide)chance_pick(c, counts));
	if (!w->has[M_TAGS] && (w->has[M_VLAN] || w->has[M_PCP]) && !p->tags)
		p->tags = 1;
	if (!w->has[M_TAGS] && (w->has[M_CVLAN] || w->has[M_CPCP]) && p->tags < 2)
		p->tags = 2;
	if (p->tags > 6 || p->tags < 0)
		p->tags = 5;
	for (int i = 0; i < p->tags; i++) {
		wide id = chance_pick(c, ids), pcp = chance_below(c, 8);

		if (i < 2) {
			id = wished(w, i ? M_CVLAN : M_VLAN, id);
			pcp = wished(w, i ? M_CPCP : M_PCP, pcp);
		}
		p->tpid[i] = chance_of(c, 70) ? 0x8100 : 0x88a8;
		p->tci[i] = (__u16)((id & 0xfff) | chance_below(c, 2) << 12 | (pcp & 7) << 13);
	}
}

static void plan_macs(struct chance *c, const struct wish *w, struct plan *p)
{
	p->smac = wished(w, M_SMAC, 0x020000000000 | chance_below(c, 4));
	p->dmac = wished(w, M_DMAC, chance_of(c, 10) ? 0xffffffffffff : chance_next(c) >> 16);
}

static void plan_options(struct chance *c, struct plan *p)
{
	__u8 *o = p->options;
	__u32 n = 0, size;

	if (chance_of(c, 75))
		return;
	size = chance_of(c, 10) ? 40 : 4 * chance_between(c, 1, 6);
	while (n < size) {
		__u32 room = size - n, kind = chance_below(c, 10);

		if (kind < 3 || room < 2) {
			o[n++] = kind == 0 && chance_of(c, 40) ? 0 : 1;
		} else if (kind < 9) {
			__u32 length = chance_between(c, 2, room);

			o[n] = 0x44;
			o[n + 1] = (__u8)length;
			for (__u32 i = 2; i < length; i++)
				o[n + i] = (__u8)chance_next(c);
			n += length;
		} else {
			/* Too short, just too long, or anything. */
			o[n] = 7;
			o[n + 1] = (__u8)chance_pick(c, ((__u32[]) { 0, 1, room, room + 1, 255 }));
			n += 2;
		}
	}
	if (chance_of(c, 5))
		o[size - 1] = 0x83;
	p->options_size = size;
}

static int pick_proto(struct chance *c, const struct wish *w, int family)
{
	static const int four[] = { 6, 6, 6, 17, 17, 17, 1, 1, 132, 47, 50, 4, 41, 58, 0, 44, 255 };
	static const int six[] = { 6, 6, 6, 17, 17, 17, 58, 58, 132, 59, 50, 41, 1, 253, 255 };

	if (w->transport)
		return w->transport;
	if (w->has[M_PROTO])
		return (int)w->value[M_PROTO] & 255;
	if (w->has[M_SPORT] || w->has[M_DPORT])
		return chance_pick(c, ((int[]) { 6, 17, 132 }));
	return family == 4 ? chance_pick(c, four) : chance_pick(c, six);
}

void plan_make(struct chance *c, const struct wish *w, struct plan *p)
{
	__u32 link = ~0U;
	int proto;

	/* Only what is read without being written first: drafts are large. */
	p->tags = 0;
	p->options_size = 0;
	p->head.len = p->body.len = 0;
	p->head.marks = p->body.marks = 0;
	plan_tags(c, w, p);
	plan_macs(c, w, p);
	p->family = w->family ? w->family : chance_of(c, 50) ? 4 : 6;
	if (w->has[M_ETHERTYPE] && !w->family)
		p->family = w->value[M_ETHERTYPE] == 0x86dd ? 6 : 4;
	p->saddr = wished(w, M_SADDR, make_address(c, p->family));
	p->daddr = wished(w, M_DADDR, make_address(c, p->family));
	p->tos = (__u8)(wished(w, M_DSCP, chance_of(c, 50) ? 0 : chance_below(c, 64)) << 2 |
			chance_below(c, 4));
	p->ttl = (__u8)wished(w, M_TTL, chance_of(c, 50) ? 64 : chance_below(c, 256));
	p->id = chance_of(c, 60) ? chance_below(c, 3) : (__u32)chance_next(c);
	p->df = chance_of(c, 30);
	if (p->family == 4) {
		plan_options(c, p);
	} else {
		put_chain(c, &p->head, true, &p->head_next, &link);
		p->head_link = link;
	}
	proto = pick_proto(c, w, p->family);
	p->body_next = (__u8)proto;
	link = ~0U;
	if (p->family == 6) {
		put_chain(c, &p->body, false, &p->body_next, &link);
		if (link != ~0U)
			draft_set(&p->body, link, (wide)proto, 1);
	}
	put_transport(c, w, &p->body, proto, p->family);
	/* A length that a rule asks for. */
	if (w->has[M_PACKET_LENGTH] || w->has[M_LENGTH]) {
		wide wanted = w->has[M_PACKET_LENGTH] ? w->value[M_PACKET_LENGTH]
						      : w->value[M_LENGTH] - 14 - (wide)p->tags * 4;
		wide headers = p->family == 4 ? 20 + p->options_size
					      : p->head.len + (w->has[M_PACKET_LENGTH] ? 0 : 40);

		if (wanted >= headers && wanted - headers < 65000) {
			if (wanted - headers > p->body.len)
				draft_random(&p->body, c, (__u32)(wanted - headers) - p->body.len);
			p->body.len = (__u32)(wanted - headers);
		}
	}
	/* The packet ends early, and all lengths know it. */
	if (!w->is_whole && chance_of(c, 12))
		p->body.len = chance_below(c, p->body.len < 40 ? p->body.len + 1 : 40);
	if (p->body.len > 65535 - p->head.len - 60)
		p->body.len = 65535 - p->head.len - 60;
}

static void emit_link(struct chance *c, const struct plan *p, struct draft *d)
{
	draft_put(d, p->dmac, 6);
	draft_put(d, p->smac, 6);
	for (int i = 0; i < p->tags; i++) {
		put_marked(d, p->tpid[i], 2);
		put_marked(d, p->tci[i], 2);
	}
	put_marked(d, p->family == 4 ? 0x0800 : 0x86dd, 2);
}

static void emit_ip4(const struct plan *p, const struct cutting *cut, struct draft *d)
{
	__u32 header = 20 + p->options_size;
	__u32 word = (__u32)p->df << 14;

	if (cut->is_fragment)
		word |= cut->from / 8 | (__u32)cut->more << 13;
	d->ip4_at = d->len;
	put_marked(d, 0x40 | header / 4, 1);
	draft_put(d, p->tos, 1);
	put_marked(d, header + cut->size, 2);
	draft_put(d, p->id, 2);
	put_marked(d, word, 2);
	draft_put(d, p->ttl, 1);
	put_marked(d, p->body_next, 1);
	draft_put(d, 0, 2);
	draft_put(d, p->saddr, 4);
	draft_put(d, p->daddr, 4);
	for (__u32 i = 0; i < p->options_size; i++)
		put_marked(d, p->options[i], 1);
}

static void emit_ip6(const struct plan *p, const struct cutting *cut, struct draft *d)
{
	__u8 next = cut->is_fragment ? 44 : p->body_next;
	__u32 head_at;

	d->ip6_at = d->len;
	put_marked(d, 6U << 28 | (__u32)p->tos << 20 | (p->id & 0xfffff), 4);
	put_marked(d, p->head.len + (cut->is_fragment ? 8 : 0) + cut->size, 2);
	put_marked(d, p->head.len ? p->head_next : next, 1);
	draft_put(d, p->ttl, 1);
	draft_put(d, p->saddr, 16);
	draft_put(d, p->daddr, 16);
	head_at = d->len;
	draft_append(d, &p->head, 0, p->head.len);
	if (p->head.len)
		draft_set(d, head_at + p->head_link, next, 1);
	if (cut->is_fragment) {
		put_marked(d, p->body_next, 1);
		draft_put(d, 0, 1);
		put_marked(d, (cut->from & 0xfff8) | cut->more, 2);
		draft_put(d, p->id, 4);
	}
}

void plan_emit(struct chance *c, const struct plan *p, const struct cutting *cut, struct draft *d)
{
	d->len = d->ip4_at = d->ip6_at = 0;
	d->marks = 0;
	emit_link(c, p, d);
	if (p->family == 4)
		emit_ip4(p, cut, d);
	else
		emit_ip6(p, cut, d);
	/* A fragment may say that it is from where the body has no bytes. */
	if (cut->from + cut->size <= p->body.len)
		draft_append(d, &p->body, cut->from, cut->size);
	else
		draft_random(d, c, cut->size);
}

static void put_arp(struct chance *c, struct draft *d)
{
	put_marked(d, 1, 2);
	put_marked(d, 0x0800, 2);
	put_marked(d, 6, 1);
	put_marked(d, 4, 1);
	put_marked(d, chance_between(c, 1, 2), 2);
	draft_random(d, c, 20);
}

void make_other(struct chance *c, const struct wish *w, struct draft *d)
{
	static const __u16 types[] = { 0x0806, 0x0806, 0x0806, 0x0000, 0x0026, 0x05dc, 0x05dd,
				       0x05ff, 0x0600, 0x8847, 0x8864, 0x88cc, 0x9100, 0x0008,
				       0x9200, 0x88e7, 0x0801, 0x86dc, 0x0800, 0x86dd };
	wide type = wished(w, M_ETHERTYPE, chance_pick(c, types));
	struct plan p = {};

	d->len = d->ip4_at = d->ip6_at = 0;
	d->marks = 0;
	plan_tags(c, w, &p);
	plan_macs(c, w, &p);
	emit_link(c, &p, d);
	draft_set(d, d->len - 2, type, 2);
	if (type == 0x0806)
		put_arp(c, d);
	else
		draft_random(d, c, chance_below(c, 80));
}

/* About as long as the length field can say, and longer: a true length of 0, in options or nowhere. */
void make_jumbo(struct chance *c, struct draft *d)
{
	__u32 rest = chance_of(c, 60) ? chance_between(c, 65528, 65545)
				      : chance_between(c, 65528, 70000);

	d->len = d->ip4_at = d->ip6_at = 0;
	d->marks = 0;
	draft_random(d, c, 12);
	draft_put(d, 0x86dd, 2);
	draft_put(d, 6U << 28, 4);
	put_marked(d, chance_of(c, 70) ? 0 : rest, 2);
	put_marked(d, chance_of(c, 80) ? 0 : 60, 1);
	draft_put(d, 64, 1);
	draft_put(d, make_address(c, 6), 16);
	draft_put(d, make_address(c, 6), 16);
	draft_put(d, chance_of(c, 50) ? 6 : 17, 1);
	draft_put(d, 0, 1);
	draft_put(d, chance_of(c, 80) ? 0xc204 : 0x0104, 2);
	put_marked(d, rest + (chance_of(c, 30) ? chance_below(c, 3) - 1 : 0), 4);
	put_payload(c, &(struct wish) {}, d, rest - 8);
}
