# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""sluicectl replay: packets out of files, judged by the programs themselves."""

import os
import struct
import subprocess

import pytest
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.inet6 import ICMPv6EchoRequest, IPv6, IPv6ExtHdrFragment, IPv6ExtHdrHopByHop
from scapy.layers.l2 import ARP, Dot1AD, Dot1Q, Ether
from scapy.layers.sctp import SCTP
from scapy.packet import Raw
from scapy.utils import PcapNgWriter, PcapWriter, rdpcap

from ctl import FAILED, USAGE, complains, sluicectl
from lab import PATIENCE, SLUICECTL, TOP

HOOKS = ["xdp", "tc-ingress", "tc-egress"]
ETHER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
V4 = ETHER / IP(src="192.0.2.1", dst="198.51.100.7")
V6 = ETHER / IPv6(src="2001:db8::1", dst="2001:db8::2")

# The same rules for both directions, so that a packet fares alike on every hook.
CHAIN = """
\tpolicy accept
\tblocklist: saddr 203.0.113.0/24 drop
\tssh: tcp dport 22 drop
\tdns: udp dport 53 accept
\tvoice: vlan id 7 drop
\tsix: ip6 saddr 2001:db8:bad::/48 drop
"""
CONF = f"chain ingress {{{CHAIN}}}\nchain egress {{{CHAIN}}}\n"
STRICT = "chain ingress { policy drop }\nchain egress { policy drop }\n"

KEYS = ["packet", "time", "length", "captured", "cut", "verdict", "chain", "rule", "reason",
        "blind", "error", "ethertype", "vlan", "src", "dst", "proto", "ttl", "dscp", "fragment",
        "sport", "dport", "tcp_flags", "icmp_type", "icmp_code", "payload", "payload_length",
        "inner", "flow", "app", "dns", "tls", "http", "ssh", "quic"]


def write_pcap(path, packets, snaplen=None, linktype=1):
    """packets: scapy packets or bytes; longer ones than snaplen are cut."""
    with PcapWriter(str(path), linktype=linktype, nano=True, sync=True, snaplen=262144) as pcap:
        pcap.write_header(None)
        for number, packet in enumerate(packets):
            data = bytes(packet)
            pcap.write_packet(data[:snaplen], sec=1700000000 + number, usec=1000 * number,
                              wirelen=len(data))
    return path


@pytest.fixture
def files(tmp_path):
    """A configuration, and a place for captures."""
    (tmp_path / "a.conf").write_text(CONF)
    (tmp_path / "strict.conf").write_text(STRICT)
    return tmp_path


def replay(files, packets, *args, conf="a.conf", **kwargs):
    write_pcap(files / "in.pcap", packets)
    return sluicectl("replay", "-c", files / conf, "-r", files / "in.pcap", *args, **kwargs)


def judge(files, packets, hook="xdp", **kwargs):
    done = replay(files, packets, "--json", "--hook", hook, **kwargs)
    assert done.status == 0, done.err
    assert done.err == ""
    return done.lines()


def jumbo(size):
    return V4 / UDP(sport=4000, dport=53) / Raw(bytes(i & 0xff for i in range(size)))


def broken_ihl():
    frame = bytearray(bytes(V4 / UDP(sport=1, dport=2) / Raw(b"x" * 30)))
    frame[14] = 0x44
    return bytes(frame)


# what, packet, verdict, rule, reason, and some of the other keys
PACKETS = [
    ("policy", V4 / TCP(sport=1000, dport=80, flags="S"), "accept", "policy", None,
     dict(src="192.0.2.1", dst="198.51.100.7", proto=6, sport=1000, dport=80, tcp_flags=2,
          ethertype=0x800, vlan=[], fragment=None, ttl=64, payload_length=0)),
    ("rule that drops", ETHER / IP(src="203.0.113.9", dst="198.51.100.7") / UDP(sport=5, dport=6),
     "drop", "blocklist", None, dict(src="203.0.113.9", proto=17, sport=5, dport=6)),
    ("rule that accepts", V4 / UDP(sport=4000, dport=53) / Raw(b"query"), "accept", "dns", None,
     dict(dport=53, payload=42, payload_length=5)),
    ("order", V4 / TCP(dport=22), "drop", "ssh", None, dict(dport=22)),
    ("reason", broken_ihl(), "drop", None, "bad-ihl",
     dict(src="192.0.2.1", sport=None, dport=None, payload=None)),
    ("unsupported", Ether(src=ETHER.src, dst=ETHER.dst, type=0x88b5) / Raw(b"\0" * 46), "accept",
     None, "unknown-ethertype", dict(ethertype=0x88b5, src=None, dst=None, proto=None, ttl=None)),
    ("arp", ETHER / ARP(psrc="192.0.2.1", pdst="192.0.2.2"), "accept", "policy", None,
     dict(ethertype=0x806, src=None, proto=None)),
    ("icmp", V4 / ICMP(type=8, code=0), "accept", "policy", None,
     dict(proto=1, icmp_type=8, icmp_code=0, sport=None)),
    ("sctp", V4 / SCTP(sport=7, dport=9), "accept", "policy", None,
     dict(proto=132, sport=7, dport=9)),
    ("vlan", ETHER / Dot1Q(vlan=7, prio=3) / IP(src="192.0.2.1") / UDP(dport=1), "drop", "voice",
     None, dict(vlan=[7], ethertype=0x800, proto=17)),
    ("qinq", ETHER / Dot1AD(vlan=7) / Dot1Q(vlan=100) / IP(src="192.0.2.1") / UDP(dport=1), "drop",
     "voice", None, dict(vlan=[7, 100])),
    ("vlan 0", ETHER / Dot1Q(vlan=0) / IP(src="192.0.2.1") / UDP(dport=1), "accept", "policy",
     None, dict(vlan=[0])),
    ("ipv6", ETHER / IPv6(src="2001:db8:bad::1", dst="2001:db8::2") / TCP(dport=80), "drop", "six",
     None, dict(src="2001:db8:bad::1", dst="2001:db8::2", proto=6, ethertype=0x86dd)),
    ("icmpv6", V6 / ICMPv6EchoRequest(), "accept", "policy", None,
     dict(proto=58, icmp_type=128, icmp_code=0)),
    ("ipv6 options", V6 / IPv6ExtHdrHopByHop() / TCP(dport=22), "drop", "ssh", None,
     dict(proto=6, dport=22)),
    ("padding is no payload", bytes(V4 / UDP(sport=4000, dport=53) / Raw(b"q")) + b"\0" * 30,
     "accept", "dns", None, dict(payload_length=1)),
    ("first fragment", ETHER / IP(src="192.0.2.1", flags="MF", id=9) /
     UDP(sport=1, dport=53, len=108) / Raw(b"x" * 40), "accept", "dns", None,
     dict(fragment="first", dport=53)),
]


@pytest.fixture(scope="module", params=HOOKS)
def all_judged(request, tmp_path_factory):
    """The hook, and the lines of all PACKETS: judged in one run, as loading costs most."""
    path = tmp_path_factory.mktemp("replay")
    (path / "a.conf").write_text(CONF)
    return request.param, judge(path, [row[1] for row in PACKETS], request.param)


@pytest.mark.parametrize("number", range(len(PACKETS)), ids=[row[0] for row in PACKETS])
def test_packet(all_judged, number):
    hook, lines = all_judged
    _, packet, verdict, rule, reason, more = PACKETS[number]
    line = lines[number]
    assert list(line) == KEYS
    assert (line["verdict"], line["rule"], line["reason"]) == (verdict, rule, reason)
    assert line["chain"] == ("egress" if hook == "tc-egress" else "ingress")
    assert line["length"] == line["captured"] == len(bytes(packet))
    assert line["cut"] is False and line["error"] is None
    assert {key: line[key] for key in more} == more


def test_keys_are_documented():
    page = (TOP / "docs/man/sluicectl.8").read_text()
    text = page[page.index("prints one object a line for each packet"):page.index(".Cm show\nprints an object")]
    documented = [word for line in text.splitlines() if line.startswith(".It Va ")
                  for word in line[len(".It Va "):].split(" , Va ")]
    assert sorted(documented) == sorted(KEYS)


def test_numbers_and_times(files):
    lines = judge(files, [V4 / UDP(dport=1), V4 / UDP(dport=2)])
    assert [line["packet"] for line in lines] == [1, 2]
    assert [line["time"] for line in lines] == ["2023-11-14T22:13:20.000000000Z",
                                                "2023-11-14T22:13:21.000001000Z"]


@pytest.mark.parametrize("hook", HOOKS)
def test_jumbo(files, hook):
    sizes = [1472, 3400, 3600, 8958, 30000, 65000]
    drops = [jumbo(size) for size in sizes]
    for packet in drops:
        packet[IP].src = "203.0.113.4"
    tagged = ETHER / Dot1Q(vlan=7) / jumbo(8958)[IP]
    six = V6 / TCP(sport=1, dport=22) / Raw(b"x" * 8000)
    lines = judge(files, [jumbo(size) for size in sizes] + drops + [tagged, six], hook)
    rules = ["dns"] * len(sizes) + ["blocklist"] * len(sizes) + ["dns", "ssh"]
    assert [line["rule"] for line in lines] == rules
    assert [line["payload_length"] for line in lines] == 2 * sizes + [8958, 8000]
    assert [line["length"] for line in lines] == [42 + size for size in 2 * sizes] + [9004, 8074]
    assert lines[-2]["vlan"] == [7]


@pytest.mark.parametrize("hook", HOOKS)
def test_fragments_share_a_verdict(files, hook):
    whole = V4 / UDP(sport=1, dport=22) / Raw(b"x" * 200)
    whole[IP].src = "203.0.113.1"
    v6 = [V6 / IPv6ExtHdrFragment(id=77, m=1, offset=0) / Raw(bytes(TCP(dport=22)) + b"x" * 12),
          V6 / IPv6ExtHdrFragment(id=77, m=0, offset=4) / Raw(b"x" * 8)]
    v6[0][IPv6ExtHdrFragment].nh = v6[1][IPv6ExtHdrFragment].nh = 6
    lines = judge(files, [ETHER / part for part in fragment(whole[IP], fragsize=80)] + v6, hook)
    assert [line["rule"] for line in lines] == ["blocklist"] * 3 + ["ssh"] * 2
    assert [line["fragment"] for line in lines] == ["first", "later", "later", "first", "later"]
    # The later ones have no ports, whatever their bytes look like.
    assert [line["dport"] for line in lines] == [22, None, None, 22, None]


def test_orphan(files):
    later = ETHER / IP(src="192.0.2.1", frag=5, proto=17) / Raw(b"x" * 16)
    line, = judge(files, [later])
    assert (line["verdict"], line["reason"]) == ("drop", "frag-orphan")


SHORT = {0: "short-ethernet", 1: "short-ethernet", 13: "short-ethernet", 14: "short-ip4",
         15: "short-ip4", 33: "short-ip4", 34: "bad-ip4-length", 41: "bad-ip4-length"}


@pytest.mark.parametrize("hook", HOOKS)
def test_short_frames(files, hook):
    lines = judge(files, [bytes(V4 / UDP())[:length] for length in SHORT], hook)
    assert [line["verdict"] for line in lines] == ["drop"] * len(SHORT)
    assert [line["reason"] for line in lines] == list(SHORT.values())


@pytest.mark.parametrize("hook", HOOKS)
def test_short_tagged_frames(files, hook):
    """A tag that is cut: the kernel itself drops some of these before TC ingress, which is said."""
    whole = bytes(ETHER / Dot1Q(vlan=3, type=0x800))
    done = replay(files, [whole[:length] for length in range(14, 19)], "--json", "--hook", hook)
    for line in done.lines():
        assert line["error"] or (line["verdict"], line["reason"]) in (
            ("drop", "short-vlan"), ("drop", "short-ip4"))
        assert hook != "xdp" or not line["error"]


def test_policy_drop(files):
    line, = judge(files, [V4 / UDP(dport=1)], conf="strict.conf")
    assert (line["verdict"], line["rule"]) == ("drop", "policy")


def test_cut_by_the_capture(files):
    write_pcap(files / "in.pcap", [V4 / UDP(dport=53) / Raw(b"x" * 100), V4 / UDP(dport=53)],
               snaplen=60)
    args = ["replay", "-c", files / "a.conf", "-r", files / "in.pcap"]
    cut, whole = sluicectl(*args, "--json").lines()
    assert (cut["length"], cut["captured"], cut["cut"]) == (142, 60, True)
    assert (cut["verdict"], cut["reason"]) == ("drop", "bad-ip4-length")
    assert (whole["cut"], whole["rule"]) == (False, "dns")
    text = sluicectl(*args).out
    assert "only 60 captured" in text
    assert "1 cut short by the capture" in text


# --- files ---

def test_pcapng(files):
    with PcapNgWriter(str(files / "in.pcapng")) as pcap:
        pcap.write(V4 / TCP(dport=22))
        pcap.write(V4 / UDP(dport=53))
    done = sluicectl("replay", "-c", files / "a.conf", "-r", files / "in.pcapng", "--json")
    assert [line["rule"] for line in done.lines()] == ["ssh", "dns"]


def test_standard_input(files):
    write_pcap(files / "in.pcap", [V4 / TCP(dport=22)])
    with open(files / "in.pcap", "rb") as pcap:
        done = sluicectl("replay", "-c", files / "a.conf", "-r", "-", "--json", stdin=pcap)
    assert [line["rule"] for line in done.lines()] == ["ssh"]


def test_configuration_from_standard_input(files):
    write_pcap(files / "in.pcap", [V4 / TCP(dport=22)])
    done = sluicectl("replay", "-c", "-", "-r", files / "in.pcap", "--json", input=STRICT)
    assert [line["rule"] for line in done.lines()] == ["policy"]


def test_no_packets(files):
    done = replay(files, [])
    assert done.status == 0
    assert done.out.startswith("0 packets")
    assert replay(files, [], "--json").out == ""


# What is wrong with the file, how it gets there, words of the message.
FRAME = bytes(V4 / UDP(dport=53)).ljust(60, b"\0")
FILE_HEADER, RECORD = 24, 16 + len(FRAME)


def huge_length(data):
    """The third packet claims 2 GiB."""
    at = FILE_HEADER + 2 * RECORD
    return data[:at + 8] + struct.pack("<II", 0x7fffffff, 0x7fffffff) + data[at + 16:]


BROKEN = [
    ("cut in a packet", lambda data: data[:-10], ["packet 3", "truncated"]),
    ("cut in a header", lambda data: data[:FILE_HEADER + 2 * RECORD + 9], ["packet 3", "truncated"]),
    ("huge length", huge_length, ["packet 3"]),
]


@pytest.mark.parametrize("what,spoil,words", BROKEN, ids=[row[0] for row in BROKEN])
def test_broken_file(files, what, spoil, words):
    path = write_pcap(files / "bad.pcap", [FRAME] * 3)
    path.write_bytes(spoil(path.read_bytes()))
    args = ["replay", "-c", files / "a.conf", "-r", path]
    done = sluicectl(*args, "--json")
    assert done.status == FAILED
    assert [line["rule"] for line in done.lines()] == ["dns"] * 2
    assert len(done.err.splitlines()) == 1
    for word in [*words, str(path)]:
        assert word in done.err
    done = sluicectl(*args)
    assert done.status == FAILED and "2 packets" in done.out


def test_garbage_in_every_byte(files):
    """One byte wrong anywhere: an error or other packets, never a crash."""
    path = files / "bad.pcap"
    data = write_pcap(path, [V4 / UDP(dport=53)]).read_bytes()
    for at in [*range(24), 24, 28, 31, 32, 33, 35, 36, 39]:
        path.write_bytes(data[:at] + bytes([data[at] ^ 0xff]) + data[at + 1:])
        done = sluicectl("replay", "-c", files / "a.conf", "-r", path, "--json")
        assert done.status in (0, 1), (at, done.err)


UNREADABLE = [
    ("missing", None, ["No such file"]),
    ("empty", b"", ["is empty"]),
    ("text", b"this is no capture file at all\n", ["unknown file format"]),
    ("half a header", struct.pack("<IHH", 0xa1b23c4d, 2, 4), ["truncated"]),
]


@pytest.mark.parametrize("what,data,words", UNREADABLE, ids=[row[0] for row in UNREADABLE])
def test_unreadable_file(files, what, data, words):
    path = files / "in.pcap"
    if data is not None:
        path.write_bytes(data)
    complains(sluicectl("replay", "-c", files / "a.conf", "-r", path), str(path), *words)


@pytest.mark.parametrize("linktype,name", [(101, "RAW"), (113, "LINUX_SLL"), (105, "IEEE802_11"),
                                           (250, "(250)")])
def test_link_type(files, linktype, name):
    path = write_pcap(files / "in.pcap", [b"x" * 60], linktype=linktype)
    complains(sluicectl("replay", "-c", files / "a.conf", "-r", path), name, "only Ethernet")


def test_frame_too_long(files):
    """What the kernel's test run cannot take is said of that packet, and the rest is judged."""
    done = replay(files, [V4 / UDP(dport=53), bytes(ETHER) + b"x" * 200000, V4 / TCP(dport=22)],
                  "--json")
    assert done.status == FAILED
    lines = done.lines()
    assert [line["rule"] for line in lines] == ["dns", None, "ssh"]
    assert lines[1]["verdict"] is None and "200014 bytes" in lines[1]["error"]
    assert "1 of 3 packets could not be judged" in done.err


# --- -w ---

@pytest.mark.parametrize("hook", HOOKS)
def test_written_packets(files, hook):
    packets = [V4 / UDP(sport=1, dport=53) / Raw(b"a"), V4 / TCP(dport=22), V6 / TCP(dport=80),
               ETHER / Dot1Q(vlan=9) / IP(src="192.0.2.1") / UDP(dport=2)]
    done = replay(files, packets, "--hook", hook, "-w", files / "out.pcap")
    assert done.status == 0, done.err
    written = rdpcap(str(files / "out.pcap"))
    assert [bytes(packet) for packet in written] == [bytes(packets[i]) for i in (0, 2, 3)]
    assert [str(packet.time) for packet in written] == [
        "1700000000.000000000", "1700000002.000002000", "1700000003.000003000"]
    again = sluicectl("replay", "-c", files / "a.conf", "-r", files / "out.pcap", "--hook", hook,
                      "--json")
    assert [line["verdict"] for line in again.lines()] == ["accept"] * 3


@pytest.mark.parametrize("hook", HOOKS)
def test_written_jumbo(files, hook):
    packets = [jumbo(8958), ETHER / Dot1Q(vlan=9) / jumbo(5000)[IP], jumbo(65000)]
    drop = jumbo(8000)
    drop[IP].src = "203.0.113.4"
    done = replay(files, [packets[0], drop, *packets[1:]], "--hook", hook, "-w", files / "out.pcap")
    assert done.status == 0, done.err
    written = rdpcap(str(files / "out.pcap"))
    assert [bytes(packet) for packet in written] == [bytes(packet) for packet in packets]


def test_write_to_itself(files):
    path = write_pcap(files / "in.pcap", [V4 / UDP(dport=53)])
    before = path.read_bytes()
    os.symlink(path, files / "link")
    complains(sluicectl("replay", "-c", files / "a.conf", "-r", path, "-w", files / "link"),
              "the file the packets are read from")
    assert path.read_bytes() == before


@pytest.mark.parametrize("target,word", [("/nowhere/x", "No such file"), ("/dev/full", "No space")])
def test_write_fails(files, target, word):
    done = replay(files, [V4 / UDP(dport=53)], "--json", "-w", target)
    assert done.status == FAILED and word in done.err and target in done.err


# --- text, output, rights ---

def test_text(files):
    done = replay(files, [V4 / UDP(sport=4000, dport=53), V4 / TCP(dport=22), broken_ihl(),
                          ETHER / Dot1Q(vlan=9) / IP(src="192.0.2.1") / UDP(dport=2)])
    assert done.status == 0
    for words in (["1", "0.000000", "accept", "dns", "udp 192.0.2.1 port 4000 > 198.51.100.7"],
                  ["3", "2.000002", "drop", "bad-ihl"], ["4", "vlan 9 udp"], ["4 packets"],
                  ["bad-ihl", "1", "IPv4 header length below 20 or past the packet"],
                  ["ingress", "ssh", "1", "tcp dport 22 drop"]):
        assert any(all(word in line for word in words) for line in done.out.splitlines()), words


def test_bad_configuration(files):
    (files / "bad.conf").write_text("chain ingress {\n\tsaddr 1.2.3 dorp\n}\n")
    done = replay(files, [], conf="bad.conf")
    assert done.status == FAILED and done.out == ""
    assert "bad.conf:2:8: error:" in done.err


def test_reader_goes_away(files):
    write_pcap(files / "in.pcap", [V4 / UDP(dport=53)] * 3000)
    script = '"$@" | head -1; echo ${PIPESTATUS[0]}'
    done = subprocess.run(["bash", "-c", script, "-", SLUICECTL, "replay", "-c", files / "a.conf",
                           "-r", files / "in.pcap", "--json"], capture_output=True, text=True,
                          check=True, timeout=2 * PATIENCE)
    assert done.stdout.splitlines()[1] == "0"
    assert done.stderr == ""


def test_not_root(files):
    write_pcap(files / "in.pcap", [V4 / UDP(dport=53)])
    for path in (files, *files.parents):
        path.chmod(path.stat().st_mode | 0o555)
    done = sluicectl("replay", "-c", files / "a.conf", "-r", files / "in.pcap", user=65534)
    complains(done, "run it as root")


def test_both_from_standard_input():
    complains(sluicectl("replay", "-c", "-", "-r", "-"), "standard input", status=USAGE)


# what, message, port, and what the line has in "dns"
DNS_MESSAGES = [
    ("query", DNS(qd=DNSQR(qname="WWW.Example.com", qtype="AAAA")), 53,
     dict(response=False, opcode=0, rcode=0, qtype=28, qname="www.example.com")),
    ("another port", DNS(qd=DNSQR(qname="a.example")), 9999,
     dict(response=False, opcode=0, rcode=0, qtype=1, qname="a.example")),
    ("response", DNS(qr=1, rcode=3, qd=DNSQR(qname="a.example", qtype=65)), 9999,
     dict(response=True, opcode=0, rcode=3, qtype=65, qname="a.example")),
    ("answers", DNS(qr=1, qd=DNSQR(qname="a.example"),
                    an=DNSRR(rrname="a.example", rdata="192.0.2.1")), 53,
     dict(response=True, opcode=0, rcode=0, qtype=1, qname="a.example")),
    ("update", DNS(opcode=5, qd=DNSQR(qname="example.org", qtype="SOA")), 53,
     dict(response=False, opcode=5, rcode=0, qtype=6, qname="example.org")),
    ("root", DNS(qd=DNSQR(qname=".", qtype="NS")), 53,
     dict(response=False, opcode=0, rcode=0, qtype=2, qname=None)),
    ("bytes of any kind", Raw(bytes.fromhex("000001000001000000000000") + b"\x03a\xff\\\0" +
                              b"\0\1\0\1"), 53,
     dict(response=False, opcode=0, rcode=0, qtype=1, qname="a\\255\\092")),
    ("no dns", Raw(b"GET / HTTP/1.1\r\n\r\n"), 53, None),
]


@pytest.mark.parametrize("hook", HOOKS)
def test_dns(files, hook):
    rule = " asked: dns qtype { AAAA, SOA } drop\n known: app dns accept\n rest: udp drop\n"
    (files / "dns.conf").write_text(
        f"chain ingress {{\n{rule}}}\nchain egress {{\n{rule}}}\n")
    packets = [V4 / UDP(sport=4000, dport=port) / message for _, message, port, _ in DNS_MESSAGES]
    lines = judge(files, packets, hook=hook, conf="dns.conf")
    for line, (what, _, _, dns) in zip(lines, DNS_MESSAGES, strict=True):
        assert line["dns"] == dns, what
        assert line["app"] == ("dns" if dns else None), what
        rule = "rest" if not dns else "asked" if dns["qtype"] in (28, 6) else "known"
        assert line["rule"] == rule, what


def test_dns_in_words(files):
    (files / "dns.conf").write_text("chain ingress { asked: dns qtype AAAA drop }\n")
    query = V4 / UDP(sport=4000, dport=53) / DNS(qd=DNSQR(qname="www.example.com", qtype="AAAA"))
    done = replay(files, [query], conf="dns.conf")
    assert ", dns query AAAA www.example.com" in done.out
    done = sluicectl("explain", "-c", files / "dns.conf", "-r", files / "in.pcap")
    assert "says      dns query AAAA www.example.com\n" in done.out
    assert "    yes  dns qtype AAAA\n" in done.out
    line = sluicectl("explain", "--json", "-c", files / "dns.conf", "-r",
                     files / "in.pcap").lines()[0]
    assert line["app"] == "dns" and line["dns"]["qname"] == "www.example.com"
    assert {"text": "dns qtype AAAA", "held": True} in line["candidates"][0]["conditions"]


HANDSHAKE = [
    (TCP(sport=4000, dport=443, flags="S", seq=1000), False, {"state": "new", "to": "server"}),
    (TCP(sport=443, dport=4000, flags="SA", seq=7000, ack=1001), True,
     {"state": "established", "to": "client"}),
    (TCP(sport=4000, dport=443, flags="A", seq=1001, ack=7001), False,
     {"state": "established", "to": "server"}),
    (TCP(sport=4000, dport=443, flags="FA", seq=1001, ack=7001), False,
     {"state": "closing", "to": "server"}),
    (TCP(sport=4001, dport=443, flags="A"), False, {"state": "midstream", "to": "server"}),
]


@pytest.mark.parametrize("hook", HOOKS)
def test_flow(files, hook):
    rule = " known: flow state established count\n"
    (files / "flow.conf").write_text(
        f"chain ingress {{\n{rule}}}\nchain egress {{\n{rule}}}\n")
    ends = "192.0.2.1", "192.0.2.2"
    packets = [ETHER / IP(src=ends[back], dst=ends[not back]) / tcp for tcp, back, _ in HANDSHAKE]
    packets.append(ETHER / ARP(psrc=ends[0], pdst=ends[1]))
    lines = judge(files, packets, hook=hook, conf="flow.conf")
    assert [line["flow"] for line in lines] == [flow for _, _, flow in HANDSHAKE] + [None]
    said = replay(files, packets, "--hook", hook, conf="flow.conf").out.splitlines()
    assert ", new to server" in said[0] and ", established to server" in said[2]
    assert " to server" not in said[5]
    # Nobody asks: nothing is said.
    assert {line["flow"] for line in judge(files, packets[:2], hook=hook)} == {None}
    one = sluicectl("explain", "-c", files / "flow.conf", "tcp 10.0.0.1:1 > 10.0.0.2:2 syn",
                    "--hook", hook)
    assert "flow      new, to server\n" in one.out
