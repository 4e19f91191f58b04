// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* docs/packets.md, "Messages", of TLS; RFC 8446, 4.1.2 and 5.1, RFC 6066, RFC 7301. */
#include <string.h>

#include "said.h"

#define RECORD_MAX 16384

/* A part of the message; nothing is read past its end. */
struct part {
	const __u8 *at, *end;
};

static __u32 left(const struct part *p)
{
	return (__u32)(p->end - p->at);
}

static __u32 take(struct part *p, __u32 size)
{
	__u32 value = 0;

	while (size--)
		value = value << 8 | *p->at++;
	return value;
}

/* What stands behind a length of so many bytes. False: it is not there whole. */
static bool take_part(struct part *p, __u32 size, struct part *part)
{
	__u32 length;

	if (left(p) < size)
		return false;
	length = take(p, size);
	if (left(p) < length)
		return false;
	*part = (struct part) { p->at, p->at + length };
	p->at += length;
	return true;
}

static bool is_record(const __u8 *m)
{
	__u32 length = (__u32)m[3] << 8 | m[4];

	return m[0] == 22 && m[1] == 3 && m[2] <= 4 && length && length <= RECORD_MAX;
}

static void read_name(struct m_facts *f, struct part p)
{
	struct part list, name;

	if (left(&p) < 5 || !take_part(&p, 2, &list) || left(&p) || take(&list, 1) ||
	    !take_part(&list, 2, &name))
		return;
	m_name_of(f, name.at, left(&name));
}

static void read_alpn(struct m_facts *f, struct part p)
{
	struct part list;

	if (take_part(&p, 2, &list) && !left(&p))
		m_text_of(f, M_TEXT_ALPN, list.at, left(&list));
}

static void read_versions(struct m_facts *f, struct part p)
{
	struct part list;
	__u32 highest = 0;

	if (!take_part(&p, 1, &list) || left(&p))
		return;
	while (left(&list) >= 2) {
		__u32 version = take(&list, 2);

		if (version >> 8 == 3 && version > highest)
			highest = version;
	}
	if (highest)
		m_fact(f, M_TLS_OFFERS, highest);
}

static bool read_extensions(struct m_facts *f, struct part p)
{
	bool seen[65536] = {};
	struct part extension;

	while (left(&p)) {
		__u32 type;

		if (left(&p) < 2)
			return false;
		type = take(&p, 2);
		if (!take_part(&p, 2, &extension))
			return false;
		if (seen[type])
			continue;
		seen[type] = true;
		if (type == 0)
			read_name(f, extension);
		else if (type == 16)
			read_alpn(f, extension);
		else if (type == 43)
			read_versions(f, extension);
		else if (type == 0xfe0d)
			f->hides = true;
	}
	return true;
}

static bool read_hello(struct m_facts *f, struct part p)
{
	struct part session, ciphers, compression, extensions;
	__u32 version;

	if (left(&p) < 34)
		return false;
	version = take(&p, 2);
	p.at += 32;
	if (version >> 8 != 3 || !take_part(&p, 1, &session) || left(&session) > 32 ||
	    !take_part(&p, 2, &ciphers) || !left(&ciphers) || left(&ciphers) % 2 ||
	    !take_part(&p, 1, &compression) || !left(&compression))
		return false;
	m_fact(f, M_TLS_OFFERS, version);
	if (!left(&p))
		return true;
	return take_part(&p, 2, &extensions) && !left(&p) && read_extensions(f, extensions);
}

enum m_reading m_read_tls(struct m_facts *f, const __u8 *m, __u32 length)
{
	static const __u8 begin[] = { 22, 3 };
	static __u8 joined[65536];
	__u32 have = 0, need = 4, at = 0;

	if (memcmp(m, begin, length < 2 ? length : 2))
		return M_NOT;
	if (length < 6)
		return M_MORE;
	if (!is_record(m) || m[5] != 1)
		return M_NOT;
	m_fact(f, M_APPLICATION, SL_APP_TLS);
	while (at < length && have < need) {
		__u32 size;

		if (length - at < 5)
			break;
		if (!is_record(m + at))
			return M_BROKEN;
		size = (__u32)m[at + 3] << 8 | m[at + 4];
		at += 5;
		if (size > length - at)
			size = length - at;
		memcpy(joined + have, m + at, size);
		have += size;
		at += size;
		if (have >= 4)
			need = 4 + ((__u32)joined[1] << 16 | (__u32)joined[2] << 8 | joined[3]);
	}
	if (need > 4 + RECORD_MAX)
		return M_BROKEN;
	if (have < need || have < 4)
		return M_MORE;
	return read_hello(f, (struct part) { joined + 4, joined + need }) ? M_WHOLE : M_BROKEN;
}
