// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "app_seen.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "names.h"
#include "trial.h"
#include "words.h"

#define NAME_TEXT (4 * SL_NAME_MAX + 1)
#define SHOWN	  256U /* bytes of a text */

__attribute__((format(printf, 2, 3))) static void say(struct sl_app_seen *seen, const char *format,
						      ...)
{
	size_t used = strlen(seen->text);
	va_list args;

	va_start(args, format);
	vsnprintf(seen->text + used, sizeof(seen->text) - used, format, args);
	va_end(args);
}

static void say_word(struct sl_app_seen *seen, const struct sl_vocabulary *words, __u16 number)
{
	const char *word = sl_word_name(words, number);

	if (word)
		say(seen, " %s", word);
	else
		say(seen, " %u", number);
}

/* A byte that is no letter, digit or sign is \DDD; at most length of them, from lowest on. */
static const char *plain_text(const __u8 *bytes, size_t length, __u8 lowest, char *text,
			      size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < length; i++) {
		__u8 byte = bytes[i];

		if (byte >= lowest && byte < 0x7f && byte != '\\')
			text[used++] = (char)byte;
		else
			used += (size_t)snprintf(text + used, size - used, "\\%03u", byte);
	}
	text[used] = '\0';
	return text;
}

/* As zone files have it, RFC 1035, 5.1. */
static const char *name_text(const struct sl_name *name, char text[NAME_TEXT])
{
	return plain_text(name->text, name->length, '!', text, NAME_TEXT);
}

/* Of a name without labels there is nothing to show. */
static json_t *name_json(const struct sl_app_found *found)
{
	char text[NAME_TEXT];

	if (!(found->has & SL_APP_HAS_NAME) || !found->name.labels)
		return json_null();
	return json_string(name_text(&found->name, text));
}

static json_t *dns_json(const struct sl_app_found *found)
{
	json_t *dns = json_object();

	json_object_set_new(dns, "response", json_boolean(found->dns_response));
	json_object_set_new(dns, "opcode", json_integer(found->dns_opcode));
	json_object_set_new(dns, "rcode", json_integer(found->dns_rcode));
	json_object_set_new(dns, "qtype",
			    found->has & SL_APP_HAS_TYPE ? json_integer(found->dns_qtype)
							 : json_null());
	json_object_set_new(dns, "qname", name_json(found));
	return dns;
}

static void say_dns(struct sl_app_seen *seen, const struct sl_app_found *found)
{
	char text[NAME_TEXT];

	say_word(seen, &sl_words_dns, found->dns_response);
	if (found->dns_opcode)
		say_word(seen, &sl_words_dns_opcode, found->dns_opcode);
	if (found->dns_response)
		say_word(seen, &sl_words_dns_rcode, found->dns_rcode);
	if (found->has & SL_APP_HAS_TYPE)
		say_word(seen, &sl_words_dns_type, found->dns_qtype);
	if (found->has & SL_APP_HAS_NAME)
		say(seen, " %s", found->name.labels ? name_text(&found->name, text) : ".");
}

/* The first bytes of a text that is not there, or is, in the arena. */
static json_t *text_json(const struct sl_trial *trial, const struct sl_text *text)
{
	const __u8 *bytes = text->at ? sl_trial_at(trial, text->at) : NULL;
	char plain[4 * SHOWN + 1];

	if (!bytes)
		return json_null();
	return json_string(plain_text(bytes, text->length < SHOWN ? text->length : SHOWN, ' ',
				      plain, sizeof(plain)));
}

static json_t *alpn_json(const struct sl_trial *trial, const struct sl_text *list)
{
	json_t *names = json_array();
	__u32 at = 0;

	while (list->at && at < list->length) {
		const __u8 *size = sl_trial_at(trial, list->at + at);
		struct sl_text name = { .at = list->at + at + 1 };

		if (!size || *size > list->length - at - 1)
			break;
		name.length = *size;
		json_array_append_new(names, text_json(trial, &name));
		at += 1 + name.length;
	}
	return names;
}

static json_t *tls_json(const struct sl_trial *trial, const struct sl_app_found *found)
{
	json_t *tls = json_object();

	json_object_set_new(tls, "version", json_integer(found->tls_version));
	json_object_set_new(tls, "sni", name_json(found));
	json_object_set_new(tls, "alpn", alpn_json(trial, &found->tls_alpn));
	json_object_set_new(tls, "ech", json_boolean(found->has & SL_APP_HAS_SECRET));
	return tls;
}

static json_t *http_json(const struct sl_trial *trial, const struct sl_app_found *found)
{
	json_t *http = json_object();

	json_object_set_new(http, "method", text_json(trial, &found->http_method));
	json_object_set_new(http, "host", name_json(found));
	json_object_set_new(http, "path", text_json(trial, &found->http_path));
	json_object_set_new(http, "user_agent", text_json(trial, &found->http_agent));
	return http;
}

static json_t *ssh_json(const struct sl_trial *trial, const struct sl_app_found *found)
{
	json_t *ssh = json_object();

	json_object_set_new(ssh, "software", text_json(trial, &found->ssh_software));
	return ssh;
}

static json_t *quic_json(const struct sl_app_found *found)
{
	const char *type = sl_word_name(&sl_words_quic_type, found->quic_type);
	json_t *quic = json_object();

	json_object_set_new(quic, "version", json_integer(found->quic_version));
	json_object_set_new(quic, "type", json_string(type ? type : ""));
	return quic;
}

static void say_name(struct sl_app_seen *seen, const struct sl_app_found *found)
{
	char text[NAME_TEXT];

	if (found->has & SL_APP_HAS_NAME && found->name.labels)
		say(seen, " %s", name_text(&found->name, text));
}

static void say_text(struct sl_app_seen *seen, const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	if (text)
		say(seen, " %s", text);
}

static void see_message(struct sl_app_seen *seen, const struct sl_trial *trial,
			const struct sl_app_found *found)
{
	json_t *fields = NULL;

	switch (found->app) {
	case SL_APP_DNS:
		fields = dns_json(found);
		say_dns(seen, found);
		break;
	case SL_APP_TLS:
		fields = tls_json(trial, found);
		say_word(seen, &sl_words_tls_version, found->tls_version);
		say_name(seen, found);
		break;
	case SL_APP_HTTP:
		fields = http_json(trial, found);
		say_text(seen, fields, "method");
		say_name(seen, found);
		say_text(seen, fields, "path");
		break;
	case SL_APP_SSH:
		fields = ssh_json(trial, found);
		say_text(seen, fields, "software");
		break;
	case SL_APP_QUIC:
		fields = quic_json(found);
		say_text(seen, fields, "type");
		break;
	default:
		return;
	}
	json_object_set_new(seen->fields, sl_app_names[found->app % SL_APP_MAX_], fields);
}

void sl_app_see(struct sl_app_seen *seen, const struct sl_trial *trial,
		const struct sl_trace *trace)
{
	const struct sl_app_found *found = sl_trial_at(trial, trace->app);

	*seen = (struct sl_app_seen) { .fields = json_object() };
	json_object_set_new(seen->fields, "app",
			    found ? json_string(sl_app_names[found->app % SL_APP_MAX_])
				  : json_null());
	for (int app = SL_APP_NONE + 1; app < SL_APP_MAX_; app++)
		json_object_set_new(seen->fields, sl_app_names[app], json_null());
	if (found)
		say(seen, "%s", sl_app_names[found->app % SL_APP_MAX_]);
	if (found && found->has & SL_APP_HAS_MESSAGE)
		see_message(seen, trial, found);
}

void sl_app_seen_clear(struct sl_app_seen *seen)
{
	json_decref(seen->fields);
	seen->fields = NULL;
}
