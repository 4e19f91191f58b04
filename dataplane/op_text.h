/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Texts in the application's message, compared with those of a rule. Both are in the arena. A text of
 * a rule is in lower case where case is nothing.
 */

#include "bytes.h"
#include "env.h"
#include "name.h"
#include "op_match.h"

/* length bytes of the packet and of the rule are the same. */
static __always_inline bool text_same(__u32 at, __u32 text, __u32 length, bool nocase)
{
	__u32 i = sl_unknown(0);
	__u64 word;

	for (; i < length && sl_can_loop; i = sl_unknown(i + 8)) {
		word = name_word(at + i);
		if (nocase)
			word = name_lower(word);
		word ^= name_word(text + i);
		if (length - i < 8)
			word = name_head(word, length - i);
		if (word)
			return false;
	}
	return true;
}

static __always_inline bool text_within(__u32 at, __u32 length, __u32 text, __u32 size, bool nocase)
{
	__u32 i = sl_unknown(0);

	for (; i + size <= length && sl_can_loop; i = sl_unknown(i + 1))
		if (text_same(at + i, text, size, nocase))
			return true;
	return false;
}

/* Whether length bytes are as one of the operation's texts says. */
static __always_inline bool text_fits(__u32 op, __u32 at, __u32 length)
{
	const struct sl_op_text __arena *texts = SL_AT(struct sl_op_text, op);
	__u32 form_at = op + (__u32)sizeof(*texts), i = sl_unknown(0);
	bool nocase = texts->nocase;

	for (; i < texts->count && sl_can_loop; i = sl_unknown(i + 1)) {
		const struct sl_text_form __arena *form = SL_AT(struct sl_text_form, form_at);
		__u32 text = form_at + (__u32)sizeof(*form), size = form->length;
		__u32 last = length - size;

		form_at = sl_unknown(text + ((size + 7) & ~7U));
		if (size > length || (last && !form->any_before && !form->any_behind))
			continue;
		if (form->any_before && form->any_behind) {
			if (text_within(at, length, text, size, nocase))
				return true;
		} else if (text_same(form->any_before ? at + last : at, text, size, nocase)) {
			return true;
		}
	}
	return false;
}

static __always_inline const struct sl_text __arena *
text_of(const struct sl_app_found __arena *found, __u32 of)
{
	switch (of) {
	case SL_TEXT_TLS_ALPN:
		return &found->tls_alpn;
	case SL_TEXT_HTTP_METHOD:
		return &found->http_method;
	case SL_TEXT_HTTP_PATH:
		return &found->http_path;
	case SL_TEXT_HTTP_AGENT:
		return &found->http_agent;
	default:
		return &found->ssh_software;
	}
}

static __always_inline __u32 text_app(__u32 of)
{
	return of == SL_TEXT_TLS_ALPN	    ? SL_APP_TLS
	       : of == SL_TEXT_SSH_SOFTWARE ? SL_APP_SSH
					    : SL_APP_HTTP;
}

/* A list: a length before each. */
static __always_inline bool text_fits_list(__u32 op, __u32 at, __u32 length)
{
	__u32 end = at + length;

	at = sl_unknown(at);
	while (at < end && sl_can_loop) {
		__u32 size = bytes_at(at);

		if (size > end - at - 1)
			return false;
		if (text_fits(op, at + 1, size))
			return true;
		at = sl_unknown(at + 1 + size);
	}
	return false;
}

SL_VERIFIED_ONCE int sl_op_text(__u32 op)
{
	const struct sl_scratch *scratch = sl_scratch();
	const struct sl_app_found __arena *found;
	const struct sl_text __arena *text;
	__u32 of = SL_AT(struct sl_op, op)->arg;
	bool fits;

	if (!scratch || !scratch->found.app)
		return OP_LACKS;
	found = SL_AT(struct sl_app_found, scratch->found.app);
	if (found->app != text_app(of) || !(found->has & SL_APP_HAS_MESSAGE))
		return OP_LACKS;
	text = text_of(found, of);
	if (!text->at)
		return OP_LACKS;
	fits = of == SL_TEXT_TLS_ALPN ? text_fits_list(op, text->at, text->length)
				      : text_fits(op, text->at, text->length);
	return fits ? OP_YES : OP_NO;
}
