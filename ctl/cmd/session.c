// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "session.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

#define TCP	    6
#define ACK	    16
#define ESTABLISHED 1
#define GENERATIONS 64

/* One end of the session. */
struct end {
	bool six;
	__u8 addr[16];
	__u16 port;
};

/* ::ffff:192.0.2.1, as a socket for both families has it, is an IPv4 address on the wire. */
static void unmap(struct end *end)
{
	static const __u8 mapped[12] = { [10] = 0xff, [11] = 0xff };

	if (!end->six || memcmp(end->addr, mapped, sizeof(mapped)) != 0)
		return;
	end->six = false;
	memmove(end->addr, end->addr + 12, 4);
}

static bool read_end(struct end *end, const char *addr, const char *port)
{
	unsigned long number;
	char *rest;

	memset(end, 0, sizeof(*end));
	end->six = strchr(addr, ':');
	errno = 0;
	number = strtoul(port, &rest, 10);
	if (errno || *rest || !number || number > 65535)
		return false;
	end->port = (__u16)number;
	if (inet_pton(end->six ? AF_INET6 : AF_INET, addr, end->addr) != 1)
		return false;
	unmap(end);
	return true;
}

/* "client port host port"; a scope as in fe80::1%eth0 is not part of the address. */
static bool from_environment(struct end *client, struct end *host)
{
	const char *text = getenv("SSH_CONNECTION");
	char a[64], b[64], p[8], q[8];

	if (!text || sscanf(text, "%63s %7s %63s %7s", a, p, b, q) != 4)
		return false;
	a[strcspn(a, "%")] = 0;
	b[strcspn(b, "%")] = 0;
	return read_end(client, a, p) && read_end(host, b, q) && client->six == host->six;
}

/* --- the processes before us --- */

static bool read_text(const char *path, char *text, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t length = file ? fread(text, 1, size - 1, file) : 0;

	text[length] = 0;
	if (file)
		fclose(file);
	return length;
}

/* Name and parent: `PID (NAME) STATE PARENT ...`, where a name may hold anything. */
static bool read_process(pid_t pid, char *name, size_t size, pid_t *parent)
{
	char path[64], text[512], *open, *close;
	int number;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	if (!read_text(path, text, sizeof(text)))
		return false;
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (!open || !close || sscanf(close + 1, " %*c %d", &number) != 1)
		return false;
	*close = 0;
	snprintf(name, size, "%s", open + 1);
	*parent = number;
	return true;
}

static bool serves_sessions(const char *name)
{
	return !strncmp(name, "sshd", 4) || !strcmp(name, "dropbear") ||
	       !strcmp(name, "in.telnetd");
}

static bool has_socket(pid_t pid, unsigned long inode)
{
	char dir[64], path[PATH_MAX], link[64], wanted[64];
	const struct dirent *entry;
	bool found = false;
	ssize_t length;
	DIR *stream;

	snprintf(wanted, sizeof(wanted), "socket:[%lu]", inode);
	snprintf(dir, sizeof(dir), "/proc/%d/fd", pid);
	stream = opendir(dir);
	while (stream && !found && (entry = readdir(stream))) {
		snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
		length = readlink(path, link, sizeof(link) - 1);
		link[length > 0 ? length : 0] = 0;
		found = !strcmp(link, wanted);
	}
	if (stream)
		closedir(stream);
	return found;
}

/* As the kernel prints it: words of four bytes, each as a number of the host. */
static bool parse_hex_end(const char *text, bool six, struct end *end)
{
	unsigned int i, words = six ? 4 : 1, port;
	__u32 word;

	memset(end, 0, sizeof(*end));
	end->six = six;
	for (i = 0; i < words; i++) {
		if (sscanf(text + (size_t)8 * i, "%8" SCNx32, &word) != 1)
			return false;
		memcpy(end->addr + (size_t)4 * i, &word, 4);
	}
	if (sscanf(text + (size_t)8 * words, ":%4x", &port) != 1)
		return false;
	end->port = (__u16)port;
	unmap(end);
	return true;
}

/* A line of /proc/net/tcp: number, local end, remote end, state, ..., inode. */
static bool is_session_of(const char *line, bool six, pid_t pid, struct end *client,
			  struct end *host)
{
	char local[64], remote[64];
	unsigned int state;
	unsigned long inode;

	if (sscanf(line, " %*d: %63s %63s %x %*s %*s %*s %*u %*u %lu", local, remote, &state,
		   &inode) != 4)
		return false;
	return state == ESTABLISHED && inode && has_socket(pid, inode) &&
	       parse_hex_end(local, six, host) && parse_hex_end(remote, six, client);
}

static bool find_socket(pid_t pid, bool six, struct end *client, struct end *host)
{
	_cleanup_free_ char *line = NULL;
	bool found = false;
	size_t size = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/net/tcp%s", pid, six ? "6" : "");
	file = fopen(path, "re");
	while (file && !found && getline(&line, &size, file) > 0)
		found = is_session_of(line, six, pid, client, host);
	if (file)
		fclose(file);
	return found;
}

static bool from_ancestors(struct end *client, struct end *host)
{
	pid_t pid = getppid();
	char name[64];
	int i;

	for (i = 0; i < GENERATIONS && pid > 1; i++) {
		pid_t parent;

		if (!read_process(pid, name, sizeof(name), &parent))
			return false;
		if (serves_sessions(name) &&
		    (find_socket(pid, false, client, host) || find_socket(pid, true, client, host)))
			return true;
		pid = parent;
	}
	return false;
}

/* --- the session --- */

static void fill_packet(struct sl_packet *packet, const struct end *from, const struct end *to)
{
	*packet = (struct sl_packet) {
		.six = from->six,
		.proto = TCP,
		.sport = from->port,
		.dport = to->port,
		.flags = ACK,
		.ttl = 64,
		.window = 501,
		.length = from->six ? 60 : 40,
	};
	memcpy(packet->from, from->addr, 16);
	memcpy(packet->to, to->addr, 16);
}

static void end_text(const struct end *end, char *text, size_t size)
{
	char addr[INET6_ADDRSTRLEN];

	inet_ntop(end->six ? AF_INET6 : AF_INET, end->addr, addr, sizeof(addr));
	snprintf(text, size, end->six ? "[%s]:%u" : "%s:%u", addr, end->port);
}

bool sl_session_find(struct sl_session *out)
{
	struct end client, host;
	char from[64], to[64];

	if (!from_environment(&client, &host) && !from_ancestors(&client, &host))
		return false;
	if (!sl_route_is_local(host.six, host.addr))
		return false;
	out->nways = sl_route_find(out->ways, client.six, client.addr, host.addr);
	if (!out->nways)
		return false;
	fill_packet(&out->in, &client, &host);
	fill_packet(&out->out, &host, &client);
	end_text(&client, from, sizeof(from));
	end_text(&host, to, sizeof(to));
	snprintf(out->text, sizeof(out->text), "%s > %s", from, to);
	return true;
}
