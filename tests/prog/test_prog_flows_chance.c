// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * Packets by chance among some flows, against a list of flows that is looked through one by one and
 * does as docs/rules.md says; and many CPUs at once at a few flows.
 */

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "flows.h"
#include "lab.h"
#include "names.h"

#define HOSTS	6
#define PACKETS 60000
#define SECOND	1000000000ULL

static __u64 chance_state;

static __u32 chance(__u32 below)
{
	chance_state = chance_state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (__u32)((chance_state >> 33) % below);
}

/* A packet: who sends what to whom. */
struct sent {
	bool six;
	__u32 from, to; /* hosts */
	__u8 proto;
	__u16 sport, dport; /* ICMP: identifier, and the type of the request */
	__u8 type; /* ICMP */
	__u8 flags; /* TCP */
	__u32 size; /* behind the headers */
};

struct known {
	struct sent first; /* as the client would send it */
	enum sl_flow_state state;
	bool shaken;
	__u64 last;
	__u64 packets[2], bytes[2]; /* [enum sl_flow_to]: that went there */
};

static struct known known[100000];
static size_t nknown;

static bool is_from(const struct known *k, const struct sent *s, bool client)
{
	const struct sent *f = &k->first;
	bool ports = s->proto != 1 && s->proto != 58;
	bool same = f->sport == s->sport && f->dport == s->dport;
	bool swapped = f->sport == s->dport && f->dport == s->sport;

	if (f->six != s->six || f->proto != s->proto)
		return false;
	if (client)
		return f->from == s->from && f->to == s->to && same;
	return f->from == s->to && f->to == s->from && (ports ? swapped : same);
}

static __u64 patience(const struct known *k)
{
	switch (k->first.proto) {
	case 6:
		if (k->state == SL_FLOW_CLOSING)
			return 60;
		if (k->state == SL_FLOW_MIDSTREAM)
			return 600;
		return k->shaken ? 7200 : 60;
	case 17:
		return k->state == SL_FLOW_NEW ? 30 : 180;
	case 132:
		return 600;
	default:
		return 30;
	}
}

/* Times are kept well away from where a timeout is: ticks and the clocks of two runs are not exact. */
static struct known *look_up(const struct sent *s, bool *client)
{
	for (size_t i = 0; i < nknown; i++) {
		struct known *k = &known[i];

		*client = is_from(k, s, true);
		if (!*client && !is_from(k, s, false))
			continue;
		if ((host_now - k->last) / SECOND > patience(k) ||
		    (s->proto == 6 && k->state == SL_FLOW_CLOSING &&
		     (s->flags & (SYN | ACK | FIN | RST)) == SYN)) {
			*k = known[--nknown];
			return NULL;
		}
		return k;
	}
	return NULL;
}

static bool is_answer(const struct sent *s)
{
	return (s->proto == 1 && s->type == 0) || (s->proto == 58 && s->type == 129) ||
	       (s->proto == 6 && (s->flags & (SYN | ACK | FIN | RST)) == (SYN | ACK));
}

static void reverse(struct sent *s)
{
	__u32 from = s->from;
	__u16 sport = s->sport;

	s->from = s->to;
	s->to = from;
	if (s->proto == 1 || s->proto == 58)
		return;
	s->sport = s->dport;
	s->dport = sport;
}

static enum sl_flow_state first_state(const struct sent *s)
{
	if (s->proto != 6)
		return is_answer(s) ? SL_FLOW_MIDSTREAM : SL_FLOW_NEW;
	if (s->flags & (FIN | RST))
		return SL_FLOW_CLOSING;
	return (s->flags & (SYN | ACK)) == SYN ? SL_FLOW_NEW : SL_FLOW_MIDSTREAM;
}

static void next_state(struct known *k, const struct sent *s, bool client)
{
	if (s->proto != 6) {
		if (!client && k->state == SL_FLOW_NEW)
			k->state = SL_FLOW_ESTABLISHED;
		return;
	}
	if (k->state == SL_FLOW_CLOSING)
		return;
	if (s->flags & (FIN | RST)) {
		k->state = SL_FLOW_CLOSING;
	} else if (k->state == SL_FLOW_NEW) {
		if (!client && (s->flags & (SYN | ACK)) == (SYN | ACK))
			k->state = SL_FLOW_ESTABLISHED;
		else if (client && !(s->flags & SYN) && (s->flags & ACK))
			k->state = SL_FLOW_MIDSTREAM;
	} else if (k->state == SL_FLOW_ESTABLISHED && client && (s->flags & ACK)) {
		k->shaken = true;
	}
}

static enum sl_flow_state model(const struct sent *s, __u32 bytes, enum sl_flow_to *to)
{
	bool client;
	struct known *k = look_up(s, &client);

	if (!k) {
		struct known fresh = { .first = *s, .state = first_state(s) };

		client = !is_answer(s);
		*to = client ? SL_FLOW_TO_SERVER : SL_FLOW_TO_CLIENT;
		if (fresh.state == SL_FLOW_CLOSING)
			return fresh.state;
		if (!client)
			reverse(&fresh.first);
		known[nknown] = fresh;
		k = &known[nknown++];
	} else {
		next_state(k, s, client);
		*to = client ? SL_FLOW_TO_SERVER : SL_FLOW_TO_CLIENT;
	}
	k->last = host_now;
	k->packets[*to]++;
	k->bytes[*to] += bytes;
	return k->state;
}

static struct sent draw(void)
{
	static const __u8 protos[] = { 6, 6, 6, 17, 17, 1, 132 };
	static const __u8 flags[] = { SYN, SYN,	      SYN | ACK, SYN | ACK, ACK,
				      ACK, ACK | PSH, FIN | ACK, RST,	    RST | ACK,
				      FIN, 0,	      SYN | FIN };
	struct sent s = { .six = chance(2),
			  .from = chance(HOSTS),
			  .to = chance(HOSTS),
			  .proto = protos[chance(sizeof(protos))],
			  .sport = (__u16)(1000 + chance(3)),
			  .dport = (__u16)(1000 + chance(3)),
			  .flags = flags[chance(sizeof(flags))],
			  .size = chance(40) };

	if (s.proto == 1) {
		bool answers = chance(2);

		s.dport = s.six ? 128 : 8;
		s.type = (__u8)(s.six ? 128 + answers : answers ? 0 : 8);
		s.proto = s.six ? 58 : 1;
	}
	return s;
}

static struct frame frame_of(const struct sent *s)
{
	struct layer layers[] = { eth(), ip4(), udp(), data(0), { .kind = LAYER_END } };

	if (s->six)
		layers[1] = (struct layer)ip6(.src = { SRC6_HI, 1 + s->from },
					      .dst = { SRC6_HI, 1 + s->to });
	else
		layers[1] = (struct layer)ip4(.src = SRC4 + s->from, .dst = SRC4 + s->to);
	if (s->proto == 6)
		layers[2] =
			(struct layer)tcp(.sport = s->sport, .dport = s->dport, .flags = s->flags);
	else if (s->proto == 17)
		layers[2] = (struct layer)udp(.sport = s->sport, .dport = s->dport);
	else if (s->proto == 132)
		layers[2] = (struct layer)sctp(.sport = s->sport, .dport = s->dport);
	else if (s->proto == 1)
		layers[2] = (struct layer)icmp(.type = s->type, .id = s->sport);
	else
		layers[2] = (struct layer)icmp6(.type = s->type, .id = s->sport);
	layers[3].data.len = s->size;
	return lab_frame(layers);
}

static struct policy *flows_in_force(__u32 places)
{
	struct policy *policy;

	policy_free_all();
	policy = policy_new("chain ingress {\n policy accept\n}\n");
	policy_need(policy, SL_NEEDS_FLOW);
	policy_flows(policy, places);
	policy_use(policy, policy_drops(policy));
	flows_clear();
	return policy;
}

/* Two packets of one host to itself by the same ports have no direction: not drawn. */
static bool is_odd(const struct sent *s)
{
	return s->from == s->to;
}

static bool is_known(char *arena, const struct sl_flow *flow, const struct sent *f)
{
	const struct sl_flow_more *more = flows_more(arena, flow);
	__u16 ports[2] = { SL_FLOW_PORT(flow->rest, 0), SL_FLOW_PORT(flow->rest, 1) };
	bool swap = f->from > f->to && f->proto != 1 && f->proto != 58;
	__u32 low = f->from < f->to ? f->from : f->to;
	__u32 high = f->from < f->to ? f->to : f->from;

	if (!flow->tag || SL_FLOW_PROTO(flow->rest) != f->proto ||
	    ports[0] != (swap ? f->dport : f->sport) || ports[1] != (swap ? f->sport : f->dport))
		return false;
	return f->six ? more->addr[0] == 1 + low && more->addr[2] == 1 + high
		      : flow->addr == ((__u64)(SRC4 + low) << 32 | (SRC4 + high));
}

static struct sl_flow *place_of(char *arena, __u32 at)
{
	return (void *)(arena + sl_flow_offset(at / SL_FLOW_WAYS, at % SL_FLOW_WAYS));
}

static void check_counts(char *arena)
{
	for (size_t i = 0; i < nknown; i++) {
		const struct known *k = &known[i];
		const struct sl_flow *flow = NULL;
		struct sl_counter sent[2];

		for (__u32 at = 0; at < FLOWS_MAX && !flow; at++)
			if (is_known(arena, place_of(arena, at), &k->first))
				flow = place_of(arena, at);
		assert_non_null(flow);
		sent[SL_FLOW_TO_SERVER] = flows_sum(arena, flow, flow->client);
		sent[SL_FLOW_TO_CLIENT] = flows_sum(arena, flow, !flow->client);
		assert_int_equal(SL_FLOW_STATE(flow->state), k->state);
		for (int to = 0; to < SL_FLOW_TO_MAX_; to++) {
			assert_int_equal(sent[to].packets, k->packets[to]);
			assert_int_equal(sent[to].bytes, k->bytes[to]);
		}
	}
}

static void test_chance(void **state)
{
	static const unsigned int waits[] = { 20, 45, 100, 400, 1000, 8000 };

	(void)state;
	chance_state = 20260401;
	flows_in_force(FLOWS_MAX);
	nknown = 0;
	for (int i = 0; i < PACKETS; i++) {
		struct sent s = draw();
		struct sl_trace host, kernel;
		enum sl_flow_state wanted;
		enum sl_flow_to to;
		struct frame frame;

		if (is_odd(&s))
			continue;
		if (!chance(200)) {
			unsigned int wait = waits[chance(6)];

			flows_age(wait);
			for (size_t k = 0; k < nknown; k++)
				known[k].last -= wait * SECOND;
		}
		frame = frame_of(&s);
		wanted = model(&s, (__u32)frame.len, &to);
		host_run(SL_HOOK_XDP, 0, &frame, &host);
		if (host.flow_state != wanted || host.flow_to != to)
			fail_msg("packet %d: %s to %s, but the model says %s to %s", i,
				 sl_flow_state_names[host.flow_state],
				 sl_flow_to_names[host.flow_to], sl_flow_state_names[wanted],
				 sl_flow_to_names[to]);
		if (lab_no_kernel)
			continue;
		assert_return_code(kernel_run(WAY_XDP, &frame, &kernel), 0);
		/* Of places that are free or have timed out, the clocks may choose others. */
		kernel.flow = host.flow;
		assert_true(lab_same("xdp", &frame, &kernel, &host));
	}
	check_counts(host_arena);
	if (!lab_no_kernel)
		check_counts(kernel_arena);
}

#define THREADS 2 /* as many as sides: one CPU a side, as counting wants it */
#define ROUNDS	100
#define REPEAT	50
#define RACES	4 /* flows */

struct racer {
	pthread_t thread;
	int cpu;
	int err;
};

/* Each thread sends its side of each flow: to begin them, all come at once. */
static void *race(void *arg)
{
	struct racer *racer = arg;
	__u8 bytes[128];
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(racer->cpu % (int)kernel_ncpus, &cpus);
	pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	for (int i = 0; i < ROUNDS * RACES && !racer->err; i++) {
		__u16 port = (__u16)(7000 + i % RACES);
		struct frame frame = { .bytes = bytes };

		frame.len = packet_build(
			bytes, racer->cpu % 2 ? pkt(eth(), ip4(.src = DST4, .dst = SRC4),
						    udp(.sport = 53, .dport = port), data(20))
					      : pkt(eth(), ip4(), udp(.sport = port), data(20)));
		racer->err = kernel_repeat(WAY_XDP, &frame, REPEAT);
	}
	return NULL;
}

/* One bucket with room for all: no flow is there twice, and no packet is lost of its counts. */
static void test_many_cpus(void **state)
{
	struct racer racers[THREADS] = {};
	struct sl_flow_stats stats;
	__u64 packets = 0;

	lab_test_kernel(state);
	for (int round = 0; round < 3; round++) {
		flows_in_force(SL_FLOW_WAYS);
		packets = 0;
		for (int i = 0; i < THREADS; i++) {
			racers[i].cpu = i;
			assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]),
					 0);
		}
		for (int i = 0; i < THREADS; i++) {
			pthread_join(racers[i].thread, NULL);
			assert_int_equal(racers[i].err, 0);
		}
		for (__u32 i = 0; i < SL_FLOW_WAYS; i++) {
			const struct sl_flow *flow = (void *)(kernel_arena + sl_flow_offset(0, i));

			packets += flow->count[0].packets + flow->count[1].packets;
			assert_int_equal(flow->serial & 1, 0);
		}
		stats = flows_stats(kernel_arena, kernel_ncpus);
		assert_int_equal(flows_count(kernel_arena), RACES);
		assert_int_equal(stats.made, RACES);
		assert_int_equal(stats.evicted, 0);
		assert_int_equal(packets + stats.unplaced,
				 (__u64)THREADS * ROUNDS * RACES * REPEAT);
	}
}

/* Far more flows than places, from all CPUs: what is in the table at the end is whole. */
static void *flood(void *arg)
{
	struct racer *racer = arg;
	__u8 bytes[128];
	cpu_set_t cpus;

	CPU_ZERO(&cpus);
	CPU_SET(racer->cpu % (int)kernel_ncpus, &cpus);
	pthread_setaffinity_np(pthread_self(), sizeof(cpus), &cpus);
	for (int i = 0; i < 20000 && !racer->err; i++) {
		struct frame frame = { .bytes = bytes };

		frame.len = packet_build(bytes, pkt(eth(), ip4(.src = SRC4 + i % 97),
						    udp(.sport = 1 + i % 61, .dport = 1 + i % 53),
						    data(20)));
		racer->err = kernel_repeat(WAY_XDP, &frame, 1);
	}
	return NULL;
}

static void test_many_flows(void **state)
{
	struct racer racers[THREADS] = {};

	lab_test_kernel(state);
	flows_in_force(SL_FLOW_WAYS * 2);
	for (int i = 0; i < THREADS; i++) {
		racers[i].cpu = i;
		assert_int_equal(pthread_create(&racers[i].thread, NULL, flood, &racers[i]), 0);
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(racers[i].thread, NULL);
		assert_int_equal(racers[i].err, 0);
	}
	/* A place is free for a moment that two CPUs wanted for one flow. */
	assert_in_range(flows_count(kernel_arena), SL_FLOW_WAYS, SL_FLOW_WAYS * 2);
	for (__u32 i = 0; i < SL_FLOW_WAYS * 2; i++) {
		const struct sl_flow *flow = place_of(kernel_arena, i);

		if (!flow->tag)
			continue;
		assert_int_equal(flow->serial & 1, 0);
		assert_int_not_equal(flow->tag >> SL_FLOW_TAG_CLASS & 0xff, SL_FLOW_BUSY);
		for (__u32 j = i / 8 * 8; j < i; j++) {
			const struct sl_flow *other = place_of(kernel_arena, j);

			assert_false(other->tag && other->addr == flow->addr &&
				     other->rest == flow->rest);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chance),
		cmocka_unit_test(test_many_cpus),
		cmocka_unit_test(test_many_flows),
	};

	return cmocka_run_group_tests(tests, lab_setup, lab_teardown);
}
