// SPDX-License-Identifier: GPL-2.0-only
/* Copyright (C) 2026 The Sluice authors */
/*
 * Messages of TLS, HTTP, SSH and QUIC in one packet, and what is made to look like them or not to:
 * whether a rule matches, and what is counted. Each row runs every way: the host, XDP, XDP with the
 * frame cut in two at each byte, TC on both sides.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "flows.h"
#include "hello.h"
#include "lab.h"
#include "names.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof(*(a)))

struct app_row {
	const char *name;
	const char *match;
	bool holds;
	const struct hello *hello; /* NULL: text */
	const char *text;
	size_t length; /* of text; 0: up to its NUL */
	size_t cut; /* bytes of the message that are there; 0: all */
	bool udp, six;
	int dport;
	enum sl_reason reason, blind;
};

#define hello(...)                     \
	.hello = &(const struct hello) \
	{                              \
		__VA_ARGS__            \
	}
#define text(s) .text = (s), .length = sizeof(s) - 1
#define PENDING .reason = SL_REASON_STREAM_PENDING
#define BROKEN	.reason = SL_REASON_STREAM_BROKEN
#define ECH	.blind = SL_REASON_ECH
#define IS_QUIC .udp = true, .blind = SL_REASON_QUIC

#define NAMED  .sni = "www.example.com"
#define GET    "GET /a/b?c=d HTTP/1.1\r\n"
#define HOST   "Host: www.example.com\r\n"
#define N63    "abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwxyz"
#define N253   N63 "." N63 "." N63 ".abcdefghijklmnopqrstuvwxyz0123456789-abcdefghijklmnopqrstuvwx"
#define EXACT  "tls sni www.example.com"
#define HTTPS  "http host www.example.com"
#define IDS    "\4abcd\0"
#define PADDED IDS "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

/* clang-format off */
static const struct app_row rows[] = {
	{ "tls: name", EXACT, true, hello(NAMED) },
	{ "tls: name, ipv6", EXACT, true, hello(NAMED), .six = true },
	{ "tls: another port", EXACT, true, hello(NAMED), .dport = 22 },
	{ "tls: a port of DNS", EXACT, true, hello(NAMED), .dport = 53 },
	{ "tls: name in capitals", EXACT, true, hello(.sni = "WWW.Example.COM") },
	{ "tls: dot at the end", EXACT, true, hello(.sni = "www.example.com.") },
	{ "tls: another name", EXACT, false, hello(.sni = "www.example.org") },
	{ "tls: name below", EXACT, false, hello(.sni = "a.www.example.com") },
	{ "tls: no name", EXACT, false, hello() },
	{ "tls: no name, negated", "tls sni != www.example.com", false, hello() },
	{ "tls: empty name, negated", "tls sni != www.example.com", true, hello(.sni = "") },
	{ "tls: 255 bytes of name", "tls sni .example.com", false,
	  hello(.sni = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
		       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
		       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa."
		       "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.com") },
	{ "tls: several names: the first", EXACT, true, hello(NAMED, .second = "b.example") },
	{ "tls: several names: not the second", EXACT, false,
	  hello(.sni = "b.example", .second = "www.example.com") },
	{ "tls: extension twice: the first", EXACT, true, hello(NAMED, .again = "b.example") },
	{ "tls: extension twice: not the second", EXACT, false,
	  hello(.sni = "b.example", .again = "www.example.com") },
	{ "tls: a name of 253 bytes", "tls sni \"" N253 "\"", true, hello(.sni = N253) },
	{ "tls: many extensions", EXACT, true, hello(NAMED, .many = 200) },
	{ "tls: key share before the name", EXACT, true, hello(NAMED, .share = 1216) },
	{ "tls: no session id", EXACT, true, hello(NAMED, .session = -1) },
	{ "tls: version 1.3", "tls version tls1.3", true, hello(NAMED) },
	{ "tls: version 1.2 by the field", "tls version tls1.2", true, hello(NAMED, .versions = "") },
	{ "tls: the field lies", "tls version tls1.3", true, hello(NAMED, .legacy = 0x301) },
	{ "tls: values to be ignored", "tls version tls1.2", true,
	  hello(NAMED, .versions = "\x7a\x7a\3\3\3\1\0\0") },
	{ "tls: at least 1.2", "tls version >= tls1.2", false, hello(NAMED, .versions = "\3\2\0\0") },
	{ "tls: version is not HTTP's", "http method \"*\"", false, hello(NAMED) },
	{ "tls: alpn", "tls alpn h2", true, hello(NAMED, .alpn = "\2h2\10http/1.1") },
	{ "tls: alpn, the second", "tls alpn \"http/1.1\"", true,
	  hello(NAMED, .alpn = "\2h2\10http/1.1") },
	{ "tls: alpn, none of them", "tls alpn { h3, dot }", false,
	  hello(NAMED, .alpn = "\2h2\10http/1.1") },
	{ "tls: alpn negated", "tls alpn != h3", true, hello(NAMED, .alpn = "\2h2") },
	{ "tls: alpn not there, negated", "tls alpn != h3", false, hello(NAMED) },
	{ "tls: alpn past its list", "tls alpn != h3", true, hello(NAMED, .alpn = "\10h2") },
	{ "tls: alpn that lies", "tls alpn h2", false, hello(NAMED, .alpn = "\2h2", .lie_alpn = 1) },
	{ "tls: dot by alpn", EXACT, true, hello(NAMED, .alpn = "\2h2\3dot"),
	  .blind = SL_REASON_DOT },
	{ "tls: an alpn as long as that", EXACT, true, hello(NAMED, .alpn = "\3dox\3spd") },
	{ "tls: encrypted within", EXACT, true, hello(NAMED, .ech = 1), ECH },
	{ "tls: two records", EXACT, true, hello(NAMED, .record = 100) },
	{ "tls: records of 7 bytes", EXACT, true, hello(NAMED, .record = 7) },
	{ "tls: records of 1 byte", EXACT, true, hello(NAMED, .record = 1) },
	{ "tls: records, long", EXACT, true, hello(NAMED, .share = 1100, .record = 13) },
	{ "tls: another record in between", EXACT, false,
	  hello(NAMED, .record = 100, .other_type = 21), BROKEN },
	{ "tls: app of a broken one", "app tls", true, hello(NAMED, .lie_extensions = 1), BROKEN },
	{ "tls: extensions past the end", EXACT, false, hello(NAMED, .lie_extensions = 1), BROKEN },
	{ "tls: extensions end early", EXACT, false, hello(NAMED, .lie_extensions = -1), BROKEN },
	{ "tls: an extension past the end", EXACT, false, hello(NAMED, .lie_last = 1), BROKEN },
	{ "tls: an extension that ends early", EXACT, false, hello(NAMED, .lie_last = -1), BROKEN },
	{ "tls: bytes behind", EXACT, false, hello(NAMED, .trailing = 3), BROKEN },
	{ "tls: session id too long", EXACT, false, hello(NAMED, .lie_session = 1), BROKEN },
	{ "tls: odd ciphers", EXACT, false, hello(NAMED, .lie_ciphers = 1), BROKEN },
	{ "tls: ciphers past the end", EXACT, false, hello(NAMED, .lie_ciphers = 5000), BROKEN },
	{ "tls: name past its list", "tls sni != b.example", false, hello(NAMED, .lie_sni = 1) },
	{ "tls: message ends early", EXACT, false, hello(NAMED, .lie_hello = -1), BROKEN },
	{ "tls: message goes on", EXACT, false, hello(NAMED, .lie_hello = 1), PENDING },
	{ "tls: message of 8 MiB", EXACT, false, hello(NAMED, .lie_hello = 0x7f0000), BROKEN },
	{ "tls: record goes on", EXACT, true, hello(NAMED, .lie_record = 200) },
	{ "tls: record ends early", EXACT, false, hello(NAMED, .lie_record = -9), BROKEN },
	{ "tls: first half", EXACT, false, hello(NAMED), .cut = 100, PENDING },
	{ "tls: all but a byte", EXACT, false, hello(NAMED, .share = 600), .cut = 700, PENDING },
	{ "tls: first bytes: a name alone is not seen", "tls sni != b.example", false, hello(NAMED),
	  .cut = 9, PENDING },
	{ "tls: one byte", "app tls", false, hello(NAMED), .cut = 1, PENDING },
	{ "tls: over UDP it is none", "app tls", false, hello(NAMED), .udp = true },
	{ "tls: a server's answer", "app tls", false, text("\26\3\3\0\4\2\0\0\0") },
	{ "tls: data", "app tls", false, text("\27\3\3\0\4abcd") },
	{ "tls: version 2", "app tls", false, text("\26\2\0\0\4\1\0\0\0") },

	{ "http: host", HTTPS, true, text(GET HOST "\r\n") },
	{ "http: host, ipv6", HTTPS, true, text(GET HOST "\r\n"), .six = true },
	{ "http: another port", HTTPS, true, text(GET HOST "\r\n"), .dport = 25 },
	{ "http: host in capitals", HTTPS, true, text(GET "HOST:WWW.EXAMPLE.COM\r\n\r\n") },
	{ "http: host with a port", HTTPS, true, text(GET "host: www.example.com:8080\r\n\r\n") },
	{ "http: blanks around", HTTPS, true, text(GET "Host: \t www.example.com \t\r\n\r\n") },
	{ "http: blank before the colon", HTTPS, false, text(GET "Host : www.example.com\r\n\r\n") },
	{ "http: host last", HTTPS, true, text(GET "A: b\r\nAccept: */*\r\n" HOST "\r\n") },
	{ "http: another field's end", HTTPS, false, text(GET "X-Host: www.example.com\r\n\r\n") },
	{ "http: folded line", HTTPS, false, text(GET "A: b\r\n Host: www.example.com\r\n\r\n") },
	{ "http: two hosts: the first", HTTPS, true, text(GET HOST "Host: b.example\r\n\r\n") },
	{ "http: two hosts: not the second", HTTPS, false, text(GET "Host: b.example\r\n" HOST "\r\n") },
	{ "http: no host, negated", "http host != b.example", false, text(GET "\r\n") },
	{ "http: address as host", "http host != b.example", true, text(GET "Host: [::1]:80\r\n\r\n") },
	{ "http: whole URI", HTTPS, true,
	  text("GET http://www.example.com/x HTTP/1.1\r\nHost: b.example\r\n\r\n") },
	{ "http: whole URI with a user", HTTPS, true,
	  text("GET HTTP://b.example@www.example.com:80/x HTTP/1.1\r\n\r\n") },
	{ "http: whole URI, path", "http path \"/x\"", true,
	  text("GET http://www.example.com/x HTTP/1.1\r\n\r\n") },
	{ "http: connect", HTTPS, true, text("CONNECT www.example.com:443 HTTP/1.1\r\n\r\n") },
	{ "http: options", "http path \"*\" http method OPTIONS", true,
	  text("OPTIONS * HTTP/1.1\r\n" HOST "\r\n") },
	{ "http: LF alone", HTTPS, true, text("GET / HTTP/1.0\nHost: www.example.com\n\n") },
	{ "http: empty lines before", HTTPS, true, text("\r\n\r\n" GET HOST "\r\n") },
	{ "http: body behind", HTTPS, true, text("POST / HTTP/1.1\r\n" HOST "\r\nHost: b.example\r\n\r\n") },
	{ "http: method", "http method GET", true, text(GET "\r\n") },
	{ "http: method, another", "http method { POST, PUT }", false, text(GET "\r\n") },
	{ "http: method, small letters", "http method get", false, text(GET "\r\n") },
	{ "http: method negated", "http method != POST", true, text(GET "\r\n") },
	{ "http: method of its own", "http method PURGE", true, text("PURGE / HTTP/1.1\r\n\r\n") },
	{ "http: path", "http path \"/a/b?c=d\"", true, text(GET "\r\n") },
	{ "http: path begins", "http path \"/a/*\"", true, text(GET "\r\n") },
	{ "http: path begins, not", "http path \"/b*\"", false, text(GET "\r\n") },
	{ "http: path ends", "http path \"*c=d\"", true, text(GET "\r\n") },
	{ "http: path ends, not", "http path \"*c=\"", false, text(GET "\r\n") },
	{ "http: path within", "http path \"*b?c*\"", true, text(GET "\r\n") },
	{ "http: path within, at the end", "http path \"*=d*\"", true, text(GET "\r\n") },
	{ "http: path within, not", "http path \"*c=e*\"", false, text(GET "\r\n") },
	{ "http: path exact, longer", "http path \"/a/b?c=d \"", false, text(GET "\r\n") },
	{ "http: path exact, shorter", "http path \"/a/b?c=\"", false, text(GET "\r\n") },
	{ "http: path, capitals", "http path \"/A/*\"", false, text(GET "\r\n") },
	{ "http: long pattern", "http path \"*0123456789abcdef*\"", true,
	  text("GET /xxxx0123456789abcde0123456789abcdefxx HTTP/1.1\r\n\r\n") },
	{ "http: agent", "http user-agent \"*CURL/8*\"", true, text(GET "User-Agent: x Curl/8.1\r\n\r\n") },
	{ "http: agent, another", "http user-agent \"curl*\"", false, text(GET "User-Agent: x curl\r\n\r\n") },
	{ "http: no agent, negated", "http user-agent != curl", false, text(GET HOST "\r\n") },
	{ "http: empty agent", "http user-agent \"\"", true, text(GET "User-Agent:\r\n\r\n") },
	{ "http: DNS over it", HTTPS, true, text("POST /dns-query HTTP/1.1\r\n" HOST "\r\n"),
	  .blind = SL_REASON_DOH },
	{ "http: and with a query", "app http", true, text("GET /dns-query?dns=AAAB HTTP/1.1\r\n\r\n"),
	  .blind = SL_REASON_DOH },
	{ "http: another path", "app http", true, text("GET /dns-query2 HTTP/1.1\r\n\r\n") },
	{ "http: fields go on", HTTPS, false, text(GET HOST), PENDING },
	{ "http: app of a part", "app http", true, text(GET HOST), PENDING },
	{ "http: line goes on", HTTPS, false, text("GET /a/b"), PENDING },
	{ "http: method alone", "app http", false, text("GET"), PENDING },
	{ "http: no version", "app http", false, text("GET /\r\n\r\n") },
	{ "http: version 2", "app http", false, text("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") },
	{ "http: mail", "app http", false, text("EHLO mail.example.com\r\n") },
	{ "http: small letters", "app http", false, text("get / HTTP/1.1\r\n\r\n") },
	{ "http: no target", "app http", false, text("GET HTTP/1.1\r\n\r\n") },
	{ "http: over UDP it is none", "app http", false, text("NOTIFY * HTTP/1.1\r\n\r\n"), .udp = true },
	{ "http: an answer", "app http", false, text("HTTP/1.1 200 OK\r\n\r\n") },

	{ "ssh: software", "ssh software \"OpenSSH_9.2p1\"", true, text("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n") },
	{ "ssh: begins", "ssh software \"openssh_*\"", true, text("SSH-2.0-OpenSSH_9.2p1\n") },
	{ "ssh: another port, key exchange behind", "ssh software \"dropbear*\"", true,
	  text("SSH-2.0-dropbear_2022.83\r\n\0\0\1\x2c\6\x14"), .dport = 443 },
	{ "ssh: another", "ssh software \"openssh_*\"", false, text("SSH-2.0-libssh_0.9\r\n") },
	{ "ssh: software with a sign", "ssh software \"a-b\"", true, text("SSH-2.0-a-b c\r\n") },
	{ "ssh: none", "ssh software \"\"", true, text("SSH-2.0-\r\n") },
	{ "ssh: goes on", "ssh software \"*\"", false, text("SSH-2.0-OpenSSH_9"), PENDING },
	{ "ssh: no version", "app ssh", true, text("SSH-\r\n"), BROKEN },
	{ "ssh: three bytes", "app ssh", false, text("SSH"), PENDING },
	{ "ssh: over UDP it is none", "app ssh", false, text("SSH-2.0-a\r\n"), .udp = true },

	{ "quic: initial", "quic version 1 quic type initial", true, text("\xc3\0\0\0\1" PADDED), IS_QUIC },
	{ "quic: ipv6", "app quic", true, text("\xc3\0\0\0\1" PADDED), IS_QUIC, .six = true },
	{ "quic: 0-RTT", "quic type zero-rtt", true, text("\xd3\0\0\0\1" PADDED), IS_QUIC },
	{ "quic: handshake", "quic type handshake", true, text("\xe3\0\0\0\1" PADDED), IS_QUIC },
	{ "quic: retry", "quic type retry", true, text("\xf3\0\0\0\1" PADDED), IS_QUIC },
	{ "quic: version 2, initial", "quic type initial", true, text("\xd3\x6b\x33\x43\xcf" PADDED), IS_QUIC },
	{ "quic: version 2, retry", "quic type retry quic version 0x6b3343cf", true,
	  text("\xc3\x6b\x33\x43\xcf" PADDED), IS_QUIC },
	{ "quic: a list of versions", "quic type negotiation", true,
	  text("\x80\0\0\0\0" IDS "\0\0\0\1"), IS_QUIC },
	{ "quic: a list of none", "app quic", false, text("\x80\0\0\0\0" IDS), .udp = true },
	{ "quic: to be refused", "app quic", true, text("\xc3\x1a\x2a\x3a\x4a" PADDED), IS_QUIC },
	{ "quic: unknown version", "app quic", false, text("\xc3\0\0\0\7" PADDED), .udp = true },
	{ "quic: fixed bit clear", "app quic", false, text("\x83\0\0\0\1" PADDED), .udp = true },
	{ "quic: short header", "app quic", false, text("\x43\0\0\0\1" PADDED), .udp = true },
	{ "quic: id too long", "app quic", false, text("\xc3\0\0\0\1\25" "aaaaaaaaaaaaaaaaaaaaaaaaa"), .udp = true },
	{ "quic: second id too long", "app quic", false, text("\xc3\0\0\0\1\1a\25" "aaaaaaaaaaaaaaaaaaaaaaaaa"), .udp = true },
	{ "quic: id past the end", "app quic", false, text("\xc3\0\0\0\1\7abc"), .udp = true },
	{ "quic: over TCP it is none", "app quic", false, text("\xc3\0\0\0\1" PADDED) },

	{ "dns over tcp", "dns qname example.com dns qtype A", true,
	  text("\0\x1d\x12\x34\1\0\0\1\0\0\0\0\0\0\7example\3com\0\0\1\0\1"), .dport = 53 },
	{ "dns over tcp, another port", "dns qname example.com", true,
	  text("\0\x1d\x12\x34\1\0\0\1\0\0\0\0\0\0\7example\3com\0\0\1\0\1"), .dport = 99 },
	{ "dns over tcp: its length alone", "app dns", false, text("\0\x1d"), .dport = 53, PENDING },
	{ "dns over tcp: goes on", "app dns", false,
	  text("\0\x1d\x12\x34\1\0\0\1\0\0\0\0\0\0\7exa"), .dport = 53, PENDING },
	{ "dns over tcp: goes on, another port", "app dns", false,
	  text("\0\x1d\x12\x34\1\0\0\1\0\0\0\0\0\0\7exa"), .dport = 99 },
	{ "dns over tcp: length too short", "app dns", false,
	  text("\0\x11\x12\x34\1\0\0\1\0\0\0\0\0\0\7example\3com\0\0\1\0\1"), .dport = 53 },

	{ "nothing", "app { dns, tls, http, ssh, quic }", false, text("hello, world") },
	{ "zeros", "app { dns, tls, http, ssh, quic }", false, text("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
	{ "one byte", "app { dns, tls, http, ssh, quic }", false, text("x") },
};
/* clang-format on */

static size_t message_of(const struct app_row *row, __u8 *to)
{
	size_t length;

	if (row->hello) {
		length = hello_build(row->hello, to);
	} else {
		length = row->length;
		memcpy(to, row->text, length);
	}
	return row->cut ? row->cut : length;
}

static struct frame frame_of(const struct app_row *row)
{
	static __u8 message[HELLO_MAX];
	size_t length = message_of(row, message);
	int dport = row->dport ? row->dport : 443;
	struct layer layers[] = {
		eth(), ip4(), tcp(.dport = dport, .sport = 40000), bytes(""), { .kind = LAYER_END },
	};

	if (row->six)
		layers[1] = (struct layer)ip6();
	if (row->udp)
		layers[2] = (struct layer)udp(.dport = dport, .sport = 40000);
	layers[3].bytes.bytes = (const char *)message;
	layers[3].bytes.len = length;
	return lab_frame(layers);
}

static bool is_as_row(const char *way, const struct app_row *row, const struct sl_trace *trace)
{
	if (trace->verdict == (row->holds ? SL_DROP : SL_ACCEPT) && trace->reason == row->reason &&
	    trace->blind == row->blind)
		return true;
	fprintf(stderr, "%s: ", way);
	lab_print("got", trace);
	return false;
}

static bool on_kernel(const struct app_row *row, enum way way, const struct frame *frame)
{
	struct sl_trace trace;

	if (!lab_kernel_takes(way, frame))
		return true;
	assert_return_code(kernel_run(way, frame, &trace), 0);
	return is_as_row(way_names[way], row, &trace);
}

static void test_row(void **state)
{
	const struct app_row *row = *state;
	struct frame frame = frame_of(row);
	struct policy *policy;
	struct sl_trace trace;
	char rules[1024];

	snprintf(rules, sizeof(rules),
		 "chain ingress {\n %s drop\n}\nchain egress {\n %s drop\n}\n", row->match,
		 row->match);
	policy = policy_new(rules);
	policy_use(policy, policy_drops(policy));
	flows_clear();
	for (enum sl_hook hook = 0; hook < SL_HOOK_MAX_; hook++) {
		host_run(hook, 0, &frame, &trace);
		assert_true(is_as_row("host", row, &trace));
	}
	for (enum way way = 0; way < WAY_MAX_ && !lab_no_kernel; way++)
		assert_true(on_kernel(row, way, &frame));
	for (frame.linear = 14; frame.linear < frame.len && !lab_no_kernel;
	     frame.linear += frame.len > 600 ? 13 : 1) {
		if (!on_kernel(row, WAY_XDP_CUT, &frame)) {
			fprintf(stderr, "cut at %zu\n", frame.linear);
			fail();
		}
	}
}

/* Whatever part of a message comes alone: it is no other message, and never one that is whole. */
static void test_parts(void **state)
{
	const struct app_row whole = { "", EXACT, true, hello(NAMED, .alpn = "\2h2") };
	struct policy *policy =
		policy_new("chain ingress {\n " EXACT " drop\n app tls accept\n}\n");
	struct frame frame = frame_of(&whole);
	size_t header = 54, length = frame.len - header;
	struct sl_trace trace;
	struct app_row part;

	(void)state;
	policy_use(policy, 0);
	flows_clear();
	for (size_t cut = 1; cut < length; cut++) {
		part = whole;
		part.cut = cut;
		frame = frame_of(&part);
		host_run(SL_HOOK_XDP, 0, &frame, &trace);
		assert_int_equal(trace.verdict, SL_ACCEPT);
		assert_int_equal(trace.reason, SL_REASON_STREAM_PENDING);
	}
}

/* However long the message is, and whatever the frame has behind it: its end is read, and no more. */
static void test_lengths(void **state)
{
	static const size_t behind[] = { 0, 1, 70, 300 };
	static __u8 room[2048];
	struct policy *policy =
		policy_new("chain ingress {\n " EXACT " tls version tls1.3 drop\n}\n");
	struct sl_trace trace;

	(void)state;
	policy_use(policy, policy_drops(policy));
	flows_clear();
	for (size_t share = 1; share < 600; share++) {
		const struct hello what = { NAMED, .share = share };
		const struct app_row row = { "", EXACT, true, .hello = &what };
		struct frame frame = frame_of(&row);
		size_t length = frame.len;
		/* Slices are of so many bytes or a multiple. */
		bool on_edge = (length - 54) % 64 < 2 && !lab_no_kernel;

		memset(room, 0x5a, sizeof(room));
		memcpy(room, frame.bytes, length);
		frame.bytes = room;
		for (size_t i = 0; i < ARRAY_LEN(behind); i++) {
			frame.len = length + behind[i];
			host_run(SL_HOOK_XDP, 0, &frame, &trace);
			assert_true(is_as_row("host", &row, &trace));
			if (on_edge)
				assert_true(on_kernel(&row, WAY_XDP, &frame));
			frame.linear = length - 20;
			if (on_edge)
				assert_true(on_kernel(&row, WAY_XDP_CUT, &frame));
			frame.linear = 0;
		}
	}
}

int main(void)
{
	static struct CMUnitTest tests[ARRAY_LEN(rows) + 3];
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		tests[count++] = (struct CMUnitTest) {
			.name = rows[i].name,
			.test_func = test_row,
			.initial_state = (void *)&rows[i],
		};
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_parts);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(test_lengths);
	tests[count++] = (struct CMUnitTest)cmocka_unit_test(lab_test_kernel);
	return _cmocka_run_group_tests("app", tests, count, lab_setup, lab_teardown);
}
