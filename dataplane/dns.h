/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * A DNS message in the arena: RFC 1035, 4.1. Read are the header and the first question, which is
 * what servers answer; what stands behind is theirs to check.
 *
 * A message is DNS by its bytes, on any port, when it has one question that can be read whole, of a
 * class that exists: mDNS, LLMNR and NetBIOS names are of the same form. On the ports of DNS it may
 * also have none, or several. The header's other bits are not asked: servers do not ask them either,
 * and a client could set one to be looked past.
 */

#include "arena.h"
#include "inline.h"
#include "name.h"

#define SL_DNS_HEADER 12U
/* As far as anything of a message is read: the header, a name, its type and class. */
#define SL_DNS_LEAD   (SL_DNS_HEADER + 255U + 4U)
#define SL_DNS_RECORD 11U /* the shortest */

static __always_inline __u16 dns_get16(__u32 at)
{
	return __builtin_bswap16(*SL_AT(const __u16, at));
}

static __always_inline bool sl_dns_is_port(__u16 port)
{
	return port == 53 || port == 5353 || port == 5355;
}

/* The top bit says something else in mDNS (RFC 6762, 5.4). */
static __always_inline bool dns_class_exists(__u16 class)
{
	class &= 0x7fff;
	return class == 1 || class == 3 || class == 4 || class == 254 || class == 255;
}

static __always_inline bool dns_question(__u32 at, __u32 end, __u32 to)
{
	struct sl_app_found __arena *found = SL_AT(struct sl_app_found, to);
	__u32 type_at = sl_name_from_wire(at, end, to + (__u32)offsetof(struct sl_app_found, name));

	if (!type_at || end - type_at < 4 || !dns_class_exists(dns_get16(type_at + 2)))
		return false;
	found->dns_qtype = dns_get16(type_at);
	found->dns_lead = type_at + 4 - (at - SL_DNS_HEADER);
	return true;
}

/* More than questions, and not more than there is room for. */
static __always_inline bool dns_has_records(__u32 at, __u32 length)
{
	__u32 records = dns_get16(at + 6) + dns_get16(at + 8) + dns_get16(at + 10);

	return records && records <= (length - SL_DNS_HEADER) / SL_DNS_RECORD;
}

/* By its first bytes, of which SL_DNS_HEADER are enough, a message might be DNS. */
static __always_inline bool sl_dns_may_be(__u32 at, __u32 length, bool on_port)
{
	return length >= SL_DNS_HEADER && (on_port || dns_get16(at + 4) == 1);
}

/*
 * A message of length bytes at at, of which the first SL_DNS_LEAD or all are there. on_port: it comes
 * from or goes to a port of DNS. Whether it is DNS; then found has what it says.
 */
static __always_inline bool dns_read(__u32 at, __u32 length, __u32 to, __u32 on_port)
{
	struct sl_app_found __arena *found = SL_AT(struct sl_app_found, to);
	__u32 have = length < SL_DNS_LEAD ? length : SL_DNS_LEAD;
	__u8 has = SL_APP_HAS_MESSAGE;
	__u16 questions, flags;

	if (!sl_dns_may_be(at, length, on_port))
		return false;
	questions = dns_get16(at + 4);
	if (questions) {
		if (!dns_question(at + SL_DNS_HEADER, at + have, to))
			return false;
		has |= SL_APP_HAS_NAME | SL_APP_HAS_TYPE;
	} else if (!dns_has_records(at, length)) {
		return false;
	}
	flags = dns_get16(at + 2);
	found->dns_response = flags >> 15;
	found->dns_opcode = flags >> 11 & 15;
	found->dns_rcode = flags & 15;
	found->app = SL_APP_DNS;
	found->has = has;
	return true;
}

/* The same where a copy of the code is not worth a call. */
SL_VERIFIED_ONCE int sl_dns_read(__u32 at, __u32 length, __u32 to, __u32 on_port)
{
	return dns_read(at, length, to, on_port);
}
