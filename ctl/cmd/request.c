// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "request.h"

#include "cleanup.h"
#include "client.h"
#include "cmd.h"
#include "out.h"

void sl_json_freep(json_t **value)
{
	json_decref(*value);
	*value = NULL;
}

int sl_request(struct sl_ctl *ctl, const char *path, json_t *body, json_t **out)
{
	_cleanup_(sl_client_freep) struct sl_client *client = NULL;
	_cleanup_json_ json_t *owned = body;

	if (sl_client_new(&client, ctl->opt[SL_OPT_SOCKET] ?: SL_SOCKET))
		return sl_fail("out of memory");
	if (sl_client_request(client, path, owned, out))
		return sl_fail("%s", sl_client_error(client));
	return SL_EXIT_OK;
}

const char *sl_json_text_or_null(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

const char *sl_json_text(const json_t *object, const char *key)
{
	return sl_json_text_or_null(object, key) ?: "-";
}

json_int_t sl_json_int(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}
