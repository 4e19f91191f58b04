/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "caps.h"

#include <cap-ng.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "log.h"

/*
 * CAP_BPF and CAP_PERFMON load programs that use the arena, CAP_NET_ADMIN attaches them.
 *
 * CAP_SYS_ADMIN is for one thing: libxdp's dispatcher. To put our program beside those of others it
 * opens programs and links by their ids (BPF_PROG_GET_FD_BY_ID), which the kernel grants to
 * CAP_SYS_ADMIN only; without it libxdp attaches a single program and says nothing. Reading back
 * what is attached goes by ids, too. A unit that takes it away (CapabilityBoundingSet=) gets
 * single-program attachment, and `status` says so.
 */
static const struct {
	unsigned int cap;
	const char *without; /* what is not possible then */
} needed[] = {
	{ CAP_BPF, "no program can be loaded" },
	{ CAP_PERFMON, "no program can be loaded" },
	{ CAP_NET_ADMIN, "nothing can be attached" },
	{ CAP_SYS_ADMIN, "programs attach alone, not beside those of others" },
};

#define NEEDED (sizeof(needed) / sizeof(*needed))

static void keep_needed(void)
{
	bool had[NEEDED];
	size_t i;

	for (i = 0; i < NEEDED; i++)
		had[i] = capng_have_capability(CAPNG_PERMITTED, needed[i].cap);
	capng_clear(CAPNG_SELECT_ALL);
	for (i = 0; i < NEEDED; i++) {
		if (had[i])
			capng_update(CAPNG_ADD,
				     CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
				     needed[i].cap);
		else
			sl_warning("privileges: no %s: %s", capng_capability_to_name(needed[i].cap),
				   needed[i].without);
	}
}

int sl_caps_drop(void)
{
	bool may_bound;

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)) {
		sl_error("privileges: no_new_privs: %m");
		return -errno;
	}
	if (capng_get_caps_process()) {
		sl_error("privileges: cannot be read");
		return -EPERM;
	}
	may_bound = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	keep_needed();
	if (capng_apply(may_bound ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS)) {
		sl_error("privileges: cannot be given up: %m");
		return -EPERM;
	}
	return 0;
}
