/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "sock.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "cleanup.h"
#include "log.h"

/* Who does not wait in connect, as libcurl, is turned away by the kernel beyond that. */
#define BACKLOG 1024

static int make_parent(const char *path)
{
	_cleanup_free_ char *copy = strdup(path);

	if (!copy)
		return -ENOMEM;
	if (mkdir(dirname(copy), 0755) && errno != EEXIST)
		return -errno;
	return 0;
}

static int lock_beside(const char *path)
{
	_cleanup_free_ char *name = NULL;
	int fd;

	if (asprintf(&name, "%s.lock", path) < 0)
		return -ENOMEM;
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		int err = errno == EWOULDBLOCK ? -EADDRINUSE : -errno;

		close(fd);
		return err;
	}
	return fd;
}

/* We hold the lock, so it is no sluiced; but whoever answers there is not to be robbed. */
static bool answers(const struct sockaddr_un *addr)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool alive;

	if (fd < 0)
		return true;
	alive = !connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) || errno == EAGAIN;
	close(fd);
	return alive;
}

static int remove_stale(const struct sockaddr_un *addr)
{
	struct stat st;

	if (lstat(addr->sun_path, &st))
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -ENOTSOCK;
	if (answers(addr))
		return -EADDRINUSE;
	sl_info("socket '%s': left by a sluiced that is gone, replaced", addr->sun_path);
	return unlink(addr->sun_path) ? -errno : 0;
}

/* Nobody else can connect between bind and chmod: the socket is born for its owner only. */
static int bind_private(int fd, const struct sockaddr_un *addr)
{
	mode_t before = umask(0177);
	int err = bind(fd, (const struct sockaddr *)addr, sizeof(*addr)) ? -errno : 0;

	umask(before);
	return err;
}

static int open_up(const char *path, gid_t group)
{
	if (group == (gid_t)-1)
		return 0;
	if (lchown(path, 0, group) || chmod(path, 0660))
		return -errno;
	return 0;
}

static int open_socket(struct sl_sock *sock, gid_t group)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	int err;

	if (strlen(sock->path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, sock->path, strlen(sock->path));
	err = make_parent(sock->path);
	if (err)
		return err;
	sock->lock = lock_beside(sock->path);
	if (sock->lock < 0)
		return sock->lock;
	err = remove_stale(&addr);
	if (err)
		return err;
	sock->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock->fd < 0)
		return -errno;
	err = bind_private(sock->fd, &addr);
	if (!err)
		err = open_up(sock->path, group);
	if (!err && listen(sock->fd, BACKLOG))
		err = -errno;
	return err;
}

static const char *words(int err)
{
	switch (-err) {
	case EADDRINUSE:
		return "another sluiced answers there";
	case ENOTSOCK:
		return "there is something else of that name, which stays";
	default:
		return strerror(-err);
	}
}

int sl_sock_open(struct sl_sock *sock, const char *path, gid_t group)
{
	int err;

	*sock = (struct sl_sock)SL_SOCK_INIT;
	sock->path = path;
	err = open_socket(sock, group);
	if (!err)
		return 0;
	sl_error("socket '%s': %s", path, words(err));
	if (sock->fd >= 0)
		close(sock->fd);
	if (sock->lock >= 0)
		close(sock->lock);
	*sock = (struct sl_sock)SL_SOCK_INIT;
	return err;
}

void sl_sock_close(struct sl_sock *sock)
{
	if (sock->fd < 0)
		return;
	unlink(sock->path);
	close(sock->fd);
	close(sock->lock);
	*sock = (struct sl_sock)SL_SOCK_INIT;
}
