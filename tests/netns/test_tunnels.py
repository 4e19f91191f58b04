# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""Packets in tunnels: as another encoder writes them, and as the kernel's own tunnels send them."""

import hashlib

import pytest
from scapy.contrib.geneve import GENEVE, GeneveOptions
from scapy.contrib.gtp import GTP_U_Header, GTPPDUSessionContainer
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, GRE, Dot1Q, Ether
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw
from scapy.utils import PcapWriter

from ctl import sluicectl
from lab import wait_until

ETHER = Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
OUTER = ETHER / IP(src="10.1.0.2", dst="10.1.0.1")
OUTER6 = ETHER / IPv6(src="fd00:1::2", dst="fd00:1::1")
IN4 = IP(src="192.0.2.1", dst="192.0.2.2", ttl=9) / TCP(sport=4000, dport=22, flags="S")
IN6 = IPv6(src="2001:db8::1", dst="2001:db8::2", hlim=9) / UDP(sport=4000, dport=53) / Raw(b"abc")
MAC = Ether(src="02:00:00:00:00:03", dst="02:00:00:00:00:04")

SEEN4 = dict(src="192.0.2.1", dst="192.0.2.2", proto=6, sport=4000, dport=22, ttl=9, tcp_flags=2,
             reason=None, ethertype=0x800, payload_length=0)
SEEN6 = dict(src="2001:db8::1", dst="2001:db8::2", proto=17, sport=4000, dport=53, ttl=9,
             reason=None, ethertype=0x86dd, payload_length=3)


def seen(packet, tunnel, number=None, **more):
    return dict(packet, tunnel=tunnel, id=number, **more)


# what, the packet, the packets within as replay is to show them
PACKETS = [
    ("none", OUTER / TCP(dport=80), []),
    ("vxlan", OUTER / UDP(dport=4789) / VXLAN(vni=0xabcdef, flags="Instance") / MAC / IN4,
     [seen(SEEN4, "vxlan", 0xabcdef, vlan=[])]),
    ("vxlan over ipv6, tagged", OUTER6 / UDP(dport=4789) / VXLAN(vni=5, flags="Instance") / MAC /
     Dot1Q(vlan=7) / IN6, [seen(SEEN6, "vxlan", 5, vlan=[7])]),
    ("geneve", OUTER / UDP(dport=6081) / GENEVE(vni=9) / MAC / IN6, [seen(SEEN6, "geneve", 9)]),
    ("geneve with options", OUTER / UDP(dport=6081) /
     GENEVE(vni=9, options=[GeneveOptions(classid=0x102, type=3, data=b"12345678"),
                            GeneveOptions(classid=0x102, type=4, data=b"")]) / MAC / IN4,
     [seen(SEEN4, "geneve", 9)]),
    ("gre", OUTER / GRE() / IN4, [seen(SEEN4, "gre")]),
    ("gre with all", OUTER / GRE(key_present=1, key=0xfedcba98, seqnum_present=1, sequence_number=1,
                                 chksum_present=1) / IN6, [seen(SEEN6, "gre", 0xfedcba98)]),
    ("gre with ethernet", OUTER / GRE(proto=0x6558) / MAC / Dot1Q(vlan=9) / IN4,
     [seen(SEEN4, "gre", vlan=[9])]),
    ("ipip", OUTER / IN4, [seen(SEEN4, "ipip")]),
    ("6in4", OUTER / IN6, [seen(SEEN6, "ipip")]),
    ("4in6", OUTER6 / IN4, [seen(SEEN4, "ipip")]),
    ("6in6", OUTER6 / IN6, [seen(SEEN6, "ipip")]),
    ("gtp", OUTER / UDP(dport=2152) / GTP_U_Header(teid=77) / IN4, [seen(SEEN4, "gtp", 77)]),
    ("gtp with sequence number", OUTER / UDP(dport=2152) / GTP_U_Header(teid=77, S=1, seq=5) / IN6,
     [seen(SEEN6, "gtp", 77)]),
    ("gtp with an extension header", OUTER / UDP(dport=2152) / GTP_U_Header(teid=77) /
     GTPPDUSessionContainer(type=1, QFI=3) / IN4, [seen(SEEN4, "gtp", 77)]),
    ("two", OUTER / GRE(key_present=1, key=3) / IP(src="10.9.0.1", dst="10.9.0.2") /
     UDP(sport=1, dport=4789) / VXLAN(vni=5, flags="Instance") / MAC / IN4,
     [dict(tunnel="gre", id=3, src="10.9.0.1", dport=4789), seen(SEEN4, "vxlan", 5)]),
    ("arp", OUTER / UDP(dport=4789) / VXLAN(vni=5, flags="Instance") / MAC / ARP(),
     [dict(tunnel="vxlan", ethertype=0x806, src=None, proto=None)]),
    ("icmp", OUTER / IP() / ICMP(type=3, code=4),
     [dict(tunnel="ipip", icmp_type=3, icmp_code=4, sport=None)]),
    ("lies", OUTER / IP(src="192.0.2.1", len=400) / TCP(),
     [dict(tunnel="ipip", reason="bad-ip4-length", src="192.0.2.1", dport=None)]),
]

ASKING = "\n".join(f"chain {chain} {{ ask: inner ip count\n set: inner saddr . tcp dport @known count\n}}"
                   for chain in ("ingress", "egress"))
SET = "set known { type addr . port; elements { 192.0.2.1 . 22 } }\n"


def write(path, packets):
    with PcapWriter(str(path), sync=True) as pcap:
        for packet in packets:
            pcap.write(packet)
    return path


@pytest.mark.parametrize("hook", ["xdp", "tc-ingress", "tc-egress"])
def test_what_is_seen(tmp_path, hook):
    """Each field as the other encoder wrote it."""
    (tmp_path / "a.conf").write_text(SET + ASKING)
    done = sluicectl("replay", "-c", tmp_path / "a.conf", "-r",
                     write(tmp_path / "p.pcap", [row[1] for row in PACKETS]), "--json", "--hook", hook)
    assert done.status == 0, done.err
    for (what, _, wanted), line in zip(PACKETS, done.lines(), strict=True):
        assert len(line["inner"]) == len(wanted), (what, line)
        for inner, fields in zip(line["inner"], wanted):
            assert {key: inner[key] for key in fields} == fields, (what, inner)
        lies = any(inner["reason"] for inner in line["inner"])
        assert line["reason"] == ("bad-inner" if lies else None), (what, line)


def test_not_asked(tmp_path):
    """To other rules it is payload, whatever is in it."""
    (tmp_path / "a.conf").write_text("chain ingress { udp count }")
    done = sluicectl("replay", "-c", tmp_path / "a.conf", "-r",
                     write(tmp_path / "p.pcap", [row[1] for row in PACKETS]), "--json")
    assert all(line["inner"] == [] and line["reason"] is None for line in done.lines())


def test_words(tmp_path):
    """replay and explain say it in words; explain asks each condition by itself."""
    (tmp_path / "a.conf").write_text(
        "chain ingress {\n a: vxlan vni 5 inner ip saddr 192.0.2.1 inner tcp dport 23 drop\n}\n")
    packet = OUTER / UDP(dport=4789) / VXLAN(vni=5, flags="Instance") / MAC / IN4
    path = write(tmp_path / "p.pcap", [packet])
    done = sluicectl("replay", "-c", tmp_path / "a.conf", "-r", path)
    assert "port 4789 | vxlan 5: tcp 192.0.2.1 port 4000 > 192.0.2.2 port 22" in done.out
    done = sluicectl("explain", "-c", tmp_path / "a.conf", "-r", path)
    assert done.status == 0, done.err
    assert "inner     by vxlan 5, from 50, network header at 64, transport header at 84" in done.out
    assert "    yes  vxlan vni 5\n" in done.out, done.out
    assert "    yes  inner ip saddr 192.0.2.1\n" in done.out
    assert "    no   inner tcp dport 23\n" in done.out


# --- live ---

PLACES = {
    "xdp native": "xdp native",
    "xdp generic": "xdp generic",
    "tc ingress": "tc ingress",
}

SEND = """
import socket, sys
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind(("c0", 0))
for line in sys.stdin:
    s.send(bytes.fromhex(line))
"""

RULES = """
set known { type addr . port; elements { 192.0.2.1 . 22 } }
set nets { type prefix; size 10; elements { 2001:db8::/32 } }
chain ingress {
	known:  inner saddr . tcp dport @known count
	nets:   inner ip6 daddr @nets count
	four:   inner ip ttl 9 count
	ttl:    inner ttl 9 count
	vxlan:  tunnel vxlan count
	geneve: geneve vni 9 count
	gre:    tunnel gre count
	ipip:   tunnel ipip count
	gtp:    gtp teid 77 count
	second: inner inner tcp dport 22 count
}
"""


@pytest.mark.parametrize("place", PLACES)
def test_on_an_interface(sluiced, client, place):
    """What test_what_is_seen has as files, off the wire."""
    daemon = sluiced(f"interface lan0 {{ {PLACES[place]} }}\n{RULES}").start()
    frames = "".join(bytes(row[1]).hex() + "\n" for row in PACKETS)
    client.run("/usr/bin/python3", "-c", SEND, input=frames)
    inner = [field for row in PACKETS for field in row[2][:1]]
    wanted = {
        "known": sum(field.get("dport") == 22 for field in inner),
        "nets": sum(field.get("dport") == 53 for field in inner),
        "ttl": sum(field.get("ttl") == 9 for field in inner),
        "vxlan": sum(field["tunnel"] == "vxlan" for field in inner),
        "geneve": sum(field["tunnel"] == "geneve" for field in inner),
        "gre": sum(field["tunnel"] == "gre" for field in inner),
        # One of them lies, and is dropped before any rule.
        "ipip": sum(field["tunnel"] == "ipip" for field in inner) - 1,
        "gtp": sum(field["tunnel"] == "gtp" for field in inner),
        "second": 1,
    }
    wait_until(lambda: daemon.rule("gtp") == wanted["gtp"] and daemon.rule("second") == 1, "all")
    assert {name: daemon.rule(name) for name in wanted} == wanted


# A tunnel that the kernel has, and what makes one end of it; here, there: its two addresses.
VXLAN_LINK = ("ip link add tun0 type vxlan id 77 local {here} remote {there} dstport 4789; "
              "ip addr add 192.168.77.{host}/24 dev tun0; ip addr add fd77::{host}/64 dev tun0 nodad; "
              "ip link set tun0 up")
SECOND_LINK = ("ip link add tun1 type vxlan id 88 local 192.168.77.{host} remote 192.168.77.{other} "
               "dstport 4789; ip addr add 192.168.88.{host}/24 dev tun1; ip link set tun1 up")

SERVE = """
import socket, sys, hashlib
s = socket.create_server((sys.argv[1], int(sys.argv[2])))
print("ready", flush=True)
c, _ = s.accept()
digest = hashlib.sha256()
while data := c.recv(1 << 16):
    digest.update(data)
print(digest.hexdigest(), flush=True)
"""

PUSH = """
import socket, sys
s = socket.create_connection((sys.argv[1], int(sys.argv[2])), 10)
s.sendall(bytes(i * 7 & 0xff for i in range(4096)) * 1024)
"""

KNOCK = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 1).close()
    print("open")
except TimeoutError:
    print("silence")
except ConnectionRefusedError:
    print("refused")
"""

LIVE_RULES = """
	data:   vxlan vni 77 inner ip daddr 192.168.77.1 inner tcp dport 8080 count
	back:   vxlan vni 77 inner ip saddr 192.168.77.1 inner tcp sport 8080 count
	shut:   inner tcp dport 8081 inner tcp flags & (syn|ack) == syn drop
	ping:   inner ip6 inner icmpv6 type echo-request drop
	second: inner vxlan vni 88 inner inner icmp type echo-request count
	other:  tunnel != vxlan udp count
"""


@pytest.fixture
def vxlan(client, appliance):
    """tun0 between client (192.168.77.2) and appliance (192.168.77.1), tun1 within it."""
    for netns, here, there, host, other in ((client, "10.1.0.2", "10.1.0.1", 2, 1),
                                            (appliance, "10.1.0.1", "10.1.0.2", 1, 2)):
        netns.sh(VXLAN_LINK.format(here=here, there=there, host=host))
        netns.sh(SECOND_LINK.format(host=host, other=other))


def reasons(daemon):
    """All reasons that were met, wherever."""
    return {word for interface in daemon.get("/v1/stats")["interfaces"]
            for hook in interface["hooks"]
            for word, count in hook["reasons"].items() if count["packets"]}


@pytest.mark.parametrize("place", ["xdp native; tc egress", "xdp generic", "tc ingress, egress"])
def test_vxlan_of_the_kernel(sluiced, client, appliance, vxlan, place):
    """A TCP connection of jumbo frames and of segments not yet cut, and what rules refuse in it."""
    daemon = sluiced(f"interface lan0 {{ {place} }}\nchain ingress {{{LIVE_RULES}}}\n"
                     f"chain egress {{{LIVE_RULES}}}\n").start()
    server = appliance.python(SERVE, "192.168.77.1", "8080")
    try:
        assert server.stdout.readline() == "ready\n"
        client.run("/usr/bin/python3", "-c", PUSH, "192.168.77.1", "8080")
        sent = bytes(i * 7 & 0xff for i in range(4096)) * 1024
        assert server.stdout.readline().strip() == hashlib.sha256(sent).hexdigest()
    finally:
        server.kill()
        server.wait()
    assert daemon.rule("data") >= 10
    if "egress" in place:
        assert daemon.rule("back", "egress") >= 3
    knock = client.run("/usr/bin/python3", "-c", KNOCK, "192.168.77.1", "8081").stdout.strip()
    assert knock == "silence"
    assert daemon.rule("shut") >= 1
    knock = client.run("/usr/bin/python3", "-c", KNOCK, "192.168.77.1", "8082").stdout.strip()
    assert knock == "refused"
    ping = client.run("ping", "-6", "-c", "1", "-W", "1", "fd77::1", check=False)
    assert ping.returncode == 1 and daemon.rule("ping") == 1
    client.run("ping", "-c", "2", "-i", "0.2", "-W", "10", "192.168.88.1")
    assert daemon.rule("second") == 2
    assert daemon.rule("other") == 0
    assert not {"bad-tunnel", "bad-inner", "tunnel-depth", "tunnel-fragment"} & reasons(daemon)


def test_reasons_are_counted(sluiced, client):
    """A tunnel too deep, a fragment of one, and one that lies: by name, at the interface."""
    daemon = sluiced("interface lan0 { tc ingress }\nchain ingress { inner ip count }\n").start()
    deep = OUTER / IP(dst="10.1.0.1") / IP(dst="10.1.0.1") / IP(dst="10.1.0.1") / TCP()
    fragment = ETHER / IP(src="10.1.0.2", dst="10.1.0.1", flags="MF", proto=47) / GRE() / \
        Raw(bytes(IN4)) / Raw(b"abcd")
    lies = OUTER / IP(dst="10.1.0.1", len=400) / TCP()
    cut = ETHER / IP(src="10.1.0.2", dst="10.1.0.1") / UDP(dport=4789) / Raw(b"\x08\0\0")
    frames = "".join(bytes(frame).hex() + "\n" for frame in (deep, fragment, lies, cut))
    client.run("/usr/bin/python3", "-c", SEND, input=frames)
    wanted = {"tunnel-depth", "tunnel-fragment", "bad-inner", "bad-tunnel"}
    wait_until(lambda: wanted <= reasons(daemon), wanted)
