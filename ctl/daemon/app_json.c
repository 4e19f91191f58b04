/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "app_json.h"

#include <stdio.h>

#include "names.h"

json_t *sl_app_json(__u8 app)
{
	return app ? json_string(sl_app_names[app % SL_APP_MAX_]) : json_null();
}

json_t *sl_app_name_json(const __u8 *bytes, __u8 length)
{
	size_t count = length < SL_FLOW_NAME ? length : SL_FLOW_NAME, used = 0, i;
	char text[3 + 4 * SL_FLOW_NAME + 1] = "";

	if (!length)
		return json_null();
	if (count < length)
		used = (size_t)snprintf(text, sizeof(text), "...");
	for (i = 0; i < count; i++)
		used += (size_t)snprintf(
			text + used, sizeof(text) - used,
			bytes[i] > ' ' && bytes[i] < 0x7f && bytes[i] != '\\' ? "%c" : "\\%03u",
			bytes[i]);
	return json_string(text);
}
