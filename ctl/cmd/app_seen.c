// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "app_seen.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "trial.h"
#include "words.h"

#define NAME_TEXT (4 * SL_NAME_MAX + 1)

static const char *const app_names[] = {
#define X(name, word) [SL_APP_##name] = word,
	SL_APPS(X)
#undef X
};

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

/* As zone files have it, RFC 1035, 5.1: a byte that is no letter, digit or sign is \DDD. */
static const char *name_text(const struct sl_name *name, char text[NAME_TEXT])
{
	size_t used = 0;

	for (unsigned int i = 0; i < name->length; i++) {
		__u8 byte = name->text[i];

		if (byte > ' ' && byte < 0x7f && byte != '\\')
			text[used++] = (char)byte;
		else
			used += (size_t)snprintf(text + used, NAME_TEXT - used, "\\%03u", byte);
	}
	text[used] = '\0';
	return text;
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

void sl_app_see(struct sl_app_seen *seen, const struct sl_trial *trial,
		const struct sl_trace *trace)
{
	const struct sl_app_found *found = sl_trial_at(trial, trace->app);
	bool is_dns = found && found->app == SL_APP_DNS && found->has & SL_APP_HAS_MESSAGE;

	*seen = (struct sl_app_seen) { .fields = json_object() };
	json_object_set_new(seen->fields, "app",
			    found ? json_string(app_names[found->app % SL_APP_MAX_]) : json_null());
	json_object_set_new(seen->fields, "dns", is_dns ? dns_json(found) : json_null());
	if (found)
		say(seen, "%s", app_names[found->app % SL_APP_MAX_]);
	if (is_dns)
		say_dns(seen, found);
}

void sl_app_seen_clear(struct sl_app_seen *seen)
{
	json_decref(seen->fields);
	seen->fields = NULL;
}
