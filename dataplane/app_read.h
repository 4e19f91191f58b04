/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* Which of the applications a stream of bytes in the arena begins with. */

#include "dns.h"
#include "http.h"
#include "quic.h"
#include "ssh.h"
#include "tls.h"

/* DNS over TCP: a length before the message, RFC 1035, 4.2.2. Parts are waited for on its ports. */
static __always_inline int app_read_dns(__u32 at, __u32 length, __u32 work, bool on_port)
{
	__u32 size, lead;

	if (length < 2 + SL_DNS_HEADER)
		return on_port ? SL_READ_MORE : SL_READ_NOT;
	size = bytes_get16(at);
	if (!sl_dns_may_be(at + 2, size, on_port))
		return SL_READ_NOT;
	lead = size < SL_DNS_LEAD ? size : SL_DNS_LEAD;
	if (length - 2 < lead)
		return on_port ? SL_READ_MORE : SL_READ_NOT;
	if (!sl_dns_read(at + 2, size, work, on_port))
		return SL_READ_NOT;
	if (length > 2 + size)
		SL_AT(struct sl_app_found, work)->has |= SL_APP_HAS_NEXT;
	return SL_READ_WHOLE;
}

/*
 * What a stream of bytes begins with, of which length are at at: as its readers say. found->app may
 * be known while more is waited for.
 */
SL_VERIFIED_ONCE int sl_app_read_stream(__u32 at, __u32 length, __u32 work, __u32 on_dns_port)
{
	int read;

	bytes_found_none(work);
	if (sl_tls_may_be(at, length))
		return sl_tls_read(at, length, work);
	read = app_read_dns(at, length, work, on_dns_port);
	if (read)
		return read;
	bytes_found_none(work);
	if (sl_ssh_may_be(at, length) == SL_READ_WHOLE)
		return sl_ssh_read(at, length, work);
	if (sl_http_may_be(at, length))
		return sl_http_read(at, length, work);
	return SL_READ_NOT;
}

/* Whether a stream that begins so may be one that is read; first bytes only. */
static __always_inline bool app_may_be(__u32 at, __u32 have, __u32 length, bool on_dns_port)
{
	return sl_tls_may_be(at, have) || sl_ssh_may_be(at, have) || sl_http_may_be(at, have) ||
	       on_dns_port ||
	       (have >= 2 + SL_DNS_HEADER && sl_dns_may_be(at + 2, length - 2, false));
}
