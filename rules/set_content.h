/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* What sets hold: elements as text, files of them, and all of it together. */

#include "buf.h"
#include "rules.h"

/* What elements of a set may be. */
struct sl_set_spec {
	enum sl_set_type type[SL_SET_PARTS];
	unsigned int nparts;
	bool plain; /* ranges and prefixes are as good as single numbers */
};

struct sl_set_spec sl_set_spec_of(const struct sl_conf_set *set);

/* Why a text is no element, and which bytes of it. */
struct sl_elem_error {
	char text[192];
	size_t begin;
	size_t end;
};

/* One element, without blanks around it; -EINVAL with *error filled. */
int sl_elem_read(const struct sl_set_spec *spec, const char *text, size_t length,
		 struct sl_conf_elem *out, struct sl_elem_error *error);
/* As sl_elem_read takes it. */
void sl_elem_print(const struct sl_set_spec *spec, const struct sl_conf_elem *elem,
		   struct sl_buf *buf);
/* The space of a plain set's element. */
enum sl_set_root sl_elem_space(const struct sl_set_spec *spec, const struct sl_conf_elem *elem);
/* What an entry is called in the kernel's maps; elem has one number a part. */
void sl_elem_key(const struct sl_set_spec *spec, const struct sl_conf_elem *elem,
		 struct sl_set_key *key);
void sl_elem_prefix(const struct sl_conf_elem *elem, struct sl_set_prefix *key);
void sl_key_elem(const struct sl_set_spec *spec, const struct sl_set_key *key,
		 struct sl_conf_elem *elem);
void sl_prefix_elem(const struct sl_set_prefix *key, struct sl_conf_elem *elem);

/* Adds an element; sl_elems_normalise() after the last one. */
int sl_elems_add(struct sl_conf_elems *elems, const struct sl_set_spec *spec,
		 const struct sl_conf_elem *elem);
/* Whether it is one of the entries; elems is in normal form. */
bool sl_elems_have(const struct sl_conf_elems *elems, const struct sl_conf_elem *elem);
void sl_elems_normalise(struct sl_conf_elems *elems);
/* Calls for the fewest prefixes, or else numbers and ranges, of a plain set. */
int sl_elems_each(const struct sl_conf_elems *elems, const struct sl_set_spec *spec,
		  int (*call)(void *arg, const struct sl_conf_elem *elem), void *arg);
/* How many elements, plain or not. */
size_t sl_elems_count(const struct sl_conf_elems *elems);

/* Errors of one file that are kept; the rest is counted. */
#define SL_FEED_ERRORS 20

/*
 * set_read.c: the elements of a file, one a line; '#' and ';' begin a comment. Errors of the file
 * system are about place. -EINVAL: diag has them.
 */
int sl_feed_read(struct sl_conf_elems *elems, const struct sl_set_spec *spec, const char *path,
		 const struct sl_loc *place, unsigned int order, struct sl_diag *diag);

/* Forgets what was read: it is read again when it is wanted. */
void sl_set_content_drop(struct sl_conf_set *set);
/* domain_read.c: the same of names, with that a hosts file has, see docs/rules.md. */
typedef int sl_line_error_fn(void *arg, const char *text, const struct sl_elem_error *error);
int sl_domain_line(struct sl_domains *names, const char *text, const char *end,
		   sl_line_error_fn *complain, void *arg);

struct sl_set_content {
	struct sl_conf_elems elems;
};
