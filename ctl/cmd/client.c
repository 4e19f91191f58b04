// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include <curl/curl.h>

#include "cleanup.h"

/* A reply longer than this is none of sluiced's. */
#define REPLY_MAX (256UL << 20)

/* Compiling and loading a large rule set is the longest thing that sluiced does. */
#define TIMEOUT_SECONDS 120L

struct sl_client {
	CURL *curl;
	struct curl_slist *headers;
	char *socket;
	char *error;
	FILE *stream; /* where an answer goes that is no error; NULL: it is kept */
	/* The reply, as it comes. */
	char *text;
	size_t length;
};

static size_t take_reply(char *data, size_t size, size_t count, void *user)
{
	struct sl_client *client = user;
	char *text;

	long status = 0;

	size *= count;
	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	if (client->stream && status == 200) {
		size = fwrite(data, 1, size, client->stream);
		return fflush(client->stream) ? 0 : size;
	}
	if (client->length + size > REPLY_MAX)
		return 0;
	text = realloc(client->text, client->length + size + 1);
	if (!text)
		return 0;
	memcpy(text + client->length, data, size);
	client->text = text;
	client->length += size;
	return size;
}

static int setup(struct sl_client *client)
{
	CURL *curl = client->curl;
	CURLcode err = CURLE_OK;

	err = err ?: curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, client->socket);
	/* $http_proxy is not meant for this. */
	err = err ?: curl_easy_setopt(curl, CURLOPT_PROXY, "");
	err = err ?: curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	err = err ?: curl_easy_setopt(curl, CURLOPT_TIMEOUT, TIMEOUT_SECONDS);
	err = err ?: curl_easy_setopt(curl, CURLOPT_HTTPHEADER, client->headers);
	err = err ?: curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_reply);
	err = err ?: curl_easy_setopt(curl, CURLOPT_WRITEDATA, client);
	return err ? -EINVAL : 0;
}

int sl_client_new(struct sl_client **out, const char *socket)
{
	_cleanup_(sl_client_freep) struct sl_client *client = calloc(1, sizeof(*client));

	if (!client || curl_global_init(CURL_GLOBAL_NOTHING))
		return -ENOMEM;
	client->socket = strdup(socket);
	client->curl = curl_easy_init();
	client->headers = curl_slist_append(NULL, "Content-Type: application/json");
	if (!client->socket || !client->curl || !client->headers)
		return -ENOMEM;
	if (setup(client))
		return -ENOMEM;
	*out = TAKE_PTR(client);
	return 0;
}

void sl_client_freep(struct sl_client **client)
{
	if (!*client)
		return;
	curl_easy_cleanup((*client)->curl);
	curl_slist_free_all((*client)->headers);
	free((*client)->socket);
	free((*client)->text);
	free((*client)->error);
	free(*client);
	*client = NULL;
}

const char *sl_client_error(const struct sl_client *client)
{
	return client->error ?: "out of memory";
}

static int note(struct sl_client *client, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int note(struct sl_client *client, int err, const char *format, ...)
{
	va_list args;

	free(client->error);
	va_start(args, format);
	if (vasprintf(&client->error, format, args) < 0)
		client->error = NULL;
	va_end(args);
	return err;
}

static const char *advice(int err)
{
	switch (err) {
	case ENOENT:
	case ECONNREFUSED:
		return " (is it running? see 'systemctl status sluiced')";
	case EACCES:
	case EPERM:
		return " (root may, and who is in the group of the socket, 'sluice')";
	case ENAMETOOLONG:
		return " (a socket's path has at most 107 characters)";
	default:
		return "";
	}
}

static int cannot_reach(struct sl_client *client, CURLcode code)
{
	long err = 0;

	curl_easy_getinfo(client->curl, CURLINFO_OS_ERRNO, &err);
	switch (code) {
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_PARTIAL_FILE:
		return note(
			client, -ECONNRESET,
			"sluiced at '%s' went away without an answer (see 'journalctl -u sluiced')",
			client->socket);
	case CURLE_OPERATION_TIMEDOUT:
		return note(client, -ETIMEDOUT, "sluiced at '%s' gave no answer in %ld seconds",
			    client->socket, TIMEOUT_SECONDS);
	default:
		break;
	}
	if (!err)
		return note(client, -EPROTO, "what answers at '%s' is not sluiced: %s",
			    client->socket, curl_easy_strerror(code));
	return note(client, -(int)err, "cannot reach sluiced at '%s': %s%s", client->socket,
		    strerror((int)err), advice((int)err));
}

/* sluiced says no: {"error": words, "diagnostics": text}. */
static int refused(struct sl_client *client, long status, const char *path, const json_t *reply)
{
	const char *error = json_string_value(json_object_get(reply, "error"));
	const char *places = json_string_value(json_object_get(reply, "diagnostics"));
	size_t length = places ? strlen(places) : 0;

	if (!error && status == 404)
		return note(client, -EREMOTEIO,
			    "sluiced does not know '%s': is it older than this sluicectl?", path);
	if (!error && status == 403)
		error = "permission denied (root changes, group 'sluice' reads)";
	while (length && places[length - 1] == '\n')
		length--;
	return note(client, -EREMOTEIO, "%s%s%.*s",
		    error ?: "sluiced refuses, and does not say why", length ? "\n" : "",
		    (int)length, places ?: "");
}

static int perform(struct sl_client *client, const char *path, const char *body)
{
	char url[256];
	CURLcode code = CURLE_OK;

	if (strlen(client->socket) >= sizeof(((struct sockaddr_un *)NULL)->sun_path))
		return note(client, -ENAMETOOLONG, "cannot reach sluiced at '%s': %s%s",
			    client->socket, strerror(ENAMETOOLONG), advice(ENAMETOOLONG));
	client->length = 0;
	snprintf(url, sizeof(url), "http://localhost%s", path);
	code = code ?: curl_easy_setopt(client->curl, CURLOPT_URL, url);
	code = code ?: curl_easy_setopt(client->curl, CURLOPT_HTTPGET, 1L);
	if (body)
		code = code ?: curl_easy_setopt(client->curl, CURLOPT_POSTFIELDS, body);
	code = code ?: curl_easy_perform(client->curl);
	return code ? cannot_reach(client, code) : 0;
}

int sl_client_request(struct sl_client *client, const char *path, const json_t *body, json_t **out)
{
	_cleanup_free_ char *text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	json_error_t error;
	long status = 0;
	json_t *reply;
	int err;

	if (body && !text)
		return -ENOMEM;
	err = perform(client, path, text);
	if (err)
		return err;
	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	reply = json_loadb(client->text ?: "", client->length, 0, &error);
	if (status / 100 != 2) {
		err = refused(client, status, path, reply);
	} else if (!json_is_object(reply)) {
		err = note(client, -EPROTO, "what answers at '%s' is not sluiced: no JSON object",
			   client->socket);
	}
	if (err) {
		json_decref(reply);
		return err;
	}
	*out = reply;
	return 0;
}

int sl_client_stream(struct sl_client *client, const char *path, FILE *to)
{
	json_error_t error;
	json_t *reply;
	long status = 0;
	int err;

	client->stream = to;
	if (curl_easy_setopt(client->curl, CURLOPT_TIMEOUT, 0L))
		return -ENOMEM;
	err = perform(client, path, NULL);
	client->stream = NULL;
	/* Who reads our output has enough of it. */
	if (err && ferror(to))
		return 0;
	if (err)
		return err;
	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	if (status == 200)
		return 0;
	reply = json_loadb(client->text ?: "", client->length, 0, &error);
	err = refused(client, status, path, reply);
	json_decref(reply);
	return err;
}
