/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "cred.h"

#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "cleanup.h"

#define NO_GROUP ((gid_t) - 1)

gid_t sl_cred_group(const char *name)
{
	const struct group *group = getgrnam(name);

	return group ? group->gr_gid : NO_GROUP;
}

/* Supplementary groups, however many: up to 65536. */
static int in_groups(int fd, gid_t group, bool *in)
{
	socklen_t size = 64 * sizeof(gid_t);
	_cleanup_free_ gid_t *groups = malloc(size);
	size_t i;

	while (groups && getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &size)) {
		if (errno != ERANGE)
			return -errno;
		/* size is what it takes. */
		free(groups);
		groups = malloc(size);
	}
	if (!groups)
		return -ENOMEM;
	for (i = 0; i < size / sizeof(*groups) && groups[i] != group; i++)
		;
	*in = i < size / sizeof(*groups);
	return 0;
}

int sl_cred_get(struct sl_cred *out, int fd, gid_t readers)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);
	bool member;
	int err;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		return -errno;
	member = readers != NO_GROUP && peer.gid == readers;
	if (!member && readers != NO_GROUP && peer.uid != 0) {
		err = in_groups(fd, readers, &member);
		if (err)
			return err;
	}
	*out = (struct sl_cred) {
		.pid = peer.pid,
		.uid = peer.uid,
		.may_read = peer.uid == 0 || member,
		.may_change = peer.uid == 0,
	};
	return 0;
}
