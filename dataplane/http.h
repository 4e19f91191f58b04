/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * The first HTTP/1 request of a connection in the arena: RFC 9112. It is HTTP when it begins with a
 * method of capital letters and its first line ends in a version 1. Lines may end in LF alone, and
 * empty ones before the first are skipped, as servers do it.
 *
 * Of several Host or User-Agent fields the first counts. The host of a target that is a whole URI, or
 * of CONNECT, comes before the field (RFC 9112, 3.2.2). Its port is no part of the host.
 */

#include <stddef.h>

#include "bytes.h"
#include "name.h"

#define SL_HTTP_METHOD_MAX 20U
#define SL_HTTP_EMPTY_MAX  8U /* bytes of empty lines before the first */

/* The first place from i on where there is that byte, end: none. */
static __always_inline __u32 http_find(__u32 i, __u32 end, __u8 byte)
{
	__u64 all = NAME_BYTES(byte), word;

	i = sl_unknown(i);
	while (i < end && sl_can_loop) {
		word = *SL_AT(const __u64, i) ^ all;
		word = (word - NAME_BYTES(1)) & ~word & NAME_BYTES(0x80);
		if (word) {
			i += name_first(word);
			return i < end ? i : end;
		}
		i = sl_unknown(i + 8);
	}
	return end;
}

/* One past the last byte of a line whose LF is at lf. */
static __always_inline __u32 http_line_end(__u32 at, __u32 lf)
{
	return lf > at && bytes_at(lf - 1) == '\r' ? lf - 1 : lf;
}

/* Where the method ends; 0: there is none. end: no byte more is there. */
static __always_inline __u32 http_method(__u32 at, __u32 end)
{
	__u32 i = sl_unknown(at);

	for (; i < end && i - at <= SL_HTTP_METHOD_MAX && sl_can_loop; i = sl_unknown(i + 1)) {
		__u8 byte = bytes_at(i);

		if (byte == ' ')
			return i - at >= 3 ? i : 0;
		if ((byte < 'A' || byte > 'Z') && byte != '-' && byte != '_')
			return 0;
	}
	return i < end ? 0 : end;
}

static __always_inline __u32 http_skip_empty(__u32 at, __u32 end)
{
	__u32 i = sl_unknown(at);

	for (; i < end && i - at < SL_HTTP_EMPTY_MAX && sl_can_loop; i = sl_unknown(i + 1))
		if (bytes_at(i) != '\r' && bytes_at(i) != '\n')
			break;
	return i;
}

/* By its first bytes: NOT, MORE (what is there does not say) or WHOLE (a method and a blank). */
static __always_inline enum sl_read sl_http_may_be(__u32 at, __u32 length)
{
	__u32 end = at + length, method;

	at = http_skip_empty(at, end);
	method = http_method(at, end);
	if (!method)
		return SL_READ_NOT;
	return method == end ? SL_READ_MORE : SL_READ_WHOLE;
}

/* A host with or without a port, into found->name. */
static __always_inline void http_host(__u32 at, __u32 end, __u32 work)
{
	/* An IPv6 address is no name. */
	__u32 colon = at < end && bytes_at(at) == '[' ? at : http_find(at, end, ':');

	SL_AT(struct sl_app_found, work)->has |= SL_APP_HAS_NAME;
	sl_name_from_text(at, colon - at, work + (__u32)offsetof(struct sl_app_found, name));
}

/* The authority of a URI: what is before an at sign is no part of the host. Where it ends. */
static __always_inline __u32 http_authority(__u32 at, __u32 end, __u32 work)
{
	__u32 slash = http_find(at, end, '/'), query = http_find(at, slash, '?');
	__u32 sign = http_find(at, query, '@');

	http_host(sign < query ? sign + 1 : at, query, work);
	return query;
}

/* Whether a URI begins here, and where its authority does. */
static __always_inline __u32 http_scheme(__u32 at, __u32 end)
{
	__u64 word = name_lower(*SL_AT(const __u64, at));
	const __u64 http = 0x2f2f3a70747468ULL, https = 0x2f2f3a7370747468ULL;

	if (end - at > 7 && (word & 0xffffffffffffffULL) == http)
		return at + 7;
	return end - at > 8 && word == https ? at + 8 : 0;
}

static __always_inline void http_target(__u32 at, __u32 end, __u32 work)
{
	struct sl_app_found __arena *found = SL_AT(struct sl_app_found, work);
	__u32 first = bytes_at(at), authority = first == '/' ? 0 : http_scheme(at, end);

	if (authority)
		at = http_authority(authority, end, work);
	else if (first != '/' && first != '*')
		http_authority(at, end, work);
	bytes_text_set(&found->http_path, at, end - at);
}

static __always_inline __u32 http_past_blanks(__u32 at, __u32 end)
{
	__u32 i = sl_unknown(at);

	while (i < end && (bytes_at(i) == ' ' || bytes_at(i) == '\t') && sl_can_loop)
		i = sl_unknown(i + 1);
	return i;
}

static __always_inline __u32 http_before_blanks(__u32 at, __u32 end)
{
	__u32 i = sl_unknown(end);

	while (i > at && (bytes_at(i - 1) == ' ' || bytes_at(i - 1) == '\t') && sl_can_loop)
		i = sl_unknown(i - 1);
	return i;
}

#define HTTP_HOST	0x3a74736f68ULL /* host: */
#define HTTP_USER_AGENT 0x6567612d72657375ULL /* user-age */
#define HTTP_AGENT_END	0x3a746eULL /* nt: */

static __always_inline void http_field(__u32 at, __u32 end, __u32 work)
{
	struct sl_app_found __arena *found = SL_AT(struct sl_app_found, work);
	__u64 word = name_lower(*SL_AT(const __u64, at));
	__u32 length = end - at;

	if (length >= 5 && name_head(word, 5) == HTTP_HOST && !(found->has & SL_APP_HAS_NAME)) {
		at = http_past_blanks(at + 5, end);
		http_host(at, http_before_blanks(at, end), work);
	} else if (length >= 11 && word == HTTP_USER_AGENT && !found->http_agent.at &&
		   name_head(name_lower(*SL_AT(const __u64, at + 8)), 3) == HTTP_AGENT_END) {
		at = http_past_blanks(at + 11, end);
		bytes_text_set(&found->http_agent, at, http_before_blanks(at, end) - at);
	}
}

/* Fields up to the empty line; true: it is there. */
static __always_inline bool http_fields(__u32 at, __u32 end, __u32 work)
{
	while (at < end && sl_can_loop) {
		__u32 lf = http_find(at, end, '\n'), line;

		if (lf == end)
			return false;
		line = http_line_end(at, lf);
		if (line == at)
			return true;
		http_field(at, line, work);
		at = sl_unknown(lf + 1);
	}
	return false;
}

/* The end of a line is a version: " HTTP/1." and a digit. Where the target ends, 0: it is none. */
static __always_inline __u32 http_version(__u32 target, __u32 line)
{
	if (line - target < 10 || *SL_AT(const __u64, line - 9) != 0x2e312f5054544820ULL ||
	    bytes_at(line - 1) < '0' || bytes_at(line - 1) > '9')
		return 0;
	return http_before_blanks(target, line - 9);
}

/* As sl_tls_read(). */
SL_VERIFIED_ONCE int sl_http_read(__u32 at, __u32 length, __u32 work)
{
	struct sl_app_found __arena *found = SL_AT(struct sl_app_found, work);
	__u32 end = at + length, method, lf, target, target_end;
	int may = sl_http_may_be(at, length);

	if (may != SL_READ_WHOLE)
		return may;
	at = http_skip_empty(at, end);
	method = http_method(at, end);
	lf = http_find(method, end, '\n');
	if (lf == end)
		return SL_READ_MORE;
	target = http_past_blanks(method, lf);
	target_end = http_version(target, http_line_end(at, lf));
	if (!target_end || target_end <= target)
		return SL_READ_NOT;
	found->app = SL_APP_HTTP;
	found->has = 0;
	found->http_agent.at = 0;
	bytes_text_set(&found->http_method, at, method - at);
	http_target(target, target_end, work);
	if (!http_fields(lf + 1, end, work))
		return SL_READ_MORE;
	found->has |= SL_APP_HAS_MESSAGE;
	return SL_READ_WHOLE;
}
