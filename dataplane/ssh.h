/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * The line that an SSH connection begins with, RFC 4253, 4.2: SSH-2.0-SOFTWARE COMMENTS CR LF. Of
 * either side; a server that sends other lines before is not known by it.
 */

#include "bytes.h"

#define SL_SSH_LINE_MAX 255U

static __always_inline enum sl_read sl_ssh_may_be(__u32 at, __u32 length)
{
	if (length < 4)
		return !length || bytes_at(at) == 'S' ? SL_READ_MORE : SL_READ_NOT;
	return bytes_get32(at) == 0x5353482d ? SL_READ_WHOLE : SL_READ_NOT;
}

/* As sl_tls_read(). */
SL_VERIFIED_ONCE int sl_ssh_read(__u32 at, __u32 length, __u32 work)
{
	struct sl_app_found __arena *found = SL_AT(struct sl_app_found, work);
	__u32 i = sl_unknown(4), software = sl_unknown(0), end = sl_unknown(0);
	int may = sl_ssh_may_be(at, length);
	__u8 byte = 0;

	if (may != SL_READ_WHOLE)
		return may;
	found->app = SL_APP_SSH;
	found->has = 0;
	for (; i < length && i < SL_SSH_LINE_MAX && sl_can_loop; i = sl_unknown(i + 1)) {
		byte = bytes_at(at + i);
		if (byte == '\n')
			break;
		if (byte == '-' && !software)
			software = sl_unknown(i + 1);
		else if ((byte == ' ' || byte == '\r') && software && !end)
			end = sl_unknown(i);
	}
	if (i >= length && i < SL_SSH_LINE_MAX)
		return SL_READ_MORE;
	if (byte != '\n' || !software)
		return SL_READ_WHOLE;
	bytes_text_set(&found->ssh_software, at + software, (end ? end : i) - software);
	found->has = SL_APP_HAS_MESSAGE;
	return SL_READ_WHOLE;
}
