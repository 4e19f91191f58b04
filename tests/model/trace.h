/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* What the data path says of a packet, beside what the model says of it. */

#include "host.h"
#include "model.h"

struct item;

/* slot: of the rule that decided. */
struct sl_trace trace_expect(const struct m_facts *f, const struct m_result *r, __u32 slot,
			     bool needs_inner);
int trace_describe(char *to, size_t room, const char *who, const struct sl_trace *t);
/* What the trace says of the message, and where its words are. */
bool trace_same_message(const char *arena, const struct sl_trace *t, const struct m_facts *f);

/* A frame as it came out, and the tag beside it, if that can be seen. */
struct came_out {
	const __u8 *bytes;
	size_t len;
	bool sees_tag, has_tag;
	__u16 tpid, tci;
};

/* out.c */
bool out_is_right(const struct item *item, const struct m_facts *f, const struct m_result *r,
		  const struct came_out *out);
/* How long the frame of an answer is: between these. */
struct lengths {
	size_t least, most;
};

bool out_is_answer(const struct m_facts *f, enum m_told to, const struct m_answer *a,
		   bool is_changed, const struct lengths *lengths, const struct came_out *out);
/* copy: as rules have left the packet by then. */
bool out_is_copy(const struct item *item, const struct m_facts *f, const __u8 *copy,
		 const __u8 *came);
