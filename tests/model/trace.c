// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/* What the model says, in the words of the trace. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "fuzz.h"
#include "names.h"
#include "trace.h"

static __u64 field(const struct m_facts *f, enum m_field name, int shift)
{
	return (__u64)f->value[name] << shift;
}

static int class_of(const struct m_facts *f)
{
	switch (f->transport) {
	case 6:
		return SL_L4_TCP;
	case 17:
		return SL_L4_UDP;
	case 132:
		return SL_L4_SCTP;
	case 1:
	case 58:
		return SL_L4_ICMP;
	default:
		return SL_L4_OTHER;
	}
}

/* The two 16-bit numbers of a key, which are ports to some. */
static void set_ports(struct sl_key *key, const struct m_facts *f)
{
	key->l4 = (__u8)class_of(f);
	switch (key->l4) {
	case SL_L4_ICMP:
		key->sport = (__u16)f->value[M_TYPE];
		key->dport = (__u16)f->value[M_CODE];
		break;
	case SL_L4_OTHER:
		key->dport = (__u16)f->value[M_PROTO];
		break;
	default:
		key->sport = (__u16)f->value[M_SPORT];
		key->dport = (__u16)f->value[M_DPORT];
	}
}

static struct sl_key key_of(const struct m_facts *f)
{
	struct sl_key key = {};

	key.link = field(f, M_ETHERTYPE, SL_LINK_ETHERTYPE_SHIFT) |
		   field(f, M_VLAN, SL_LINK_VLAN_SHIFT) | field(f, M_PCP, SL_LINK_PCP_SHIFT) |
		   field(f, M_CVLAN, SL_LINK_IVLAN_SHIFT) | field(f, M_CPCP, SL_LINK_IPCP_SHIFT) |
		   field(f, M_TAGS, SL_LINK_TAGS_SHIFT);
	key.xport =
		field(f, M_PROTO, SL_XPORT_PROTO_SHIFT) | field(f, M_FLAGS, SL_XPORT_FLAGS_SHIFT) |
		field(f, M_FRAGMENT, SL_XPORT_FRAG_SHIFT) | field(f, M_DSCP, SL_XPORT_DSCP_SHIFT) |
		field(f, M_TTL, SL_XPORT_TTL_SHIFT) | field(f, M_EXTS, SL_XPORT_EXT_SHIFT);
	set_ports(&key, f);
	key.l3 = f->family == 4 ? SL_L3_IP4 : f->family == 6 ? SL_L3_IP6 : SL_L3_OTHER;
	if (f->family == 4) {
		key.addr[0] = field(f, M_SADDR, 32) | field(f, M_DADDR, 0);
	} else if (f->family == 6) {
		key.addr[0] = (__u64)(f->value[M_SADDR] >> 64);
		key.addr[1] = (__u64)f->value[M_SADDR];
		key.addr[2] = (__u64)(f->value[M_DADDR] >> 64);
		key.addr[3] = (__u64)f->value[M_DADDR];
	}
	return key;
}

static void expect_inner(struct sl_trace_inner *to, const struct m_facts *f)
{
	const struct m_facts *inner = f->inner;

	to->tunnel = (__u8)f->value[M_KIND_OF_TUNNEL];
	to->has_id = f->has[M_TUNNEL_ID];
	to->id = (__u32)f->value[M_TUNNEL_ID];
	if (!inner)
		return;
	to->key = key_of(inner);
	to->reason = (__u8)inner->reason;
	to->start = inner->begin;
	to->network = inner->network_at;
	to->transport = inner->transport_at;
	to->payload = inner->payload_at;
	to->payload_length = inner->payload_length;
}

struct sl_trace trace_expect(const struct m_facts *f, const struct m_result *r, __u32 slot,
			     bool needs_inner)
{
	struct sl_trace t = {
		.verdict = r->verdict,
		.reason = r->reason ? r->reason : r->undone,
		.slot = slot,
		.length = f->length,
		.network = f->network_at,
		.transport = f->transport_at,
		.payload = f->payload_at,
		.payload_length = f->payload_length,
		.key = key_of(f),
		.blind = r->blind,
		.flow_state = (__u8)f->value[M_STATE],
		.flow_to = (__u8)f->value[M_TO],
	};

	t.key.from = (__u32)r->left;
	if (needs_inner) {
		expect_inner(&t.inner[0], f);
		if (f->inner)
			expect_inner(&t.inner[1], f->inner);
	}
	return t;
}

static int describe_inner(char *to, size_t room, const struct sl_trace_inner *t)
{
	return snprintf(
		to, room,
		"  in %u id %u %u: %s from %u at %u %u %u+%u l3 %u l4 %u link %llx xport %llx addr %llx %llx %llx %llx ports %u %u\n",
		t->tunnel, t->has_id, t->id, sl_reason_names[t->reason % SL_REASON_MAX_], t->start,
		t->network, t->transport, t->payload, t->payload_length, t->key.l3, t->key.l4,
		t->key.link, t->key.xport, t->key.addr[0], t->key.addr[1], t->key.addr[2],
		t->key.addr[3], t->key.sport, t->key.dport);
}

int trace_describe(char *to, size_t room, const char *who, const struct sl_trace *t)
{
	int n = snprintf(
		to, room,
		"%-6s %s %s blind %s flow %u %u from %u slot %u length %u at %u %u %u+%u l3 %u l4 %u link %llx xport %llx addr %llx %llx %llx %llx ports %u %u\n",
		who, sl_verdict_names[t->verdict % SL_VERDICT_MAX_],
		sl_reason_names[t->reason % SL_REASON_MAX_],
		sl_reason_names[t->blind % SL_REASON_MAX_], t->flow_state, t->flow_to, t->key.from,
		t->slot, t->length, t->network, t->transport, t->payload, t->payload_length,
		t->key.l3, t->key.l4, t->key.link, t->key.xport, t->key.addr[0], t->key.addr[1],
		t->key.addr[2], t->key.addr[3], t->key.sport, t->key.dport);

	for (int i = 0; i < SL_INNER_DEPTH && (t->inner[0].tunnel || t->inner[0].key.link); i++)
		n += describe_inner(to + n, room - (size_t)n, &t->inner[i]);
	return n;
}

/* What the trace says of the message, and where its words are. */
static bool same_name(const struct sl_name *name, const struct m_facts *f)
{
	__u32 at = 0;

	for (int i = 0; i < name->labels; i++) {
		if (i >= f->name.count ||
		    strncasecmp((const char *)name->text + at, (const char *)f->name.label[i].bytes,
				f->name.label[i].size))
			return false;
		at += f->name.label[i].size + 1U;
	}
	return !name->labels || name->labels == f->name.count;
}

static bool same_dns(const struct sl_app_found *found, const struct m_facts *f)
{
	return found->dns_response == f->value[M_RESPONSE] &&
	       found->dns_opcode == f->value[M_OPCODE] && found->dns_rcode == f->value[M_RCODE] &&
	       !(found->has & SL_APP_HAS_TYPE) == !f->has[M_QTYPE] &&
	       (!f->has[M_QTYPE] || found->dns_qtype == f->value[M_QTYPE]);
}

bool trace_same_message(const char *arena, const struct sl_trace *t, const struct m_facts *f)
{
	const struct sl_app_found *found = (const void *)(arena + t->app);

	if (!f->has[M_APPLICATION] || !t->app)
		return !f->has[M_APPLICATION] && !t->app;
	if (found->app != f->value[M_APPLICATION])
		return false;
	/* Fields are asked for when the message is there, and not before. */
	if (!(found->has & SL_APP_HAS_MESSAGE))
		return !f->name.is_there && !f->has[M_RESPONSE] && !f->has[M_TLS_OFFERS] &&
		       !f->text[M_TEXT_METHOD].is_there && !f->text[M_TEXT_SOFTWARE].is_there;
	if (!(found->has & SL_APP_HAS_NAME) != !f->name.is_there)
		return false;
	if (f->name.is_there && !same_name(&found->name, f))
		return false;
	switch (found->app) {
	case SL_APP_DNS:
		return same_dns(found, f);
	case SL_APP_TLS:
		return found->tls_version == f->value[M_TLS_OFFERS] && f->has[M_TLS_OFFERS];
	case SL_APP_QUIC:
		return found->quic_version == f->value[M_QUIC_SPEAKS] &&
		       found->quic_type == f->value[M_QUIC_KIND];
	case SL_APP_HTTP:
		return f->text[M_TEXT_METHOD].is_there;
	default:
		return f->text[M_TEXT_SOFTWARE].is_there;
	}
}
