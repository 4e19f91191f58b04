// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "iface_text.h"

#include <stdbool.h>
#include <string.h>

#include "request.h"
#include "table.h"

static bool is_on(const char *word)
{
	return strcmp(word, "none") != 0 && strcmp(word, "off") != 0 && strcmp(word, "-") != 0;
}

const char *sl_iface_xdp_text(const json_t *iface, char *buffer, size_t size)
{
	const json_t *xdp = json_object_get(iface, "xdp");
	const char *attach = sl_json_text(xdp, "attach");

	if (!is_on(attach)) {
		snprintf(buffer, size, "%s", "off");
		return buffer;
	}
	snprintf(buffer, size, "%s, %s%s", sl_json_text(xdp, "mode"), attach,
		 json_is_true(json_object_get(xdp, "frags")) ? ", frags" : "");
	if (!strcmp(attach, "dispatcher")) {
		size_t used = strlen(buffer);

		snprintf(buffer + used, size - used, ", priority %lld",
			 (long long)sl_json_int(xdp, "priority"));
	}
	return buffer;
}

const char *sl_iface_tc_text(const json_t *iface, const char *dir)
{
	const json_t *tc = json_object_get(json_object_get(iface, "tc"), dir);
	const char *attach = sl_json_text(tc, "attach");

	return is_on(attach) ? attach : "-";
}

void sl_iface_print_notes(const json_t *iface, FILE *to)
{
	const char *error = sl_json_text_or_null(iface, "error");
	const char *why = sl_json_text_or_null(json_object_get(iface, "xdp"), "why");
	char name[64], text[1024];

	sl_clean(sl_json_text(iface, "name"), name, sizeof(name));
	if (error)
		fprintf(to, "%s: %s\n", name, sl_clean(error, text, sizeof(text)));
	if (why && *why)
		fprintf(to, "%s: xdp: %s\n", name, sl_clean(why, text, sizeof(text)));
}

void sl_iface_print_line(const json_t *iface, FILE *to)
{
	const char *in = sl_iface_tc_text(iface, "ingress"),
		   *out = sl_iface_tc_text(iface, "egress");
	char xdp[128], name[64];

	fprintf(to, "%s: %s: xdp %s", sl_clean(sl_json_text(iface, "name"), name, sizeof(name)),
		sl_json_text(iface, "state"), sl_iface_xdp_text(iface, xdp, sizeof(xdp)));
	if (is_on(in))
		fprintf(to, "; tc ingress %s", in);
	if (is_on(out))
		fprintf(to, "; tc egress %s", out);
	fputc('\n', to);
	sl_iface_print_notes(iface, to);
}
