// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* docs/packets.md, "Messages", of lines and of QUIC: RFC 9112, RFC 4253, RFC 9000. */
#include <string.h>
#include <strings.h>

#include "said.h"

/* Bytes from a place to another one. */
struct span {
	const __u8 *at, *end;
};

static __u32 length_of(struct span s)
{
	return (__u32)(s.end - s.at);
}

/* Up to the first of that byte, or all of it. */
static struct span up_to(struct span s, __u8 byte)
{
	const __u8 *found = length_of(s) ? memchr(s.at, byte, length_of(s)) : NULL;

	return (struct span) { s.at, found ? found : s.end };
}

static bool is_blank(__u8 byte)
{
	return byte == ' ' || byte == '\t';
}

static struct span trimmed(struct span s)
{
	while (s.at < s.end && is_blank(*s.at))
		s.at++;
	while (s.at < s.end && is_blank(s.end[-1]))
		s.end--;
	return s;
}

/* The line that s begins with, and *s behind it. False: it does not end. */
static bool take_line(struct span *s, struct span *line)
{
	*line = up_to(*s, '\n');
	if (line->end == s->end)
		return false;
	s->at = line->end + 1;
	if (line->at < line->end && line->end[-1] == '\r')
		line->end--;
	return true;
}

static bool begins(struct span s, const char *text)
{
	return length_of(s) >= strlen(text) && !strncasecmp((const char *)s.at, text, strlen(text));
}

static void note_host(struct m_facts *f, struct span host)
{
	if (!length_of(host) || *host.at != '[')
		host = up_to(host, ':');
	m_name_of(f, host.at, length_of(host));
}

static void note_target(struct m_facts *f, struct span target)
{
	struct span authority = target, path = target, user;
	bool is_uri = begins(target, "http://") || begins(target, "https://");

	if (is_uri)
		authority.at += begins(target, "http://") ? 7 : 8;
	/* The scheme alone is none. */
	if (is_uri && !length_of(authority))
		is_uri = false, authority = target;
	if (is_uri || (*target.at != '/' && *target.at != '*')) {
		authority = up_to(up_to(authority, '/'), '?');
		if (is_uri)
			path.at = authority.end;
		user = up_to(authority, '@');
		if (user.end < authority.end)
			authority.at = user.end + 1;
		note_host(f, authority);
	}
	m_text_of(f, M_TEXT_PATH, path.at, length_of(path));
}

static void note_field(struct m_facts *f, struct span line)
{
	if (begins(line, "host:") && !f->name.is_there) {
		line.at += 5;
		note_host(f, trimmed(line));
	} else if (begins(line, "user-agent:") && !f->text[M_TEXT_AGENT].is_there) {
		line.at += 11;
		line = trimmed(line);
		m_text_of(f, M_TEXT_AGENT, line.at, length_of(line));
	}
}

static bool is_of_method(__u8 byte)
{
	return (byte >= 'A' && byte <= 'Z') || byte == '-' || byte == '_';
}

/* The method that the rest of the first line stands behind. */
static enum m_reading take_method(struct span *s, struct span *method)
{
	method->at = s->at;
	while (s->at < s->end && s->at - method->at <= 20 && is_of_method(*s->at))
		s->at++;
	method->end = s->at;
	if (s->at == s->end)
		return M_MORE;
	return *s->at == ' ' && length_of(*method) >= 3 && length_of(*method) <= 20 ? M_WHOLE
										    : M_NOT;
}

static bool take_target(struct span line, struct span *target)
{
	*target = trimmed((struct span) { line.at, line.end });
	target->end = line.end;
	if (length_of(*target) < 10 || memcmp(line.end - 9, " HTTP/1.", 8) || line.end[-1] < '0' ||
	    line.end[-1] > '9')
		return false;
	target->end -= 9;
	*target = trimmed(*target);
	return length_of(*target);
}

enum m_reading m_read_http(struct m_facts *f, const __u8 *m, __u32 length)
{
	struct span s = { m, m + length }, method, line, target;
	enum m_reading how;

	while (s.at < s.end && s.at - m < 8 && (*s.at == '\r' || *s.at == '\n'))
		s.at++;
	how = take_method(&s, &method);
	if (how != M_WHOLE)
		return how;
	if (!take_line(&s, &line))
		return M_MORE;
	if (!take_target(line, &target))
		return M_NOT;
	m_fact(f, M_APPLICATION, SL_APP_HTTP);
	m_text_of(f, M_TEXT_METHOD, method.at, length_of(method));
	note_target(f, target);
	while (take_line(&s, &line)) {
		if (!length_of(line))
			return M_WHOLE;
		note_field(f, line);
	}
	return M_MORE;
}

enum m_reading m_read_ssh(struct m_facts *f, const __u8 *m, __u32 length)
{
	struct span all = { m, m + (length < 255 ? length : 255) }, line = up_to(all, '\n');
	struct span software;

	if (length < 4 || memcmp(m, "SSH-", 4))
		return M_NOT;
	m_fact(f, M_APPLICATION, SL_APP_SSH);
	if (line.end == all.end)
		return length < 255 ? M_MORE : M_BROKEN;
	software = up_to((struct span) { line.at + 4, line.end }, '-');
	if (software.end == line.end)
		return M_BROKEN;
	software = (struct span) { software.end + 1, line.end };
	software = up_to(up_to(software, ' '), '\r');
	m_text_of(f, M_TEXT_SOFTWARE, software.at, length_of(software));
	return M_WHOLE;
}

bool m_read_quic(struct m_facts *f, const __u8 *m, __u32 length)
{
	static const int kinds[] = { SL_QUIC_INITIAL, SL_QUIC_ZERO_RTT, SL_QUIC_HANDSHAKE,
				     SL_QUIC_RETRY };
	__u32 version, at = 5;
	int kind;

	if (length < 7 || !(m[0] & 0x80))
		return false;
	version = (__u32)m[1] << 24 | (__u32)m[2] << 16 | (__u32)m[3] << 8 | m[4];
	if (version && !(m[0] & 0x40))
		return false;
	if (version && version != 1 && version != 0x6b3343cf && version >> 8 != 0xff0000 &&
	    (version & 0x0f0f0f0f) != 0x0a0a0a0a)
		return false;
	for (int ids = 0; ids < 2; ids++) {
		if (at >= length || m[at] > 20)
			return false;
		at += 1 + m[at];
	}
	if (at > length || (!version && (at == length || (length - at) % 4)))
		return false;
	/* RFC 9369, 3.2: version 2 has them in another order. */
	kind = kinds[version == 0x6b3343cf ? ((m[0] >> 4) + 3) & 3 : m[0] >> 4 & 3];
	m_fact(f, M_APPLICATION, SL_APP_QUIC);
	m_fact(f, M_QUIC_SPEAKS, version);
	m_fact(f, M_QUIC_KIND, (wide)(version ? kind : SL_QUIC_NEGOTIATION));
	return true;
}
