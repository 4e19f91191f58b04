/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */

/*
 * A line of a list of names: a name by itself, or as in a hosts file an address and the names that
 * it is for. What such files have about the host itself is left out.
 */

#include <arpa/inet.h>
#include <stdbool.h>
#include <string.h>

#include "set_content.h"

static const char *word_end(const char *text, const char *end)
{
	while (text < end && *text != ' ' && *text != '\t')
		text++;
	return text;
}

static const char *blanks_end(const char *text, const char *end)
{
	while (text < end && (*text == ' ' || *text == '\t'))
		text++;
	return text;
}

/* With a zone behind '%', too. */
static bool is_addr(const char *text, size_t length)
{
	const char *zone = memchr(text, '%', length);
	char copy[INET6_ADDRSTRLEN];
	unsigned char bytes[16];

	length = zone ? (size_t)(zone - text) : length;
	if (length >= sizeof(copy) || memchr(text, '\0', length))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return inet_pton(AF_INET, copy, bytes) == 1 || inet_pton(AF_INET6, copy, bytes) == 1;
}

static bool is_own(const char *text, size_t length)
{
	static const char *const names[] = {
		"localhost",	 "localhost.localdomain", "local",	  "broadcasthost",
		"ip6-localhost", "ip6-loopback",	  "ip6-localnet", "ip6-mcastprefix",
		"ip6-allnodes",	 "ip6-allrouters",	  "ip6-allhosts", "0.0.0.0",
	};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strlen(names[i]) == length && !strncasecmp(names[i], text, length))
			return true;
	return false;
}

static int add(struct sl_domains *names, const char *text, size_t length,
	       sl_line_error_fn *complain, void *arg)
{
	struct sl_elem_error error;
	struct sl_domain domain;

	if (sl_domain_read(text, length, &domain, &error))
		return complain(arg, text, &error);
	return sl_domains_add(names, &domain);
}

int sl_domain_line(struct sl_domains *names, const char *text, const char *end,
		   sl_line_error_fn *complain, void *arg)
{
	const char *stop = word_end(text, end);
	int err = 0;

	/* Most lines are one name, and few begin like an address. */
	if (stop == end || !is_addr(text, (size_t)(stop - text)))
		return add(names, text, (size_t)(end - text), complain, arg);
	for (text = blanks_end(stop, end); text < end && !err; text = blanks_end(stop, end)) {
		stop = word_end(text, end);
		if (!is_own(text, (size_t)(stop - text)))
			err = add(names, text, (size_t)(stop - text), complain, arg);
	}
	return err;
}
