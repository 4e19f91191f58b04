# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""explain: what becomes of a packet, and which conditions of which rules say so."""

import socket
import struct

import pytest

from ctl import FAILED, OK, USAGE, complains, sluicectl
from lab import TOP

CONFIG = """
on malformed drop
chain ingress {
	policy accept
	seen: ip saddr 10.0.0.0/8 count
	mgmt: saddr { 192.0.2.0/24, 2001:db8::/32 } tcp dport 22 accept
	no-ssh: tcp dport 22 tcp flags & (syn|ack) == syn ttl > 10 drop
	dns: udp dport 53 drop
	tagged: vlan id 5 vlan pcp 3 drop
	inner: cvlan id 7 drop
	ping: icmp type echo-request dscp 46 drop
	ping6: icmpv6 type 128 code 0 drop
	pieces: fragment first drop
	sctp sport 9 drop
}
chain egress {
	policy drop
	out: tcp sport 22 accept
}
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    path = tmp_path_factory.mktemp("explain") / "x.conf"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def explain(config):
    def run(*args, **kwargs):
        done = sluicectl("explain", "-c", config, "--json", *args, **kwargs)
        assert (done.status, done.err) == (OK, "")
        return done.json()
    return run


def conditions(answer, name):
    for one in answer["candidates"]:
        if one["name"] == name:
            return {c["text"]: c["held"] for c in one["conditions"]}
    raise AssertionError(f"{name} is no candidate: {answer['candidates']}")


def test_conditions(explain, config):
    answer = explain("tcp 10.0.0.1:4000 > 192.0.2.7:22 syn")
    assert [c["name"] for c in answer["candidates"]] == ["seen", "mgmt", "no-ssh"]
    assert [c["matched"] for c in answer["candidates"]] == [True, False, True]
    assert [c["decided"] for c in answer["candidates"]] == [False, False, True]
    assert conditions(answer, "seen") == {"ip saddr 10.0.0.0/8": True}
    assert conditions(answer, "mgmt") == {"saddr { 192.0.2.0/24, 2001:db8::/32 }": False,
                                          "tcp dport 22": True}
    assert conditions(answer, "no-ssh") == {
        "tcp dport 22": True, "tcp flags & (syn|ack) == syn": True, "ttl 11-255": True}
    assert (answer["verdict"], answer["rule"]) == ("drop", "no-ssh")
    assert (answer["file"], answer["line"]) == (str(config), 7)
    assert (answer["list"], answer["chain"], answer["hook"]) == ("ip tcp", "ingress", "xdp")
    assert (answer["src"], answer["sport"], answer["dst"], answer["dport"]) == (
        "10.0.0.1", 4000, "192.0.2.7", 22)


@pytest.mark.parametrize("packet, rule, verdict", [
    ("tcp 10.0.0.1:1 > 10.0.0.2:22 syn|ack", "policy", "accept"),
    ("tcp 10.0.0.1:1 > 10.0.0.2:22 ttl 10", "policy", "accept"),
    ("tcp 192.0.2.1:1 > 10.0.0.2:22", "mgmt", "accept"),
    ("tcp [2001:db8::1]:1 > [::1]:22", "mgmt", "accept"),
    ("udp 10.0.0.1:1 > 10.0.0.2:53", "dns", "drop"),
    ("udp [fe80::1]:1 > [fe80::2]:53", "dns", "drop"),
    ("udp 10.0.0.1:1 > 10.0.0.2:54 vlan 5 pcp 3", "tagged", "drop"),
    ("udp 10.0.0.1:1 > 10.0.0.2:54 vlan 5", "policy", "accept"),
    ("47 10.0.0.1 > 10.0.0.2 vlan 1 vlan 7", "inner", "drop"),
    ("icmp 10.0.0.1 > 10.0.0.2 dscp 46", "ping", "drop"),
    ("icmp 10.0.0.1 > 10.0.0.2 type echo-reply dscp 46", "policy", "accept"),
    ("icmp 10.0.0.1 > 10.0.0.2 type 0x08 code 3 dscp 46", "ping", "drop"),
    ("icmpv6 [fe80::1] > [fe80::2]", "ping6", "drop"),
    ("icmpv6 [fe80::1] > [fe80::2] code 1", "policy", "accept"),
    ("udp 10.0.0.1:1 > 10.0.0.2:54 frag first", "pieces", "drop"),
    ("udp [fe80::1]:1 > [fe80::2]:54 frag first", "pieces", "drop"),
    ("sctp 10.0.0.1:9 > 10.0.0.2:10", "ingress#10", "drop"),
    ("sctp 10.0.0.1:10 > 10.0.0.2:9", "policy", "accept"),
    ("tcp 10.0.0.1:1 > 10.0.0.2:2 mss 1400 window 7 len 60", "policy", "accept"),
])
def test_packets(explain, packet, rule, verdict):
    answer = explain(packet)
    assert (answer["rule"], answer["verdict"], answer["reason"]) == (rule, verdict, None)
    assert [c["name"] for c in answer["candidates"] if c["decided"]] == (
        [] if rule == "policy" else [rule])
    for one in answer["candidates"]:
        # What the parts say and what the whole says is the same.
        assert one["matched"] == all(c["held"] for c in one["conditions"]), one


def test_flags(explain):
    for text, number in (("syn", 2), ("syn|ack", 18), ("fin,psh,ack", 25), ("none", 0), ("", 2),
                         ("rst|urg", 36)):
        assert explain(f"tcp 10.0.0.1:1 > 10.0.0.2:2 {text}")["tcp_flags"] == number


def test_keys_are_documented(explain):
    page = (TOP / "docs/man/sluicectl.8").read_text()

    def documented(text):
        return {word for line in text.splitlines() if line.startswith(".It Va ")
                for word in line[len(".It Va "):].split(" , Va ")}

    replay, own = page.split(".Cm show\nprints an object")
    replay = replay[replay.index("prints one object a line for each packet"):]
    answer = explain("tcp 10.0.0.1:1 > 10.0.0.2:2")
    found = replay[replay.index(".It Va ethertype"):]
    assert set(answer) == documented(own.split(".Sh ENVIRONMENT")[0]) | documented(found) | {"length"}


def test_egress(explain):
    answer = explain("tcp 10.0.0.1:22 > 10.0.0.2:4000 ack", "--hook", "tc-egress")
    assert (answer["chain"], answer["rule"], answer["verdict"]) == ("egress", "out", "accept")
    assert explain("udp 10.0.0.1:22 > 10.0.0.2:4000", "--hook", "tc-egress")["verdict"] == "drop"
    assert explain("tcp 10.0.0.1:1 > 192.0.2.7:22", "--hook", "tc-ingress")["rule"] == "no-ssh"


def test_text(config):
    done = sluicectl("explain", "-c", config, "tcp 10.0.0.1:4000 > 192.0.2.7:22 syn")
    assert done.status == OK
    assert done.out.splitlines() == [
        "packet    tcp 10.0.0.1 port 4000 > 192.0.2.7 port 22, 60 bytes",
        "met       at xdp",
        "parsed    network header at 14, transport header at 34, payload at 54: 0 bytes",
        f"rules     {done.out.split('rules     ')[1].splitlines()[0]}",
        f"  seen ({config}:5): matches and goes on",
        "    yes  ip saddr 10.0.0.0/8",
        f"  mgmt ({config}:6): does not match",
        "    no   saddr { 192.0.2.0/24, 2001:db8::/32 }",
        "    yes  tcp dport 22",
        f"  no-ssh ({config}:7): decides",
        "    yes  tcp dport 22",
        "    yes  tcp flags & (syn|ack) == syn",
        "    yes  ttl 11-255",
        f"verdict   drop, by rule no-ssh ({config}:7): tcp dport 22 "
        "tcp flags & (syn|ack) == syn ttl 11-255 drop",
    ]
    assert "rules     6 of the 10 in chain ingress are for ip tcp packets, in" in done.out


def test_reason(config):
    done = sluicectl("explain", "-c", config, "tcp 10.0.0.1:4000 > 192.0.2.7:22 frag 8")
    assert "drop, by 'on" in done.out and "before any rule is asked" in done.out
    assert "decides" not in done.out


def test_policy_says_where(config):
    done = sluicectl("explain", "-c", config, "gre 1.2.3.4 > 1.2.3.5".replace("gre", "47"))
    assert f"verdict   accept, by the policy of chain ingress ({config}:4): policy accept" in done.out


# --- captures ---


def pcap(path, frames):
    with open(path, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
        for frame in frames:
            file.write(struct.pack("<IIII", 1, 0, len(frame), len(frame)) + frame)
    return path


def fragment(offset, more, data):
    header = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(data), 77, more << 13 | offset // 8, 64,
                         17, 0, socket.inet_aton("10.0.0.1"), socket.inet_aton("10.0.0.2"))
    return b"\2" * 12 + b"\x08\0" + header + data


def test_capture(config, tmp_path):
    first = fragment(0, True, struct.pack("!HHHH", 1, 53, 24, 0))
    later = fragment(8, False, b"x" * 16)
    other = fragment(0, False, struct.pack("!HHHH", 1, 54, 8, 0))
    path = pcap(tmp_path / "x.pcap", [first, later, other])
    lines = sluicectl("explain", "-c", config, "-r", path, "--json").lines()
    assert [(a["packet"], a["rule"], a["as_first_fragment"]) for a in lines] == [
        (1, "dns", False), (2, "dns", True), (3, "policy", False)]
    # Taking the rules apart has not disturbed what is known of the fragments.
    assert conditions(lines[0], "dns") == {"udp dport 53": True}
    assert lines[1]["candidates"] == []
    (one,) = sluicectl("explain", "-c", config, "-r", path, "-n", "2", "--json").lines()
    assert one == lines[1]
    done = sluicectl("explain", "-c", config, "-r", path, "-n", "2")
    assert "verdict   drop, as its first fragment, by rule dns" in done.out
    complains(sluicectl("explain", "-c", config, "-r", path, "-n", "4"), "has only 3 packets")


def test_many_rules(tmp_path):
    path = tmp_path / "many.conf"
    path.write_text("chain ingress { policy accept\nc: tcp count\n" + "\n".join(
        f"r{i}: tcp dport {i} drop" for i in range(5000)) + "\n}")
    done = sluicectl("explain", "-c", path, "tcp 10.0.0.1:1 > 10.0.0.2:4500")
    assert "by rule r4500" in done.out and "  c (" in done.out
    assert "3501 rules before these do not match" in done.out
    assert len(done.out.splitlines()) < 100


# --- the rules that run ---


def test_running(sluiced, appliance):
    daemon = sluiced("interface lan0 { xdp auto }\n" + CONFIG).start()
    done = sluicectl("-s", daemon.socket, "explain", "--json", "udp 10.0.0.1:1 > 10.0.0.2:53",
                     netns=appliance)
    assert done.json()["rule"] == "dns" and done.json()["file"] == "running"
    assert daemon.rule("dns") == 0
    daemon.post("/v1/detach", {"all": True})
    complains(sluicectl("-s", daemon.socket, "explain", "udp 10.0.0.1:1 > 10.0.0.2:53"),
              "no rules run")


# --- what cannot be ---


@pytest.mark.parametrize("packet, words, at", [
    ("", "the protocol is missing", 0),
    ("tpc 10.0.0.1:1 > 10.0.0.2:2", "unknown protocol 'tpc'", 0),
    ("300 10.0.0.1 > 10.0.0.2", "'300' is no protocol", 0),
    ("tcp", "the source is missing", 3),
    ("tcp 10.0.0.1 > 10.0.0.2:2", "the port is missing", 12),
    ("tcp 10.0.0.1:x > 10.0.0.2:2", "'x' is no port", 13),
    ("tcp 10.0.0.1:70000 > 10.0.0.2:2", "'70000' is no port", 13),
    ("tcp 10.0.0.256:1 > 10.0.0.2:2", "'10.0.0.256' is no IPv4 address", 4),
    ("icmp 10.0.0.1:1 > 10.0.0.2", "only tcp, udp and sctp have ports", 13),
    ("tcp 2001:db8::1:1 > 10.0.0.2:2", "stands in brackets", 4),
    ("tcp [2001:db8::1:1 > 10.0.0.2:2", "']' is missing", 4),
    ("tcp [2001:db8::x]:1 > [::1]:2", "is no IPv6 address", 4),
    ("tcp [2001:db8::1]x1 > [::1]:2", "':' and a port are expected", 17),
    ("tcp 10.0.0.1:1 10.0.0.2:2", "'>' is expected", 15),
    ("tcp 10.0.0.1:1 >", "the destination is missing", 16),
    ("tcp 10.0.0.1:1 > [::1]:2", "different families", 17),
    ("tcp 10.0.0.1:1 > 10.0.0.2:2 snyack", "unknown word 'snyack'", 28),
    ("udp 10.0.0.1:1 > 10.0.0.2:2 syn", "only tcp has flags", 28),
    ("udp 10.0.0.1:1 > 10.0.0.2:2 mss 3", "only tcp has a maximum segment size", 28),
    ("udp 10.0.0.1:1 > 10.0.0.2:2 type 3", "only icmp and icmpv6 have a type", 28),
    ("tcp 10.0.0.1:1 > 10.0.0.2:2 vlan", "VLAN id is missing", 32),
    ("tcp 10.0.0.1:1 > 10.0.0.2:2 vlan 5000", "'5000' is no VLAN id", 33),
    ("tcp 10.0.0.1:1 > 10.0.0.2:2 pcp 1", "'pcp' comes behind its 'vlan'", 32),
    ("tcp 10.0.0.1:1 > 10.0.0.2:2 vlan 1 vlan 2 vlan 3", "two VLAN tags are the most", 47),
    ("tcp 10.0.0.1:1 > 10.0.0.2:2 ttl 256", "'256' is no TTL", 32),
    ("tcp 10.0.0.1:1 > 10.0.0.2:2 frag 7", "a multiple of 8", 33),
    ("tcp 10.0.0.1:1 > 10.0.0.2:2 len 20", "a length of 20 is too little", 0),
    ("icmp [::1] > [::2]", "icmp is of IPv4", 0),
    ("icmpv6 10.0.0.1 > 10.0.0.2", "icmpv6 is of IPv6", 0),
    ("tcp 10.0.0.1:1 > 10.0.0.2:2 " + "x" * 200, "too long", 28),
])
def test_mistakes(config, packet, words, at):
    done = sluicectl("explain", "-c", config, packet)
    assert done.status == USAGE and done.out == ""
    message, line, caret = done.err.splitlines()
    assert message.startswith("sluicectl: packet: ") and words in message
    assert line == "\t" + packet and caret == "\t" + " " * at + "^"


@pytest.mark.parametrize("args, words", [
    ([], "explain needs either a packet in words or -r PCAP"),
    (["-r", "x", "udp 1.1.1.1:1 > 1.1.1.2:2"], "either"),
    (["-n", "1", "udp 1.1.1.1:1 > 1.1.1.2:2"], "--number is about the packets"),
    (["-r", "x", "-n", "0"], "--number cannot be '0'"),
    (["-c", "-", "-r", "-"], "standard input is either"),
    (["a", "b"], "too many"),
])
def test_misuse(args, words):
    complains(sluicectl("explain", *args), words, status=USAGE)


def test_bad_file(tmp_path):
    path = tmp_path / "bad.conf"
    path.write_text("chain ingress { policy dorp }")
    done = sluicectl("explain", "-c", path, "udp 1.1.1.1:1 > 1.1.1.2:2")
    assert done.status == FAILED and "did you mean 'drop'" in done.err
