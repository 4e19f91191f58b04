// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * What it costs to read DNS: queries, and datagrams that are none, over what the same packets cost a
 * rule set that does not ask. The policy drops all of them.
 */

#include <stdio.h>
#include <string.h>

#include <bpf/bpf.h>

#include "bench.h"
#include "names.h"

#define ROUNDS 9
#define REPEAT 200000
#define HEAD   42U /* Ethernet, IPv4, UDP */

static const char *const sets[] = {
	"chain ingress { policy drop }\n",
	"chain ingress { policy drop\n dns qtype AAAA count\n}\n",
};

#define NSETS (sizeof(sets) / sizeof(sets[0]))

struct message {
	const char *name;
	const char *bytes;
	size_t size;
	size_t length; /* of the payload; what is behind the bytes is zero */
	unsigned short port;
	double ns[NSETS];
};

#define QUERY	   "\x12\x34\1\0\0\1\0\0\0\0\0\1"
#define MESSAGE(m) m, sizeof(m) - 1

/* clang-format off */
static struct message messages[] = {
	{ "query, 20 bytes of name", MESSAGE(QUERY "\3www\13example-abc\3com\0\0\1\0\1\0\0\x29\4\xd0\0\0\0\0\0\0"), 49, 53, {} },
	{ "query, another port", MESSAGE(QUERY "\3www\13example-abc\3com\0\0\1\0\1\0\0\x29\4\xd0\0\0\0\0\0\0"), 49, 9999, {} },
	{ "query, 62 bytes of name", MESSAGE(QUERY "\x13" "a-name-that-is-long" "\x14" "another-one-before-it" "\x0b" "example-abc" "\3com\0\0\1\0\1\0\0\x29\4\xd0\0\0\0\0\0\0"), 88, 53, {} },
	{ "a datagram that is none, 64", MESSAGE("\x80\x21\0\1\0\0"), 64, 9999, {} },
	{ "a datagram that is none, 1400", MESSAGE("\x80\x21\0\1\0\0"), 1400, 9999, {} },
};
/* clang-format on */

#define NMESSAGES (sizeof(messages) / sizeof(messages[0]))

/* UDP over IPv4, 10.1.0.1:4660 > 10.2.0.2. */
static size_t message_frame(const struct message *message, unsigned char *frame)
{
	static const unsigned char head[HEAD] = {
		2,    0,    0, 0, 0, 1, 2, 0, 0,  0,  0, 2, 8,	0, /* Ethernet */
		0x45, 0,    0, 0, 0, 1, 0, 0, 64, 17, 0, 0, 10, 1, 0, 1, 10, 2, 0, 2, /* IPv4 */
		0x12, 0x34, 0, 0, 0, 0, 0, 0, /* UDP */
	};
	size_t length = HEAD + message->length;

	memset(frame, 0, length);
	memcpy(frame, head, sizeof(head));
	memcpy(frame + HEAD, message->bytes, message->size);
	frame[16] = (length - 14) >> 8;
	frame[17] = (length - 14) & 0xff;
	frame[36] = message->port >> 8;
	frame[37] = message->port & 0xff;
	frame[38] = (length - 34) >> 8;
	frame[39] = (length - 34) & 0xff;
	return length;
}

static int message_turn(struct message *message, size_t set, int fd)
{
	static unsigned char frame[2048];
	LIBBPF_OPTS(bpf_test_run_opts, opts, .data_in = frame, .repeat = REPEAT);
	double start, ns;
	int err;

	opts.data_size_in = (__u32)message_frame(message, frame);
	start = bench_seconds();
	err = bpf_prog_test_run_opts(fd, &opts);
	ns = (bench_seconds() - start) * 1e9 / REPEAT;
	if (err)
		return bench_fail(message->name, strerror(-err));
	if (opts.retval != 1)
		return bench_fail(message->name, "the packet was not dropped");
	if (message->ns[set] == 0 || ns < message->ns[set])
		message->ns[set] = ns;
	return 0;
}

static int dns_round(struct sl_dp *dp, int fd)
{
	for (size_t set = 0; set < NSETS; set++) {
		if (bench_apply(dp, sets[set]))
			return 1;
		for (size_t i = 0; i < NMESSAGES; i++)
			if (message_turn(&messages[i], set, fd))
				return 1;
	}
	return 0;
}

int bench_dns(struct sl_dp *dp)
{
	int fd = sl_dp_load_for_bench(dp, SL_HOOK_XDP);

	if (fd < 0)
		return bench_fail(sl_hook_names[SL_HOOK_XDP], sl_dp_error(dp));
	for (int i = 0; i < ROUNDS; i++)
		if (dns_round(dp, fd))
			return 1;
	printf("\n%-30s %10s %10s %10s\n", "dns qtype AAAA, and", "ns/packet", "not asked", "more");
	for (size_t i = 0; i < NMESSAGES; i++)
		printf("%-30s %10.1f %10.1f %+10.1f\n", messages[i].name, messages[i].ns[1],
		       messages[i].ns[0], messages[i].ns[1] - messages[i].ns[0]);
	return 0;
}
