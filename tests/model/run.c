// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * One case through the model, the pipeline on the host and the programs in the kernel. Each way a
 * packet can take has fragments of its own, in the model as in the data path.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "flows.h"
#include "fuzz.h"
#include "kernel.h"
#include "lab.h"
#include "names.h"
#include "packet.h"
#include "prog.h"
#include "rules.h"

#define RULE_SHIFT_HOST 12 /* as in host.c */

struct run_counts run_counts;
const char *run_no_kernel;

/* What is in force: the model's rules, and where the data path counts them. */
static struct {
	struct m_conf conf;
	struct m_conf refused; /* rules that the compiler says no packet can match */
	struct m_needs needs;
	__u32 slot[SL_DIR_MAX_][M_RULES + 1]; /* the policy's behind those of the rules */
	__u32 slots;
	bool too_large;
} loaded;

static struct m_state states[WAY_MAX_];
static bool way_off[WAY_MAX_]; /* a fragment that the model has seen did not go this way */
static bool pieces_off[WAY_MAX_]; /* nor is it known what became of one */
static __u8 out_bytes[PACKET_ROOM];

static bool say(struct report *report, int item, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static bool say(struct report *report, int item, const char *format, ...)
{
	va_list args;

	report->item = item;
	va_start(args, format);
	vsnprintf(report->text, sizeof(report->text), format, args);
	va_end(args);
	return false;
}

int run_init(void)
{
	int err = host_init();

	if (err)
		return err;
	lab_name_key(host_arena);
	err = kernel_init();
	if (kernel_arena)
		lab_name_key(kernel_arena);
	if (err == -EPERM) {
		run_no_kernel = "CAP_BPF and CAP_NET_ADMIN are missing";
		kernel_exit();
		return 0;
	}
	return err;
}

void run_exit(void)
{
	if (!run_no_kernel)
		kernel_exit();
}

/* Loading */

static void remove_rule(struct m_chain *chain, int i)
{
	memmove(&chain->rule[i], &chain->rule[i + 1],
		(size_t)(--chain->count - i) * sizeof(*chain->rule));
}

/* Takes out the rule that stands in this line. False: no rule does. */
static bool refuse(unsigned int line, const struct lines *lines)
{
	for (int dir = SL_DIR_MAX_ - 1; dir >= 0; dir--) {
		struct m_chain *chain = &loaded.conf.chain[dir];
		struct m_chain *refused = &loaded.refused.chain[dir];

		for (int i = chain->count - 1; i >= 0; i--) {
			if (line < lines->line[dir][i])
				continue;
			if (i == chain->count - 1 && dir + 1 < SL_DIR_MAX_ &&
			    loaded.conf.chain[dir + 1].count && line >= lines->line[dir + 1][0])
				return false;
			if (refused->count < M_RULES)
				refused->rule[refused->count++] = chain->rule[i];
			remove_rule(chain, i);
			run_counts.refused++;
			return true;
		}
	}
	return false;
}

static bool is_refusal(const struct sl_diag_entry *entry)
{
	return strstr(entry->message, "never match") || strstr(entry->message, "no packet") ||
	       strstr(entry->message, "more than 65,536");
}

static bool parse(struct sl_conf **conf, struct report *report)
{
	for (;;) {
		struct sl_diag diag = {};
		struct lines lines;
		char *text = conf_text(&loaded.conf, &lines);
		int err = sl_conf_parse(conf, "case", ".", text, &diag);
		bool removed = false;

		/* From the last line on, so that those before stay what they are. */
		for (size_t i = diag.count; err && i-- > 0 && !removed;) {
			if (diag.entries[i].severity == SL_ERROR && is_refusal(&diag.entries[i]))
				removed = refuse(diag.entries[i].line, &lines);
		}
		if (err && !removed)
			say(report, -1, "rules do not compile: %s\n%.3000s",
			    diag.count ? diag.entries[0].message : strerror(-err), text);
		free(text);
		sl_diag_clear(&diag);
		if (!err || !removed)
			return !err;
	}
}

static void note_slots(const struct sl_conf *conf)
{
	int next[SL_DIR_MAX_] = {};

	loaded.slots = 0;
	for (size_t i = 0; i < conf->nrules; i++) {
		const struct sl_conf_rule *rule = &conf->rules[i];

		loaded.slot[rule->dir][rule->is_policy ? M_POLICY : next[rule->dir]++] = rule->slot;
		if (rule->slot > loaded.slots)
			loaded.slots = rule->slot;
	}
}

/* docs/rules.md, "How much": too large is no fault. */
static bool lower(const struct sl_conf *conf, void **block, size_t *size, struct report *report)
{
	struct sl_diag diag = {};
	int err = sl_conf_lower(conf, SL_ARENA_BANK0, 1U << 24, 1, block, size, &diag);

	loaded.too_large = err == -E2BIG;
	run_counts.too_large += loaded.too_large;
	if (err)
		say(report, -1, "rules are not lowered: %s",
		    diag.count ? diag.entries[0].message : strerror(-err));
	sl_diag_clear(&diag);
	return !err;
}

static bool load(const struct fuzz_case *fc, struct report *report)
{
	struct sl_conf *conf = NULL;
	void *block = NULL;
	size_t size;
	bool good;

	loaded.too_large = false;
	loaded.conf = fc->conf;
	loaded.refused = (struct m_conf) {};
	if (!parse(&conf, report))
		return false;
	loaded.needs = m_needs(&loaded.conf);
	sl_conf_number(conf);
	conf->name_key = (const void *)(host_arena + SL_ARENA_NAME_KEY);
	good = !place_sets(conf) || say(report, -1, "no room for the sets of the rules");
	good = good && lower(conf, &block, &size, report);
	if (good) {
		note_slots(conf);
		memcpy(host_arena + SL_ARENA_BANK0, block, size);
		((struct sl_root *)(host_arena + SL_ARENA_ROOT))->ruleset = SL_ARENA_BANK0;
	}
	if (good && !run_no_kernel) {
		memcpy(kernel_arena + SL_ARENA_BANK0, block, size);
		((struct sl_root *)(kernel_arena + SL_ARENA_ROOT))->ruleset = SL_ARENA_BANK0;
	}
	free(block);
	sl_conf_freep(&conf);
	return good;
}

/* Counters, before and after a packet */

struct counts {
	struct sl_counter rule[2 * M_RULES + 4];
	struct sl_hook_stats hook;
};

static void take_counts(struct counts *n, enum way way, bool on_host)
{
	const struct sl_if_stats *stats;

	for (__u32 slot = 1; slot <= loaded.slots; slot++) {
		if (on_host)
			memcpy(&n->rule[slot],
			       host_arena + sl_rule_counter_offset(slot, RULE_SHIFT_HOST, 0),
			       sizeof(n->rule[slot]));
		else
			n->rule[slot] = kernel_rule_counter(slot);
	}
	if (on_host) {
		stats = (const void *)(host_arena + sl_if_stats_offset(way_slot(way), 1, 0));
		n->hook = stats->hook[way_hook(way)];
	} else {
		n->hook = kernel_hook_stats(way_slot(way), way_hook(way));
	}
}

static bool counted(const struct sl_counter *before, const struct sl_counter *after, bool once,
		    __u64 bytes)
{
	return after->packets - before->packets == once &&
	       after->bytes - before->bytes == (once ? bytes : 0);
}

static bool check_counts(const struct counts *before, const struct counts *after, enum sl_dir dir,
			 const struct m_result *r, __u64 bytes, char *what, size_t room)
{
	for (int other = 0; other < SL_DIR_MAX_; other++) {
		for (int i = 0; i <= M_POLICY; i++) {
			bool once = other == (int)dir && r->counted[i];
			__u32 slot = loaded.slot[other][i];

			if (i >= loaded.conf.chain[other].count && i != M_POLICY)
				continue;
			if (counted(&before->rule[slot], &after->rule[slot], once, bytes))
				continue;
			snprintf(what, room, "%s rule %d counted %llu packets, %llu bytes",
				 sl_dir_names[other], i,
				 after->rule[slot].packets - before->rule[slot].packets,
				 after->rule[slot].bytes - before->rule[slot].bytes);
			return false;
		}
	}
	for (int i = 0; i < 8; i++) {
		if (counted(&before->hook.verdict[i], &after->hook.verdict[i], i == (int)r->verdict,
			    bytes))
			continue;
		snprintf(what, room, "verdict %d is not counted as it should be", i);
		return false;
	}
	for (int i = 1; i < SL_REASON_MAX_; i++) {
		if (counted(&before->hook.reason[i], &after->hook.reason[i],
			    i == (int)r->reason || i == (int)r->undone || i == (int)r->blind,
			    bytes))
			continue;
		snprintf(what, room, "reason %s is not counted as it should be",
			 sl_reason_names[i]);
		return false;
	}
	return true;
}

/* What the model says, in the words of the trace */

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

static struct sl_trace expect(const struct m_facts *f, enum sl_dir dir, const struct m_result *r)
{
	struct sl_trace t = {
		.verdict = r->verdict,
		.reason = r->reason ? r->reason : r->undone,
		.slot = r->rule == M_NO_RULE ? SL_NO_SLOT : loaded.slot[dir][r->rule],
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

	if (loaded.needs.inner) {
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

static int describe(char *to, size_t room, const char *who, const struct sl_trace *t)
{
	int n = snprintf(
		to, room,
		"%-6s %s %s blind %s flow %u %u slot %u length %u at %u %u %u+%u l3 %u l4 %u link %llx xport %llx addr %llx %llx %llx %llx ports %u %u\n",
		who, sl_verdict_names[t->verdict % SL_VERDICT_MAX_],
		sl_reason_names[t->reason % SL_REASON_MAX_],
		sl_reason_names[t->blind % SL_REASON_MAX_], t->flow_state, t->flow_to, t->slot,
		t->length, t->network, t->transport, t->payload, t->payload_length, t->key.l3,
		t->key.l4, t->key.link, t->key.xport, t->key.addr[0], t->key.addr[1],
		t->key.addr[2], t->key.addr[3], t->key.sport, t->key.dport);

	for (int i = 0; i < SL_INNER_DEPTH && loaded.needs.inner; i++)
		n += describe_inner(to + n, room - (size_t)n, &t->inner[i]);
	return n;
}

static bool same(const char *where, int number, const struct sl_trace *got,
		 const struct sl_trace *wanted, struct report *report)
{
	int n;

	if (!memcmp(got, wanted, sizeof(*got)))
		return true;
	say(report, number, "packet %d, %s:\n", number, where);
	n = (int)strlen(report->text);
	n += describe(report->text + n, sizeof(report->text) - (size_t)n, "got", got);
	describe(report->text + n, sizeof(report->text) - (size_t)n, "wanted", wanted);
	return false;
}

/* What the trace says of the message, and where its words are. */
static bool same_message(const char *arena, const struct sl_trace *t, const struct m_facts *f)
{
	const struct sl_app_found *found = (const void *)(arena + t->app);
	const struct sl_name *name = &found->name;
	__u32 at = 0;

	if (!f->has[M_APPLICATION] || !t->app)
		return !f->has[M_APPLICATION] && !t->app;
	if (found->app != SL_APP_DNS || found->dns_response != f->value[M_RESPONSE] ||
	    found->dns_opcode != f->value[M_OPCODE] || found->dns_rcode != f->value[M_RCODE] ||
	    !(found->has & SL_APP_HAS_TYPE) != !f->has[M_QTYPE] ||
	    (f->has[M_QTYPE] && found->dns_qtype != f->value[M_QTYPE]))
		return false;
	for (int i = 0; f->has[M_QTYPE] && i < name->labels; i++) {
		if (i >= f->name.count ||
		    strncasecmp((const char *)name->text + at, (const char *)f->name.label[i].bytes,
				f->name.label[i].size))
			return false;
		at += f->name.label[i].size + 1U;
	}
	return !f->has[M_QTYPE] || !name->labels || name->labels == f->name.count;
}

/* Running */

static bool kernel_takes(enum way way, const struct frame *frame)
{
	return !run_no_kernel && !way_off[way] && !frame->has_tag && lab_kernel_takes(way, frame);
}

/* What rules set is set, and nothing else, but for checksums, which cover as much as before. */
static bool same_bytes(const struct item *item, const struct m_facts *f, const struct m_result *r,
		       size_t out_len)
{
	/* XDP may leave metadata in front of the frame. */
	const __u8 *came = out_bytes + out_len - item->len;
	__u32 header, transport;

	if (out_len < item->len || out_len > item->len + sizeof(struct sl_meta))
		return false;
	if (!r->is_changed)
		return !memcmp(came, item->bytes, item->len);
	m_sums(f, &header, &transport);
	for (size_t i = 0; i < item->len; i++) {
		if ((header && i - header < 2) || (transport && i - transport < 2))
			continue;
		if (came[i] != f->bytes[i])
			return false;
	}
	return m_sums_kept(f, item->bytes, came);
}

static bool run_one(int number, const struct item *item, enum way way, bool on_host,
		    const struct m_facts *f, const struct m_result *r, struct report *report)
{
	enum sl_dir dir = way == WAY_TC_OUT ? SL_DIR_EGRESS : SL_DIR_INGRESS;
	size_t out_len = 0;
	__u32 mark;
	struct frame frame = {
		.bytes = item->bytes,
		.len = item->len,
		.linear = way == WAY_XDP_CUT ? item->linear : 0,
		.is_gso = item->is_gso,
		.has_tag = item->has_tag,
		.tci = item->tci,
	};
	struct sl_trace wanted = expect(f, dir, r), trace;
	struct counts before, after;
	char where[64], what[128];
	int err = 0;

	if (pieces_off[way] && f->has[M_FRAGMENT] && f->value[M_FRAGMENT])
		return true;
	if (!on_host && !kernel_takes(way, &frame)) {
		if ((f->has[M_FRAGMENT] && f->value[M_FRAGMENT]) || loaded.needs.flow)
			way_off[way] = true;
		return true;
	}
	snprintf(where, sizeof(where), "%s%s", on_host ? "host, " : "", way_names[way]);
	take_counts(&before, way, on_host);
	if (on_host) {
		host_run(way_hook(way), way_slot(way), &frame, &trace);
		memcpy(out_bytes, host_done.bytes, host_done.len);
		out_len = host_done.len;
	} else {
		err = kernel_run_out(way, &frame, &trace, out_bytes, &out_len, &mark);
	}
	if (err)
		return say(report, number, "packet %d, %s: %s", number, where, strerror(-err));
	run_counts.runs++;
	if (trace.reason == SL_REASON_PATTERN_BUDGET) {
		/* What a search costs is none of the model's; later fragments get what it came to. */
		run_counts.given_up++;
		pieces_off[way] = true;
		return true;
	}
	if (loaded.needs.message && !same_message(on_host ? host_arena : kernel_arena, &trace, f))
		return say(report, number, "packet %d, %s: another message", number, where);
	trace.app = 0;
	trace.flow = 0;
	if (!loaded.needs.flow)
		trace.flow_state = trace.flow_to = 0;
	if (!same(where, number, &trace, &wanted, report))
		return false;
	take_counts(&after, way, on_host);
	if (!check_counts(&before, &after, dir, r, item->len, what, sizeof(what)))
		return say(report, number, "packet %d, %s: %s", number, where, what);
	if (!same_bytes(item, f, r, out_len) ||
	    (on_host && item->has_tag && r->verdict == SL_ACCEPT && host_done.tci != f->tci))
		return say(report, number, "packet %d, %s: what comes out is not as it should be",
			   number, where);
	return true;
}

/* A rule that was refused because it can never match, and does. */
static bool check_refused(int number, const struct m_facts *f, struct report *report)
{
	for (int dir = 0; dir < SL_DIR_MAX_; dir++) {
		const struct m_chain *refused = &loaded.refused.chain[dir];

		for (int i = 0; i < refused->count; i++) {
			if (m_rule_matches(&refused->rule[i], f))
				return say(report, number,
					   "packet %d matches a rule that was refused", number);
		}
	}
	return true;
}

static void count(const struct m_result *r)
{
	run_counts.packets++;
	run_counts.reason[r->reason]++;
	run_counts.changed += r->is_changed;
	if (r->undone)
		run_counts.reason[r->undone]++;
	if (r->blind)
		run_counts.reason[r->blind]++;
	if (r->rule == M_POLICY)
		run_counts.by_policy++;
	else if (r->rule != M_NO_RULE)
		run_counts.by_rule++;
}

static bool run_way(int number, const struct item *item, enum way way, bool is_counted,
		    struct report *report)
{
	static __u8 bytes[FRAME_MAX + 1];
	const struct m_frame frame = { bytes,	     item->bytes,   item->len,
				       item->is_gso, item->has_tag, item->tci };
	struct m_result r;
	struct m_facts f;

	memcpy(bytes, item->bytes, item->len);
	m_parse(&f, &frame);
	/* Messages of TCP are another model's. */
	if (loaded.needs.message && f.transport == 6 && f.payload_length)
		return true;
	states[way].now = host_now;
	m_judge(&states[way], &loaded.conf, way == WAY_TC_OUT ? SL_DIR_EGRESS : SL_DIR_INGRESS, &f,
		&r);
	if (!check_refused(number, &f, report))
		return false;
	if (is_counted)
		count(&r);
	return run_one(number, item, way, true, &f, &r, report) &&
	       run_one(number, item, way, false, &f, &r, report);
}

static bool run_items(const struct fuzz_case *fc, enum way way, bool is_counted,
		      struct report *report)
{
	for (int i = 0; i < fc->count; i++) {
		const struct item *item = &fc->item[i];

		host_now += item->wait;
		/* What an skb alone has. */
		if ((item->is_gso || item->has_tag) && way_hook(way) == SL_HOOK_XDP)
			continue;
		if (!run_way(i, item, way, is_counted, report))
			return false;
	}
	return true;
}

/* Flows are one table for all ways, so each has all packets before the next one has any. */
static bool run_ways(const struct fuzz_case *fc, struct report *report)
{
	__u64 began = host_now, ended = began;
	bool good = true;

	for (enum way way = 0; way < WAY_MAX_ && good; way++) {
		host_now = began;
		if (loaded.needs.flow)
			flows_clear();
		states[way].count = states[way].flows = 0;
		way_off[way] = pieces_off[way] = false;
		/* TC has them all. */
		good = run_items(fc, way, way == WAY_TC_IN, report);
		ended = host_now;
	}
	host_now = ended;
	return good;
}

bool run_case(const struct fuzz_case *fc, struct report *report)
{
	run_counts.cases++;
	host_frags_clear();
	if (!run_no_kernel)
		kernel_frags_clear();
	if (!load(fc, report))
		return loaded.too_large;
	return run_ways(fc, report);
}
