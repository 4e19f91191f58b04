// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* Names and bytes anywhere, as docs/rules.md has them. */
#include <ctype.h>

#include "fuzz.h"

static void put_name(FILE *to, const struct m_range *r, struct chance *c)
{
	static const char *const forms[] = { "", "", "*.", "." };
	const char *name = m_names[(int)r->low];
	/* What begins with a digit, and one label, stand in quotes. */
	bool quotes = isdigit(name[0]) || r->low == 4 || chance_of(c, 40);

	fprintf(to, "%s%s", quotes ? "\"" : "", forms[r->family]);
	for (; *name; name++)
		fputc(chance_of(c, 10) ? toupper(*name) : *name, to);
	fputs(quotes && chance_of(c, 30) ? "." : "", to);
	fputs(quotes ? "\"" : "", to);
}

static void put_text(FILE *to, const struct m_range *r, struct chance *c)
{
	const char *text = m_texts[(int)r->low];

	(void)c;
	if (!*text)
		fputs("\"*\"", to);
	else
		fprintf(to, "\"%s%s%s\"", r->family & M_ANY_BEFORE ? "*" : "", text,
			r->family & M_ANY_BEHIND ? "*" : "");
}

static void put_byte(FILE *to, unsigned int byte, struct chance *c)
{
	if (isalnum((int)byte) && chance_of(c, 80))
		fputc((int)byte, to);
	else if ((byte == '\\' || byte == '|') && chance_of(c, 50))
		fprintf(to, "\\%c", (char)byte);
	else if (chance_of(c, 50))
		fprintf(to, "\\x%02x", byte);
	else
		fprintf(to, "|%02x|", byte);
}

static void put_bytes(FILE *to, const struct m_range *r, struct chance *c)
{
	fputc('"', to);
	for (int times = 0; times < (int)r->high; times++) {
		for (int i = r->family - 1; i >= 0; i--)
			put_byte(to, (unsigned int)(r->low >> 8 * i) & 255, c);
	}
	fputc('"', to);
}

static void put_list(FILE *to, const struct m_match *m, struct chance *c,
		     void (*put)(FILE *to, const struct m_range *r, struct chance *c))
{
	bool braces = m->count != 1 || chance_of(c, 30);

	fputs(m->negate ? "!= " : chance_of(c, 30) ? "== " : "", to);
	fputs(braces ? "{ " : "", to);
	for (int i = 0; i < m->count; i++) {
		fputs(i ? ", " : "", to);
		put(to, &m->range[i], c);
	}
	fputs(braces ? " }" : "", to);
}

bool text_special(FILE *to, const struct m_match *m)
{
	static const char *const texts[] = { "tls alpn ", "http method ", "http path ",
					     "http user-agent ", "ssh software " };
	struct chance c = { (__u64)m->style };

	switch (m->selector) {
	case M_DNS_KIND:
		fputs((m->range[0].low != 0) != m->negate ? "dns response" : "dns query", to);
		return true;
	case M_DNS_QNAME:
	case M_TLS_SNI:
	case M_HTTP_HOST:
		fputs(m->selector == M_DNS_QNAME ? "dns qname "
		      : m->selector == M_TLS_SNI ? "tls sni "
						 : "http host ",
		      to);
		put_list(to, m, &c, put_name);
		return true;
	case M_TLS_ALPN:
	case M_HTTP_METHOD:
	case M_HTTP_PATH:
	case M_HTTP_AGENT:
	case M_SSH_SOFTWARE:
		fputs(texts[m->selector - M_TLS_ALPN], to);
		put_list(to, m, &c, put_text);
		return true;
	case M_CONTAINS:
		fputs("payload contains ", to);
		put_list(to, m, &c, put_bytes);
		fputs(m->mask ? " nocase" : "", to);
		if (m->offset)
			fprintf(to, " offset %d", m->offset);
		if (m->length)
			fprintf(to, " depth %d", m->length);
		return true;
	default:
		return false;
	}
}
