# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""DNS queries that a rule replies to, asked by dig."""

import json
import re

import pytest

from lab import BUILD, wait_until

PLACES = {
    "xdp native": "xdp native",
    "xdp generic": "xdp generic",
    "tc ingress": "tc ingress",
}
ADDRESSES = ["10.1.0.1", "fd00:1::1"]

RULES = """
	four:   dns qtype A udp dport 53 reply A 192.0.2.53
	six:    dns qtype AAAA reply AAAA 2001:db8::53
	any:    dns qtype ANY reply refused
	mail:   dns qtype MX reply A 192.0.2.53
	other:  udp dport 5300 reply A 192.0.2.99
	rest:   dns query reply nxdomain
"""


@pytest.fixture
def peers(client, appliance):
    # veth hands over what XDP sends back only to an interface that has a program itself.
    appliance.sh("ip link set lan0 mtu 3000")
    client.sh("ip link set c0 mtu 3000")
    client.sh(f"ip link set dev c0 xdpdrv obj {BUILD}/tests/prog/pass.bpf.o sec xdp")
    return client


class Dug:
    """What dig says of an answer."""

    def __init__(self, text):
        self.text = text
        # A header that is wrong, bytes too many: dig says so in words, and goes on.
        assert not re.search(r"(?i)warning|malformed|bad [a-z]|mismatch|unexpected|timed out", text), text
        self.status = re.search(r"status: (\w+)", text)[1]
        self.flags = re.search(r"flags: ([a-z ]*);", text)[1].split()
        self.answers = [line.split() for line in text.splitlines()
                        if line and not line.startswith(";")]
        self.edns = re.search(r"; EDNS: version: (\d+), flags:([a-z ]*); udp: (\d+)", text)
        self.cookie = "COOKIE" in text


def dig(netns, server, name, kind, *args):
    done = netns.run("dig", f"@{server}", name, kind, "+tries=1", "+time=5", "+nocmd", *args)
    return Dug(done.stdout)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("server", ADDRESSES)
def test_replies(sluiced, peers, place, server):
    daemon = sluiced(f"interface lan0 {{ {PLACES[place]} }}\nchain ingress {{{RULES}}}\n").start()
    four = dig(peers, server, "www.Example.com", "A")
    assert four.status == "NOERROR" and four.flags == ["qr", "rd", "ra"]
    assert four.answers == [["www.Example.com.", "60", "IN", "A", "192.0.2.53"]]
    assert four.edns.groups() == ("0", "", "1232") and not four.cookie
    six = dig(peers, server, "www.example.com", "AAAA", "+dnssec")
    assert six.answers == [["www.example.com.", "60", "IN", "AAAA", "2001:db8::53"]]
    assert six.edns.groups() == ("0", " do", "1232")
    assert dig(peers, server, "example.com", "ANY", "+notcp").status == "REFUSED"
    mail = dig(peers, server, "example.com", "MX")
    assert mail.status == "NOERROR" and not mail.answers
    gone = dig(peers, server, "example.com", "TXT", "+noedns")
    assert gone.status == "NXDOMAIN" and not gone.edns
    other = dig(peers, server, "example.org", "A", "-p", "5300")
    assert other.answers == [["example.org.", "60", "IN", "A", "192.0.2.99"]]
    assert dig(peers, server, ".", "NS").status == "NXDOMAIN"
    assert dig(peers, server, "example.com", "TXT", "+edns=1", "+noednsnegotiation").status == \
        "BADVERS"
    rules = {rule["name"]: rule["packets"] for rule in daemon.get("/v1/rules")["rules"]}
    assert rules.items() >= {"four": 1, "six": 1, "any": 1, "mail": 1, "other": 1, "rest": 3}.items()


LONG = ".".join(["a" * 63] * 3 + ["b" * 61])


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("server", ADDRESSES)
def test_the_longest_name(sluiced, peers, place, server):
    sluiced(f"interface lan0 {{ {PLACES[place]} }}\nchain ingress {{{RULES}}}\n").start()
    assert dig(peers, server, LONG, "AAAA").answers == \
        [[LONG + ".", "60", "IN", "AAAA", "2001:db8::53"]]


# A query with a tag, in a frame of its own making, and the answer as it lay on the wire: not every
# kernel has VLAN devices. The receiving kernel takes the tag out of the frame and says so beside it.
ASK_TAGGED = """
import socket, struct, sys
from scapy.layers.dns import DNS, DNSQR
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Dot1Q, Ether
SOL_PACKET, PACKET_AUXDATA, VLAN_VALID, OUTGOING = 263, 8, 0x10, 4
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
s.bind(("c0", 3))
s.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
s.settimeout(10)
s.send(bytes(Ether(src=sys.argv[1], dst=sys.argv[2]) / Dot1Q(vlan=7, prio=3) /
             IP(src="10.7.0.2", dst="10.7.0.1") / UDP(sport=5353, dport=53) /
             DNS(id=77, qd=DNSQR(qname="www.example.com"))))
while True:
    data, extra, _, who = s.recvmsg(2000, 100)
    if who[2] == OUTGOING:
        continue
    for level, kind, value in extra:
        status, _, _, _, _, tci, tpid = struct.unpack("IIIHHHH", value)
        if status & VLAN_VALID:
            data = data[:12] + struct.pack("!HH", tpid or 0x8100, tci) + data[12:]
    frame = Ether(data)
    if DNS in frame:
        break
good = bytes(frame)
del frame[IP].chksum, frame[UDP].chksum
frame = Ether(bytes(frame))
dns = frame[DNS]
print(bytes(frame) == good, frame.src, frame.dst, frame[Dot1Q].vlan, frame[Dot1Q].prio,
      frame[IP].dst, frame[UDP].dport, dns.id, dns.an[0].rdata if dns.ancount else None)
"""


@pytest.mark.parametrize("place", PLACES)
def test_tagged(sluiced, peers, appliance, place):
    sluiced(f"interface lan0 {{ {PLACES[place]} }}\n"
            "chain ingress { vlan id 7 dns qtype A reply A 192.0.2.53 }\n").start()
    ours, theirs = (json.loads(netns.sh(f"ip -j link show {device}"))[0]["address"]
                    for netns, device in ((peers, "c0"), (appliance, "lan0")))
    got = peers.run("/usr/bin/python3", "-c", ASK_TAGGED, ours, theirs).stdout.split()
    assert got == ["True", theirs, ours, "7", "3", "10.7.0.2", "5353", "77", "192.0.2.53"]


@pytest.mark.parametrize("server", ["10.2.0.2", "fd00:2::2"])
def test_on_the_way_out(sluiced, client, appliance, server):
    """The appliance's own queries, whose checksums are yet to be made, and those it forwards."""
    sluiced(f"interface wan0 {{ tc egress }}\nchain egress {{{RULES}}}\n").start()
    for who in (appliance, client):
        assert dig(who, server, "www.example.com", "A").answers[0][4] == "192.0.2.53"
        assert dig(who, server, "www.example.com", "AAAA").answers[0][4] == "2001:db8::53"
        assert dig(who, server, "example.com", "TXT").status == "NXDOMAIN"


# Answers a query with the bytes of the query, and says how many there were.
ECHO = """
import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 53))
print("ready", flush=True)
while True:
    data, who = s.recvfrom(4096)
    s.sendto(data[:2] + bytes([data[2] | 0x80, 0x80]) + data[4:], who)
"""


@pytest.mark.parametrize("place", PLACES)
def test_others_pass(sluiced, peers, server, place):
    """What no rule replies to gets to the server, and its answers come back."""
    daemon = sluiced(f"interface lan0 {{ {PLACES[place]} }}\n"
                     "chain ingress { asked: dns qtype AAAA reply refused\n seen: dns qtype A count }\n"
                     ).start()
    with server.python(ECHO) as process:
        assert process.stdout.readline() == "ready\n"
        assert dig(peers, "10.2.0.2", "example.com", "A", "+noedns").status == "NOERROR"
        assert dig(peers, "10.2.0.2", "example.com", "AAAA").status == "REFUSED"
        process.kill()
    wait_until(lambda: daemon.rule("seen") == 1, "the query's count")
    assert daemon.rule("asked") == 1
