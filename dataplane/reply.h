/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * The answer to a DNS query that a rule replies to: its header, its first question as it came, a
 * record where the rule has an address of the type that is asked for, and EDNS when the query had it
 * (RFC 6891, 7). To a query for another type the answer is that there is no such record. A name that
 * is said not to exist comes without a zone's SOA, so that nobody remembers it (RFC 2308, 5).
 *
 * Never answered: what reject.h never answers, what is no query with a question, and fragments. All
 * answers, these and those of reject.h, have one token bucket.
 */

#include "dns.h"
#include "reject.h"

#define SL_REPLY_TTL  60U
#define SL_REPLY_EDNS 1232U /* bytes that fit where nothing is fragmented */

#define REPLY_OPT 11U

#define DNS_A	 1U
#define DNS_AAAA 28U
#define DNS_OPT	 41U
#define DNS_ANY	 255U
#define DNS_IN	 1U

/* What a rule's verdict says: enum sl_reject, or where that is with an address. */
static __always_inline __u32 reply_kind(__u32 arg)
{
	return arg < SL_REJECT_MAX_ ? arg : SL_AT(struct sl_reply, arg)->kind;
}

static __always_inline bool sl_is_reply(__u32 arg)
{
	return arg >= SL_REJECT_NXDOMAIN;
}

struct reply {
	__u32 arg;
	__u32 kind;
	__u32 at; /* bytes of the message so far */
	__u8 has_opt;
	__u8 version; /* of EDNS in the query */
	__u8 wants_dnssec; /* its DO bit, RFC 3225 */
	__u8 records;
};

/* An option record stands behind the question; where it does not, the answer is one without EDNS. */
static __always_inline void reply_read_opt(const struct bpf_dynptr *view,
					   const struct sl_facts *facts, const __u8 *dns,
					   struct reply *reply)
{
	__u8 opt[REPLY_OPT + 1] = {};

	if (*(const __u32 *)(dns + 6) || !*(const __u16 *)(dns + 10) ||
	    facts->end - facts->payload < reply->at + REPLY_OPT ||
	    bpf_dynptr_read(opt, REPLY_OPT, view, facts->payload + reply->at, 0) || opt[0] ||
	    opt[1] || opt[2] != DNS_OPT)
		return;
	reply->has_opt = 1;
	reply->version = opt[6];
	reply->wants_dnssec = opt[7] & 0x80;
}

static __always_inline bool reply_has_record(const struct reply *reply, __u32 type, __u32 class)
{
	__u32 ours = reply->kind == SL_REJECT_A ? DNS_A : DNS_AAAA;

	return (reply->kind == SL_REJECT_A || reply->kind == SL_REJECT_AAAA) && !reply->version &&
	       (type == ours || type == DNS_ANY) && (class == DNS_IN || class == DNS_ANY);
}

/* The address that the rule says, for the name in the question. */
static __always_inline bool reply_add_record(__u8 *dns, struct reply *reply)
{
	const struct sl_reply __arena *rule = SL_AT(struct sl_reply, reply->arg);
	bool six = reply->kind == SL_REJECT_AAAA;
	__u32 at = reply->at;

	sl_recheck(at);
	if (at > SL_DNS_LEAD)
		return false;
	put32(dns + at, 0xc00c0000U | (six ? DNS_AAAA : DNS_A)); /* points to the question */
	put32(dns + at + 4, DNS_IN << 16);
	put32(dns + at + 8, SL_REPLY_TTL << 16 | (six ? 16 : 4));
	*(__u64 *)(dns + at + 12) = rule->addr[0];
	*(__u64 *)(dns + at + 20) = rule->addr[1];
	reply->at = at + 12 + (six ? 16 : 4);
	reply->records = 1;
	return true;
}

/* Our own: what is in the query's is between it and somebody else. */
static __always_inline bool reply_add_opt(__u8 *dns, struct reply *reply)
{
	__u32 at = reply->at;

	sl_recheck(at);
	if (at > SL_DNS_LEAD + 28)
		return false;
	dns[at] = 0;
	put16(dns + at + 1, DNS_OPT);
	put16(dns + at + 3, SL_REPLY_EDNS);
	/* BADVERS is 16: the upper bits of the response code. */
	put32(dns + at + 5, (reply->version ? 1U << 24 : 0) | (__u32)reply->wants_dnssec << 8);
	put16(dns + at + 9, 0);
	reply->at = at + REPLY_OPT;
	return true;
}

static __always_inline void reply_header(__u8 *dns, const struct reply *reply)
{
	__u8 code = reply->kind == SL_REJECT_NXDOMAIN  ? 3
		    : reply->kind == SL_REJECT_REFUSED ? 5
						       : 0;

	/* Opcode, and that recursion is wanted and there; not who says so. */
	dns[2] = 0x80 | (dns[2] & 0x79);
	dns[3] = 0x80 | (dns[3] & 0x10) | (reply->version ? 0 : code);
	put16(dns + 4, 1);
	put16(dns + 6, reply->records);
	put16(dns + 8, 0);
	put16(dns + 10, reply->has_opt);
}

static __always_inline bool reply_message(const struct bpf_dynptr *view,
					  const struct sl_facts *facts, __u8 *dns,
					  struct reply *reply)
{
	__u32 lead = reply->at;

	sl_recheck(lead);
	if (lead < SL_DNS_HEADER + 5 || lead > SL_DNS_LEAD ||
	    bpf_dynptr_read(dns, lead, view, facts->payload, 0))
		return false;
	reply_read_opt(view, facts, dns, reply);
	sl_recheck(lead);
	if (lead < SL_DNS_HEADER + 5 || lead > SL_DNS_LEAD)
		return false;
	if (reply_has_record(reply, sl_get16(dns + lead - 4), sl_get16(dns + lead - 2) & 0x7fff) &&
	    !reply_add_record(dns, reply))
		return false;
	if (reply->has_opt && !reply_add_opt(dns, reply))
		return false;
	reply_header(dns, reply);
	return true;
}

/* The headers before a message of size bytes, and what sums it up. */
static __always_inline bool reply_datagram(const struct sl_facts *facts, struct sl_answer *answer,
					   __u32 size)
{
	bool six = facts->key.l3 == SL_L3_IP6;
	__u32 head = six ? 40 : 20;
	__u8 *udp = answer->bytes + head;
	__u64 pseudo;
	__u16 sum;

	sl_recheck(size);
	if (size > SL_DNS_LEAD + 28 + REPLY_OPT)
		return false;
	put32(udp + 8 + size, 0); /* what the sum takes in beside the last bytes */
	put16(udp, facts->key.dport);
	put16(udp + 2, facts->key.sport);
	put32(udp + 4, (8 + size) << 16);
	pseudo = six ? answer_ip6(answer->bytes, &facts->key, 8 + size, 17)
		     : answer_ip4(answer->bytes, &facts->key, 8 + size, 17, 0);
	sum = ~csum_fold(pseudo + answer_sum(udp, (8 + size + 3) & ~3U));
	*(__u16 *)(udp + 6) = sum ? sum : 0xffff;
	answer->size = head + 8 + size;
	answer->sum_at = head + 6;
	answer->pseudo = csum_fold(pseudo);
	return true;
}

/* Whether the packet is a query that may be answered; then how long its lead is. */
static __always_inline __u32 reply_lead(const struct bpf_dynptr *view, const struct sl_facts *facts,
					__u32 app)
{
	const struct sl_app_found __arena *found = SL_AT(struct sl_app_found, app);

	if (!app || found->app != SL_APP_DNS || !(found->has & SL_APP_HAS_TYPE) ||
	    found->dns_response || facts->key.l4 != SL_L4_UDP || facts->frag ||
	    reject_is_silent(view, facts, SL_REJECT_NXDOMAIN))
		return 0;
	return found->dns_lead;
}

/*
 * Makes the answer in scratch memory, to be sent as those of reject.h are: why there is none, or
 * SL_REASON_NONE. A function of its own, before the one that sends: together they need more stack than
 * there is.
 */
SL_VERIFIED_ONCE int sl_reply_make(SL_CTX *ctx, const struct sl_facts *facts, __u32 arg)
{
	struct sl_scratch *scratch = sl_scratch();
	struct reply reply = { .arg = arg, .kind = reply_kind(arg) };
	struct bpf_dynptr view;
	__u8 *dns;

	sl_keep(ctx);
	if (!facts || !scratch || sl_view(ctx, &view))
		return SL_REASON_REJECT_ROOM;
	reply.at = reply_lead(&view, facts, scratch->found.app);
	if (!reply.at)
		return SL_REASON_REJECT_SILENT;
	if (!reject_due())
		return SL_REASON_REJECT_LIMIT;
	dns = scratch->answer.bytes + (facts->key.l3 == SL_L3_IP6 ? 48 : 28);
	if (!reply_message(&view, facts, dns, &reply) ||
	    !reply_datagram(facts, &scratch->answer, reply.at))
		return SL_REASON_REJECT_ROOM;
	return SL_REASON_NONE;
}
