// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "probe.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "cleanup.h"
#include "cmd.h"
#include "out.h"
#include "probe_nic.h"
#include "request.h"
#include "table.h"

static const char *const need_words[] = {
	[SL_REQUIRED] = "required",
	[SL_USED] = "used",
	[SL_SPARE] = "spare",
};

static json_t *json_finding(const struct sl_finding *finding)
{
	if (finding->answer == SL_NOT_ASKED)
		return json_null();
	return json_pack("{s:b, s:s?}", "available", finding->answer == SL_YES, "error",
			 finding->answer == SL_NO ? finding->why : NULL);
}

static json_t *json_capability(const struct sl_probe *probe, size_t row)
{
	const struct sl_capability *capability = &sl_capabilities[row];
	const struct sl_finding *finding = probe->finding[row];

	return json_pack("{s:s, s:s, s:b, s:o, s:o, s:s, s:s}", "name", capability->name, "need",
			 need_words[capability->need], "available",
			 sl_capability_answer(probe, row) == SL_YES, "xdp",
			 json_finding(&finding[SL_SIDE_XDP]), "tc",
			 json_finding(&finding[SL_SIDE_TC]), "used_for", capability->used_for,
			 "without", capability->without);
}

static json_t *json_features(__u64 features)
{
	json_t *list = json_array();
	int bit;

	for (bit = 0; bit < SL_NIC_FEATURES; bit++) {
		if (features & 1ULL << bit)
			json_array_append_new(list, json_string(sl_nic_features[bit]));
	}
	return list;
}

static const char *attached_mode(const struct sl_nic *nic)
{
	if (nic->native_prog)
		return "native";
	if (nic->generic_prog)
		return "generic";
	return nic->hw_prog ? "offloaded" : NULL;
}

static json_t *json_nic(const struct sl_nic *nic)
{
	const char *mode = nic ? attached_mode(nic) : NULL;
	json_t *attached;

	if (!nic)
		return json_null();
	attached = mode ? json_pack("{s:s, s:s, s:i}", "mode", mode, "name", nic->attached,
				    "program_id",
				    (int)(nic->native_prog ?: nic->generic_prog ?: nic->hw_prog)) :
			  json_null();
	return json_pack("{s:s, s:i, s:s?, s:i, s:i, s:i, s:o, s:o, s:{s:o, s:o}}", "name",
			 nic->name, "ifindex", nic->ifindex, "driver",
			 *nic->driver ? nic->driver : NULL, "mtu", nic->mtu, "rx_queues",
			 nic->rx_queues, "tx_queues", nic->tx_queues, "features",
			 json_features(nic->features), "xdp_attached", attached, "try", "native",
			 json_finding(&nic->native), "generic", json_finding(&nic->generic));
}

/* Names of the capabilities of this need that have this answer. */
static json_t *json_names(const struct sl_probe *probe, unsigned int needs, enum sl_answer answer)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; sl_capabilities[i].name; i++) {
		if (needs & 1U << sl_capabilities[i].need &&
		    sl_capability_answer(probe, i) == answer)
			json_array_append_new(list, json_string(sl_capabilities[i].name));
	}
	return list;
}

#define NEEDED (1U << SL_REQUIRED | 1U << SL_USED)

json_t *sl_probe_json(const struct sl_probe *probe)
{
	json_t *list = json_array();
	struct utsname kernel;
	size_t i;

	uname(&kernel);
	for (i = 0; sl_capabilities[i].name; i++)
		json_array_append_new(list, json_capability(probe, i));
	return json_pack("{s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:o}", "kernel", kernel.release,
			 "machine", kernel.machine, "able", sl_probe_able(probe), "missing",
			 json_names(probe, 1U << SL_REQUIRED, SL_NO), "will_use",
			 json_names(probe, NEEDED, SL_YES), "will_do_without",
			 json_names(probe, 1U << SL_USED, SL_NO), "capabilities", list, "interface",
			 json_nic(probe->nic));
}

static void add_answer(struct sl_table *table, const struct sl_finding *finding)
{
	if (finding->answer == SL_NOT_ASKED)
		sl_table_cell(table, SL_DIM, "-");
	else if (finding->answer == SL_YES)
		sl_table_cell(table, SL_GOOD, "yes");
	else
		sl_table_cell(table, SL_BAD, "no");
}

static void print_table(const struct sl_probe *probe)
{
	_cleanup_(sl_table_freep) struct sl_table *table = sl_table_new();
	size_t i;

	sl_table_column(table, SL_LEFT, "CAPABILITY");
	sl_table_column(table, SL_LEFT, "XDP");
	sl_table_column(table, SL_LEFT, "TC");
	sl_table_column(table, SL_SHRINK, "USED FOR");
	sl_table_column(table, SL_SHRINK, "WITHOUT IT");
	for (i = 0; sl_capabilities[i].name; i++) {
		const struct sl_capability *capability = &sl_capabilities[i];
		bool spare = capability->need == SL_SPARE;

		sl_table_cell(table, SL_PLAIN, "%s", capability->name);
		add_answer(table, &probe->finding[i][SL_SIDE_XDP]);
		add_answer(table, &probe->finding[i][SL_SIDE_TC]);
		sl_table_cell(table, spare ? SL_DIM : SL_PLAIN, "%s%s",
			      spare ? "nothing yet: " : "", capability->used_for);
		sl_table_cell(table, SL_PLAIN, "%s", capability->without);
	}
	sl_table_print(table, stdout);
}

/* Why it says no, for both sides once when it is the same. */
static void print_reasons(const struct sl_probe *probe)
{
	static const char *const sides[] = { "xdp", "tc" };
	bool first = true;
	size_t i;
	int side;

	for (i = 0; sl_capabilities[i].name; i++) {
		const struct sl_finding *finding = probe->finding[i];
		bool same = finding[SL_SIDE_XDP].answer == finding[SL_SIDE_TC].answer &&
			    !strcmp(finding[SL_SIDE_XDP].why, finding[SL_SIDE_TC].why);

		for (side = 0; side < (same ? 1 : SL_SIDE_MAX_); side++) {
			if (finding[side].answer != SL_NO)
				continue;
			printf("%s%s%s%s: %s\n", first ? "\n" : "", sl_capabilities[i].name,
			       same ? "" : " at ", same ? "" : sides[side], finding[side].why);
			first = false;
		}
	}
}

/* Words with commas between them, broken into lines. */
static void print_words(const char *before, const json_t *words)
{
	int limit = sl_out_width() ?: 100, at = printf("%s", before);
	const json_t *word;
	size_t i;

	if (!json_array_size(words))
		printf(" nothing");
	json_array_foreach (words, i, word) {
		const char *text = json_string_value(word);
		bool last = i + 1 == json_array_size(words);

		if (i && at + (int)strlen(text) + 3 > limit) {
			printf("\n ");
			at = 1;
		}
		at += printf(" %s%s", text, last ? "" : ",");
	}
	printf(".\n");
}

static void print_summary(const struct sl_probe *probe)
{
	_cleanup_json_ json_t *use = json_names(probe, NEEDED, SL_YES);
	_cleanup_json_ json_t *without = json_names(probe, 1U << SL_USED, SL_NO);
	size_t i;

	putchar('\n');
	if (!sl_probe_able(probe)) {
		puts("Sluice cannot run here.");
		return;
	}
	print_words("Sluice will use:", use);
	print_words("It will do without:", without);
	for (i = 0; sl_capabilities[i].name; i++) {
		if (sl_capabilities[i].need == SL_USED && sl_capability_answer(probe, i) == SL_NO)
			printf("  without %s: %s\n", sl_capabilities[i].name,
			       sl_capabilities[i].without);
	}
}

static void print_tried(const char *what, const struct sl_finding *finding)
{
	if (finding->answer == SL_YES)
		printf("  %-14s yes, tried\n", what);
	else
		printf("  %-14s no: %s\n", what, finding->why);
}

static void print_features(const struct sl_nic *nic)
{
	_cleanup_json_ json_t *features = json_features(nic->features);
	const json_t *word;
	size_t i;

	printf("  %-14s", "XDP features");
	json_array_foreach (features, i, word)
		printf(" %s", json_string_value(word));
	puts(json_array_size(features) ? "" : " none told by the driver");
}

static void print_modes(const struct sl_nic *nic)
{
	const char *mode = attached_mode(nic);

	if (mode)
		printf("  %-14s '%s', %s\n", "XDP attached", nic->attached, mode);
	if (nic->native.answer != SL_NOT_ASKED) {
		print_tried("native XDP", &nic->native);
		print_tried("generic XDP", &nic->generic);
		return;
	}
	if (mode)
		return;
	printf("  %-14s %s (not tried; see --try)\n", "native XDP",
	       !(nic->features & SL_NIC_FEATURE_XDP) ? "not offered by the driver"
	       : nic->features & SL_NIC_FEATURE_RXSG ? "offered, also with jumbo frames"
						     : "offered, not with jumbo frames");
}

static void print_nic(const struct sl_nic *nic)
{
	char name[64], driver[64];

	printf("\n%s:\n", sl_clean(nic->name, name, sizeof(name)));
	printf("  %-14s %s\n", "driver",
	       *nic->driver ? sl_clean(nic->driver, driver, sizeof(driver)) : "unknown");
	printf("  %-14s %d\n", "MTU", nic->mtu);
	if (nic->rx_queues)
		printf("  %-14s %d receive, %d transmit\n", "queues", nic->rx_queues,
		       nic->tx_queues);
	print_features(nic);
	print_modes(nic);
}

void sl_probe_print(const struct sl_probe *probe)
{
	struct utsname kernel;

	uname(&kernel);
	printf("Linux %s on %s\n\n", kernel.release, kernel.machine);
	print_table(probe);
	print_reasons(probe);
	if (probe->nic)
		print_nic(probe->nic);
	print_summary(probe);
}

int sl_probe_verdict(const struct sl_probe *probe)
{
	_cleanup_json_ json_t *missing = json_names(probe, 1U << SL_REQUIRED, SL_NO);
	char names[512] = "";
	const json_t *word;
	size_t i, used = 0;

	if (!json_array_size(missing))
		return SL_EXIT_OK;
	json_array_foreach (missing, i, word) {
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s", i ? ", " : "",
					 json_string_value(word));
		if (used >= sizeof(names))
			break;
	}
	return sl_fail("Sluice cannot run on this kernel: it has no %s", names);
}
