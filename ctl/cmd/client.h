/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#pragma once

/* Requests to sluiced: HTTP and JSON over its Unix socket. Prints nothing. */

#include <stdio.h>

#include <jansson.h>

struct sl_client;

int sl_client_new(struct sl_client **out, const char *socket);
void sl_client_freep(struct sl_client **client);

/*
 * body NULL: GET, else POST. *out is a new reference to the object that sluiced answers.
 * -ENOENT, -ECONNREFUSED: no sluiced there; -ECONNRESET: it went away; -EREMOTEIO: it says no;
 * else what the errno says.
 */
int sl_client_request(struct sl_client *client, const char *path, const json_t *body, json_t **out);
/* The answer as it comes, to a file, until it ends. */
int sl_client_stream(struct sl_client *client, const char *path, FILE *to);
/*
 * What the last failed request has for the user: a line, and below it the places in a configuration
 * with errors.
 */
const char *sl_client_error(const struct sl_client *client);
