/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */

/*
 * A country database is a binary tree over the bits of addresses. Networks are collected by walking
 * all of it: below a node each bit halves the network, and a leaf refers to a record with the code
 * of its country. Records are shared by many networks, so each is looked into once and remembered
 * for as long as the next leaf refers to it, too.
 */

#include "geoip.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <maxminddb.h>

#include "diag.h"
#include "interval.h"

struct walk {
	const MMDB_s *db;
	struct sl_conf_elems *elems;
	char (*countries)[3];
	size_t ncountries;
	bool *seen; /* of each country */
	__u64 last; /* record that was looked into last */
	bool last_in;
	unsigned int width; /* bits of an address in the tree */
	__u32 nodes; /* that were walked */
};

/* MMDB_read_node says nothing of a damaged tree but in its return value. */
static int node_read(const struct walk *w, uint64_t number, MMDB_search_node_s *out)
{
	return MMDB_read_node(w->db, (uint32_t)number, out) == MMDB_SUCCESS ? 0 : -EBADMSG;
}

static bool is_wanted(struct walk *w, const char *code)
{
	size_t i;

	for (i = 0; i < w->ncountries; i++) {
		if ((code[0] | 0x20) != w->countries[i][0] ||
		    (code[1] | 0x20) != w->countries[i][1])
			continue;
		w->seen[i] = true;
		return true;
	}
	return false;
}

static int look_into(struct walk *w, MMDB_entry_s entry, bool *in)
{
	MMDB_entry_data_s data = {};
	int status;

	status = MMDB_get_value(&entry, &data, "country", "iso_code", NULL);
	*in = false;
	/* Networks of no country, as satellites', have none. */
	if (status == MMDB_LOOKUP_PATH_DOES_NOT_MATCH_DATA_ERROR ||
	    (status == MMDB_SUCCESS && !data.has_data))
		return 0;
	if (status != MMDB_SUCCESS)
		return -EBADMSG;
	if (data.type == MMDB_DATA_TYPE_UTF8_STRING && data.data_size == 2)
		*in = is_wanted(w, data.utf8_string);
	return 0;
}

/* The first 96 bits 0: IPv4, also in a tree of 128 bits. */
static int add_network(struct walk *w, sl_u128 low, unsigned int depth)
{
	sl_u128 high = low | (depth ? (((sl_u128)1 << (w->width - depth)) - 1) : ~(sl_u128)0);

	if (w->width == 32)
		return sl_intervals_add(&w->elems->four, low, (__u32)high);
	if (low >> 32 == 0 && high >> 32 == 0)
		return sl_intervals_add(&w->elems->four, low, high);
	return sl_intervals_add(&w->elems->six, low, high);
}

static int walk_record(struct walk *w, uint64_t record, uint8_t type, MMDB_entry_s entry,
		       sl_u128 low, unsigned int depth);

static int walk_node(struct walk *w, uint64_t number, sl_u128 low, unsigned int depth)
{
	MMDB_search_node_s node;
	int err;

	/* Deeper than addresses are long, or by a node twice: it is no tree. */
	if (depth >= w->width || w->nodes++ >= w->db->metadata.node_count)
		return -EBADMSG;
	err = node_read(w, number, &node);
	if (!err)
		err = walk_record(w, node.left_record, node.left_record_type,
				  node.left_record_entry, low, depth + 1);
	if (!err)
		err = walk_record(w, node.right_record, node.right_record_type,
				  node.right_record_entry,
				  low | (sl_u128)1 << (w->width - 1 - depth), depth + 1);
	return err;
}

/* IPv4 is in the tree again below 2002::/16, ::ffff:0:0/96 and others, by reference to it. */
static bool is_alias(const struct walk *w, uint64_t record, sl_u128 low)
{
	return w->width == 128 && low >> 32 && record == w->db->ipv4_start_node.node_value;
}

static int walk_record(struct walk *w, uint64_t record, uint8_t type, MMDB_entry_s entry,
		       sl_u128 low, unsigned int depth)
{
	int err = 0;

	switch (type) {
	case MMDB_RECORD_TYPE_SEARCH_NODE:
		return is_alias(w, record, low) ? 0 : walk_node(w, record, low, depth);
	case MMDB_RECORD_TYPE_EMPTY:
		return 0;
	case MMDB_RECORD_TYPE_DATA:
		if (w->last != record)
			err = look_into(w, entry, &w->last_in);
		w->last = record;
		return err || !w->last_in ? err : add_network(w, low, depth);
	default:
		return -EBADMSG;
	}
}

static int walk_all(struct walk *w, const char *path, const struct sl_loc *place,
		    struct sl_diag *diag)
{
	size_t i;
	int err;

	err = walk_node(w, 0, 0, 0);
	if (err == -EBADMSG)
		return sl_diag_error(diag, place, "the country database '%s' is damaged", path);
	for (i = 0; i < w->ncountries && !err; i++)
		if (!w->seen[i])
			err = sl_diag_error(diag, place,
					    "the database '%s' has no networks of country '%s'",
					    path, w->countries[i]);
	return err;
}

int sl_geoip_read(struct sl_conf_elems *elems, const char *path, char (*countries)[3],
		  size_t ncountries, const struct sl_loc *place, struct sl_diag *diag)
{
	struct walk walk = {
		.elems = elems, .countries = countries, .ncountries = ncountries, .last = ~0ULL
	};
	struct stat st = {};
	int status, err;
	MMDB_s db;

	if (stat(path, &st))
		return sl_diag_error(diag, place, "cannot read the country database '%s': %s", path,
				     strerrordesc_np(errno));
	if (!S_ISREG(st.st_mode))
		return sl_diag_error(diag, place, "the country database '%s' is not a file", path);
	status = MMDB_open(path, MMDB_MODE_MMAP, &db);
	if (status != MMDB_SUCCESS)
		return sl_diag_error(diag, place, "cannot read the country database '%s': %s", path,
				     MMDB_strerror(status));
	walk.db = &db;
	walk.width = db.metadata.ip_version == 4 ? 32 : 128;
	walk.seen = calloc(ncountries + 1, sizeof(*walk.seen));
	err = walk.seen ? walk_all(&walk, path, place, diag) : -ENOMEM;
	free(walk.seen);
	MMDB_close(&db);
	return err;
}
