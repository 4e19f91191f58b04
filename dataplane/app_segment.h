/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* A segment of TCP as what an application's message begins with, whatever came before it. */

#include "app_read.h"
#include "fetch.h"

/* As much of a message as is looked at; readers take eight bytes at a time. */
#define SL_APP_BYTES (SL_WORK_BYTES - 8)

static __always_inline __u32 app_bytes(__u32 work)
{
	return work + (__u32)offsetof(struct sl_work, bytes);
}

static __always_inline bool app_on_dns_port(const struct sl_facts *facts)
{
	return sl_dns_is_port(facts->key.sport) || sl_dns_is_port(facts->key.dport);
}

/* Bytes of the frame to the work area, but only the first when they can be of no message: false. */
SL_VERIFIED_ONCE bool sl_app_segment(SL_CTX *ctx, const struct sl_facts *facts, __u32 from,
				     __u32 length, __u32 bytes)
{
	__u32 have = length < SL_FETCH ? length : SL_FETCH;

	sl_keep(ctx);
	if (!facts || sl_fetch(ctx, facts, from, have, bytes) ||
	    !app_may_be(bytes, have, length, app_on_dns_port(facts)))
		return false;
	if (length > SL_APP_BYTES)
		length = SL_APP_BYTES;
	return length <= have || !sl_fetch(ctx, facts, from + have, length - have, bytes + have);
}
