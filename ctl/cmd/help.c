// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "help.h"

#include <string.h>

#include <jansson.h>

#include "options.h"
#include "out.h"

static void print_option(const struct sl_option *option, FILE *to)
{
	char letter[5] = "    ", name[40];

	if (option->letter)
		snprintf(letter, sizeof(letter), "-%c, ", option->letter);
	snprintf(name, sizeof(name), "--%s%s%s", option->name, option->arg ? " " : "",
		 option->arg ?: "");
	fprintf(to, "  %s%-20s %s\n", letter, name, option->help);
	if (option->values && option->values[0] != '<')
		fprintf(to, "  %26s one of: %s\n", "", option->values);
}

static void print_options(unsigned int options, FILE *to)
{
	int i;

	for (i = 0; i < SL_OPT_MAX_; i++) {
		if (options & 1U << i)
			print_option(&sl_options[i], to);
	}
}

static void print_usage(const struct sl_command *command, FILE *to)
{
	int i;

	fprintf(to, "usage: sluicectl %s", command->name);
	for (i = 0; i < SL_OPT_MAX_; i++) {
		const struct sl_option *option = &sl_options[i];

		if (!(command->options & 1U << i) || i == SL_OPT_ALL)
			continue;
		if (command->required & 1U << i)
			fprintf(to, " -%c %s", option->letter, option->arg);
		else if (option->letter)
			fprintf(to, " [-%c%s%s]", option->letter, option->arg ? " " : "",
				option->arg ?: "");
		else
			fprintf(to, " [--%s%s%s]", option->name, option->arg ? " " : "",
				option->arg ?: "");
	}
	fprintf(to, "%s%s\n", *command->args ? " " : "", command->args);
}

static void print_verb(const struct sl_command *command, FILE *to)
{
	print_usage(command, to);
	fprintf(to, "\n%s: %s.\n", command->name, command->help);
	if (command->more)
		fprintf(to, "%s\n", command->more);
	if (command->options) {
		fputs("\nOptions:\n", to);
		print_options(command->options, to);
	}
	fputs("\nOptions of every command:\n", to);
	print_options(SL_OPTS_GLOBAL, to);
}

void sl_help_print(const struct sl_command *command, FILE *to)
{
	if (command) {
		print_verb(command, to);
		return;
	}
	fputs("usage: sluicectl [OPTIONS] COMMAND [ARGUMENTS]\n\nCommands:\n", to);
	for (command = sl_commands; command->name; command++) {
		char name[32];

		snprintf(name, sizeof(name), "%s %s", command->name, command->args);
		fprintf(to, "  %-20s %s\n", name, command->help);
	}
	fputs("\nOptions:\n", to);
	print_options(SL_OPTS_GLOBAL, to);
	fputs("\nExit status: 0 done, 1 failed, 2 wrong usage. More: 'sluicectl COMMAND --help', sluicectl(8).\n",
	      to);
}

static json_t *json_words(const char *words)
{
	json_t *list = json_array();
	size_t length;

	for (; words && *words; words += length + (words[length] == ' ')) {
		length = strcspn(words, " ");
		json_array_append_new(list, json_stringn(words, length));
	}
	return list;
}

static json_t *json_options(unsigned int options)
{
	json_t *list = json_array();
	char letter[2] = "";
	int i;

	for (i = 0; i < SL_OPT_MAX_; i++) {
		const struct sl_option *option = &sl_options[i];

		if (!(options & 1U << i))
			continue;
		letter[0] = option->letter;
		json_array_append_new(list,
				      json_pack("{s:s, s:s?, s:s?, s:o, s:s}", "name", option->name,
						"letter", option->letter ? letter : NULL,
						"argument", option->arg, "values",
						json_words(option->values), "help", option->help));
	}
	return list;
}

static json_t *json_commands(void)
{
	json_t *list = json_array();
	const struct sl_command *command;

	for (command = sl_commands; command->name; command++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:o, s:o, s:s}", "name",
						      command->name, "arguments", command->args,
						      "values", json_words(command->values),
						      "options", json_options(command->options),
						      "help", command->help));
	return json_pack("{s:o, s:o}", "options", json_options(SL_OPTS_GLOBAL), "commands", list);
}

/* One verb a line, with its options: easy to take apart with shell tools. */
static void print_commands(void)
{
	const struct sl_command *command;
	int i;

	for (command = sl_commands; command->name; command++) {
		fputs(command->name, stdout);
		for (i = 0; i < SL_OPT_MAX_; i++) {
			if ((SL_OPTS_GLOBAL | command->options) & 1U << i)
				printf(" --%s", sl_options[i].name);
		}
		putchar('\n');
	}
}

int sl_cmd_commands(struct sl_ctl *ctl)
{
	json_t *all;

	if (!ctl->opt[SL_OPT_JSON]) {
		print_commands();
		return SL_EXIT_OK;
	}
	all = json_commands();
	sl_json_page(all);
	json_decref(all);
	return SL_EXIT_OK;
}

int sl_cmd_help(struct sl_ctl *ctl)
{
	const struct sl_command *command = NULL;

	if (ctl->nargs) {
		command = sl_command_find(ctl->args[0]);
		if (!command)
			return sl_misuse("unknown command '%s' (see 'sluicectl --help')",
					 ctl->args[0]);
	}
	sl_help_print(command, stdout);
	return SL_EXIT_OK;
}
