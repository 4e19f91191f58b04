// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * Loading an object costs most of a second on a slow machine, nearly all of it for reading the
 * kernel's BTF, and libbpf gives an object up at its first program that fails. So the object is
 * loaded once, and its sections are handled here: just before libbpf would load a program, with all
 * relocations done, it is loaded by us and the outcome noted; libbpf then gets one in its place
 * that always loads.
 */

#include "probe.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/bpf.h>

#include "cleanup.h"
#include "probe.skel.h"

#define LOG_SIZE     65536
#define PROGRAMS_MAX 64

struct program {
	const char *name;
	int fd;
	struct sl_finding finding;
};

struct sl_programs {
	struct probe_bpf *skel;
	struct program list[PROGRAMS_MAX];
	size_t count;
	int error; /* of the object as a whole */
	char log[LOG_SIZE];
};

/* Of linux/bpf.h, where it is older. */
#define MAP_TYPE_ARENA 33
#define XDP_HAS_FRAGS  (1U << 5)

void sl_found(struct sl_finding *finding, int err, const char *why)
{
	char *at;

	finding->answer = err ? SL_NO : SL_YES;
	if (!err)
		return;
	snprintf(finding->why, sizeof(finding->why), "%s", why && *why ? why : strerror(-err));
	for (at = finding->why; *at; at++) {
		if (iscntrl((unsigned char)*at))
			*at = ' ';
	}
}

/* What the verifier ends with is why it refused, but for its statistics. */
static const char *last_words(char *log)
{
	char *line, *rest = log, *words = NULL;

	/* libbpf's mark for a kfunc that it did not find. */
	if (strstr(log, "unknown#2002"))
		return "not in this kernel";
	while ((line = strsep(&rest, "\n"))) {
		if (*line && strncmp(line, "processed ", 10) != 0 &&
		    strncmp(line, "verification time", 17) != 0)
			words = line;
	}
	return words;
}

static int load_own(struct sl_programs *programs, const struct bpf_program *prog,
		    const struct bpf_prog_load_opts *given)
{
	struct bpf_prog_load_opts opts = *given;
	int fd;

	opts.sz = sizeof(opts);
	opts.log_buf = NULL;
	opts.log_size = 0;
	opts.log_level = 0;
	fd = bpf_prog_load(bpf_program__type(prog), bpf_program__name(prog), "GPL",
			   bpf_program__insns(prog), bpf_program__insn_cnt(prog), &opts);
	if (fd >= 0)
		return fd;
	opts.log_buf = programs->log;
	opts.log_size = sizeof(programs->log);
	opts.log_level = 1;
	programs->log[0] = 0;
	return bpf_prog_load(bpf_program__type(prog), bpf_program__name(prog), "GPL",
			     bpf_program__insns(prog), bpf_program__insn_cnt(prog), &opts);
}

/* Being loaded: libbpf hands on a number to the function below, and no pointer. */
static struct sl_programs *loading;

/* libbpf calls this in place of loading prog. */
static int take_program(struct bpf_program *prog, struct bpf_prog_load_opts *opts, long cookie)
{
	static struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	struct sl_programs *programs = loading;
	struct program *program = &programs->list[programs->count];

	if (programs->count == PROGRAMS_MAX)
		return -E2BIG;
	if (!strcmp(bpf_program__section_name(prog), "sl_probe_xdp_frags"))
		opts->prog_flags |= XDP_HAS_FRAGS;
	program->name = bpf_program__name(prog);
	program->fd = load_own(programs, prog, opts);
	sl_found(&program->finding, program->fd < 0 ? program->fd : 0, last_words(programs->log));
	programs->count++;

	/* Nothing about the instructions that were. */
	opts->prog_btf_fd = 0;
	opts->func_info_cnt = 0;
	opts->line_info_cnt = 0;
	return bpf_program__set_insns(prog, pass, sizeof(pass) / sizeof(*pass));
}

static int silence(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

/* Whether a map of this kind can be made at all; a kernel without arenas has the rest to show. */
static bool has_arenas(void)
{
	LIBBPF_OPTS(bpf_map_create_opts, opts, .map_flags = 1U << 10);
	int fd = bpf_map_create(MAP_TYPE_ARENA, "probe", 0, 0, 1, &opts);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static int open_object(struct sl_programs *programs)
{
	LIBBPF_OPTS(libbpf_prog_handler_opts, handler, .prog_prepare_load_fn = take_program);
	int xdp, frags, tc;

	xdp = libbpf_register_prog_handler("sl_probe_xdp", BPF_PROG_TYPE_XDP, BPF_XDP, &handler);
	frags = libbpf_register_prog_handler("sl_probe_xdp_frags", BPF_PROG_TYPE_XDP, BPF_XDP,
					     &handler);
	tc = libbpf_register_prog_handler("sl_probe_tc", BPF_PROG_TYPE_SCHED_CLS, 0, &handler);
	programs->skel = probe_bpf__open();
	if (programs->skel) {
		bpf_map__set_autocreate(programs->skel->maps.arena, has_arenas());
		loading = programs;
		programs->error = probe_bpf__load(programs->skel);
	}
	libbpf_unregister_prog_handler(xdp);
	libbpf_unregister_prog_handler(frags);
	libbpf_unregister_prog_handler(tc);
	return programs->skel ? 0 : -ENOMEM;
}

/* A program of two instructions, by itself: tells a lack of rights from a lack of BTF. */
static int may_load(void)
{
	static const struct bpf_insn pass[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = 2 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "probe", "GPL", pass, 2, NULL);

	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

int sl_programs_load(struct sl_programs **out)
{
	_cleanup_(sl_programs_freep) struct sl_programs *programs = calloc(1, sizeof(*programs));
	libbpf_print_fn_t print;
	int err;

	if (!programs)
		return -ENOMEM;
	err = may_load();
	if (err)
		return err;
	print = libbpf_set_print(silence);
	err = open_object(programs);
	libbpf_set_print(print);
	if (err)
		return err;
	*out = TAKE_PTR(programs);
	return 0;
}

void sl_programs_freep(struct sl_programs **programs)
{
	size_t i;

	if (!*programs)
		return;
	for (i = 0; i < (*programs)->count; i++) {
		if ((*programs)->list[i].fd >= 0)
			close((*programs)->list[i].fd);
	}
	probe_bpf__destroy((*programs)->skel);
	free(*programs);
	*programs = NULL;
}

static const struct program *find(const struct sl_programs *programs, const char *name)
{
	size_t i;

	for (i = 0; i < programs->count; i++) {
		if (!strcmp(programs->list[i].name, name))
			return &programs->list[i];
	}
	return NULL;
}

void sl_programs_ask(const struct sl_programs *programs, const char *name, struct sl_finding *to)
{
	const struct program *program = find(programs, name);

	if (program)
		*to = program->finding;
	else
		sl_found(to, programs->error ?: -ENOENT, NULL);
}

int sl_programs_fd(const struct sl_programs *programs, const char *name)
{
	const struct program *program = find(programs, name);

	return program ? program->fd : -1;
}
