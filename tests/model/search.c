// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* docs/rules.md, "Names" and "Bytes anywhere in the payload". */
#include <ctype.h>
#include <string.h>
#include <strings.h>

#include "model.h"

const char *const m_names[M_NAMES] = {
	"example.com",
	"www.example.com",
	"a.b.example.com",
	"example.net",
	"com",
	"xn--bcher-kva.example",
	"_dmarc.example.net",
	"0-0.arpa",
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example",
	"12345678.1234567.123456.12345.example.com",
};

/* Whether the labels from one on are those of the text. */
static bool same_from(const struct m_name *name, int from, const char *text)
{
	for (; from < name->count; from++) {
		size_t size = strcspn(text, ".");

		if (size != name->label[from].size ||
		    strncasecmp(text, (const char *)name->label[from].bytes, size))
			return false;
		text += size;
		if (!*text)
			return from + 1 == name->count;
		text++;
	}
	return false;
}

/* A name that can be written: not the root, and no dot within a label. */
static bool is_plain(const struct m_name *name)
{
	for (int i = 0; i < name->count; i++) {
		if (memchr(name->label[i].bytes, '.', name->label[i].size))
			return false;
	}
	return name->count;
}

bool m_is_named(const struct m_match *m, const struct m_facts *f)
{
	for (int i = 0; i < m->count && is_plain(&f->name); i++) {
		const struct m_range *r = &m->range[i];

		if (r->family & 1 && same_from(&f->name, 0, m_names[(int)r->low]))
			return true;
		for (int from = 1; r->family & 2 && from < f->name.count; from++) {
			if (same_from(&f->name, from, m_names[(int)r->low]))
				return true;
		}
	}
	return false;
}

static __u8 byte_of(const struct m_range *r, __u32 i)
{
	return (__u8)(r->low >> 8 * ((__u32)r->family - 1 - i % (__u32)r->family));
}

static bool is_at(const struct m_range *r, const __u8 *bytes, __u32 length, bool nocase)
{
	for (__u32 i = 0; i < length; i++) {
		__u8 a = byte_of(r, i), b = bytes[i];

		if (nocase ? (isascii(a) ? tolower(a) : a) != (isascii(b) ? tolower(b) : b)
			   : a != b)
			return false;
	}
	return true;
}

static bool is_within(const struct m_range *r, const struct m_match *m, const struct m_facts *f)
{
	__u32 length = (__u32)r->family * (__u32)r->high, from = (__u32)m->offset;
	__u32 end = f->payload_length;

	if (m->length && from + (__u32)m->length < end)
		end = from + (__u32)m->length;
	for (; from + length <= end; from++) {
		if (is_at(r, f->came + f->payload_at + from, length, m->mask))
			return true;
	}
	return false;
}

bool m_contains(const struct m_match *m, const struct m_facts *f)
{
	for (int i = 0; i < m->count; i++) {
		if (is_within(&m->range[i], m, f))
			return true;
	}
	return false;
}
