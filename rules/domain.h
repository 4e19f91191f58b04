/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* Domain names as rules and lists have them, in normal form, and what they are looked up by. */

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include "app.h"
#include "buf.h"

/* What is meant: the name itself, names below it, or both. */
#define SL_DOMAIN_SELF	SL_NAME_SELF
#define SL_DOMAIN_BELOW SL_NAME_BELOW

/* Why a text is no name, and which bytes of it. */
struct sl_elem_error;

struct sl_domain {
	__u8 forms; /* SL_DOMAIN_ bits */
	__u8 length;
	char text[SL_NAME_MAX + 1]; /* lower case, without a dot at the end; with a zero */
};

/*
 * `example.com`, `*.example.com` (names below it) or `.example.com` (both); upper case and a dot at
 * the end do not matter. -EINVAL with *error filled.
 */
int sl_domain_read(const char *text, size_t length, struct sl_domain *out,
		   struct sl_elem_error *error);
void sl_domain_print(struct sl_buf *buf, const struct sl_domain *domain);

/* What programs find the name by, its lower two bits 0: see struct sl_name_key. */
__u64 sl_domain_hash(const struct sl_name_key *key, const char *text, size_t length);

/* Many names, one behind the other: a byte of forms, a byte of length, the text. */
struct sl_domains {
	unsigned char *bytes;
	size_t used;
	size_t size;
	size_t count;
};

/* The next one from *at on; false: there is none. */
bool sl_domains_next(const struct sl_domains *list, size_t *at, struct sl_domain *out);
/* 0 or -ENOMEM. */
int sl_domains_add(struct sl_domains *list, const struct sl_domain *domain);
/* Ascending, each once with all its forms. 0 or -ENOMEM. */
int sl_domains_sort(struct sl_domains *list);
int sl_domains_copy(struct sl_domains *to, const struct sl_domains *from);
void sl_domains_clear(struct sl_domains *list);
