/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * The long header of a QUIC packet, RFC 8999 and 9000, 17.2: of version 1 and 2, of their drafts, of
 * a version that is there to be refused (RFC 9000, 15), or a server's list of versions. What it holds
 * is encrypted, so a packet that has one is a reason to count, too.
 */

#include "bytes.h"

#define SL_QUIC_LEAD   7U
#define SL_QUIC_ID_MAX 20U

#define QUIC_V1 1U
#define QUIC_V2 0x6b3343cfU

static __always_inline bool quic_knows(__u32 version)
{
	return !version || version == QUIC_V1 || version == QUIC_V2 || version >> 8 == 0xff0000 ||
	       (version & 0x0f0f0f0f) == 0x0a0a0a0a;
}

/* Version 2 counts the types from another one on, RFC 9369, 3.2. */
static __always_inline __u8 quic_type(__u32 first, __u32 version)
{
	__u32 type = first >> 4 & 3;

	if (!version)
		return SL_QUIC_NEGOTIATION;
	return (__u8)(version == QUIC_V2 ? (type + 3) & 3 : type);
}

/* length bytes of a datagram, of which the first SL_QUIC_LEAD + SL_QUIC_ID_MAX or all are there. */
SL_VERIFIED_ONCE int sl_quic_read(__u32 at, __u32 length, __u32 work)
{
	struct sl_app_found __arena *found = SL_AT(struct sl_app_found, work);
	__u32 first, version, id, second;

	if (length < SL_QUIC_LEAD)
		return SL_READ_NOT;
	first = bytes_at_signed(at);
	version = bytes_get32(at + 1);
	id = bytes_at(at + 5);
	/* The second bit is set but in a list of versions, where it may be anything. */
	if (!(first & 0x80) || (version && !(first & 0x40)) || !quic_knows(version) ||
	    id > SL_QUIC_ID_MAX || length < SL_QUIC_LEAD + id)
		return SL_READ_NOT;
	second = bytes_at(at + 6 + id);
	id += second;
	if (second > SL_QUIC_ID_MAX || length < SL_QUIC_LEAD + id)
		return SL_READ_NOT;
	/* Four bytes a version follow in a list, and there is at least one. */
	if (!version && (length - SL_QUIC_LEAD - id < 4 || (length - SL_QUIC_LEAD - id) % 4))
		return SL_READ_NOT;
	found->app = SL_APP_QUIC;
	found->has = SL_APP_HAS_MESSAGE;
	found->quic_version = version;
	found->quic_type = quic_type(first, version);
	return SL_READ_WHOLE;
}
