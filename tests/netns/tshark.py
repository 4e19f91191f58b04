# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""What tshark finds in a capture, in the words of `sluicectl replay --json`."""

import csv
import subprocess

FIELDS = """frame.number icmp.type tcp.segment.count ip.src ipv6.src ip.dst ipv6.dst
tcp.srcport udp.srcport tcp.dstport udp.dstport
dns.flags.response dns.flags.opcode dns.flags.rcode dns.qry.type dns.qry.name
tls.handshake.type tls.handshake.version tls.handshake.extensions.supported_version
tls.handshake.extension.type tls.handshake.extensions_server_name tls.handshake.extensions_alpn_str
http.request.method http.host http.request.uri http.user_agent
ssh.protocol quic.version quic.long.packet_type""".split()

CLIENT_HELLO, ENCRYPTED_HELLO = "1", str(0xfe0d)
QUIC_TYPES = ["initial", "zero-rtt", "handshake", "retry"]


def number(text):
    return int(text, 0)


def name(text):
    """A name as Sluice has it: in lower case, without the port."""
    return text.lower().rsplit(":", 1)[0] if text else None


def dns(row):
    if not row["dns.flags.opcode"]:
        return None
    return {"response": row["dns.flags.response"] in ("1", "True"),
            "opcode": number(row["dns.flags.opcode"]), "rcode": number(row["dns.flags.rcode"] or "0"),
            "qtype": number(row["dns.qry.type"]), "qname": row["dns.qry.name"].lower()}


def is_grease(version):
    return version & 0x0f0f == 0x0a0a


def tls(row):
    if row["tls.handshake.type"] != CLIENT_HELLO:
        return None
    listed = [number(v) for v in row["tls.handshake.extensions.supported_version"].split(";") if v]
    alpn = row["tls.handshake.extensions_alpn_str"]
    return {"version": max((v for v in listed if not is_grease(v)),
                           default=number(row["tls.handshake.version"])),
            "sni": name(row["tls.handshake.extensions_server_name"]),
            "alpn": alpn.split(";") if alpn else [],
            "ech": ENCRYPTED_HELLO in row["tls.handshake.extension.type"].split(";")}


def http(row):
    if not row["http.request.method"]:
        return None
    return {"method": row["http.request.method"], "host": name(row["http.host"]),
            "path": row["http.request.uri"], "user_agent": row["http.user_agent"]}


def ssh(row):
    """SSH-2.0-SOFTWARE, and maybe a comment."""
    if not row["ssh.protocol"]:
        return None
    return {"software": row["ssh.protocol"].split("-", 2)[2].split(" ")[0]}


def quic(row):
    if not row["quic.long.packet_type"]:
        return None
    return {"version": number(row["quic.version"]),
            "type": QUIC_TYPES[number(row["quic.long.packet_type"])]}


READERS = {"dns": dns, "tls": tls, "http": http, "ssh": ssh, "quic": quic}


def ends(row):
    """Source and destination of a packet, each with its port."""
    return tuple(row[f"ip.{way}"] or row[f"ipv6.{way}"] for way in ("src", "dst")) + tuple(
        number(row[f"tcp.{way}port"] or row[f"udp.{way}port"] or "0") for way in ("src", "dst"))


def frames(path):
    """For each frame: its number, its ends, the messages in it by application, and whether tshark
    put one together from several segments."""
    command = ["tshark", "-n", "-r", path, "-o", "tls.desegment_ssl_records:TRUE", "-T", "fields",
               "-E", "separator=/t", "-E", "quote=n", "-E", "occurrence=a", "-E", "aggregator=;"]
    for field in FIELDS:
        command += ["-e", field]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    for values in csv.reader(done.stdout.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE):
        row = dict(zip(FIELDS, values))
        # What an error quotes is not said by its sender.
        found = {app: reader(row) for app, reader in READERS.items() if not row["icmp.type"]}
        yield (int(row["frame.number"]), ends(row),
               {app: fields for app, fields in found.items() if fields},
               bool(row["tcp.segment.count"]))
