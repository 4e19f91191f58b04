/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* Readers of messages: docs/packets.md, "Messages". */

#include "model.h"

enum m_reading {
	M_NOT, /* it is none */
	M_MORE, /* what is there begins one */
	M_WHOLE,
	M_BROKEN,
};

/* What they read goes to the facts. */
enum m_reading m_read_stream(struct m_facts *f, const __u8 *m, __u32 length, bool is_port);
enum m_reading m_read_tls(struct m_facts *f, const __u8 *m, __u32 length);
enum m_reading m_read_http(struct m_facts *f, const __u8 *m, __u32 length);
enum m_reading m_read_ssh(struct m_facts *f, const __u8 *m, __u32 length);
bool m_read_quic(struct m_facts *f, const __u8 *m, __u32 length);
/* dns.c: behind its length */
enum m_reading m_read_dns_stream(struct m_facts *f, const __u8 *m, __u32 length, bool is_port);

void m_fact(struct m_facts *f, enum m_field field, wide value);
/* A name with dots between its labels; one that cannot be written has no labels. */
void m_name_of(struct m_facts *f, const __u8 *text, __u32 length);
void m_text_of(struct m_facts *f, enum m_text_kind kind, const __u8 *text, __u32 length);
/* Nothing of a message is known. */
void m_forget_message(struct m_facts *f);
