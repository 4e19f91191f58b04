# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""What real programs say, as Sluice reads it and as tshark does, in the same packets.

Every frame that passed an interface is replayed through XDP and its fields are compared; and what
rules at TC of that interface logged meanwhile is compared with the frames that have such fields.
"""

import collections
import json
import subprocess
import sys
from contextlib import contextmanager

import pytest

import tshark
from ctl import sluicectl
from lab import PATIENCE, SLUICECTL, Lab, wait_until
from programs import LAST, captured, clients, missing, send_last, servers

DEVICES = [("client", "c0"), ("appliance", "lan0"), ("appliance", "wan0"), ("server", "s0")]
OFFLOADS = "tx rx sg tso gso gro".split()


@pytest.fixture(params=[(1500, "on"), (1500, "off"), (9000, "on"), (9000, "off")],
                ids=lambda p: f"mtu {p[0]}, offloads {p[1]}")
def lab(request, tag):
    if missing():
        pytest.skip(f"needs {', '.join(missing())}: packaging/deps test")
    mtu, offloads = request.param
    built = Lab(tag, mtu)
    if offloads == "off":
        for netns, device in DEVICES:
            getattr(built, netns).run("ethtool", "-K", device,
                                      *(word for name in OFFLOADS for word in (name, "off")))
    built.cuts = mtu == 1500 and offloads == "off"  # messages come in several segments
    yield built
    built.close()


def at(app, key, *values):
    """Whether a frame has a message with one of these values."""
    return lambda found: app in found and found[app][key] in values


def has(app, **fields):
    return lambda found: app in found and all(found[app][k] == v for k, v in fields.items())


# What a rule asks, and of which frames it holds. Nothing else is in the traffic: see test_fields().
RULES = {
    "dns query": has("dns", response=False),
    "dns response": has("dns", response=True),
    "dns qtype A": has("dns", qtype=1),
    "dns qtype { AAAA, TXT }": at("dns", "qtype", 28, 16),
    "dns qtype { MX, HTTPS, PTR }": at("dns", "qtype", 15, 65, 12),
    "dns opcode query": has("dns", opcode=0),
    "dns response dns rcode nxdomain": has("dns", response=True, rcode=3),
    "dns response dns rcode refused": has("dns", response=True, rcode=5),
    "dns response dns rcode noerror": has("dns", response=True, rcode=0),
    "dns qname www.example.com": has("dns", qname="www.example.com"),
    "dns qname { txt.example.com, .in-addr.arpa }":
        at("dns", "qname", "txt.example.com", "80.2.0.192.in-addr.arpa"),
    "dns qname { example.com, *.c.example.com, .example.org }":
        at("dns", "qname", "example.com", "a.b.c.example.com", "nothing.example.org"),
    "tls sni www.example.com": has("tls", sni="www.example.com"),
    "tls sni { .example.org, old.example.net }": at("tls", "sni", "a.b.example.org", "old.example.net"),
    "tls sni pq.example.com": has("tls", sni="pq.example.com"),
    "tls version tls1.3": has("tls", version=0x304),
    "tls version <= tls1.2": at("tls", "version", 0x301, 0x302, 0x303),
    "tls alpn h2": lambda found: "h2" in found.get("tls", {"alpn": []})["alpn"],
    "tls alpn { bar, nothing }": lambda found: "bar" in found.get("tls", {"alpn": []})["alpn"],
    "http method GET": has("http", method="GET"),
    "http method { HEAD, POST }": at("http", "method", "HEAD", "POST"),
    "http host www.example.com": has("http", host="www.example.com"),
    "http host { sub.example.org, py.example.com }":
        at("http", "host", "sub.example.org", "py.example.com"),
    "http host != { .example.com, .example.org }": has("http", host="10.2.0.2"),
    "http path { \"/index.html?*\", \"/large\" }":
        at("http", "path", "/index.html?a=b&c=%20d", "/large"),
    "http path { \"/\", \"/form\", \"/index.html\" }":
        at("http", "path", "/", "/form", "/index.html"),
    "http user-agent \"one/1.0 (of many)\"": has("http", user_agent="one/1.0 (of many)"),
    "http user-agent { \"curl/*\", \"python\" }":
        lambda found: found.get("http", {"user_agent": ""})["user_agent"].startswith(("curl/", "Python")),
    "ssh software \"OpenSSH_*\"": lambda found: "ssh" in found,
    "quic type initial quic version 1": has("quic", type="initial", version=1),
}
# Each message has what a rule of each line asks for.
EVERY = ["dns qtype", "dns qname", "dns opcode", "tls version", "http method", "http host", "http path",
         "http user-agent", "ssh software", "quic type"]


def name_of(rule):
    return f"r{list(RULES).index(rule)}"


CHAIN = "".join(f"\t{name_of(rule)}: {rule} log\n" for rule in RULES) + "\tlast: udp dport 9 log\n"
CONF = f"interface lan0 {{ tc ingress, egress }}\nchain ingress {{\n{CHAIN}}}\nchain egress {{\n{CHAIN}}}\n"


@contextmanager
def followed(daemon):
    """What is called in the end gives the events of rules, by rule and by the ends of their packets, up
    to that of the rule `last`."""
    with subprocess.Popen([SLUICECTL, "-s", daemon.socket, "events", "--follow"], text=True,
                          stdout=subprocess.PIPE) as follower:
        def counted():
            seen = collections.Counter()
            for line in follower.stdout:
                event = json.loads(line)
                rule = event["sluice"]["rule"]
                if rule == "last":
                    break
                seen[rule, event["src_ip"], event["dest_ip"], event["src_port"],
                     event["dest_port"]] += 1
            return seen

        try:
            yield counted
        finally:
            follower.terminate()


def compare_replay(frames, lines):
    """XDP, frame by frame."""
    for (number, _, found, _), line in zip(frames, lines, strict=True):
        seen = {app: line[app] for app in tshark.READERS if line[app]}
        assert seen == found, f"frame {number}"
        assert not seen or [line["app"]] == list(seen), f"frame {number}"


def compare_live(frames, events):
    """TC: each rule, and the frames that it is about."""
    wanted = collections.Counter()
    for _, ends, found, _ in frames:
        wanted.update((name_of(rule), *ends) for rule, holds in RULES.items() if found and holds(found))
    assert events == wanted


def test_fields(sluiced, lab, tmp_path):
    daemon = sluiced(CONF).start()
    path = tmp_path / "seen.pcap"
    with servers(lab.server, tmp_path), followed(daemon) as counted, \
            captured(lab.appliance, "lan0", path) as is_whole:
        clients(lab.client)
        send_last(lab.client)
        wait_until(is_whole, f"{LAST!r} in the capture")
        events = counted()
    frames = list(tshark.frames(path))
    messages = [found for _, _, found, _ in frames if found]

    # It is the traffic that is meant: nothing is compared with nothing.
    count = collections.Counter(app for found in messages for app in found)
    assert count == {"dns": 16, "tls": 5, "http": 5, "ssh": 4, "quic": 1}
    assert any(split for _, _, found, split in frames if "tls" in found) or not lab.cuts
    for kind in EVERY:
        for found in messages:
            if kind.split()[0] in found:
                assert any(holds(found) for rule, holds in RULES.items() if rule.startswith(kind)), \
                    (kind, found)

    done = sluicectl("replay", "--json", "-c", daemon.config, "-r", path, timeout=PATIENCE)
    assert done.status == 0, done.err
    compare_replay(frames, done.lines())
    compare_live(frames, events)


if __name__ == "__main__":
    sys.exit(pytest.main([__file__]))
