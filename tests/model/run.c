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
#include "fuzz.h"
#include "kernel.h"
#include "lab.h"
#include "names.h"
#include "packet.h"
#include "prog.h"
#include "rules.h"
#include "trace.h"

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

/* The daemon finds interfaces by their names. */
static void open_ports(char *arena)
{
	const struct sl_ruleset *set = (const void *)(arena + SL_ARENA_BANK0);

	for (__u32 i = 0; i < set->nports; i++) {
		struct sl_rule_port *port =
			(void *)(arena + set->ports + i * sizeof(struct sl_rule_port));

		port->ifindex = !strcmp(arena + port->name, "there0");
	}
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
		loaded.conf.streams = ((struct sl_ruleset *)block)->needs & SL_NEEDS_STREAM;
	}
	if (good)
		open_ports(host_arena);
	if (good && !run_no_kernel) {
		memcpy(kernel_arena + SL_ARENA_BANK0, block, size);
		((struct sl_root *)(kernel_arena + SL_ARENA_ROOT))->ruleset = SL_ARENA_BANK0;
		open_ports(kernel_arena);
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

/* Running */

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

	return !run_no_kernel && !way_off[way] && !item->has_tag && lab_kernel_takes(way, &frame);
}

/* What the data path made of a packet. */
struct seen {
	struct sl_trace trace;
	struct counts before, after;
	struct came_out out;
	int err;
};

static struct seen seen;

static void observe(const struct item *item, enum way way, bool on_host)
{
	static __u8 out_bytes[PACKET_ROOM];
	struct frame frame = frame_of(item, way);
	__u32 mark;

	/* How many answers there may be in a second is nothing that one packet shows. */
	lab_bucket_fill();
	seen = (struct seen) {};
	take_counts(&seen.before, way, on_host);
	if (on_host) {
		host_run(way_hook(way), way_slot(way), &frame, &seen.trace);
		seen.out = (struct came_out) { .bytes = host_done.bytes,
					       .len = host_done.len,
					       .sees_tag = true,
					       .has_tag = host_done.has_tag,
					       .tpid = (__u16)host_done.tag_proto,
					       .tci = host_done.tci };
	} else {
		seen.out.bytes = out_bytes;
		seen.err =
			kernel_run_out(way, &frame, &seen.trace, out_bytes, &seen.out.len, &mark);
	}
	take_counts(&seen.after, way, on_host);
}

static bool same(const char *where, int number, const struct sl_trace *got,
		 const struct sl_trace *wanted, struct report *report)
{
	int n;

	if (!memcmp(got, wanted, sizeof(*got)))
		return true;
	say(report, number, "packet %d, %s:\n", number, where);
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

static bool came_right(const struct item *item, enum way way, bool on_host, const struct m_facts *f,
		       const struct m_result *r, const struct m_answer *a)
{
	struct lengths lengths = lengths_of(item, way, on_host, f, a);

	if (r->verdict == SL_REJECT)
		return out_is_answer(f, r, a, &lengths, &seen.out);
	return out_is_right(item, f, r, &seen.out);
}

/* What was seen, beside what the model says. */
static bool compare(int number, const struct item *item, enum way way, bool on_host,
		    const struct m_facts *f, const struct m_result *judged, struct report *report)
{
	enum sl_dir dir = way == WAY_TC_OUT ? SL_DIR_EGRESS : SL_DIR_INGRESS;
	struct m_result done = *judged, *r = &done;
	struct m_answer answer;
	__u32 slot = r->rule == M_NO_RULE ? SL_NO_SLOT : loaded.slot[dir][r->rule];
	struct sl_trace wanted, *got = &seen.trace;
	char where[64], what[128];

	m_carry_out(&loaded.conf, dir, f,
		    keeps_length(item, way, on_host) ? f->length - f->network_at : ~0U, r, &answer);
	/* A connection that is let go here and answered there. */
	way_off[way] = way_off[way] || (judged->verdict == SL_REJECT && r->verdict == SL_ACCEPT &&
					keeps_length(item, way, on_host) &&
					(loaded.conf.streams || loaded.needs.flow));
	wanted = trace_expect(f, r, slot, loaded.needs.inner);
	snprintf(where, sizeof(where), "%s%s", on_host ? "host, " : "", way_names[way]);
	if (seen.err)
		return say(report, number, "packet %d, %s: %s", number, where, strerror(-seen.err));
	run_counts.runs++;
	if (got->reason == SL_REASON_PATTERN_BUDGET) {
		/* What a search costs is none of the model's; later fragments get what it came to. */
		run_counts.given_up++;
		pieces_off[way] = true;
		return true;
	}
	if (loaded.needs.message &&
	    !trace_same_message(on_host ? host_arena : kernel_arena, got, f))
		return say(report, number, "packet %d, %s: another message", number, where);
	got->app = 0;
	got->flow = 0;
	if (!loaded.needs.flow)
		got->flow_state = got->flow_to = wanted.flow_state = wanted.flow_to = 0;
	/* Rules that it may not have met. */
	if (r->is_unsure && got->verdict == wanted.verdict && got->reason == wanted.reason)
		return true;
	if (!same(where, number, got, &wanted, report))
		return false;
	if (!check_counts(&seen.before, &seen.after, dir, r, item->len, what, sizeof(what)))
		return say(report, number, "packet %d, %s: %s", number, where, what);
	if (r->verdict == SL_REJECT)
		run_counts.answered[loaded.conf.chain[dir].rule[r->rule].reject]++;
	if (!came_right(item, way, on_host, f, r, &answer))
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
				return say(report, number, "packet %d is not looked into", number);
		}
	}
	return true;
}

static void count(const struct m_result *judged, const struct m_facts *f, enum way way)
{
	enum sl_dir dir = way == WAY_TC_OUT ? SL_DIR_EGRESS : SL_DIR_INGRESS;
	struct m_result done = *judged, *r = &done;
	struct m_answer answer;

	m_carry_out(&loaded.conf, dir, f, ~0U, r, &answer);
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
		m_judge(&states[way], &loaded.conf,
			way == WAY_TC_OUT ? SL_DIR_EGRESS : SL_DIR_INGRESS, f, r);
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
		observe(item, way, true);
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
	observe(item, way, false);
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
	if (!load(fc, report))
		return loaded.too_large;
	return run_ways(fc, report);
}
