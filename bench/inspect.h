/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * Names and patterns: what Sluice is measured with beside Suricata. A sample is a message with all
 * its packets: one DNS query, one TLS connection of five packets, one packet of random text. Hits
 * have a name of the list or a pattern in them, misses none.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum inspect_kind {
	INSPECT_DNS,
	INSPECT_TLS,
	INSPECT_PAYLOAD,
	INSPECT_KIND_MAX_
};

#define INSPECT_FRAME	1500
#define INSPECT_PACKETS 5 /* most of a sample */
#define INSPECT_TLS_AT	3 /* which of the five is the ClientHello */

struct inspect_sample {
	size_t packets;
	size_t length[INSPECT_PACKETS];
	unsigned char frame[INSPECT_PACKETS][INSPECT_FRAME];
};

/* The word of the list: a name, or a pattern of letters. */
#define INSPECT_WORD 40
void inspect_word(enum inspect_kind kind, size_t index, char out[INSPECT_WORD]);
/* The nth of count words as a hit, or as a miss. */
void inspect_sample(enum inspect_kind kind, bool hit, size_t nth, size_t count,
		    struct inspect_sample *out);
/* Samples from 0 on into a pcap file; -1 with errno. */
int inspect_pcap(const char *path, enum inspect_kind kind, bool hit, size_t samples, size_t count);

struct inspect_work {
	enum inspect_kind kind;
	size_t count; /* of names or patterns */
};

struct inspect_result {
	bool ran;
	bool unknown; /* this build does not know the rules: no figures, and no failure */
	char why[200];
	double ns; /* CPU of a packet that is a miss */
	double load; /* seconds of CPU to begin */
};

/* In a child each: peer_suricata.c, inspect_sluice.c. dir: for files. Verdicts are checked first. */
int inspect_sluice(const struct inspect_work *work, const char *dir, struct inspect_result *result);
int inspect_suricata(const struct inspect_work *work, const char *dir,
		     struct inspect_result *result);
/* peers_inspect.c: all rows; DIRECTORY/peers-inspect.md. */
int inspect_all(const char *directory, bool full);
