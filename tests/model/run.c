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

#include "flows.h"
#include "lab.h"
#include "names.h"
#include "packet.h"
#include "run.h"
#include "wire.h"

struct run_counts run_counts;
const char *run_no_kernel;

static struct m_state states[WAY_MAX_];
static bool way_off[WAY_MAX_]; /* a fragment that the model has seen did not go this way */
static bool pieces_off[WAY_MAX_]; /* nor is it known what became of one */

bool run_failed(struct report *report, int item, const char *format, ...)
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
	if (!err)
		err = kernel_init_senders();
	if (!err)
		err = wire_open();
	if (err == -EPERM) {
		run_no_kernel = "CAP_BPF, CAP_NET_ADMIN or CAP_SYS_ADMIN is missing";
		kernel_exit();
		return 0;
	}
	return err;
}

void run_exit(void)
{
	wire_close();
	if (!run_no_kernel)
		kernel_exit();
}

static struct frame frame_of(const struct item *item, enum way way)
{
	return (struct frame) {
		.bytes = item->bytes,
		.len = item->len,
		.linear = way == WAY_XDP_CUT ? item->linear : 0,
		.is_gso = item->is_gso,
		.has_tag = item->has_tag,
		.tci = item->tci,
	};
}

static bool kernel_takes(enum way way, const struct item *item)
{
	struct frame frame = frame_of(item, way);

	return !run_no_kernel && !way_off[way] && !item->has_tag && lab_kernel_takes(way, &frame) &&
	       sent_can_be(item);
}

/* What the data path made of a packet. */
struct seen {
	struct sl_trace trace;
	struct counts before, after;
	struct frame frame;
	struct came_out out;
	__u32 retval; /* of a program without a trace */
	int err;
};

static struct seen seen;

/* The programs without a trace, which send. */
static bool is_sent(enum way way)
{
	return loaded.is_sent && way_hook(way) != SL_HOOK_XDP;
}

static void observe(const struct item *item, enum way way, bool on_host, bool resets)
{
	static __u8 out_bytes[PACKET_ROOM];
	struct frame frame = frame_of(item, way);
	__u32 mark;

	frame.resets = resets;
	/* How many answers there may be in a second is nothing that one packet shows. */
	lab_bucket_fill();
	seen = (struct seen) { .frame = frame };
	counts_take(&seen.before, way, on_host);
	if (on_host) {
		host_run(way_hook(way), way_slot(way), &frame, &seen.trace);
		seen.out = (struct came_out) { .bytes = host_done.bytes,
					       .len = host_done.len,
					       .sees_tag = true,
					       .has_tag = host_done.has_tag,
					       .tpid = (__u16)host_done.tag_proto,
					       .tci = host_done.tci };
	} else if (is_sent(way)) {
		seen.out.bytes = out_bytes;
		seen.err = kernel_send(way, &frame, loaded.is_refused ? wire_down : wire_port,
				       out_bytes, &seen.out.len, &seen.retval);
	} else {
		seen.out.bytes = out_bytes;
		seen.err =
			kernel_run_out(way, &frame, &seen.trace, out_bytes, &seen.out.len, &mark);
	}
	counts_take(&seen.after, way, on_host);
}

static bool same(const char *where, int number, const struct sl_trace *got,
		 const struct sl_trace *wanted, struct report *report)
{
	int n;

	if (!memcmp(got, wanted, sizeof(*got)))
		return true;
	run_failed(report, number, "packet %d, %s:\n", number, where);
	n = (int)strlen(report->text);
	n += trace_describe(report->text + n, sizeof(report->text) - (size_t)n, "got", got);
	trace_describe(report->text + n, sizeof(report->text) - (size_t)n, "wanted", wanted);
	return false;
}

/* XDP alone cannot make a frame longer, nor change the length of one in parts. */
#define PARTS 3000

static bool keeps_length(const struct item *item, enum way way, bool on_host)
{
	return !on_host && way_hook(way) == SL_HOOK_XDP &&
	       (way != WAY_XDP_META || item->len > PARTS);
}

static struct lengths lengths_of(const struct item *item, enum way way, bool on_host,
				 const struct m_facts *f, const struct m_answer *a)
{
	size_t len = f->network_at + a->len;
	bool is_meta = !on_host && way == WAY_XDP_META;

	if (keeps_length(item, way, on_host))
		return (struct lengths) { is_meta ? len : item->len, item->len };
	/* Of Ethernet, no frame gets shorter than what that sends. */
	if (is_meta && len < item->len && len < 60)
		len = item->len < 60 ? item->len : 60;
	return (struct lengths) { len, len };
}

/* The frame, and what else was sent. */
static bool came_right(const struct item *item, enum way way, bool on_host, const struct m_facts *f,
		       const struct m_result *r, const struct m_answer answers[M_TOLD])
{
	/* Of two answers one is in the frame, whatever becomes of the other. */
	enum m_told to = answers[M_RECEIVER].len ? M_RECEIVER : M_SENDER;
	struct lengths lengths = lengths_of(item, way, on_host, f, &answers[to]);

	if (on_host ? !sent_on_host(item, f, answers)
		    : !run_no_kernel && !sent_by_kernel(item, way, f, answers))
		return false;
	if (r->verdict == SL_REJECT || (to == M_RECEIVER && !m_tags_move(f)))
		return out_is_answer(f, to, &answers[to], r->is_changed, &lengths, &seen.out);
	return to == M_RECEIVER || out_is_right(item, f, r, &seen.out);
}

static const struct m_rule *rule_of(enum sl_dir dir, const struct m_result *r)
{
	return &loaded.conf.chain[dir].rule[r->rule];
}

static enum sl_dir dir_of(enum way way)
{
	return way == WAY_TC_OUT ? SL_DIR_EGRESS : SL_DIR_INGRESS;
}

/* What carries out the verdict here. Where it cannot be, it is another flow from there on. */
static void carry_out(const struct item *item, enum way way, bool on_host, const struct m_facts *f,
		      const struct m_result *judged, struct m_result *r,
		      struct m_answer answers[M_TOLD])
{
	bool keeps = keeps_length(item, way, on_host);
	const struct m_way here = {
		.room = keeps ? f->length - f->network_at : ~0U,
		.is_refused = !on_host && is_sent(way) && loaded.is_refused,
	};

	*r = *judged;
	m_carry_out(&loaded.conf, dir_of(way), f, &here, r, answers);
	way_off[way] = way_off[way] ||
		       (judged->verdict == SL_REJECT && r->verdict == SL_ACCEPT &&
			(keeps || here.is_refused) && (loaded.conf.streams || loaded.needs.flow));
}

static bool same_trace(int number, const char *where, bool on_host, const struct m_facts *f,
		       const struct m_result *r, __u32 slot, struct report *report)
{
	struct sl_trace wanted = trace_expect(f, r, slot, loaded.needs.inner), *got = &seen.trace;

	if (loaded.needs.message &&
	    !trace_same_message(on_host ? host_arena : kernel_arena, got, f))
		return run_failed(report, number, "packet %d, %s: another message", number, where);
	got->app = 0;
	got->flow = 0;
	if (!loaded.needs.flow)
		got->flow_state = got->flow_to = wanted.flow_state = wanted.flow_to = 0;
	/* Rules that it may not have met. */
	if (r->is_unsure && got->verdict == wanted.verdict && got->reason == wanted.reason)
		return true;
	return same(where, number, got, &wanted, report);
}

static bool has_given_up(enum way way)
{
	/* What a search costs is none of the model's; later fragments get what it came to. */
	if (seen.trace.reason != SL_REASON_PATTERN_BUDGET)
		return false;
	run_counts.given_up++;
	pieces_off[way] = true;
	sent_forget();
	return true;
}

static void count_answers(const struct m_rule *rule, bool is_refused)
{
	bool both = m_resets_both(rule);

	run_counts.answered[both ? SL_REJECT_BOTH : rule->reject]++;
	run_counts.refused_resets += both && is_refused;
}

/* What was seen, beside what the model says. */
static bool compare(int number, const struct item *item, enum way way, bool on_host,
		    const struct m_facts *f, const struct m_result *judged, struct report *report)
{
	bool silent = !on_host && is_sent(way);
	enum sl_dir dir = dir_of(way);
	struct m_answer answers[M_TOLD];
	struct m_result r;
	char where[64], what[128];
	__u32 slot;

	carry_out(item, way, on_host, f, judged, &r, answers);
	slot = judged->rule == M_NO_RULE ? SL_NO_SLOT : loaded.slot[dir][judged->rule];
	snprintf(where, sizeof(where), "%s%s%s", on_host ? "host, " : "", way_names[way],
		 silent ? ", without a trace" : "");
	if (seen.err)
		return run_failed(report, number, "packet %d, %s: %s", number, where,
				  strerror(-seen.err));
	run_counts.runs++;
	if (!silent && has_given_up(way))
		return true;
	if (!silent && !same_trace(number, where, on_host, f, &r, slot, report))
		return false;
	if (!silent && r.is_unsure)
		return true;
	if (silent && seen.retval != kernel_action(way, &seen.frame, r.verdict))
		return run_failed(report, number, "packet %d, %s: returns %u", number, where,
				  seen.retval);
	if (!counts_are(&seen.before, &seen.after, dir, &r, item->len, what, sizeof(what)))
		return run_failed(report, number, "packet %d, %s: %s", number, where, what);
	if (judged->verdict == SL_REJECT && (r.verdict == SL_REJECT || answers[M_RECEIVER].len))
		count_answers(rule_of(dir, judged), silent && loaded.is_refused);
	if (!came_right(item, way, on_host, f, &r, answers))
		return run_failed(report, number,
				  "packet %d, %s: what comes out is not as it should be", number,
				  where);
	return true;
}

/* A rule that was refused because it can never match, and does. */
static bool check_refused(int number, const struct m_facts *f, struct report *report)
{
	for (int dir = 0; dir < SL_DIR_MAX_; dir++) {
		const struct m_chain *refused = &loaded.refused.chain[dir];

		for (int i = 0; i < refused->count; i++) {
			if (m_rule_matches(&refused->rule[i], f))
				return run_failed(report, number,
						  "packet %d matches a rule that was refused",
						  number);
		}
	}
	return true;
}

/* TCP is looked into as soon as a rule about a message can match a segment; none here does. */
static bool check_unasked(int number, const struct m_facts *f, struct report *report)
{
	static struct m_facts said;
	static struct m_state none;
	struct m_flow made = { .client = { f->value[M_SADDR], (__u32)f->value[M_SPORT] } };

	if (loaded.conf.streams || !loaded.needs.message || f->transport != 6)
		return true;
	said = *f;
	m_look_at_message(&none, &said, true, NULL, &made);
	for (int dir = 0; dir < SL_DIR_MAX_; dir++) {
		const struct m_chain *chain = &loaded.conf.chain[dir];

		for (int i = 0; i < chain->count; i++) {
			bool asks = false;

			for (int j = 0; j < chain->rule[i].count; j++)
				asks = asks || m_asks_message(&chain->rule[i].match[j]);
			if (asks && m_rule_matches(&chain->rule[i], &said))
				return run_failed(report, number, "packet %d is not looked into",
						  number);
		}
	}
	return true;
}

static void count(const struct m_result *judged, const struct m_facts *f, enum way way)
{
	const struct m_way wide_way = { .room = ~0U };
	struct m_result done = *judged, *r = &done;
	struct m_answer answers[M_TOLD];

	m_carry_out(&loaded.conf, dir_of(way), f, &wide_way, r, answers);
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

/* An skb that ends in a tag, which cannot be taken off or become the outermost. */
static bool ends_in_tag(enum way way, const struct m_facts *f)
{
	return way_hook(way) != SL_HOOK_XDP && m_tags_move(f) &&
	       (f->reason == SL_REASON_SHORT_ETHERNET || f->reason == SL_REASON_SHORT_VLAN);
}

/* By what the data path says of where it left the packet; that stays what it is in both. */
static void judge(enum way way, int left, struct m_facts *f, struct m_result *r)
{
	states[way].now = host_now;
	if (way_hook(way) == SL_HOOK_XDP)
		m_judge_xdp(&states[way], &loaded.conf, left, f, r);
	else
		m_judge(&states[way], &loaded.conf, dir_of(way), f, r);
}

static bool run_way(int number, const struct item *item, enum way way, bool is_counted,
		    struct report *report)
{
	static __u8 bytes[FRAME_MAX + 1];
	const struct m_frame frame = { bytes,	     item->bytes,   item->len,
				       item->is_gso, item->has_tag, item->tci };
	struct m_result r;
	struct m_facts f;
	bool is_piece;

	memcpy(bytes, item->bytes, item->len);
	m_parse(&f, &frame);
	is_piece = f.has[M_FRAGMENT] && f.value[M_FRAGMENT];
	if (!check_unasked(number, &f, report))
		return false;
	if (!(pieces_off[way] && is_piece))
		observe(item, way, true, false);
	judge(way, (int)seen.trace.key.from, &f, &r);
	if (!check_refused(number, &f, report))
		return false;
	if (is_counted)
		count(&r, &f, way);
	if ((pieces_off[way] && is_piece) || ends_in_tag(way, &f))
		return true;
	if (!compare(number, item, way, true, &f, &r, report))
		return false;
	if (!kernel_takes(way, item)) {
		way_off[way] = way_off[way] || is_piece || loaded.needs.flow ||
			       (loaded.conf.streams && f.transport == 6);
		return true;
	}
	if (pieces_off[way] && is_piece)
		return true;
	/* The programs without a trace do the same search. */
	if (is_sent(way) && seen.trace.reason == SL_REASON_PATTERN_BUDGET)
		return true;
	observe(item, way, false,
		r.verdict == SL_REJECT && m_resets_both(rule_of(dir_of(way), &r)));
	return compare(number, item, way, false, &f, &r, report);
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
		/* Messages of TCP have flows, too. */
		if (loaded.needs.flow || loaded.needs.message)
			flows_clear();
		states[way].count = states[way].flows = states[way].talks = 0;
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
	if (!load_rules(fc, report))
		return loaded.too_large;
	return run_ways(fc, report);
}
