/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * A TLS ClientHello in the arena: RFC 8446, 4.1.2, in one record or several (5.1). It is TLS when it
 * begins with a handshake record of a version that exists, and the handshake with a ClientHello.
 *
 * Where clients may say a thing once and say it twice, the first counts: what a server would refuse
 * needs no better answer. A ClientHello whose lengths do not fit into each other is TLS, but no
 * message: its fields cannot be asked for.
 */

#include <stddef.h>

#include "bytes.h"
#include "name.h"

#define SL_TLS_RECORD	  5U /* header */
#define SL_TLS_RECORD_MAX 16384U
#define SL_TLS_HANDSHAKE  4U /* header */
#define SL_TLS_LEAD	  (SL_TLS_RECORD + 1U) /* says whether it may be one */

#define TLS_HANDSHAKE	 22U
#define TLS_CLIENT_HELLO 1U

#define TLS_SERVER_NAME	       0U
#define TLS_ALPN	       16U
#define TLS_SUPPORTED_VERSIONS 43U
#define TLS_ECH		       0xfe0dU /* RFC 9849 */

/* A record of a handshake, as far as its header is there. */
static __always_inline bool tls_is_record(__u32 at)
{
	__u32 length = bytes_get16(at + 3);

	return bytes_at(at) == TLS_HANDSHAKE && bytes_at(at + 1) == 3 && bytes_at(at + 2) <= 4 &&
	       length && length <= SL_TLS_RECORD_MAX;
}

/* By its first SL_TLS_LEAD bytes, or fewer when no more are there. */
static __always_inline enum sl_read sl_tls_may_be(__u32 at, __u32 length)
{
	if (length && bytes_at(at) != TLS_HANDSHAKE)
		return SL_READ_NOT;
	if (length > 1 && bytes_at(at + 1) != 3)
		return SL_READ_NOT;
	if (length < SL_TLS_LEAD)
		return SL_READ_MORE;
	return tls_is_record(at) && bytes_at(at + SL_TLS_RECORD) == TLS_CLIENT_HELLO ? SL_READ_WHOLE
										     : SL_READ_NOT;
}

/*
 * Makes the handshake message one piece behind the header of the first record, by moving what other
 * records hold. *have: how much of it there is. False: what follows is no such record.
 */
static __always_inline bool tls_join(__u32 at, __u32 length, __u32 *have)
{
	__u32 size = bytes_get16(at + 3), pos = sl_unknown(SL_TLS_RECORD), need, room;

	*have = size < length - pos ? size : length - pos;
	pos = sl_unknown(pos + *have);
	while (pos < length && sl_can_loop) {
		need = *have < SL_TLS_HANDSHAKE ? SL_TLS_HANDSHAKE
						: SL_TLS_HANDSHAKE + bytes_get24(at + 6);
		if (*have >= need && *have >= SL_TLS_HANDSHAKE)
			break;
		if (length - pos < SL_TLS_RECORD)
			break;
		if (!tls_is_record(at + pos))
			return false;
		size = bytes_get16(at + pos + 3);
		pos = sl_unknown(pos + SL_TLS_RECORD);
		room = length - pos;
		if (size > room)
			size = room;
		bytes_move(at + SL_TLS_RECORD + *have, at + pos, size);
		*have = sl_unknown(*have + size);
		pos = sl_unknown(pos + size);
	}
	return true;
}

/* The first name of type host_name, RFC 6066, 3. */
static __always_inline void tls_server_name(__u32 at, __u32 length, __u32 work)
{
	struct sl_app_found __arena *found = SL_AT(struct sl_app_found, work);
	__u32 name;

	if (length < 5 || bytes_get16(at) != length - 2 || bytes_at(at + 2))
		return;
	name = bytes_get16(at + 3);
	if (name > length - 5)
		return;
	found->has |= SL_APP_HAS_NAME;
	sl_name_from_text(at + 5, name, work + (__u32)offsetof(struct sl_app_found, name));
}

static __always_inline void tls_alpn(__u32 at, __u32 length, __u32 work)
{
	if (length >= 2 && bytes_get16(at) == length - 2)
		bytes_text_set(&SL_AT(struct sl_app_found, work)->tls_alpn, at + 2, length - 2);
}

/* The highest one; values that are there to be ignored (RFC 8701) are not versions. */
static __always_inline void tls_versions(__u32 at, __u32 length, __u32 work)
{
	struct sl_app_found __arena *found = SL_AT(struct sl_app_found, work);
	__u32 i, highest = 0;

	if (!length || bytes_at(at) != length - 1)
		return;
	for (i = sl_unknown(1); i + 2 <= length && sl_can_loop; i = sl_unknown(i + 2)) {
		__u32 version = bytes_get16(at + i);

		if (version >> 8 == 3 && version > highest)
			highest = sl_unknown(version);
	}
	if (highest)
		found->tls_version = (__u16)highest;
}

/* One bit an extension that is read, so that a second one of a kind is not. */
static __always_inline __u32 tls_extension(__u32 at, __u32 length, __u32 type, __u32 seen,
					   __u32 work)
{
	__u32 bit = type == TLS_SERVER_NAME	     ? 1
		    : type == TLS_ALPN		     ? 2
		    : type == TLS_SUPPORTED_VERSIONS ? 4
		    : type == TLS_ECH		     ? 8
						     : 0;

	if (!bit || (seen & bit))
		return seen;
	if (bit == 1)
		tls_server_name(at, length, work);
	else if (bit == 2)
		tls_alpn(at, length, work);
	else if (bit == 4)
		tls_versions(at, length, work);
	else
		SL_AT(struct sl_app_found, work)->has |= SL_APP_HAS_SECRET;
	return seen | bit;
}

/* False: they do not fill their length. */
static __always_inline bool tls_extensions(__u32 at, __u32 end, __u32 work)
{
	__u32 seen = sl_unknown(0);

	while (at < end && sl_can_loop) {
		__u32 length;

		if (end - at < 4)
			return false;
		length = bytes_get16(at + 2);
		if (length > end - at - 4)
			return false;
		seen = sl_unknown(tls_extension(at + 4, length, bytes_get16(at), seen, work));
		at = sl_unknown(at + 4 + length);
	}
	return true;
}

/* What is before the extensions, RFC 8446, 4.1.2; where they begin, 0: it does not fit. */
static __always_inline __u32 tls_fixed(__u32 at, __u32 end)
{
	__u32 length;

	if (end - at < 2 + 32 + 1)
		return 0;
	at += 2 + 32;
	length = bytes_at(at);
	if (length > 32 || end - at < 1 + length + 2)
		return 0;
	at += 1 + length;
	length = bytes_get16(at);
	if (length < 2 || length % 2 || end - at < 2 + length + 1)
		return 0;
	at += 2 + length;
	length = bytes_at(at);
	if (!length || end - at < 1 + length)
		return 0;
	return at + 1 + length;
}

/* The body of a ClientHello that is there whole. */
static __always_inline bool tls_hello(__u32 at, __u32 end, __u32 work)
{
	__u32 version = bytes_get16(at), extensions = tls_fixed(at, end);

	if (!extensions || version >> 8 != 3)
		return false;
	SL_AT(struct sl_app_found, work)->tls_version = (__u16)version;
	if (extensions == end)
		return true;
	return end - extensions >= 2 && bytes_get16(extensions) == end - extensions - 2 &&
	       tls_extensions(extensions + 2, end, work);
}

/*
 * length bytes at at, as the client sends them from the start of the connection; records are joined
 * in place. WHOLE: found has what it says; without SL_APP_HAS_MESSAGE it is broken.
 */
static __always_inline int sl_tls_read(__u32 at, __u32 length, __u32 work)
{
	struct sl_app_found __arena *found = SL_AT(struct sl_app_found, work);
	__u32 have, size;
	int may = sl_tls_may_be(at, length);

	if (may != SL_READ_WHOLE)
		return may;
	found->app = SL_APP_TLS;
	found->has = 0;
	found->tls_version = 0;
	found->tls_alpn.at = 0;
	if (!tls_join(at, length, &have))
		return SL_READ_WHOLE;
	if (have < SL_TLS_HANDSHAKE)
		return SL_READ_MORE;
	size = bytes_get24(at + SL_TLS_RECORD + 1);
	if (size > SL_TLS_RECORD_MAX)
		return SL_READ_WHOLE;
	if (have < SL_TLS_HANDSHAKE + size)
		return SL_READ_MORE;
	at += SL_TLS_RECORD + SL_TLS_HANDSHAKE;
	if (tls_hello(at, at + size, work))
		found->has |= SL_APP_HAS_MESSAGE;
	else
		found->has = 0;
	return SL_READ_WHOLE;
}
