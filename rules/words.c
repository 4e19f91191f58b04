/* SPDX-License-Identifier: GPL-2.0-only */
/* Copyright (C) 2026 The Sluice authors */
#include "words.h"

#include <string.h>
#include <strings.h>

#include "app.h"
#include "flow.h"
#include "rule.h"
#include "suggest.h"

/* Names as in nft and /etc/services, built in: a rule set means the same on every machine. */

/* clang-format off */
static const struct sl_named ports[] = {
	{ "ftp-data", 20, 20 }, { "ftp", 21, 21 }, { "ssh", 22, 22 }, { "telnet", 23, 23 },
	{ "smtp", 25, 25 }, { "whois", 43, 43 }, { "tacacs", 49, 49 }, { "domain", 53, 53 },
	{ "dns", 53, 53 }, { "bootps", 67, 67 }, { "dhcp-server", 67, 67 }, { "bootpc", 68, 68 },
	{ "dhcp-client", 68, 68 }, { "tftp", 69, 69 }, { "http", 80, 80 }, { "www", 80, 80 },
	{ "kerberos", 88, 88 }, { "pop3", 110, 110 }, { "sunrpc", 111, 111 },
	{ "ident", 113, 113 }, { "nntp", 119, 119 }, { "ntp", 123, 123 }, { "epmap", 135, 135 },
	{ "netbios-ns", 137, 137 }, { "netbios-dgm", 138, 138 }, { "netbios-ssn", 139, 139 },
	{ "imap", 143, 143 }, { "imap2", 143, 143 }, { "snmp", 161, 161 },
	{ "snmp-trap", 162, 162 }, { "bgp", 179, 179 }, { "ldap", 389, 389 },
	{ "https", 443, 443 }, { "microsoft-ds", 445, 445 }, { "submissions", 465, 465 },
	{ "isakmp", 500, 500 }, { "syslog", 514, 514 }, { "printer", 515, 515 },
	{ "rip", 520, 520 }, { "dhcpv6-client", 546, 546 }, { "dhcpv6-server", 547, 547 },
	{ "rtsp", 554, 554 }, { "submission", 587, 587 }, { "ipp", 631, 631 },
	{ "ldaps", 636, 636 }, { "domain-s", 853, 853 }, { "rsync", 873, 873 },
	{ "ftps-data", 989, 989 }, { "ftps", 990, 990 }, { "imaps", 993, 993 },
	{ "pop3s", 995, 995 }, { "socks", 1080, 1080 }, { "openvpn", 1194, 1194 },
	{ "ms-sql-s", 1433, 1433 }, { "l2tp", 1701, 1701 }, { "pptp", 1723, 1723 },
	{ "radius", 1812, 1812 }, { "radius-acct", 1813, 1813 }, { "mqtt", 1883, 1883 },
	{ "nfs", 2049, 2049 }, { "git", 9418, 9418 }, { "mysql", 3306, 3306 },
	{ "rdp", 3389, 3389 }, { "ms-wbt-server", 3389, 3389 }, { "stun", 3478, 3478 },
	{ "ipsec-nat-t", 4500, 4500 }, { "vxlan", 4789, 4789 }, { "sip", 5060, 5060 },
	{ "sips", 5061, 5061 }, { "xmpp-client", 5222, 5222 }, { "mdns", 5353, 5353 },
	{ "postgresql", 5432, 5432 }, { "amqp", 5672, 5672 }, { "vnc", 5900, 5900 },
	{ "x11", 6000, 6000 }, { "geneve", 6081, 6081 }, { "redis", 6379, 6379 },
	{ "http-alt", 8080, 8080 }, { "mqtts", 8883, 8883 }, { "wireguard", 51820, 51820 },
};

static const struct sl_named protos[] = {
	{ "icmp", 1, 1 }, { "igmp", 2, 2 }, { "ipip", 4, 4 }, { "ipv4", 4, 4 }, { "tcp", 6, 6 },
	{ "egp", 8, 8 }, { "udp", 17, 17 }, { "dccp", 33, 33 }, { "ipv6", 41, 41 },
	{ "rsvp", 46, 46 }, { "gre", 47, 47 }, { "esp", 50, 50 }, { "ah", 51, 51 },
	{ "icmpv6", 58, 58 }, { "ipv6-icmp", 58, 58 }, { "eigrp", 88, 88 }, { "ospf", 89, 89 },
	{ "pim", 103, 103 }, { "ipcomp", 108, 108 }, { "comp", 108, 108 }, { "vrrp", 112, 112 },
	{ "l2tp", 115, 115 }, { "isis", 124, 124 }, { "sctp", 132, 132 }, { "udplite", 136, 136 },
	{ "mpls-in-ip", 137, 137 }, { "hopopt", 0, 0 }, { "ipv6-route", 43, 43 },
	{ "ipv6-frag", 44, 44 }, { "ipv6-nonxt", 59, 59 }, { "ipv6-opts", 60, 60 },
};

static const struct sl_named ethertypes[] = {
	{ "ip", 0x0800, 0x0800 }, { "ip4", 0x0800, 0x0800 }, { "ipv4", 0x0800, 0x0800 },
	{ "arp", 0x0806, 0x0806 }, { "rarp", 0x8035, 0x8035 }, { "ip6", 0x86dd, 0x86dd },
	{ "ipv6", 0x86dd, 0x86dd }, { "slow", 0x8809, 0x8809 }, { "mpls", 0x8847, 0x8847 },
	{ "mpls-multicast", 0x8848, 0x8848 }, { "pppoe-discovery", 0x8863, 0x8863 },
	{ "pppoe-session", 0x8864, 0x8864 }, { "eapol", 0x888e, 0x888e },
	{ "macsec", 0x88e5, 0x88e5 }, { "profinet", 0x8892, 0x8892 },
	{ "ethercat", 0x88a4, 0x88a4 }, { "lldp", 0x88cc, 0x88cc }, { "ptp", 0x88f7, 0x88f7 },
	{ "cfm", 0x8902, 0x8902 }, { "homeplug", 0x88e1, 0x88e1 }, { "wol", 0x0842, 0x0842 },
	{ "ipx", 0x8137, 0x8137 }, { "loopback", 0x9000, 0x9000 },
};

static const struct sl_named icmp_types[] = {
	{ "echo-reply", 0, 0 }, { "destination-unreachable", 3, 3 }, { "source-quench", 4, 4 },
	{ "redirect", 5, 5 }, { "echo-request", 8, 8 }, { "router-advertisement", 9, 9 },
	{ "router-solicitation", 10, 10 }, { "time-exceeded", 11, 11 },
	{ "parameter-problem", 12, 12 }, { "timestamp-request", 13, 13 },
	{ "timestamp-reply", 14, 14 }, { "info-request", 15, 15 }, { "info-reply", 16, 16 },
	{ "address-mask-request", 17, 17 }, { "address-mask-reply", 18, 18 },
};

static const struct sl_named icmp_codes[] = {
	{ "net-unreachable", 0, 0 }, { "host-unreachable", 1, 1 }, { "prot-unreachable", 2, 2 },
	{ "port-unreachable", 3, 3 }, { "frag-needed", 4, 4 }, { "net-prohibited", 9, 9 },
	{ "host-prohibited", 10, 10 }, { "admin-prohibited", 13, 13 },
};

static const struct sl_named icmp6_types[] = {
	{ "destination-unreachable", 1, 1 }, { "packet-too-big", 2, 2 },
	{ "time-exceeded", 3, 3 }, { "parameter-problem", 4, 4 }, { "echo-request", 128, 128 },
	{ "echo-reply", 129, 129 }, { "mld-listener-query", 130, 130 },
	{ "mld-listener-report", 131, 131 }, { "mld-listener-done", 132, 132 },
	{ "mld-listener-reduction", 132, 132 }, { "nd-router-solicit", 133, 133 },
	{ "nd-router-advert", 134, 134 }, { "nd-neighbor-solicit", 135, 135 },
	{ "nd-neighbor-advert", 136, 136 }, { "nd-redirect", 137, 137 },
	{ "router-renumbering", 138, 138 }, { "ind-neighbor-solicit", 141, 141 },
	{ "ind-neighbor-advert", 142, 142 }, { "mld2-listener-report", 143, 143 },
};

static const struct sl_named icmp6_codes[] = {
	{ "no-route", 0, 0 }, { "admin-prohibited", 1, 1 }, { "addr-unreachable", 3, 3 },
	{ "port-unreachable", 4, 4 }, { "policy-fail", 5, 5 }, { "reject-route", 6, 6 },
};

static const struct sl_named dscps[] = {
	{ "cs0", 0, 0 }, { "df", 0, 0 }, { "be", 0, 0 }, { "lephb", 1, 1 }, { "le", 1, 1 },
	{ "cs1", 8, 8 }, { "af11", 10, 10 }, { "af12", 12, 12 }, { "af13", 14, 14 },
	{ "cs2", 16, 16 }, { "af21", 18, 18 }, { "af22", 20, 20 }, { "af23", 22, 22 },
	{ "cs3", 24, 24 }, { "af31", 26, 26 }, { "af32", 28, 28 }, { "af33", 30, 30 },
	{ "cs4", 32, 32 }, { "af41", 34, 34 }, { "af42", 36, 36 }, { "af43", 38, 38 },
	{ "cs5", 40, 40 }, { "va", 44, 44 }, { "ef", 46, 46 }, { "cs6", 48, 48 },
	{ "cs7", 56, 56 },
};

static const struct sl_named fragments[] = {
	{ "none", 0, 0 }, { "first", 1, 1 }, { "later", 2, 2 }, { "any", 1, 2 },
};

static const struct sl_named flags[] = {
	{ "fin", 1, 1 }, { "syn", 2, 2 }, { "rst", 4, 4 }, { "psh", 8, 8 }, { "ack", 16, 16 },
	{ "urg", 32, 32 }, { "ece", 64, 64 }, { "ecn", 64, 64 }, { "cwr", 128, 128 },
	{ "none", 0, 0 },
};

static const struct sl_named exthdrs[] = {
	{ "hbh", 1 << SL_EXT_HOPOPTS, 1 << SL_EXT_HOPOPTS },
	{ "rt", 1 << SL_EXT_ROUTING, 1 << SL_EXT_ROUTING },
	{ "frag", 1 << SL_EXT_FRAGMENT, 1 << SL_EXT_FRAGMENT },
	{ "dst", 1 << SL_EXT_DSTOPTS, 1 << SL_EXT_DSTOPTS },
	{ "ah", 1 << SL_EXT_AH, 1 << SL_EXT_AH },
	{ "esp", 1 << SL_EXT_ESP, 1 << SL_EXT_ESP },
	{ "mh", 1 << SL_EXT_MOBILITY, 1 << SL_EXT_MOBILITY },
	{ "other", 1 << SL_EXT_OTHER, 1 << SL_EXT_OTHER },
};

static const struct sl_named flow_states[] = {
	{ "new", SL_FLOW_NEW, SL_FLOW_NEW },
	{ "established", SL_FLOW_ESTABLISHED, SL_FLOW_ESTABLISHED },
	{ "closing", SL_FLOW_CLOSING, SL_FLOW_CLOSING },
	{ "midstream", SL_FLOW_MIDSTREAM, SL_FLOW_MIDSTREAM },
	{ "related", SL_FLOW_RELATED, SL_FLOW_RELATED },
};
_Static_assert(sizeof(flow_states) / sizeof(*flow_states) == SL_FLOW_STATE_MAX_ - 1, "a word each");

static const struct sl_named flow_tos[] = {
	{ "server", SL_FLOW_TO_SERVER, SL_FLOW_TO_SERVER },
	{ "client", SL_FLOW_TO_CLIENT, SL_FLOW_TO_CLIENT },
};
_Static_assert(sizeof(flow_tos) / sizeof(*flow_tos) == SL_FLOW_TO_MAX_, "a word each");

static const struct sl_named apps[] = {
	{ "dns", SL_APP_DNS, SL_APP_DNS }, { "tls", SL_APP_TLS, SL_APP_TLS },
	{ "http", SL_APP_HTTP, SL_APP_HTTP }, { "ssh", SL_APP_SSH, SL_APP_SSH },
	{ "quic", SL_APP_QUIC, SL_APP_QUIC },
};
_Static_assert(sizeof(apps) / sizeof(*apps) == SL_APP_MAX_ - 1, "a word each");

static const struct sl_named dns_kinds[] = {
	{ "query", 0, 0 }, { "response", 1, 1 },
};

static const struct sl_named dns_types[] = {
	{ "A", 1, 1 }, { "NS", 2, 2 }, { "CNAME", 5, 5 }, { "SOA", 6, 6 }, { "NULL", 10, 10 },
	{ "PTR", 12, 12 }, { "HINFO", 13, 13 }, { "MX", 15, 15 }, { "TXT", 16, 16 },
	{ "RP", 17, 17 }, { "AFSDB", 18, 18 }, { "SIG", 24, 24 }, { "KEY", 25, 25 },
	{ "AAAA", 28, 28 }, { "LOC", 29, 29 }, { "SRV", 33, 33 }, { "NAPTR", 35, 35 },
	{ "CERT", 37, 37 }, { "DNAME", 39, 39 }, { "OPT", 41, 41 }, { "DS", 43, 43 },
	{ "SSHFP", 44, 44 }, { "IPSECKEY", 45, 45 }, { "RRSIG", 46, 46 }, { "NSEC", 47, 47 },
	{ "DNSKEY", 48, 48 }, { "NSEC3", 50, 50 }, { "NSEC3PARAM", 51, 51 }, { "TLSA", 52, 52 },
	{ "SMIMEA", 53, 53 }, { "CDS", 59, 59 }, { "CDNSKEY", 60, 60 }, { "OPENPGPKEY", 61, 61 },
	{ "CSYNC", 62, 62 }, { "ZONEMD", 63, 63 }, { "SVCB", 64, 64 }, { "HTTPS", 65, 65 },
	{ "SPF", 99, 99 }, { "TKEY", 249, 249 }, { "TSIG", 250, 250 }, { "IXFR", 251, 251 },
	{ "AXFR", 252, 252 }, { "ANY", 255, 255 }, { "URI", 256, 256 }, { "CAA", 257, 257 },
};

static const struct sl_named dns_opcodes[] = {
	{ "query", 0, 0 }, { "iquery", 1, 1 }, { "status", 2, 2 }, { "notify", 4, 4 },
	{ "update", 5, 5 }, { "dso", 6, 6 },
};

static const struct sl_named dns_rcodes[] = {
	{ "noerror", 0, 0 }, { "formerr", 1, 1 }, { "servfail", 2, 2 }, { "nxdomain", 3, 3 },
	{ "notimp", 4, 4 }, { "refused", 5, 5 }, { "yxdomain", 6, 6 }, { "yxrrset", 7, 7 },
	{ "nxrrset", 8, 8 }, { "notauth", 9, 9 }, { "notzone", 10, 10 }, { "dsotypeni", 11, 11 },
};

#define VOCABULARY(noun_, words_) { .noun = (noun_), .words = (words_), .count = sizeof(words_) / sizeof(*(words_)) }

const struct sl_vocabulary sl_words_none = { .noun = "number" };
const struct sl_vocabulary sl_words_mac = { .noun = "MAC address" };
const struct sl_vocabulary sl_words_port = VOCABULARY("port", ports);
const struct sl_vocabulary sl_words_proto = VOCABULARY("protocol", protos);
const struct sl_vocabulary sl_words_ethertype = VOCABULARY("ethertype", ethertypes);
const struct sl_vocabulary sl_words_icmp_type = VOCABULARY("ICMP type", icmp_types);
const struct sl_vocabulary sl_words_icmp_code = VOCABULARY("ICMP code", icmp_codes);
const struct sl_vocabulary sl_words_icmp6_type = VOCABULARY("ICMPv6 type", icmp6_types);
const struct sl_vocabulary sl_words_icmp6_code = VOCABULARY("ICMPv6 code", icmp6_codes);
const struct sl_vocabulary sl_words_dscp = VOCABULARY("DSCP", dscps);
const struct sl_vocabulary sl_words_fragment = VOCABULARY("kind of fragment", fragments);
const struct sl_vocabulary sl_words_flag = VOCABULARY("TCP flag", flags);
const struct sl_vocabulary sl_words_exthdr = VOCABULARY("extension header", exthdrs);
const struct sl_vocabulary sl_words_flow_state = VOCABULARY("state of a flow", flow_states);
const struct sl_vocabulary sl_words_flow_to = VOCABULARY("side of a flow", flow_tos);
const struct sl_vocabulary sl_words_app = VOCABULARY("application", apps);
const struct sl_vocabulary sl_words_dns = VOCABULARY("kind of message", dns_kinds);
const struct sl_vocabulary sl_words_dns_type = { "DNS type", dns_types, sizeof(dns_types) / sizeof(*dns_types), true };
const struct sl_vocabulary sl_words_dns_opcode = { "DNS opcode", dns_opcodes, sizeof(dns_opcodes) / sizeof(*dns_opcodes), true };
const struct sl_vocabulary sl_words_dns_rcode = { "DNS response code", dns_rcodes, sizeof(dns_rcodes) / sizeof(*dns_rcodes), true };
/* clang-format on */

const struct sl_named *sl_word_find(const struct sl_vocabulary *vocabulary, const char *name)
{
	size_t i;

	for (i = 0; i < vocabulary->count; i++) {
		if (!(vocabulary->any_case ? strcasecmp : strcmp)(vocabulary->words[i].name, name))
			return &vocabulary->words[i];
	}
	return NULL;
}

const char *sl_word_name(const struct sl_vocabulary *vocabulary, unsigned int number)
{
	size_t i;

	for (i = 0; i < vocabulary->count; i++) {
		if (vocabulary->words[i].low == number && vocabulary->words[i].high == number)
			return vocabulary->words[i].name;
	}
	return NULL;
}

const char *sl_word_hint(const struct sl_vocabulary *vocabulary, const char *name, char *hint)
{
	struct sl_suggest suggest = sl_suggest_for(name);
	size_t i;

	for (i = 0; i < vocabulary->count; i++)
		sl_suggest_offer(&suggest, vocabulary->words[i].name);
	return sl_suggest_hint(&suggest, hint);
}
