/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "parser.h"

#include <fnmatch.h>
#include <limits.h>
#include <net/if.h>
#include <string.h>

#include "diag.h"
#include "names.h"
#include "suggest.h"

const char *const sl_xdp_mode_names[SL_XDP_MODE_MAX_] = {
	[SL_XDP_OFF] = "off",
	[SL_XDP_AUTO] = "auto",
	[SL_XDP_NATIVE] = "native",
	[SL_XDP_GENERIC] = "generic",
};

#define PATTERN_MAX 64

/* What the kernel would not take as a name either; and printable, so that it can be shown. */
static bool has_bad_byte(const char *name)
{
	for (; *name; name++) {
		if (*name <= ' ' || *name >= 0x7f || *name == '/' || *name == ':' || *name == '"')
			return true;
	}
	return false;
}

int sl_iface_check(struct sl_parser *p, const char *name, bool is_glob, const struct sl_loc *loc)
{
	if (!*name)
		return sl_diag_error(p->diag, loc, "an interface needs a name");
	if (has_bad_byte(name) || !strcmp(name, ".") || !strcmp(name, ".."))
		return sl_diag_error(p->diag, loc, "no interface can be called '%s'", name);
	if (is_glob && strlen(name) > PATTERN_MAX)
		return sl_diag_error(p->diag, loc, "pattern longer than %d characters",
				     PATTERN_MAX);
	if (!is_glob && strlen(name) >= IFNAMSIZ)
		return sl_diag_error(
			p->diag, loc,
			"'%s' is too long: names of interfaces have at most %d characters", name,
			IFNAMSIZ - 1);
	return 0;
}

static int check_twice(struct sl_parser *p, const struct sl_ast_iface *iface)
{
	const struct sl_ast_iface *other;
	char place[SL_WHERE_TEXT];

	for (other = p->ifaces; other; other = other->next) {
		if (strcmp(other->pattern, iface->pattern) != 0)
			continue;
		return sl_diag_error(p->diag, &iface->loc, "interface \"%s\" is already given %s",
				     iface->pattern, sl_ast_where(&other->loc, &iface->loc, place));
	}
	return 0;
}

struct sl_ast_iface *sl_ast_iface(struct sl_parser *p, const struct sl_loc *name, bool quoted)
{
	struct sl_ast_iface *iface = sl_pool_alloc(&p->pool, sizeof(*iface));
	struct sl_loc inner = *name;

	if (!iface)
		return NULL;
	if (quoted) {
		inner.begin++;
		inner.end--;
	}
	iface->pattern = sl_ast_text(p, &inner);
	iface->loc = *name;
	iface->priority = SL_XDP_PRIORITY;
	if (!iface->pattern)
		return NULL;
	iface->is_glob = quoted && strpbrk(iface->pattern, "*?[");
	/* In error it is left out, but its settings are still looked at. */
	if (sl_parser_note(p, sl_iface_check(p, iface->pattern, iface->is_glob, &iface->loc)) ||
	    sl_parser_note(p, check_twice(p, iface)))
		return iface;
	if (p->last_iface)
		p->last_iface->next = iface;
	else
		p->ifaces = iface;
	p->last_iface = iface;
	return iface;
}

int sl_unknown_word(struct sl_parser *p, const struct sl_loc *loc, const char *what,
		    const char *word, const char *const *names, int count)
{
	struct sl_suggest suggest = sl_suggest_for(word);
	char hint[SL_SUGGEST_HINT_MAX], all[192] = "";
	int i;

	for (i = 0; i < count; i++) {
		size_t used = strlen(all);

		sl_suggest_offer(&suggest, names[i]);
		snprintf(all + used, sizeof(all) - used, "%s%s",
			 !i		  ? ": there is "
			 : i == count - 1 ? " and "
					  : ", ",
			 names[i]);
	}
	return sl_diag_error(p->diag, loc, "unknown %s '%s'%s", what, word,
			     suggest.best ? sl_suggest_hint(&suggest, hint) : all);
}

static int find(const char *word, const char *const *names, int count)
{
	int i;

	for (i = 0; i < count && strcmp(word, names[i]) != 0; i++)
		;
	return i;
}

static void set_priority(struct sl_parser *p, struct sl_ast_iface *iface, const struct sl_loc *loc)
{
	const struct sl_atom *atom = sl_ast_atom(p, SL_ATOM_NUMBER, loc);

	if (!atom)
		return;
	if (atom->number > INT_MAX)
		sl_parser_note(p, sl_diag_error(p->diag, loc,
						"priority '%s' is too high: %d is the highest",
						atom->text, INT_MAX));
	else
		iface->priority = (int)atom->number;
}

void sl_ast_iface_xdp(struct sl_parser *p, const struct sl_loc *mode, const struct sl_loc *priority)
{
	struct sl_ast_iface *iface = p->iface_now;
	const char *word = sl_ast_text(p, mode);
	int i;

	if (!word)
		return;
	if (iface->xdp_loc.source) {
		sl_parser_note(
			p, sl_diag_error(p->diag, mode, "'xdp' is given twice for this interface"));
		return;
	}
	iface->xdp_loc = *mode;
	i = find(word, sl_xdp_mode_names, SL_XDP_MODE_MAX_);
	if (i == SL_XDP_MODE_MAX_)
		sl_parser_note(p, sl_unknown_word(p, mode, "XDP mode", word, sl_xdp_mode_names,
						  SL_XDP_MODE_MAX_));
	else
		iface->xdp = (enum sl_xdp_mode)i;
	if (priority)
		set_priority(p, iface, priority);
}

void sl_ast_iface_tc_begin(struct sl_parser *p, const struct sl_loc *loc)
{
	if (p->iface_now->tc_loc.source)
		sl_parser_note(
			p, sl_diag_error(p->diag, loc, "'tc' is given twice for this interface"));
	p->iface_now->tc_loc = *loc;
}

void sl_ast_iface_tc(struct sl_parser *p, const struct sl_loc *dir)
{
	const char *word = sl_ast_text(p, dir);
	int i;

	if (!word)
		return;
	i = find(word, sl_dir_names, SL_DIR_MAX_);
	if (i == SL_DIR_MAX_)
		sl_parser_note(
			p, sl_unknown_word(p, dir, "direction", word, sl_dir_names, SL_DIR_MAX_));
	else
		p->iface_now->tc[i] = true;
}

const struct sl_conf_iface *sl_conf_iface_find(const struct sl_conf *conf, const char *name)
{
	size_t i;

	for (i = 0; i < conf->nifaces; i++) {
		const struct sl_conf_iface *iface = &conf->ifaces[i];

		if (iface->is_glob ? !fnmatch(iface->pattern, name, 0)
				   : !strcmp(iface->pattern, name))
			return iface;
	}
	return NULL;
}

bool sl_pattern_matches(const char *pattern, const char *name)
{
	char glob[PATTERN_MAX + 1];
	size_t length;

	for (; *pattern; pattern += length + (pattern[length] == ' ')) {
		length = strcspn(pattern, " ");
		if (length > PATTERN_MAX)
			continue;
		memcpy(glob, pattern, length);
		glob[length] = '\0';
		if (!fnmatch(glob, name, 0))
			return true;
	}
	return false;
}
