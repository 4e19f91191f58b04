// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
#include "capture.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <pcap/pcap.h>

#include "cleanup.h"

/* The largest that libpcap reads, too. */
#define SNAPLEN 262144

struct sl_capture {
	pcap_t *pcap;
	FILE *file; /* of pcap, which closes it */
};

struct sl_capture_out {
	pcap_t *pcap;
	FILE *file; /* of dumper, which closes it */
	pcap_dumper_t *dumper;
};

static int failed(char error[SL_CAPTURE_ERROR], int err, const char *words)
{
	snprintf(error, SL_CAPTURE_ERROR, "%s", words ?: strerror(-err));
	return err;
}

static bool is_empty(FILE *file)
{
	int byte = getc(file);

	if (byte == EOF)
		return true;
	ungetc(byte, file);
	return false;
}

static int check_link_type(pcap_t *pcap, char error[SL_CAPTURE_ERROR])
{
	int type = pcap_datalink(pcap);
	const char *name = pcap_datalink_val_to_name(type);

	if (type == DLT_EN10MB)
		return 0;
	snprintf(error, SL_CAPTURE_ERROR,
		 "its packets are of link type %s (%d), and only Ethernet frames can be judged",
		 name ?: "unknown", type);
	return -EPROTONOSUPPORT;
}

int sl_capture_open(struct sl_capture **out, const char *path, char error[SL_CAPTURE_ERROR])
{
	_cleanup_(sl_capture_freep) struct sl_capture *capture = calloc(1, sizeof(*capture));
	char words[PCAP_ERRBUF_SIZE] = "";
	int err;

	if (!capture)
		return failed(error, -ENOMEM, NULL);
	capture->file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (!capture->file)
		return failed(error, -errno, NULL);
	errno = 0;
	if (is_empty(capture->file))
		return errno ? failed(error, -errno, NULL)
			     : failed(error, -ENODATA, "the file is empty");
	capture->pcap = pcap_fopen_offline_with_tstamp_precision(capture->file,
								 PCAP_TSTAMP_PRECISION_NANO, words);
	if (!capture->pcap)
		return failed(error, -EBADMSG, words);
	err = check_link_type(capture->pcap, error);
	if (err)
		return err;
	*out = TAKE_PTR(capture);
	return 0;
}

void sl_capture_freep(struct sl_capture **capture)
{
	if (!*capture)
		return;
	if ((*capture)->pcap)
		pcap_close((*capture)->pcap);
	else if ((*capture)->file && (*capture)->file != stdin)
		fclose((*capture)->file);
	free(*capture);
	*capture = NULL;
}

int sl_capture_next(struct sl_capture *capture, struct sl_frame *frame,
		    char error[SL_CAPTURE_ERROR])
{
	struct pcap_pkthdr *header;
	const u_char *data;
	int found = pcap_next_ex(capture->pcap, &header, &data);

	if (found == PCAP_ERROR_BREAK)
		return 0;
	if (found != 1)
		return failed(error, -EBADMSG, pcap_geterr(capture->pcap));
	frame->data = data;
	frame->captured = header->caplen;
	/* A file may claim a length on the wire below what it holds. */
	frame->length = header->len > header->caplen ? header->len : header->caplen;
	frame->seconds = header->ts.tv_sec;
	/* That is what the field holds, as asked for when the file was opened. */
	frame->nanoseconds = (__u32)header->ts.tv_usec;
	return 1;
}

/* What is read would be cut to nothing. */
static bool is_same_file(const char *path, FILE *file)
{
	struct stat to, from;

	return !stat(path, &to) && !fstat(fileno(file), &from) && S_ISREG(to.st_mode) &&
	       to.st_dev == from.st_dev && to.st_ino == from.st_ino;
}

int sl_capture_create(struct sl_capture_out **out, const char *path,
		      const struct sl_capture *capture, char error[SL_CAPTURE_ERROR])
{
	_cleanup_(sl_capture_out_freep) struct sl_capture_out *to = calloc(1, sizeof(*to));

	if (!to)
		return failed(error, -ENOMEM, NULL);
	if (is_same_file(path, capture->file))
		return failed(error, -EINVAL, "that is the file the packets are read from");
	to->pcap = pcap_open_dead_with_tstamp_precision(DLT_EN10MB, SNAPLEN,
							PCAP_TSTAMP_PRECISION_NANO);
	if (!to->pcap)
		return failed(error, -ENOMEM, NULL);
	to->file = fopen(path, "we");
	if (!to->file)
		return failed(error, -errno, NULL);
	to->dumper = pcap_dump_fopen(to->pcap, to->file);
	if (!to->dumper)
		return failed(error, -EIO, pcap_geterr(to->pcap));
	*out = TAKE_PTR(to);
	return 0;
}

void sl_capture_put(struct sl_capture_out *out, const struct sl_frame *frame)
{
	struct pcap_pkthdr header = {
		.ts = { .tv_sec = (time_t)frame->seconds,
			.tv_usec = (suseconds_t)frame->nanoseconds },
		.caplen = (bpf_u_int32)frame->captured,
		.len = (bpf_u_int32)frame->length,
	};

	pcap_dump((u_char *)out->dumper, &header, frame->data);
}

int sl_capture_finish(struct sl_capture_out **out)
{
	int err = 0;

	errno = 0;
	if (pcap_dump_flush((*out)->dumper) || ferror(pcap_dump_file((*out)->dumper)))
		err = -(errno ?: EIO);
	sl_capture_out_freep(out);
	return err;
}

void sl_capture_out_freep(struct sl_capture_out **out)
{
	if (!*out)
		return;
	if ((*out)->dumper)
		pcap_dump_close((*out)->dumper);
	else if ((*out)->file)
		fclose((*out)->file);
	if ((*out)->pcap)
		pcap_close((*out)->pcap);
	free(*out);
	*out = NULL;
}
