/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/*
 * What the parts of the bench of peers share. One peer with one work runs in a child of its own,
 * in network and mount namespaces of its own, and leaves a struct result in shared memory.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "work.h"

struct bpf_link;
struct sink_bpf;

struct result {
	bool ran;
	char why[200]; /* not; or why a figure is missing */
	double load; /* seconds */
	double mib; /* what the kernel holds for it; negative: not known */
	double run[WORK_PACKETS_MAX_]; /* ns of a test run; 0: none */
	double live[WORK_PACKETS_MAX_]; /* ns over veth; 0: none */
};

/* peers_memory.c */
struct memory {
	FILE *charged; /* NULL: not known */
	const char *name; /* of the line in it; NULL: it is one number */
};

/* Around the child: the group that it is to be in, where the machine has such. */
void memory_make(void);
void memory_remove(void);
/* In the child. */
int memory_join(struct memory *memory);
double memory_mib(const struct memory *memory);

struct lab {
	const struct work *work;
	struct result *result;
	char dir[64]; /* for files; removed at the end */
	char enter[300]; /* before commands: into the root of sid, or nothing */
	int ifindex; /* of b0, where the peer judges what comes in */
	int peer_ifindex; /* of b1, the other end */
	struct sink_bpf *sink;
	struct bpf_link *links[2];
};

struct peer {
	const char *name;
	/* What can be known without trying: NULL, or why this work is not for it. */
	const char *(*cannot)(const struct work *work);
	/*
	 * Rules in force on b0 when it returns 0, and the seconds that took in result.load. Says in
	 * result.why what went wrong.
	 */
	int (*load)(struct lab *lab);
	/* Of its program, for test runs; negative: none, why is said. NULL: it is no BPF program. */
	int (*fd)(struct lab *lab);
	bool tc; /* what fd returns is of this kind */
	bool linear; /* and not for frames of several buffers */
	bool sid; /* its tool is that of Debian sid */
	const char *version; /* a command that prints it */
};

extern const struct peer peer_sluice_xdp, peer_sluice_tc, peer_nft, peer_nft_sid, peer_bpfilter,
	peer_iptables, peer_xdp_filter, peer_u32, peer_flower;

/* Set by --quick: figures that show only that all works. */
extern bool peers_quick;

/* peers_lab.c */
int lab_fail(struct lab *lab, const char *format, ...) __attribute__((format(printf, 2, 3)));
int lab_open(struct lab *lab);
void lab_close(struct lab *lab);
/* A command; its first line of errors becomes the reason when it fails. */
int lab_sh(struct lab *lab, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same, its time is what loading the rules takes. */
int lab_load(struct lab *lab, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A file in the lab's directory, to be closed with lab_written; NULL: says why not. */
FILE *lab_file(struct lab *lab, const char *name);
int lab_written(struct lab *lab, FILE *file);
double lab_clock(void);
/* The XDP program of b0, as a descriptor. */
int lab_xdp_fd(struct lab *lab);

/* peers_sid.c: NULL, and why there is none; it is fetched the first time. */
const char *sid_root(const char **why);
/* In the child: sets lab->enter. The root sees the lab's directory under the same name. */
int sid_enter(struct lab *lab);

/* peers_run.c: checks the verdicts, then measures into lab->result. */
int run_test(struct lab *lab, const struct peer *peer, int fd);
int run_live(struct lab *lab);
