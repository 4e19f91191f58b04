/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "check.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "cleanup.h"
#include "diag.h"

/* The place of a name in a list in which each stands once. */
static int intern(char ***list, size_t *count, struct sl_nametab *tab, const char *name, __u32 *out)
{
	uintptr_t found = (uintptr_t)sl_nametab_get(tab, name);
	char **bigger;
	int err;

	if (found) {
		*out = (__u32)found - 1;
		return 0;
	}
	bigger = (char **)reallocarray((void *)*list, *count + 1, sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	*list = bigger;
	bigger[*count] = strdup(name);
	if (!bigger[*count])
		return -ENOMEM;
	*out = (__u32)(*count)++;
	err = sl_nametab_put(tab, bigger[*out], (void *)(uintptr_t)*count);
	return err;
}

static int compare(const void *a, const void *b)
{
	const struct sl_value *x = *(const struct sl_value *const *)a;
	const struct sl_value *y = *(const struct sl_value *const *)b;

	return strcmp(x->low.text, y->low.text);
}

/* All names, each once, in one order, with blanks between them. */
static int join(struct sl_flat *names, char **out)
{
	struct sl_buf buf = {};
	size_t i;

	qsort((void *)names->v, names->count, sizeof(*names->v), compare);
	for (i = 0; i < names->count; i++) {
		const char *name = names->v[i]->low.text;

		if (!i || strcmp(names->v[i - 1]->low.text, name) != 0)
			sl_buf_add(&buf, "%s%s", i ? " " : "", name);
	}
	return sl_buf_take(&buf, out);
}

static int check_names(struct sl_parser *p, const struct sl_flat *names)
{
	int failed = 0, err;
	size_t i;

	for (i = 0; i < names->count; i++) {
		const struct sl_atom *atom = &names->v[i]->low;

		err = sl_iface_check(p, atom->text, strpbrk(atom->text, "*?["), &atom->loc);
		if (err == -ENOMEM)
			return err;
		failed = err ? err : failed;
	}
	return failed;
}

static int check_dir(struct sl_narrow *n, const struct sl_part *part)
{
	bool in = part->selector == SL_SEL_IIFNAME;

	if (in == (n->dir == SL_DIR_INGRESS))
		return 0;
	return sl_diag_error(n->p->diag, &part->head,
			     in ? "'iifname' is not known in chain egress: there is 'oifname'"
				: "'oifname' is not known in chain ingress: there is 'iifname'");
}

int sl_ifnames_narrow(struct sl_narrow *n, const struct sl_part *part)
{
	struct sl_parser *p = n->p;
	_cleanup_free_ char *text = NULL;
	struct sl_cond_iface cond = { .negate = part->op == SL_CMP_NE };
	struct sl_flat names = {};
	int err;

	err = check_dir(n, part);
	if (err)
		return err;
	if (part->op > SL_CMP_NE)
		return sl_diag_error(p->diag, &part->loc, "names compare with '==' or '!=' only");
	err = sl_flat_names(p, part->values, "name of an interface", &names);
	if (err)
		return err;
	err = check_names(p, &names);
	if (err)
		return err;
	err = join(&names, &text);
	if (err)
		return err;
	err = intern(&p->conf->patterns, &p->conf->npatterns, &p->pattern_names, text,
		     &cond.pattern);
	return err ? err : sl_narrow_iface(n, &cond, part);
}

int sl_ifnames_port(struct sl_parser *p, const struct sl_atom *name, __u32 *out)
{
	int err;

	err = sl_iface_check(p, name->text, false, &name->loc);
	if (err)
		return err;
	if (strpbrk(name->text, "*?["))
		return sl_diag_error(p->diag, &name->loc,
				     "packets go to one interface, and not to a pattern");
	return intern(&p->conf->ports, &p->conf->nports, &p->port_names, name->text, out);
}
