// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* docs/packets.md, "Answers": RFC 9293, 3.10.7; RFC 792; RFC 4443; RFC 1035 and RFC 6891. */
#include <string.h>

#include "model.h"

#define FIN 1
#define SYN 2
#define RST 4
#define ACK 16

static void add(struct m_answer *a, wide value, __u32 size)
{
	for (__u32 i = size; i-- > 0; value >>= 8)
		a->bytes[a->len + i] = (__u8)value;
	a->len += size;
}

static __u32 get(const struct m_facts *f, __u32 at, __u32 size)
{
	__u32 value = 0;

	while (size--)
		value = value << 8 | f->bytes[at++];
	return value;
}

static bool is_odd_four(wide addr)
{
	return !(addr >> 24) || addr >> 28 >= 14;
}

/* Nobody, everybody, or a group: who answers such a packet is used against others. */
static bool has_odd_ends(const struct m_facts *f)
{
	wide from = f->value[M_SADDR], to = f->value[M_DADDR];

	if (f->bytes[0] & 1 || f->bytes[6] & 1)
		return true;
	if (f->family == 4)
		return is_odd_four(from) || is_odd_four(to);
	return !from || from >> 120 == 0xff || to >> 120 == 0xff;
}

static bool is_query(const struct m_facts *f)
{
	int type = (int)f->value[M_TYPE];

	return f->family == 6 ? type >= 128 : type == 8 || type == 13 || type == 15 || type == 17;
}

static bool is_reset(const struct m_rule *rule, const struct m_facts *f)
{
	return rule->reject == SL_REJECT_TCP_RESET ||
	       (rule->reject == SL_REJECT_AUTO && f->value[M_PROTO] == 6);
}

static bool is_silent(const struct m_rule *rule, const struct m_facts *f)
{
	bool is_piece = f->value[M_FRAGMENT] != SL_FRAG_NONE;

	if (!f->transport_at || f->value[M_FRAGMENT] == SL_FRAG_LATER || has_odd_ends(f))
		return true;
	if (f->transport == 6 && (int)f->value[M_FLAGS] & RST)
		return true;
	if ((f->transport == 1 || f->transport == 58) && !is_query(f))
		return true;
	if (rule->reject >= SL_REJECT_NXDOMAIN)
		return is_piece;
	return is_reset(rule, f) && (f->transport != 6 || is_piece);
}

/* What is behind the header has so many bytes. */
static void add_ip_to(struct m_answer *a, const struct m_facts *f, enum m_told to, int proto,
		      __u32 size, __u8 tos)
{
	wide from = f->value[to == M_SENDER ? M_DADDR : M_SADDR];
	wide who = f->value[to == M_SENDER ? M_SADDR : M_DADDR];

	if (f->family == 4) {
		add(a, 0x45U << 8 | tos, 2);
		add(a, 20 + size, 2);
		add(a, 0x4000, 4); /* do not fragment */
		add(a, 64U << 8 | (__u32)proto, 2);
		add(a, 0, 2);
		add(a, from, 4);
		add(a, who, 4);
		return;
	}
	add(a, 0x60000000, 4);
	add(a, size, 2);
	add(a, (__u32)proto << 8 | 64, 2);
	add(a, from, 16);
	add(a, who, 16);
}

static void add_ip(struct m_answer *a, const struct m_facts *f, int proto, __u32 size, __u8 tos)
{
	add_ip_to(a, f, M_SENDER, proto, size, tos);
}

/* In place of the segment, to who was to get it. */
static void add_onward_reset(struct m_answer *a, const struct m_facts *f)
{
	int ack = (int)f->value[M_FLAGS] & ACK;

	add_ip_to(a, f, M_RECEIVER, 6, 20, 0);
	add(a, f->value[M_SPORT], 2);
	add(a, f->value[M_DPORT], 2);
	add(a, get(f, f->transport_at + 4, 4), 4);
	add(a, ack ? get(f, f->transport_at + 8, 4) : 0, 4);
	add(a, (wide)(0x5000 | RST | ack), 2);
	add(a, 0, 6);
	a->sum_at = a->len - 4;
}

static void add_reset(struct m_answer *a, const struct m_facts *f)
{
	int flags = (int)f->value[M_FLAGS];
	__u32 next = get(f, f->transport_at + 4, 4) + f->payload_length + !!(flags & SYN) +
		     !!(flags & FIN);

	add_ip(a, f, 6, 20, 0);
	add(a, f->value[M_DPORT], 2);
	add(a, f->value[M_SPORT], 2);
	add(a, flags & ACK ? get(f, f->transport_at + 8, 4) : 0, 4);
	add(a, flags & ACK ? 0 : next, 4);
	add(a, 0x5000 | RST | (flags & ACK ? 0 : ACK), 2);
	add(a, 0, 6);
	a->sum_at = a->len - 4;
}

static __u32 icmp_kind(int family, int reject)
{
	switch (reject) {
	case SL_REJECT_NET:
		return family == 6 ? 0x0100 : 0x0300;
	case SL_REJECT_HOST:
		return family == 6 ? 0x0103 : 0x0301;
	case SL_REJECT_ADMIN:
		return family == 6 ? 0x0101 : 0x030d;
	default:
		return family == 6 ? 0x0104 : 0x0303;
	}
}

/* With as much of the packet as fits, and so much that it says whose it was. */
static enum sl_reason add_icmp(struct m_answer *a, const struct m_facts *f, int reject, __u32 room)
{
	__u32 head = f->family == 4 ? 28 : 48, most = f->family == 4 ? 576 : 1280;
	__u32 quote = f->packet_end - f->network_at;

	if (most > room)
		most = room;
	if (most < head)
		return SL_REASON_REJECT_ROOM;
	if (quote > most - head)
		quote = (most - head) / 4 * 4;
	if (quote < f->transport_at + 8 - f->network_at)
		return SL_REASON_REJECT_ROOM;
	add_ip(a, f, f->family == 4 ? 1 : 58, 8 + quote, f->family == 4 ? 0xc0 : 0);
	a->sum_at = a->len + 2;
	add(a, icmp_kind(f->family, reject), 2);
	add(a, 0, 6);
	a->quote_at = a->len;
	for (__u32 i = 0; i < quote; i++)
		add(a, f->bytes[f->network_at + i], 1);
	return SL_REASON_NONE;
}

static bool has_record(const struct m_rule *rule, __u32 type, __u32 class)
{
	bool six = rule->reject == SL_REJECT_AAAA;

	class &= 0x7fff;
	return (six || rule->reject == SL_REJECT_A) && (type == (six ? 28 : 1) || type == 255) &&
	       (class == 1 || class == 255);
}

/* The message to a query whose first question ends at end. */
static void add_message(struct m_answer *a, const struct m_facts *f, const struct m_rule *rule,
			__u32 end)
{
	__u32 q = f->payload_at, code = rule->reject == SL_REJECT_NXDOMAIN  ? 3
					: rule->reject == SL_REJECT_REFUSED ? 5
									    : 0;
	bool has_opt = !get(f, q + 6, 4) && get(f, q + 10, 2) && end + 11 <= f->body_end &&
		       !get(f, end, 1) && get(f, end + 1, 2) == 41;
	__u32 version = has_opt ? get(f, end + 6, 1) : 0;
	bool six = rule->reject == SL_REJECT_AAAA;
	bool has = !version && has_record(rule, get(f, end - 4, 2), get(f, end - 2, 2));

	add(a, get(f, q, 2), 2);
	add(a, 0x8080 | (get(f, q + 2, 2) & 0x7910) | (version ? 0 : code), 2);
	add(a, 1, 2);
	add(a, has, 2);
	add(a, 0, 2);
	add(a, has_opt, 2);
	for (__u32 at = q + 12; at < end; at++)
		add(a, f->bytes[at], 1);
	if (has) {
		add(a, 0xc00c0000U | (six ? 28 : 1), 4);
		add(a, 1, 2);
		add(a, 60, 4);
		add(a, six ? 16 : 4, 2);
		add(a, rule->address, six ? 16 : 4);
	}
	if (has_opt) {
		add(a, 41, 3);
		add(a, 1232, 2);
		add(a, version != 0, 1);
		add(a, 0, 1);
		add(a, get(f, end + 7, 1) & 0x80, 1);
		add(a, 0, 3);
	}
}

/* Of a name that was read before. */
static __u32 question_end(const struct m_facts *f)
{
	__u32 at = f->payload_at + 12 + 1 + 4;

	for (int i = 0; i < f->name.count; i++)
		at += f->name.label[i].size + 1U;
	return at;
}

static void add_reply(struct m_answer *a, const struct m_facts *f, const struct m_rule *rule)
{
	struct m_answer message = {};

	add_message(&message, f, rule, question_end(f));
	add_ip(a, f, 17, 8 + message.len, 0);
	add(a, f->value[M_DPORT], 2);
	add(a, f->value[M_SPORT], 2);
	add(a, 8 + message.len, 2);
	add(a, 0, 2);
	a->sum_at = a->len - 2;
	for (__u32 i = 0; i < message.len; i++)
		add(a, message.bytes[i], 1);
}

static enum sl_reason make(const struct m_rule *rule, const struct m_facts *f, __u32 room,
			   struct m_answer *a)
{
	enum sl_reason reason = SL_REASON_NONE;

	if (is_silent(rule, f) || (rule->reject >= SL_REJECT_NXDOMAIN && !f->has[M_QTYPE]))
		return SL_REASON_REJECT_SILENT;
	if (rule->reject >= SL_REJECT_NXDOMAIN)
		add_reply(a, f, rule);
	else if (is_reset(rule, f))
		add_reset(a, f);
	else
		reason = add_icmp(a, f, rule->reject, room);
	return a->len > room ? SL_REASON_REJECT_ROOM : reason;
}

void m_carry_out(const struct m_conf *conf, enum sl_dir dir, const struct m_facts *f,
		 const struct m_way *way, struct m_result *r, struct m_answer a[M_TOLD])
{
	const struct m_rule *rule;
	enum sl_reason reason = SL_REASON_NONE;

	for (int i = 0; i < M_TOLD; i++)
		a[i].len = a[i].quote_at = 0;
	if (r->verdict != SL_REJECT && r->verdict != SL_REDIRECT)
		return;
	rule = &conf->chain[dir].rule[r->rule];
	if (r->verdict == SL_REJECT)
		reason = r->reason ? SL_REASON_REJECT_SILENT
				   : make(rule, f, way->room, &a[M_SENDER]);
	else if (!rule->is_there)
		reason = SL_REASON_REDIRECT_PORT;
	if (r->verdict == SL_REJECT && !reason && m_resets_both(rule)) {
		add_onward_reset(&a[M_RECEIVER], f);
		reason = way->is_refused ? SL_REASON_REJECT_UNSENT : SL_REASON_NONE;
	}
	if (!reason)
		return;
	if (!r->undone)
		r->undone = reason;
	r->verdict = m_drops(conf, reason) ? SL_DROP : SL_ACCEPT;
}

static __u64 sum(const __u8 *bytes, __u32 from, __u32 to)
{
	__u64 all = 0;

	for (__u32 i = from; i < to; i++)
		all += (__u64)bytes[i] << ((i - from) % 2 ? 0 : 8);
	return all;
}

bool m_answer_is(const struct m_answer *a, const struct m_facts *f, const __u8 *got, __u32 header,
		 __u32 transport)
{
	bool four = f->family == 4;
	__u32 head = four ? 20 : 40;
	__u64 all = sum(got, head, a->len);

	for (__u32 i = 0; i < a->len; i++) {
		__u32 came = i - a->quote_at + f->network_at;

		if (i - a->sum_at < 2 || (four && i - 10 < 2))
			continue;
		/* Where rules have set bytes, sums in what is quoted are as right as they were. */
		if (a->quote_at && i >= a->quote_at &&
		    ((header && came - header < 2) || (transport && came - transport < 2)))
			continue;
		if (got[i] != a->bytes[i])
			return false;
	}
	if (four && sum(got, 0, 20) % 0xffff)
		return false;
	/* ICMP has no pseudo header, UDP no sum of 0. */
	if (!(four && got[9] == 1))
		all += sum(got, four ? 12 : 8, head) + got[four ? 9 : 6] + a->len - head;
	return !(all % 0xffff) && (got[four ? 9 : 6] != 17 || got[a->sum_at] || got[a->sum_at + 1]);
}
