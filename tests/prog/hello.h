/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* TLS ClientHellos as a client would write them, or would not. */

#include <stddef.h>

#include <linux/types.h>

#define HELLO_MAX 20000U

/* What is zero is as usual: TLS 1.2 and 1.3 offered, one record. */
struct hello {
	const char *sni; /* NULL: no such extension */
	const char *second; /* one more name behind it in the list */
	const char *again; /* one more extension server_name */
	const char *alpn; /* with a length before each, up to a NUL */
	const char
		*versions; /* two bytes each, up to two NULs; NULL: 1.3 and 1.2, "": no extension */
	int legacy; /* version; 0: 0x0303 */
	int ech; /* 1: the extension is there */
	size_t many; /* extensions of no meaning before the others */
	size_t share; /* bytes of a key share before the others */
	size_t record; /* bytes a record at most; 0: all */
	int session; /* bytes of the session id; 0: 32, -1: none */
	/* What is added to lengths that are written. */
	int lie_record, lie_hello, lie_session, lie_ciphers, lie_extensions, lie_sni, lie_alpn;
	int lie_last; /* the last extension's */
	int trailing; /* bytes behind the extensions, within the message */
	int other_type; /* of the second record, not 0 */
};

/* Returns how many bytes; to holds HELLO_MAX of them. */
size_t hello_build(const struct hello *hello, __u8 *to);
