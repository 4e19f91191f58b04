// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* docs/packets.md, "Messages": what a stream begins with, and texts that rules compare. */
#include <string.h>
#include <strings.h>

#include "said.h"

const char *const m_texts[M_TEXTS] = {
	"GET",	 "POST", "h2",	      "http/1.1", "dot",      "/",	     "/admin", "/dns-query",
	"nikto", "curl", "OpenSSH_9", "libssh",	  "dropbear", "Mozilla/5.0", "a",      "",
};

void m_fact(struct m_facts *f, enum m_field field, wide value)
{
	f->has[field] = true;
	f->value[field] = value;
}

void m_name_of(struct m_facts *f, const __u8 *text, __u32 length)
{
	struct m_name *name = &f->name;
	__u32 from = 0;

	name->is_there = true;
	name->count = 0;
	if (length && text[length - 1] == '.')
		length--;
	if (!length || length > 253)
		return;
	for (__u32 i = 0; i <= length; i++) {
		if (i < length && text[i] != '.')
			continue;
		if (i == from || i - from > 63) {
			name->count = 0;
			return;
		}
		name->label[name->count].size = (__u8)(i - from);
		memcpy(name->label[name->count++].bytes, text + from, i - from);
		from = i + 1;
	}
}

void m_text_of(struct m_facts *f, enum m_text_kind kind, const __u8 *text, __u32 length)
{
	f->text[kind] = (struct m_text) { true, text, length };
}

void m_forget_message(struct m_facts *f)
{
	for (int field = M_QTYPE; field <= M_QUIC_KIND; field++)
		f->has[field] = false;
	f->name.is_there = f->hides = f->goes_on = false;
	memset(f->text, 0, sizeof(f->text));
}

enum m_reading m_read_stream(struct m_facts *f, const __u8 *m, __u32 length, bool is_port)
{
	enum m_reading how = m_read_tls(f, m, length);

	if (how == M_NOT)
		how = m_read_dns_stream(f, m, length, is_port);
	if (how == M_NOT)
		how = m_read_ssh(f, m, length);
	if (how == M_NOT)
		how = m_read_http(f, m, length);
	if (how != M_WHOLE)
		m_forget_message(f);
	return how;
}

/* What the message says that hides others. */
void m_blind_message(struct m_facts *f)
{
	const struct m_text *path = &f->text[M_TEXT_PATH], *alpn = &f->text[M_TEXT_ALPN];

	if (f->has[M_QUIC_KIND])
		m_blind(f, SL_REASON_QUIC);
	if (path->is_there && path->length >= 10 && !memcmp(path->bytes, "/dns-query", 10) &&
	    (path->length == 10 || path->bytes[10] == '?'))
		m_blind(f, SL_REASON_DOH);
	for (__u32 i = 0; alpn->is_there && i < alpn->length; i += 1 + alpn->bytes[i]) {
		if (i + 4 <= alpn->length && !memcmp(alpn->bytes + i, "\3dot", 4))
			m_blind(f, SL_REASON_DOT);
	}
	if (f->hides)
		m_blind(f, SL_REASON_ECH);
}

static bool is_at(const __u8 *bytes, const char *text, __u32 length, bool nocase)
{
	return nocase ? !strncasecmp((const char *)bytes, text, length)
		      : !memcmp(bytes, text, length);
}

static bool is_text(const struct m_match *m, const __u8 *bytes, __u32 length, bool nocase)
{
	for (int i = 0; i < m->count; i++) {
		const char *text = m_texts[(int)m->range[i].low];
		__u32 size = (__u32)strlen(text);

		for (__u32 from = 0; from + size <= length; from++) {
			if ((from && !(m->range[i].family & M_ANY_BEFORE)) ||
			    (from + size < length && !(m->range[i].family & M_ANY_BEHIND)))
				continue;
			if (is_at(bytes + from, text, size, nocase))
				return true;
		}
	}
	return false;
}

bool m_says(const struct m_match *m, const struct m_text *text, enum m_text_kind kind)
{
	if (kind != M_TEXT_ALPN)
		return is_text(m, text->bytes, text->length,
			       kind == M_TEXT_AGENT || kind == M_TEXT_SOFTWARE);
	for (__u32 i = 0; i < text->length; i += 1 + text->bytes[i]) {
		if (i + 1 + text->bytes[i] > text->length)
			return false;
		if (is_text(m, text->bytes + i + 1, text->bytes[i], false))
			return true;
	}
	return false;
}
