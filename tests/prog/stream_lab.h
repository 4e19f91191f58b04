/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* Messages of TCP in segments, and what must become of each. */

#include "flows.h"
#include "hello.h"
#include "lab.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof(*(a)))

/* What a side sends. BAD is what the rules drop; GOOD is of the same length. */
enum message {
	NOTHING,
	BAD,
	GOOD,
	RECORDS,
	REQUEST,
	FRIENDLY,
	QUERY,
	QUERIES,
	BEHIND,
	BANNER,
	JUNK,
	CONNECT,
	ENDLESS,
	MESSAGES,
};

struct stream_message {
	__u8 bytes[HELLO_MAX];
	size_t length;
};

extern struct stream_message messages[MESSAGES];

struct step {
	enum message message;
	size_t from, to; /* of the message; to 0: to its end */
	long at; /* where its first byte is in what the side sends; 0 is the first one behind the SYN */
	int flags; /* 0: ACK */
	bool server;
	enum sl_verdict verdict; /* 0: accepted */
	enum sl_reason reason;
	enum sl_app app; /* NONE: not asked */
	int port; /* of the client, beside that of the row */
};

struct sequence {
	const char *name;
	struct step steps[14];
	const char *settings;
	bool no_syn;
	__u32 isn;
	int dport;
	int port; /* of the client, beside 4000 */
};

#define DROPS	  .verdict = SL_DROP
#define PENDING	  .reason = SL_REASON_STREAM_PENDING
#define OVERLAP	  .reason = SL_REASON_STREAM_OVERLAP
#define SPLIT	  .reason = SL_REASON_STREAM_SPLIT
#define TOO_LONG  .reason = SL_REASON_STREAM_SIZE
#define NO_PLACE  .reason = SL_REASON_STREAM_TABLE
#define IS(which) .app = SL_APP_##which

void make_messages(void);
/* What the rules are that drop BAD and its like, in both chains. */
struct policy *rules_in_force(const char *settings);
/* Whether the host and the programs say what the step does. */
bool take_step(const struct sequence *row, const struct step *step, enum way way);
bool as_step_says(const char *what, const struct step *step, const struct sl_trace *trace,
		  const char *arena);
void open_connection(const struct sequence *row, enum way way);
