/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

#include <linux/types.h>

#include "flow.h"

/*
 * What the application says in a packet. A stage copies the bytes of the message into the work area
 * of its CPU and hook in the arena, and notes there what it has read: for the operations of rules,
 * and for replay. It holds until the next packet on that CPU and hook.
 */
#define SL_APPS(X)      \
	X(NONE, "none") \
	X(DNS, "dns")   \
	X(TLS, "tls")   \
	X(HTTP, "http") \
	X(SSH, "ssh")   \
	X(QUIC, "quic")

enum sl_app {
#define X(name, word) SL_APP_##name,
	SL_APPS(X)
#undef X
	SL_APP_MAX_
};

/* Bytes in the arena; length 0 with an offset: there, and empty. */
struct sl_text {
	__u32 at; /* 0: not there */
	__u32 length;
};

#define SL_NAME_MAX    253U
#define SL_NAME_LABELS 127U
#define SL_LABEL_MAX   63U

/*
 * A domain name in normal form: lower case, a dot between labels, none at the end. A label holds any
 * bytes but a dot. What has no such form is a name without labels: the root, and a name with a label
 * that is empty, too long or has a dot in it. It equals no name that a rule or a set can hold.
 */
struct sl_name {
	__u8 length; /* of text */
	__u8 labels;
	__u8 hashed; /* 1: hash is filled, see sl_name_hash() */
	__u8 pad[5];
	__u8 text[256]; /* zero from length to the next multiple of 8 */
	__u8 label[128]; /* where each one begins in text */
	__u64 hash[128]; /* of what begins at each label, to the end */
};
_Static_assert(sizeof(struct sl_name) == 1416, "layout");

/*
 * Names are looked up by a hash of 64 bits, which nobody can foresee: the key is made by chance with
 * the arena. Two 32-bit halves, each the upper half of a sum, all modulo 2^64:
 *
 *   length * key.length + sum of (key.word[i][0] + low) * (key.word[i][1] + high)
 *
 * where low and high are the two 32-bit numbers that the i-th eight bytes from the end make, little
 * endian; of the last eight, what is not there is zero. The second half takes the other keys. Two
 * different names have the same hash with a chance of about 1 in 2^64 (multiply-shift hashing of
 * vectors is strongly universal), whoever has chosen them.
 */
#define SL_NAME_WORDS 32U

/*
 * Where names are looked up, the lower two bits of a hash are not looked at. In tables they say what
 * is meant.
 */
#define SL_NAME_SELF  1U /* the name */
#define SL_NAME_BELOW 2U /* all names below it */
#define SL_NAME_FORMS 3U

struct sl_name_key {
	__u64 word[SL_NAME_WORDS][4]; /* two for each half */
	__u64 length[2];
};
_Static_assert(sizeof(struct sl_name_key) == 1040, "layout");

struct sl_app_found {
	__u8 app; /* enum sl_app, by what the bytes are */
	__u8 has; /* SL_APP_HAS_ bits */

	/* DNS */
	__u8 dns_response;
	__u8 dns_opcode;
	__u8 dns_rcode;
	__u8 quic_type; /* of a long header */
	__u16 dns_qtype;
	__u16 dns_lead; /* bytes of the header and the first question */

	__u16 tls_version; /* the highest that the client offers */
	__u32 quic_version;

	struct sl_text tls_alpn; /* as in the extension: a length before each */
	struct sl_text http_method;
	struct sl_text http_path;
	struct sl_text http_agent;
	struct sl_text ssh_software;

	struct sl_name name; /* DNS: of the first question. TLS: of the server. HTTP: of the host */
};

/* A message was read whole: its fields may be asked for. Else app alone is known. */
#define SL_APP_HAS_MESSAGE 1U
/* There is a name in the message; it may be one without labels. */
#define SL_APP_HAS_NAME	   2U
#define SL_APP_HAS_TYPE	   4U /* of DNS: of the first question */
#define SL_APP_HAS_SECRET  8U /* of TLS: an encrypted ClientHello within this one, or as if */
#define SL_APP_HAS_NEXT	   16U /* of DNS over TCP: bytes of another message behind it */

/* sl_app_found.quic_type: as version 1 has them, and a list of versions. */
#define SL_QUIC_TYPES(X)          \
	X(INITIAL, "initial")     \
	X(ZERO_RTT, "zero-rtt")   \
	X(HANDSHAKE, "handshake") \
	X(RETRY, "retry")         \
	X(NEGOTIATION, "negotiation")

enum sl_quic_type {
#define X(name, word) SL_QUIC_##name,
	SL_QUIC_TYPES(X)
#undef X
	SL_QUIC_TYPE_MAX_
};

#define SL_WORK_BYTES 16384U
#define SL_WORK_SIZE  32768U

struct sl_work {
	struct sl_app_found found;
	struct sl_flow_app fresh; /* of a flow that has no entry yet */
	__u32 lent; /* of egress: a copy of the packet is on its way, see SL_OP_MIRROR */
	__u32 pad;
	__u64 kept[64]; /* of egress: what was found in the packet, meanwhile */
	__u8 pad2[8192 - sizeof(struct sl_app_found) - sizeof(struct sl_flow_app) - 520];
	__u8 bytes[SL_WORK_BYTES]; /* of the message */
	__u8 rest[SL_WORK_SIZE - 8192 - SL_WORK_BYTES];
};
_Static_assert(sizeof(struct sl_work) == SL_WORK_SIZE, "layout");
