// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * other DEVICE PRIORITY [frags]
 *
 * Attaches a program through libxdp, as others do beside Sluice, and says "ready". For each line of
 * input it says how many datagrams its program has seen; at the end of input it detaches.
 * xdp-loader would do, but never says that its programs take frames in parts.
 */

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <xdp/libxdp.h>

#include "other.skel.h"

static int fail(const char *what, int err)
{
	fprintf(stderr, "other: %s: %s\n", what, strerror(err < 0 ? -err : err));
	return 1;
}

static void answer(const struct other_bpf *skel)
{
	__u32 zero = 0;
	__u64 seen = 0;

	if (bpf_map_lookup_elem(bpf_map__fd(skel->maps.bss), &zero, &seen))
		exit(fail("map", errno));
	printf("%llu\n", (unsigned long long)seen);
	fflush(stdout);
}

static int serve(struct xdp_program *program, const struct other_bpf *skel, int ifindex)
{
	char line[16];
	int err = xdp_program__attach(program, ifindex, XDP_MODE_NATIVE, 0);

	if (err)
		return fail("attach", err);
	puts("ready");
	fflush(stdout);
	while (fgets(line, sizeof(line), stdin))
		answer(skel);
	err = xdp_program__detach(program, ifindex, XDP_MODE_NATIVE, 0);
	return err ? fail("detach", err) : 0;
}

int main(int argc, char **argv)
{
	struct xdp_program *program;
	struct other_bpf *skel;
	int status;

	if (argc < 3 || !if_nametoindex(argv[1]))
		return fail("arguments", EINVAL);
	skel = other_bpf__open();
	if (!skel)
		return fail("open", errno);
	program = xdp_program__from_bpf_obj(skel->obj, "xdp");
	if (libxdp_get_error(program))
		return fail("program", (int)libxdp_get_error(program));
	status = xdp_program__set_run_prio(program, (unsigned int)atoi(argv[2]));
	if (!status)
		status = xdp_program__set_chain_call_enabled(program, XDP_PASS, true);
	if (!status && argc > 3)
		status = xdp_program__set_xdp_frags_support(program, true);
	if (status)
		return fail("settings", status);
	status = serve(program, skel, (int)if_nametoindex(argv[1]));
	xdp_program__close(program);
	other_bpf__destroy(skel);
	return status;
}
