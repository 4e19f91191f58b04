// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* docs/rules.md, "Applications", of datagrams; RFC 1035, 4.1. */
#include <string.h>

#include "said.h"

void m_blind(struct m_facts *f, enum sl_reason reason)
{
	if (!f->blind)
		f->blind = reason;
}

static bool on_port(const struct m_facts *f, __u32 port)
{
	return f->value[M_SPORT] == port || f->value[M_DPORT] == port;
}

static bool is_class(__u32 class)
{
	class &= 0x7fff;
	return class == 1 || class == 3 || class == 4 || class == 254 || class == 255;
}

/* Where the name ends, 0: it does not, or is none. */
static __u32 read_name(const __u8 *m, __u32 at, __u32 end, struct m_name *name)
{
	__u32 begin = at;

	name->count = 0;
	while (at < end && m[at]) {
		__u8 size = m[at];

		if (size > 63 || at + 1 + size >= end || at + 1 + size + 1 - begin > 255)
			return 0;
		name->label[name->count].size = size;
		memcpy(name->label[name->count++].bytes, m + at + 1, size);
		at += 1 + size;
	}
	return at < end ? at + 1 : 0;
}

static __u32 word(const __u8 *m, __u32 at)
{
	return (__u32)m[at] << 8 | m[at + 1];
}

/* More may follow than the message has room for, which is 11 bytes at least for each. */
static bool has_records(const __u8 *m, __u32 length)
{
	__u32 records = (word(m, 6) + word(m, 8) + word(m, 10)) & 0xffffffff;

	return records && records <= (length - 12) / 11;
}

static bool read_dns(struct m_facts *f, const __u8 *m, __u32 length, bool is_port)
{
	__u32 questions, at;

	if (length < 12)
		return false;
	questions = word(m, 4);
	if (questions != 1 && !is_port)
		return false;
	if (questions) {
		at = read_name(m, 12, length, &f->name);
		if (!at || at + 4 > length || !is_class(word(m, at + 2)))
			return false;
		f->name.is_there = true;
		m_fact(f, M_QTYPE, word(m, at));
	} else if (!has_records(m, length)) {
		return false;
	}
	m_fact(f, M_RESPONSE, m[2] >> 7);
	m_fact(f, M_OPCODE, m[2] >> 3 & 15);
	m_fact(f, M_RCODE, m[3] & 15);
	m_fact(f, M_APPLICATION, SL_APP_DNS);
	return true;
}

/* As far as the first question goes, which is 271 bytes at most, it must be there. */
enum m_reading m_read_dns_stream(struct m_facts *f, const __u8 *m, __u32 length, bool is_port)
{
	enum m_reading lacks = is_port ? M_MORE : M_NOT;
	__u32 size;

	if (length < 14)
		return lacks;
	size = word(m, 0);
	if (size < 12 || (!is_port && word(m, 6) != 1))
		return M_NOT;
	if (length - 2 < (size < 271 ? size : 271))
		return lacks;
	if (!read_dns(f, m + 2, size, is_port)) {
		m_forget_message(f);
		return M_NOT;
	}
	f->goes_on = length - 2 > size;
	return M_WHOLE;
}

void m_look_at_message(struct m_state *state, struct m_facts *f, bool streams, struct m_flow *flow,
		       struct m_flow *made)
{
	bool is_port = on_port(f, 53) || on_port(f, 5353) || on_port(f, 5355);
	const __u8 *m = f->came + f->payload_at;

	if (f->reason)
		return;
	if (f->has[M_FRAGMENT] && f->value[M_FRAGMENT] == SL_FRAG_LATER) {
		m_blind(f, SL_REASON_LATER_FRAGMENT);
		return;
	}
	if (f->transport != 17 && f->transport != 6)
		return;
	if (f->payload_length && on_port(f, 853))
		m_blind(f, SL_REASON_DOT);
	if (f->transport == 6) {
		if (streams)
			m_look_at_stream(state, f, flow, made);
	} else if (!f->payload_length) {
		return;
	} else if ((is_port || !m_read_quic(f, m, f->payload_length)) &&
		   !read_dns(f, m, f->payload_length, is_port) && is_port) {
		m_blind(f, SL_REASON_BAD_DNS);
	}
	m_blind_message(f);
}
