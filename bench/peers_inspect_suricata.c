// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */

/*
 * Suricata on pcap files, one thread, no logs but one line an alert. A packet costs the difference
 * in CPU time between a long file and one of a single sample.
 */

#include "inspect.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "peers.h"

#define CHECKED 1000
#define ROUNDS	3

static const char config[] =
	"%YAML 1.1\n---\n"
	"outputs:\n  - fast:\n      enabled: yes\n      filename: fast.log\n      append: no\n"
	"logging:\n  default-log-level: error\n  outputs:\n  - console:\n      enabled: yes\n"
	"stats:\n  enabled: no\n"
	"app-layer:\n  protocols:\n"
	"    dns:\n      udp:\n        enabled: yes\n        detection-ports:\n          dp: 53\n"
	"      tcp:\n        enabled: yes\n        detection-ports:\n          dp: 53\n"
	"    tls:\n      enabled: yes\n      detection-ports:\n        dp: 443\n"
	"flow:\n  memcap: 1gb\n  hash-size: 1048576\n  prealloc: 100000\n"
	"stream:\n  memcap: 1gb\n  reassembly:\n    memcap: 1gb\n"
	"datasets:\n  defaults:\n    memcap: 1gb\n    hashsize: 2097152\n"
	"  limits:\n    single-hashsize: 2097152\n    total-hashsizes: 8388608\n"
	"mpm-algo: auto\nspm-algo: auto\n";

static int fail(struct inspect_result *result, const char *why)
{
	snprintf(result->why, sizeof(result->why), "%.*s", (int)strcspn(why, "\n"), why);
	return 1;
}

static FILE *create(const char *dir, const char *name)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return fopen(path, "w");
}

/* Elements of a dataset are in base64. */
static void print_base64(FILE *to, const char *word)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t length = strlen(word), i;

	for (i = 0; i < length; i += 3) {
		unsigned int left = (unsigned int)(length - i), bits = 0, k;

		for (k = 0; k < 3; k++)
			bits = bits << 8 | (k < left ? (unsigned char)word[i + k] : 0);
		for (k = 0; k < 4; k++)
			fputc(k <= left ? digits[bits >> (18 - 6 * k) & 63] : '=', to);
	}
	fputc('\n', to);
}

static int names_write(const struct inspect_work *work, const char *dir)
{
	const char *what = work->kind == INSPECT_DNS ? "dns" : "tls",
		   *field = work->kind == INSPECT_DNS ? "dns.query" : "tls.sni";
	FILE *to = create(dir, "dataset"), *rules = create(dir, "rules");
	char word[INSPECT_WORD];

	if (!to || !rules)
		return 1;
	for (size_t i = 0; i < work->count; i++) {
		inspect_word(work->kind, i, word);
		print_base64(to, word);
	}
	fprintf(rules,
		"alert %s any any -> any any (msg:\"n\"; %s; dataset:isset,names,type string,load %s/dataset; sid:1;)\n",
		what, field, dir);
	return fclose(rules) || fclose(to);
}

static int patterns_write(const struct inspect_work *work, const char *dir)
{
	FILE *rules = create(dir, "rules");
	char word[INSPECT_WORD];

	if (!rules)
		return 1;
	for (size_t i = 0; i < work->count; i++) {
		inspect_word(work->kind, i, word);
		fprintf(rules,
			"alert udp any any -> any any (msg:\"n\"; content:\"%s\"; sid:%zu;)\n",
			word, i + 1);
	}
	return fclose(rules);
}

static int files_write(const struct inspect_work *work, const char *dir)
{
	FILE *to = create(dir, "suricata.yaml");

	if (!to)
		return 1;
	fputs(config, to);
	if (fclose(to))
		return 1;
	return work->kind == INSPECT_PAYLOAD ? patterns_write(work, dir) : names_write(work, dir);
}

static void exec_suricata(const char *dir, const char *pcap)
{
	char conf[160], rules[160], log[160];
	int out;

	snprintf(conf, sizeof(conf), "%s/suricata.yaml", dir);
	snprintf(rules, sizeof(rules), "%s/rules", dir);
	snprintf(log, sizeof(log), "%s/log", dir);
	out = open(log, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (out < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
		_exit(126);
	execlp("suricata", "suricata", "-c", conf, "-S", rules, "-r", pcap, "-l", dir, "--runmode",
	       "single", "-k", "none", "--init-errors-fatal", (char *)NULL);
	_exit(127);
}

/* CPU of one run; negative: it failed, and why is said. */
static double run(const char *dir, const char *name, struct inspect_result *result)
{
	char pcap[160], line[160] = "";
	struct rusage usage;
	int status = -1;
	FILE *log;
	pid_t pid;

	snprintf(pcap, sizeof(pcap), "%s/%s", dir, name);
	pid = fork();
	if (!pid)
		exec_suricata(dir, pcap);
	if (pid > 0 && wait4(pid, &status, 0, &usage) == pid && !status)
		return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
	snprintf(pcap, sizeof(pcap), "%s/log", dir);
	log = fopen(pcap, "r");
	if (!log || !fgets(line, sizeof(line), log))
		snprintf(line, sizeof(line), "%s",
			 WIFEXITED(status) && WEXITSTATUS(status) == 127 ? "not installed"
									 : "it failed");
	if (log)
		fclose(log);
	fail(result, line);
	return -1;
}

static size_t alerts(const char *dir)
{
	char path[160], line[512];
	size_t count = 0;
	FILE *from;

	snprintf(path, sizeof(path), "%s/fast.log", dir);
	from = fopen(path, "r");
	while (from && fgets(line, sizeof(line), from))
		count++;
	if (from)
		fclose(from);
	return count;
}

static int make_pcap(const struct inspect_work *work, const char *dir, const char *name, bool hit,
		     size_t samples)
{
	char path[160];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	return inspect_pcap(path, work->kind, hit, samples, work->count);
}

static int check(const char *dir, const char *pcap, size_t wanted, struct inspect_result *result)
{
	char why[100];

	if (run(dir, pcap, result) < 0)
		return 1;
	if (alerts(dir) == wanted)
		return 0;
	snprintf(why, sizeof(why), "%zu alerts and not %zu", alerts(dir), wanted);
	return fail(result, why);
}

static size_t samples_of(enum inspect_kind kind)
{
	if (peers_quick)
		return 2000;
	return kind == INSPECT_DNS ? 1000000 : kind == INSPECT_TLS ? 100000 : 200000;
}

static int measure(const struct inspect_work *work, const char *dir, struct inspect_result *result)
{
	size_t samples = samples_of(work->kind),
	       packets = work->kind == INSPECT_TLS ? INSPECT_PACKETS : 1;
	double least[2] = { 1e9, 1e9 };

	for (int i = 0; i < (peers_quick ? 1 : ROUNDS); i++) {
		for (int which = 0; which < 2; which++) {
			double took = run(dir, which ? "long" : "short", result);

			if (took < 0)
				return 1;
			if (took < least[which])
				least[which] = took;
		}
	}
	result->load = least[0];
	result->ns = (least[1] - least[0]) * 1e9 / ((double)(samples - 1) * (double)packets);
	return 0;
}

int inspect_suricata(const struct inspect_work *work, const char *dir,
		     struct inspect_result *result)
{
	int err = files_write(work, dir) || make_pcap(work, dir, "hits", true, CHECKED) ||
		  make_pcap(work, dir, "short", false, 1) ||
		  make_pcap(work, dir, "long", false, samples_of(work->kind));

	if (err)
		return fail(result, strerror(errno));
	err = check(dir, "hits", CHECKED, result) || check(dir, "long", 0, result) ||
	      measure(work, dir, result);
	result->ran = !err;
	return err;
}
