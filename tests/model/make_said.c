// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* Messages of TLS, HTTP, SSH and QUIC that say what rules ask for, or nearly. */
#include <string.h>

#include "fuzz.h"

static void put_marked(struct draft *d, wide value, __u32 size)
{
	draft_mark(d, d->len, size);
	draft_put(d, value, size);
}

static void put_string(struct draft *d, const char *text)
{
	for (; *text; text++)
		draft_put(d, (__u8)*text, 1);
}

/* A length that is filled in when what it speaks of is there. */
static __u32 begin_part(struct draft *d, __u32 size)
{
	put_marked(d, 0, size);
	return d->len;
}

static void end_part(struct draft *d, __u32 at, __u32 size)
{
	draft_set(d, at - size, d->len - at, size);
}

static void put_name(struct chance *c, struct draft *d, const struct wish *w)
{
	static const char *const odd[] = { "x.", "www.", "a.b.", "no-", ".", "user@", "" };
	int form = w->name.family;
	const char *name = m_names[form ? (__u32)w->name.low : chance_below(c, M_NAMES)];

	if (chance_of(c, 3))
		return;
	if (form == 2 || chance_of(c, 20))
		put_string(d, chance_pick(c, odd));
	for (; *name; name++)
		draft_put(d, (__u8)*name ^ (chance_of(c, 10) && *name >= 'a' ? 32U : 0), 1);
	if (chance_of(c, 10))
		put_string(d, chance_of(c, 50) ? "." : "..");
	for (int i = chance_of(c, 2) ? (int)chance_between(c, 1, 300) : 0; i > 0; i--)
		draft_put(d, chance_of(c, 90) ? 'y' : '.', 1);
}

static void put_text(struct chance *c, struct draft *d, const struct wish *w, enum m_text_kind kind)
{
	const struct m_range *r = &w->text[kind];
	bool is_wished = w->has_text[kind];
	const char *text = m_texts[is_wished ? (__u32)r->low : chance_below(c, M_TEXTS)];
	int around = is_wished ? r->family : 0;

	if ((around & M_ANY_BEFORE) || chance_of(c, 15))
		put_string(d, chance_of(c, 50) ? "x" : "/");
	for (; *text; text++)
		draft_put(d, (__u8)*text ^ (chance_of(c, 4) && *text >= 'a' ? 32U : 0), 1);
	if ((around & M_ANY_BEHIND) || chance_of(c, 15))
		put_string(d, chance_of(c, 50) ? "y" : "?q=1");
}

/* --- TLS --- */

static void put_extension(struct chance *c, struct draft *d, const struct wish *w, __u32 type)
{
	__u32 extension, list, entry;

	put_marked(d, type, 2);
	extension = begin_part(d, 2);
	if (type == 0) {
		list = begin_part(d, 2);
		put_marked(d, 0, 1);
		entry = begin_part(d, 2);
		put_name(c, d, w);
		end_part(d, entry, 2);
		end_part(d, list, 2);
	} else if (type == 16) {
		list = begin_part(d, 2);
		for (__u32 i = chance_below(c, 4); i <= 3; i++) {
			entry = begin_part(d, 1);
			if (chance_of(c, 4))
				put_string(d, "dot");
			else
				put_text(c, d, w, M_TEXT_ALPN);
			end_part(d, entry, 1);
		}
		end_part(d, list, 2);
	} else if (type == 43) {
		list = begin_part(d, 1);
		for (__u32 i = chance_below(c, 3); i <= 3; i++)
			draft_put(d, chance_of(c, 85) ? 0x300 + chance_below(c, 5) : 0x0a0a, 2);
		end_part(d, list, 1);
	} else {
		draft_random(d, c, chance_below(c, 40));
	}
	end_part(d, extension, 2);
}

static void put_extensions(struct chance *c, struct draft *d, const struct wish *w)
{
	static const __u16 types[] = { 0, 16, 43, 0xfe0d, 10, 0x0a0a, 51 };
	__u32 all = begin_part(d, 2);

	if (w->name.family || chance_of(c, 60))
		put_extension(c, d, w, 0);
	if (w->has_text[M_TEXT_ALPN] || chance_of(c, 40))
		put_extension(c, d, w, 16);
	if (chance_of(c, 40))
		put_extension(c, d, w, 43);
	while (chance_of(c, 30))
		put_extension(c, d, w, chance_pick(c, types));
	end_part(d, all, 2);
}

static void put_hello(struct chance *c, struct draft *d, const struct wish *w)
{
	__u32 message, part;

	draft_put(d, 1, 1);
	message = begin_part(d, 3);
	put_marked(d, w->has[M_TLS_OFFERS] ? w->value[M_TLS_OFFERS] : 0x300 + chance_below(c, 5),
		   2);
	draft_random(d, c, 32);
	part = begin_part(d, 1);
	draft_random(d, c, chance_of(c, 50) ? 32 : chance_below(c, 34));
	end_part(d, part, 1);
	part = begin_part(d, 2);
	draft_random(d, c, 2 * chance_between(c, 1, 10));
	end_part(d, part, 2);
	part = begin_part(d, 1);
	draft_put(d, 0, 1);
	end_part(d, part, 1);
	if (chance_of(c, 95))
		put_extensions(c, d, w);
	end_part(d, message, 3);
}

/* One record, or several. */
static void put_records(struct chance *c, struct draft *d, const struct draft *hello)
{
	__u32 at = 0, size;

	while (at < hello->len) {
		size = hello->len - at;
		if (chance_of(c, 15))
			size = chance_between(c, 1, size);
		put_marked(d, chance_of(c, 99) ? 22 : 21, 1);
		put_marked(d, 0x301, 2);
		put_marked(d, size, 2);
		draft_append(d, hello, at, size);
		at += size;
	}
	/* What comes behind it. */
	if (chance_of(c, 10))
		draft_random(d, c, chance_between(c, 1, 30));
}

/* --- HTTP --- */

static void put_line_end(struct chance *c, struct draft *d)
{
	put_string(d, chance_of(c, 90) ? "\r\n" : "\n");
}

static void put_host(struct chance *c, struct draft *d, const struct wish *w)
{
	static const char *const ports[] = { "", "", "", ":80", ":" };

	if (chance_of(c, 4))
		put_string(d, "[2001:db8::1]");
	else
		put_name(c, d, w);
	put_string(d, chance_pick(c, ports));
}

static void put_target(struct chance *c, struct draft *d, const struct wish *w)
{
	__u32 kind = chance_below(c, 20);

	if (kind == 0 || kind == 1) {
		put_string(d, kind ? "http://" : "HTTPS://");
		put_host(c, d, w);
	} else if (kind == 2) {
		put_host(c, d, w);
		return;
	} else if (kind == 3) {
		put_string(d, "*");
		return;
	}
	if (chance_of(c, 8))
		put_string(d, chance_of(c, 50) ? "/dns-query" : "/dns-query?dns=AAAB");
	else if (w->has_text[M_TEXT_PATH] || chance_of(c, 30))
		put_text(c, d, w, M_TEXT_PATH);
	else
		put_string(d, "/");
}

static void put_fields(struct chance *c, struct draft *d, const struct wish *w)
{
	static const char *const agents[] = { "User-Agent:", "user-agent: ", "USER-AGENT:\t " };
	static const char *const hosts[] = { "Host: ", "host:", "HOST: \t" };

	while (chance_of(c, 80)) {
		if (chance_of(c, 45)) {
			put_string(d, chance_pick(c, hosts));
			put_host(c, d, w);
		} else if (chance_of(c, 60)) {
			put_string(d, chance_pick(c, agents));
			put_text(c, d, w, M_TEXT_AGENT);
		} else {
			put_string(d, chance_of(c, 50) ? "Accept: */*" : "Hostess: x");
		}
		put_string(d, chance_of(c, 10) ? " \t" : "");
		put_line_end(c, d);
	}
}

static void put_request(struct chance *c, struct draft *d, const struct wish *w)
{
	static const char *const methods[] = { "GET", "POST", "CONNECT", "M-SEARCH", "get", "PU" };

	while (chance_of(c, 5))
		put_line_end(c, d);
	if (w->has_text[M_TEXT_METHOD])
		put_text(c, d, w, M_TEXT_METHOD);
	else
		put_string(d, chance_pick(c, methods));
	put_string(d, chance_of(c, 97) ? " " : "  ");
	put_target(c, d, w);
	put_string(d, chance_of(c, 97) ? " HTTP/1.1" : " HTTP/2.0");
	put_line_end(c, d);
	put_fields(c, d, w);
	put_line_end(c, d);
	if (chance_of(c, 10))
		draft_random(d, c, chance_below(c, 40));
}

/* --- lines, QUIC --- */

static void put_ssh(struct chance *c, struct draft *d, const struct wish *w)
{
	put_string(d, chance_of(c, 97) ? "SSH-2.0" : "SSH-");
	put_string(d, chance_of(c, 97) ? "-" : "");
	put_text(c, d, w, M_TEXT_SOFTWARE);
	if (chance_of(c, 20))
		put_string(d, " Debian-5");
	for (int i = chance_of(c, 4) ? (int)chance_between(c, 200, 280) : 0; i > 0; i--)
		draft_put(d, 'x', 1);
	put_line_end(c, d);
	if (chance_of(c, 10))
		draft_random(d, c, chance_below(c, 40));
}

static void put_quic(struct chance *c, struct draft *d, const struct wish *w)
{
	static const __u32 versions[] = { 1, 1, 1, 0x6b3343cf, 0xff00001d, 0x1a2a3a4a, 0, 2 };
	__u32 first = 0xc0 | chance_below(c, 64);
	__u32 version =
		w->has[M_QUIC_SPEAKS] ? (__u32)w->value[M_QUIC_SPEAKS] : chance_pick(c, versions);

	if (w->has[M_QUIC_KIND]) {
		first = 0xc0 | ((__u32)w->value[M_QUIC_KIND] & 3) << 4;
		version = w->value[M_QUIC_KIND] == SL_QUIC_NEGOTIATION ? 0 : version;
	}
	put_marked(d, first, 1);
	draft_put(d, version, 4);
	for (int i = 0; i < 2; i++) {
		__u32 size = chance_of(c, 70) ? 8 : chance_below(c, 23);

		put_marked(d, size, 1);
		draft_random(d, c, size);
	}
	if (version)
		draft_random(d, c, chance_below(c, 60));
	else
		draft_random(d, c, 4 * chance_below(c, 5));
}

static void clear(struct draft *d)
{
	d->len = d->ip4_at = d->ip6_at = 0;
	d->marks = 0;
}

/* What a client of the application says. */
static void put_message(struct chance *c, struct draft *d, const struct wish *w, int app)
{
	static struct draft hello;

	clear(d);
	switch (app) {
	case SL_APP_TLS:
		clear(&hello);
		put_hello(c, &hello, w);
		if (chance_of(c, 10))
			mutate(c, &hello);
		put_records(c, d, &hello);
		break;
	case SL_APP_HTTP:
		put_request(c, d, w);
		break;
	case SL_APP_SSH:
		put_ssh(c, d, w);
		break;
	default:
		put_quic(c, d, w);
	}
	if (chance_of(c, 10))
		mutate(c, d);
	if (chance_of(c, 8))
		d->len = chance_below(c, d->len + 1);
}

void make_said(struct chance *c, struct draft *d, const struct wish *w)
{
	int app = w->has[M_APPLICATION] ? (int)w->value[M_APPLICATION] : 0;

	if (app < SL_APP_TLS || app > SL_APP_SSH)
		app = (int)chance_between(c, SL_APP_TLS, SL_APP_SSH);
	put_message(c, d, w, app);
}

void load_said(struct chance *c, struct wish *w)
{
	static const __u16 ports[] = { 443, 80, 22, 8080, 53, 853 };
	static const __u8 flags[] = { 24, 24, 24, 24, 16, 17, 20, 2, 18, 0 };
	static struct draft load;
	int app = w->has[M_APPLICATION] ? (int)w->value[M_APPLICATION] : 0;

	if (app < SL_APP_TLS || app > SL_APP_QUIC)
		app = (int)chance_between(c, SL_APP_TLS, SL_APP_QUIC);
	put_message(c, &load, w, app);
	w->transport = app == SL_APP_QUIC && chance_of(c, 95) ? 17 : 6;
	w->load = &load;
	/* Another connection than those before. */
	w->has[M_SPORT] = true;
	w->value[M_SPORT] = chance_between(c, 1024, 65535);
	if (!w->has[M_DPORT]) {
		w->has[M_DPORT] = true;
		w->value[M_DPORT] = chance_pick(c, ports);
	}
	if (!w->has[M_FLAGS]) {
		w->has[M_FLAGS] = true;
		w->value[M_FLAGS] = chance_pick(c, flags);
	}
}

/* The message of a datagram, as it is sent over TCP. */
void load_over_tcp(struct chance *c, struct wish *w, struct draft *d)
{
	w->transport = 6;
	memmove(d->bytes + 2, d->bytes, d->len);
	draft_set(d, 0, chance_of(c, 95) ? d->len : chance_below(c, 300), 2);
	d->len += 2;
	for (int i = 0; i < d->marks; i++)
		d->mark[i].at += 2;
	draft_mark(d, 0, 2);
	if (chance_of(c, 10))
		draft_random(d, c, chance_between(c, 1, 30));
	w->has[M_SPORT] = true;
	w->value[M_SPORT] = chance_between(c, 1024, 65535);
	if (!w->has[M_FLAGS]) {
		w->has[M_FLAGS] = true;
		w->value[M_FLAGS] = chance_of(c, 90) ? 24 : 17;
	}
}
