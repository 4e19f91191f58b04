// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* docs/rules.md, "Flows". */
#include <string.h>

#include "model.h"

#define SECOND 1000000000ULL

#define FIN 1
#define SYN 2
#define RST 4
#define ACK 16

/* A packet, as far as its flow is concerned; that of an error is the packet that it quotes. */
struct packet {
	struct m_end from, to;
	int family, proto, asks;
	bool answers; /* ICMP */
	bool is_error;
};

static wide number(const struct m_facts *f, __u32 at, unsigned int size)
{
	wide n = 0;

	while (size--)
		n = n << 8 | f->came[at++];
	return n;
}

/* The type of the request; -1: it neither asks nor answers. */
static int request_of(int family, int type, bool *answers)
{
	if (family == 6) {
		*answers = type == 129;
		return type == 128 || type == 129 ? 128 : -1;
	}
	*answers = type == 0 || type == 14 || type == 16 || type == 18;
	if (type == 0)
		return 8;
	if (*answers)
		return type - 1;
	return type == 8 || type == 13 || type == 15 || type == 17 ? type : -1;
}

static bool is_error(int family, int type)
{
	if (family == 6)
		return type >= 1 && type <= 4;
	return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/* The packet that an ICMP error quotes; it must have been sent by who gets the error. */
static bool read_quoted(const struct m_facts *f, struct packet *p)
{
	__u32 at = f->payload_at, header = f->family == 4 ? 20 : 40, size;
	bool answers;

	if (f->payload_length < header || f->came[at] >> 4 != f->family)
		return false;
	p->is_error = true;
	if (f->family == 4) {
		header = (f->came[at] & 15) * 4U;
		if (header < 20 || number(f, at + 6, 2) & 0x1fff)
			return false;
		p->proto = f->came[at + 9];
		p->from.addr = number(f, at + 12, 4);
		p->to.addr = number(f, at + 16, 4);
	} else {
		p->proto = f->came[at + 6];
		p->from.addr = number(f, at + 8, 16);
		p->to.addr = number(f, at + 24, 16);
	}
	if (p->from.addr != f->value[M_DADDR] || f->payload_length < header + 8)
		return false;
	at += header;
	size = p->proto == 6 || p->proto == 17 || p->proto == 132 ? 2 : 0;
	p->from.port = (__u32)number(f, at, size);
	p->to.port = (__u32)number(f, at + 2, size);
	if (p->proto == (f->family == 4 ? 1 : 58)) {
		p->asks = request_of(f->family, f->came[at], &answers);
		p->from.port = p->to.port = (__u32)number(f, at + 4, 2);
	}
	return p->asks >= 0;
}

/* False: it belongs to no flow. */
static bool read_packet(const struct m_facts *f, struct packet *p)
{
	*p = (struct packet) {
		.from = { f->value[M_SADDR] },
		.to = { f->value[M_DADDR] },
		.family = f->family,
		.proto = (int)f->value[M_PROTO],
	};
	if (f->reason || !f->family || f->value[M_FRAGMENT] == SL_FRAG_LATER)
		return false;
	if (f->transport == 1 || f->transport == 58) {
		if (is_error(f->family, (int)f->value[M_TYPE]))
			return read_quoted(f, p);
		p->asks = request_of(f->family, (int)f->value[M_TYPE], &p->answers);
		p->from.port = p->to.port = (__u32)number(f, f->transport_at + 4, 2);
		return p->asks >= 0;
	}
	p->from.port = (__u32)f->value[M_SPORT];
	p->to.port = (__u32)f->value[M_DPORT];
	return true;
}

static bool is_end(const struct m_end *a, const struct m_end *b)
{
	return a->addr == b->addr && a->port == b->port;
}

static __u64 timeout_of(const struct m_flow *flow)
{
	switch (flow->proto) {
	case 6:
		if (flow->state == SL_FLOW_CLOSING)
			return 60;
		if (flow->state == SL_FLOW_MIDSTREAM)
			return 600;
		return flow->is_shaken ? 7200 : 60;
	case 17:
		return flow->state == SL_FLOW_NEW ? 30 : 180;
	case 1:
	case 58:
		return 30;
	default:
		return 600;
	}
}

static void forget(struct m_state *state, struct m_flow *flow)
{
	*flow = state->flow[--state->flows];
}

static struct m_flow *find(struct m_state *state, const struct packet *p, bool *from_client)
{
	for (int i = 0; i < state->flows; i++) {
		struct m_flow *flow = &state->flow[i];

		if (flow->family != p->family || flow->proto != p->proto || flow->asks != p->asks)
			continue;
		*from_client = is_end(&p->from, &flow->client) && is_end(&p->to, &flow->server) &&
			       /* Who talks to itself is the one that it was first. */
			       !(is_end(&p->from, &p->to) && flow->by_server);
		if (!*from_client &&
		    !(is_end(&p->from, &flow->server) && is_end(&p->to, &flow->client)))
			continue;
		if (state->now - flow->seen <= timeout_of(flow) * SECOND)
			return flow;
		if (!p->is_error)
			forget(state, flow);
		return NULL;
	}
	return NULL;
}

static bool is_syn(int flags)
{
	return (flags & (SYN | ACK | FIN | RST)) == SYN;
}

static bool is_syn_ack(int flags)
{
	return (flags & (SYN | ACK | FIN | RST)) == (SYN | ACK);
}

/* The state with this packet. */
static void move_tcp(struct m_flow *flow, int flags, bool from_client)
{
	if (flow->state == SL_FLOW_CLOSING)
		return;
	if (flags & (FIN | RST)) {
		flow->state = SL_FLOW_CLOSING;
	} else if (flow->state == SL_FLOW_NEW) {
		if (!from_client && is_syn_ack(flags))
			flow->state = SL_FLOW_ESTABLISHED;
		/* The client acknowledges what was not seen. */
		else if (from_client && flags & ACK && !(flags & SYN))
			flow->state = SL_FLOW_MIDSTREAM;
	} else if (flow->state == SL_FLOW_ESTABLISHED && from_client && flags & ACK) {
		flow->is_shaken = true;
	}
}

static void move(struct m_flow *flow, const struct m_facts *f, bool from_client)
{
	if (flow->verdict == SL_DROP)
		return;
	if (flow->proto == 6)
		move_tcp(flow, (int)f->value[M_FLAGS], from_client);
	else if (flow->state == SL_FLOW_NEW && !from_client)
		flow->state = SL_FLOW_ESTABLISHED;
}

static void note(struct m_facts *f, const struct m_flow *flow, __u64 now, bool to_client)
{
	const wide values[] = { (wide)flow->state, to_client, (now - flow->since) / SECOND,
				flow->packets, flow->bytes };

	for (int i = 0; i < 5; i++) {
		f->has[M_STATE + i] = true;
		f->value[M_STATE + i] = values[i];
	}
}

/* The flow that the packet is the first of. */
static void begin(const struct m_state *state, const struct m_facts *f, const struct packet *p,
		  struct m_flow *made)
{
	int flags = (int)f->value[M_FLAGS];
	bool is_answer = p->answers || (p->proto == 6 && is_syn_ack(flags));

	*made = (struct m_flow) {
		.client = is_answer ? p->to : p->from,
		.server = is_answer ? p->from : p->to,
		.family = p->family,
		.proto = p->proto,
		.asks = p->asks,
		.by_server = is_answer,
		.since = state->now,
		.seen = state->now,
		.packets = 1,
		.bytes = f->length,
		.verdict = SL_CONTINUE,
	};
	if (p->proto != 6)
		made->state = p->answers ? SL_FLOW_MIDSTREAM : SL_FLOW_NEW;
	else if (is_syn(flags))
		made->state = SL_FLOW_NEW;
	else
		made->state = flags & (FIN | RST) ? SL_FLOW_CLOSING : SL_FLOW_MIDSTREAM;
}

struct m_flow *m_flow_look(struct m_state *state, struct m_facts *f, struct m_flow *made)
{
	bool from_client;
	struct m_flow *flow;
	struct packet p;

	made->state = SL_FLOW_NONE;
	if (!read_packet(f, &p))
		return NULL;
	flow = find(state, &p, &from_client);
	if (p.is_error) {
		if (!flow)
			return NULL;
		/* The error comes from where the packet went. */
		note(f, flow, state->now, from_client);
		f->value[M_STATE] = SL_FLOW_RELATED;
		return flow;
	}
	if (flow && flow->proto == 6 && flow->state == SL_FLOW_CLOSING &&
	    flow->verdict != SL_DROP && is_syn((int)f->value[M_FLAGS])) {
		forget(state, flow);
		flow = NULL;
	}
	if (!flow) {
		begin(state, f, &p, made);
		note(f, made, state->now, made->by_server);
		return NULL;
	}
	flow->seen = state->now;
	flow->packets++;
	flow->bytes += f->length;
	move(flow, f, from_client);
	note(f, flow, state->now, !from_client);
	return flow;
}
