/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * What must become of a packet, in the plainest way to say it: written from docs/rules.md,
 * docs/counters.md and the RFCs, and sharing nothing with the data path or the compiler but the
 * words of abi/. Rules are kept as they are written, addresses and ports as ranges of numbers, and
 * each rule is tried on each packet. It is slow, and short enough to be believed.
 */

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

#include "app.h"
#include "conf.h"
#include "flow.h"
#include "inner.h"
#include "reason.h"

/* A packet as an entry of the data path gets it. */
struct m_frame {
	__u8 *bytes; /* rules may set some */
	const __u8 *came; /* the same, as they came */
	size_t len;
	bool is_gso; /* glued together from segments, or not cut into them yet */
	bool has_tag; /* the outermost tag is beside the frame */
	__u16 tci;
};

enum m_field {
	M_SADDR,
	M_DADDR,
	M_PROTO,
	M_SPORT,
	M_DPORT,
	M_FLAGS,
	M_TYPE,
	M_CODE,
	M_VLAN,
	M_PCP,
	M_CVLAN,
	M_CPCP,
	M_TAGS,
	M_ETHERTYPE,
	M_DSCP,
	M_TTL,
	M_FRAGMENT, /* enum sl_frag_kind */
	M_LENGTH,
	M_PACKET_LENGTH, /* as the IP header says it */
	M_PAYLOAD_LENGTH,
	M_UDP_SAYS, /* its length field */
	M_WINDOW,
	M_MSS,
	M_SMAC,
	M_DMAC,
	M_EXTS, /* 1 << enum sl_ext */
	M_KIND_OF_TUNNEL, /* enum sl_tunnel: by what it carries another packet */
	M_TUNNEL_ID,
	M_APPLICATION, /* enum sl_app */
	M_QTYPE,
	M_OPCODE,
	M_RCODE,
	M_RESPONSE,
	M_TLS_OFFERS, /* the highest version */
	M_QUIC_SPEAKS,
	M_QUIC_KIND, /* enum sl_quic_type */
	M_STATE, /* enum sl_flow_state, of the flow; so the next ones */
	M_TO, /* enum sl_flow_to */
	M_AGE,
	M_PACKETS,
	M_BYTES,
	M_FIELDS,
};

/* A name as it stands in a message. */
struct m_name {
	bool is_there;
	int count; /* of labels, 0: the root */
	struct {
		__u8 size;
		__u8 bytes[63];
	} label[128];
};

/* What rules compare with texts. */
enum m_text_kind {
	M_TEXT_ALPN, /* a list, a length before each */
	M_TEXT_METHOD,
	M_TEXT_PATH,
	M_TEXT_AGENT,
	M_TEXT_SOFTWARE,
	M_TEXT_KINDS,
};

struct m_text {
	bool is_there;
	const __u8 *bytes;
	__u32 length;
};

/* Tags that rules can put on before the packet leaves. */
#define M_PUSHES 3

struct m_tag {
	__u16 tpid, tci;
};

/* What could be read of a packet. */
struct m_facts {
	enum sl_reason reason;
	bool has[M_FIELDS];
	wide value[M_FIELDS];
	int family; /* 4, 6; 0: no addresses */
	int transport; /* IP protocol whose header could be read; 0: none that Sluice reads */
	__u32 length;
	__u32 network_at, transport_at, payload_at, payload_length; /* 0: not reached */
	/* for raw bytes: ends of layers, 0 where they are not known */
	__u8 *bytes;
	const __u8 *came;
	bool is_gso;
	__u32 begin, end; /* of the frame, or of the packet that came in another */
	bool has_frame; /* its Ethernet header is there, too */
	__u32 header_end; /* of IPv4 */
	__u32 packet_end, body_end;
	__u32 mss_at; /* 0: there is no such option */
	bool has_tag; /* the outermost one, beside the frame */
	__u16 tci;
	/* of its tags, what becomes of them: the outermost ones go, others come, the last one outside */
	int came_tags, popped, pushed;
	struct m_tag pushes[M_PUSHES];
	/* of fragments */
	__u32 offset, size, id;
	bool more;
	struct m_name name; /* that a DNS message asks about, a client wants, a request goes to */
	struct m_text text[M_TEXT_KINDS];
	bool hides; /* an encrypted ClientHello within one */
	bool goes_on; /* behind a DNS message with another one */
	enum sl_reason blind;
	struct m_facts *inner; /* the packet in this one, NULL: none */
};

void m_parse(struct m_facts *f, const struct m_frame *frame);
/* A packet in a frame, from begin on: without Ethernet where ethertype says what it is. */
void m_parse_within(struct m_facts *f, const struct m_facts *outer, __u32 begin, __u32 end,
		    bool is_frame, wide ethertype);
/* What cannot be looked into; the first one counts. */
void m_blind(struct m_facts *f, enum sl_reason reason);
/* tunnel.c: packets in this one, and what is wrong with them. */
void m_look_inside(struct m_facts *f);
/* dns.c: the message in this one. */
struct m_state;
struct m_flow;
void m_look_at_message(struct m_state *state, struct m_facts *f, bool streams, struct m_flow *flow,
		       struct m_flow *made);
/* stream.c: the message that a segment of TCP has bytes of. */
void m_look_at_stream(struct m_state *state, struct m_facts *f, struct m_flow *flow,
		      struct m_flow *made);
/* How often a message was whole with the bytes of another segment. */
extern __u64 m_joined;
/* How often one began behind another one, or behind something else. */
extern __u64 m_later;
/* said.c */
void m_blind_message(struct m_facts *f);
/* Reads again what rules read from the bytes each time, after some were set. */
void m_refresh(struct m_facts *f);

/* What rules ask for beyond the headers. */
struct m_needs {
	bool inner, message, flow;
};

struct m_needs m_needs(const struct m_conf *conf);
/* How often a match of each kind held. */
extern __u64 m_held[M_SELECTORS];
bool m_drops(const struct m_conf *conf, int reason);
/* search.c */
bool m_contains(const struct m_match *m, const struct m_facts *f);
bool m_is_named(const struct m_match *m, const struct m_facts *f);
bool m_says(const struct m_match *m, const struct m_text *text, enum m_text_kind kind);
/* About what is said in a message. */
bool m_asks_message(const struct m_match *m);
bool m_rule_matches(const struct m_rule *rule, const struct m_facts *f);

/* What became of a packet. */
#define M_NO_RULE (-1)
#define M_POLICY  M_RULES

struct m_result {
	enum sl_verdict verdict;
	enum sl_reason reason;
	enum sl_reason undone; /* the first that a rule says and could not be done */
	enum sl_reason blind;
	bool is_changed;
	/* At XDP: it is dropped, and may not have met rules behind one that is left to TC. */
	bool is_unsure;
	int left; /* place, from 1, of the rule that XDP leaves to TC with all behind it; 0: none */
	int rule; /* that decided: place in the chain, M_POLICY or M_NO_RULE */
	bool counted[M_RULES + 1]; /* rules, and the policy, that counted the packet */
};

/* The packets in fragments that one hook of one interface has seen. */
struct m_pieces {
	wide saddr, daddr;
	int family;
	__u32 id, proto, vlan, cvlan;
	__u64 since;
	bool first_seen, last_seen, poisoned;
	int verdict, rule, left;
	__u32 total; /* 8-byte units; valid when last_seen */
	bool unit[8192];
};

/* What two ends have in common. */
struct m_end {
	wide addr;
	__u32 port; /* of ICMP: its identifier */
};

enum m_side_state {
	M_SIDE_NEW, /* nothing */
	M_SIDE_OTHER, /* no message, up to its end */
	M_SIDE_PART, /* part of a message */
	M_SIDE_WHOLE, /* a message, up to its end */
	M_SIDE_GIVEN_UP, /* a message that could not be put together */
};

#define M_LOOKED_AT 16376 /* bytes of a stream */

/* What a side of a connection has sent. */
struct m_side {
	int state; /* enum m_side_state */
	enum sl_reason reason; /* why it was given up */
	bool has_isn; /* of its SYN */
	bool is_kept; /* what is there */
	__u32 isn, base, end; /* base: number of the byte at 0 */
	__u8 bytes[M_LOOKED_AT];
	bool there[M_LOOKED_AT];
};

struct m_talk {
	struct m_side side[2]; /* of the client, of the server */
	int app;
};

struct m_flow {
	struct m_end client, server;
	int family, proto;
	int asks; /* ICMP: type of the request */
	bool by_server; /* who sent the first packet that was seen */
	int state; /* enum sl_flow_state */
	bool is_shaken; /* TCP: the client has answered the SYN-ACK */
	__u64 since, seen; /* ns */
	__u64 packets, bytes;
	int verdict, rule; /* of the rest of it; SL_CONTINUE: none */
	struct m_talk *talk; /* TCP that is looked into */
};

#define M_PIECES 256
#define M_FLOWS	 256
#define M_TALKS	 65 /* as many as there are packets, and one */

struct m_state {
	struct m_pieces pieces[M_PIECES];
	int count;
	struct m_flow flow[M_FLOWS];
	int flows;
	struct m_talk talk[M_TALKS];
	int talks;
	__u64 now; /* ns */
};

/* Pieces that were seen this long ago are forgotten. */
#define M_PIECES_NS (30ULL * 1000000000ULL)

/* Notes a fragment. Returns its packet, or NULL when nothing more is to come of it. */
struct m_pieces *m_track(struct m_state *state, const struct m_facts *f, enum sl_reason *reason);
/* Forgets a packet that is complete. */
void m_track_done(struct m_state *state, struct m_pieces *pieces);

/*
 * flow.c: the flow that a packet belongs to, and what rules ask of that. NULL: it has no entry; made
 * then has one that the packet begins if it is let go, or state SL_FLOW_NONE.
 */
struct m_flow *m_flow_look(struct m_state *state, struct m_facts *f, struct m_flow *made);

/* Changes the frame, and the facts, by what rules set; checksums are left as they are. */
void m_judge(struct m_state *state, const struct m_conf *conf, enum sl_dir dir, struct m_facts *f,
	     struct m_result *result);
/*
 * As m_judge() does it where there is a frame and no more: up to a rule that needs what TC has, if the
 * packet matches that; leave: a place where the data path left it, as it may at any such rule.
 */
void m_judge_xdp(struct m_state *state, const struct m_conf *conf, int leave, struct m_facts *f,
		 struct m_result *result);
bool m_needs_skb(const struct m_rule *rule);
/* The protocol whose header the selector's field is in, 0: any, -1: one with ports; and the family. */
int m_transport_of(int selector, int *family);

/* rewrite.c */
enum sl_reason m_set(const struct m_stmt *stmt, struct m_facts *f, bool *is_changed);
/* Writes bytes, and what checksums make of it. */
void m_put(struct m_facts *f, __u32 at, __u32 size, wide value, wide mask, bool *is_changed);
/* How often each was done. */
extern __u64 m_done[M_SETS];
/* Where checksums are that a change goes into: offsets in the frame, 0 for none. */
void m_sums(const struct m_facts *f, __u32 *header, __u32 *transport);
/* Whether the checksums of a changed packet are as right or wrong as before. */
bool m_sums_kept(const struct m_facts *f, const __u8 *before, const __u8 *after);

/* The copies that a packet's rules have sent, until the next one is judged. */
#define M_COPIES (M_RULES * M_STMTS)

struct m_copies {
	int count;
	struct {
		__u32 len;
		__u8 bytes[72U << 10];
	} copy[M_COPIES];
};

extern struct m_copies m_copies;

/* resets.c: whether both ends of the connection are told. */
bool m_resets_both(const struct m_rule *rule);

/* answer.c */
struct m_answer {
	__u8 bytes[2048]; /* from the IP header on, without checksums */
	__u32 len, sum_at, quote_at;
};

/* Who gets an answer: who sent the packet, and who was to get it. */
enum m_told {
	M_SENDER,
	M_RECEIVER,
	M_TOLD,
};

/* Where an answer goes: so much room from the IP header on, and whether what goes back is taken. */
struct m_way {
	__u32 room;
	bool is_refused;
};

/* What a verdict says beyond letting go; answers that are not made have no length. */
void m_carry_out(const struct m_conf *conf, enum sl_dir dir, const struct m_facts *f,
		 const struct m_way *way, struct m_result *r, struct m_answer a[M_TOLD]);
/* Whether bytes are that answer, with right checksums; header and transport: m_sums(), or 0. */
bool m_answer_is(const struct m_answer *a, const struct m_facts *f, const __u8 *got, __u32 header,
		 __u32 transport);

/* tags.c */
enum sl_reason m_push(struct m_facts *f, __u16 tci);
void m_pop(struct m_facts *f);
/* The outermost one, as it will be. */
void m_set_tag(struct m_facts *f, wide value, int shift, wide mask, bool *is_changed);
bool m_tags_move(const struct m_facts *f);
/* Bytes of the frame with its addresses and the tags that it came with. */
__u32 m_tags_came(const struct m_facts *f);
/* Writes the addresses and the tags as they leave, all in the frame; returns how many bytes. */
__u32 m_tags_leave(const struct m_facts *f, __u8 *to);
