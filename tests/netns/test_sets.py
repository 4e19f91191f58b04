# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""Sets at run time, with real packets: what sluicectl adds is dropped at once and stays so."""

import random

import pytest

from ctl import FAILED, OK, complains, ctl_of
from lab import wait_until

CONFIG = """
interface lan0 {{ xdp auto; }}
set feed {{ type addr; file "{feed}"; elements {{ 198.51.100.0/24 }} }}
set timed {{ type addr; timeout 10m; size 3 }}
set ports {{ type port; elements {{ 7, 100-200 }} }}
set pairs {{ type addr . port; counters; elements {{ 192.0.2.1 . 53 }} }}
chain ingress {{
	policy accept
	feed: saddr @feed drop
	timed: saddr @timed drop
	pairs: saddr . dport @pairs drop
	ports: udp dport @ports drop
	probe: udp dport 9 accept
}}
chain egress {{ policy accept }}
"""


@pytest.fixture
def feed(tmp_path):
    path = tmp_path / "feed.netset"
    path.write_text("# a feed\n192.0.2.0/25\n2001:db8:dead::/48 ; one more\n")
    return path


@pytest.fixture
def daemon(sluiced, feed):
    return sluiced(CONFIG.format(feed=feed)).start()


def listed(ctl, name):
    return [one["element"] for one in ctl("set", "list", name, "--json").json()["elements"]]


def test_a_feed_and_changes(ctl, daemon, feed):
    assert listed(ctl, "feed") == ["192.0.2.0/25", "198.51.100.0/24", "2001:db8:dead::/48"]
    assert ctl("set", "list", "feed").out == (
        "192.0.2.0/25\n198.51.100.0/24\n2001:db8:dead::/48\n")
    assert ctl("set", "add", "feed", "192.0.2.128/25", "203.0.113.1").status == OK
    assert ctl("set", "del", "feed", "198.51.100.128/25").status == OK
    want = ["192.0.2.0/24", "198.51.100.0/25", "203.0.113.1", "2001:db8:dead::/48"]
    assert listed(ctl, "feed") == want
    # Over a restart, a reload, and a reload of another file.
    daemon.stop()
    daemon.start()
    assert listed(ctl, "feed") == want
    assert ctl("reload").status == OK
    assert listed(ctl, "feed") == want
    feed.write_text("192.0.2.0/25\n198.51.100.200\n8.8.8.8\n")
    assert ctl("reload").status == OK
    assert listed(ctl, "feed") == ["8.8.8.8", "192.0.2.0/24", "198.51.100.0/25", "203.0.113.1"]
    assert ctl("set", "flush", "feed").status == OK
    assert listed(ctl, "feed") == ["8.8.8.8", "192.0.2.0/25", "198.51.100.0/24"]


def test_a_bad_feed_changes_nothing(ctl, feed):
    before = listed(ctl, "feed")
    feed.write_text("192.0.2.1\n  192.0.2.0/40\n")
    done = ctl("reload")
    assert done.status == FAILED
    assert f"{feed}:2:13: error: '40' is no prefix length from 0 to 32" in done.err
    assert "  192.0.2.0/40\n            ^~" in done.err
    assert listed(ctl, "feed") == before


def test_questions(ctl):
    done = ctl("set", "test", "feed", "192.0.2.1")
    assert (done.status, done.out) == (OK, "192.0.2.1: in the set\n")
    done = ctl("set", "test", "feed", "192.0.2.1", "192.0.2.128")
    assert done.status == FAILED and "192.0.2.128: not in the set\n" in done.out
    assert ctl("set", "test", "--json", "feed", "192.0.2.1", "192.0.2.0/24").json() == {
        "in": [True, False]}
    sets = {one["name"]: one for one in ctl("sets", "--json").json()["sets"]}
    assert sets["feed"]["elements"] == 3 and sets["timed"]["timeout"] == 600
    assert sets["pairs"]["type"] == ["addr", "port"] and sets["pairs"]["counters"]
    assert "addr . port" in ctl("sets").out


def test_what_goes_wrong(ctl):
    complains(ctl("set", "add", "fed", "192.0.2.1"), "there is no set 'fed'")
    complains(ctl("set", "add", "feed", "192.0.2"), "'192.0.2' is not an address")
    complains(ctl("set", "add", "feed", "--timeout", "5m", "192.0.2.1"), "no timeout")
    complains(ctl("set", "add", "timed", "192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4"),
              "set 'timed' is full: its size is 3")
    assert len(listed(ctl, "timed")) == 3
    complains(ctl("set", "shrink", "feed"), "add, del, list, flush or test", status=2)
    complains(ctl("set", "add", "feed"), "elements", status=2)
    complains(ctl("set", "list", "feed", "192.0.2.1"), "nothing else", status=2)
    complains(ctl("set", "add", "timed", "--timeout", "5y", "192.0.2.1"), "5y", status=2)


def test_timed(ctl):
    assert ctl("set", "add", "timed", "--timeout", "1s", "192.0.2.9").status == OK
    assert ctl("set", "add", "timed", "192.0.2.10").status == OK
    entries = ctl("set", "list", "--json", "timed").json()["elements"]
    assert {one["element"] for one in entries} == {"192.0.2.9", "192.0.2.10"}
    assert all(0 < one["expires"] <= 600 for one in entries)
    # Swept, too: the kernel's map has it no more.
    wait_until(lambda: ctl("sets", "--json").json()["sets"][1]["elements"] == 1, "swept")
    assert listed(ctl, "timed") == ["192.0.2.10"]


def decided(daemon, client, names):
    """One UDP packet to port 9: which of the rules counted it."""
    before = {name: daemon.rule(name) for name in names}
    client.run("/usr/bin/python3", "-c", "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)"
                  ".sendto(b'x', ('10.2.0.2', 9))")

    def risen():
        return [name for name in names if daemon.rule(name) > before[name]]
    wait_until(risen, "a rule counts the packet")
    return risen()[0]


@pytest.mark.parametrize("name, element", [
    ("feed", "10.1.0.0/16"), ("timed", "10.1.0.2"), ("pairs", "10.1.0.2 . 9"),
    ("ports", "8-10"),
])
def test_packets(ctl, daemon, client, name, element):
    """From the next packet on; also after a kill -9 and a new daemon."""
    def now():
        return decided(daemon, client, [name, "probe"])

    assert now() == "probe"
    assert ctl("set", "add", name, element).status == OK
    assert now() == name
    daemon.kill()
    daemon.start()
    assert now() == name
    assert ctl("set", "del", name, element).status == OK
    assert now() == "probe"


def test_a_million(ctl, daemon, client, feed):
    draw = random.Random(1)
    with open(feed, "w") as file:
        for _ in range(1000000):
            number = draw.getrandbits(32) | 0x40000000
            file.write(f"{number >> 24}.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}\n")
    assert ctl("reload").status == OK
    sets = {one["name"]: one for one in ctl("sets", "--json").json()["sets"]}
    assert sets["feed"]["elements"] > 900000 and sets["feed"]["bytes"] < 64 << 20
    assert decided(daemon, client, ["feed", "probe"]) == "probe"
    assert ctl("set", "add", "feed", "10.1.0.2").status == OK
    assert decided(daemon, client, ["feed", "probe"]) == "feed"


def test_killed_in_the_middle(ctl, daemon, appliance):
    """Changes and kill -9, again and again: each answered change is there, and nothing else."""
    draw = random.Random(2)
    want = set()
    for _ in range(6):
        for _ in range(20):
            address = f"203.0.113.{draw.randrange(256)}"
            if draw.random() < 0.6:
                assert ctl("set", "add", "feed", address).status == OK
                want.add(address)
            else:
                assert ctl("set", "del", "feed", address).status == OK
                want.discard(address)
        daemon.kill()
        daemon.start()
        for last in range(256):
            address = f"203.0.113.{last}"
            in_set = daemon.post("/v1/set/test", {"set": "feed", "elements": [address]})["in"]
            assert in_set == [address in want], address


# --- bans ---

BANS = """
interface lan0 {{ {hook} }}
set banned {{ type addr; timeout 10m; size 8 }}
chain ingress {{
	policy accept
	banned: saddr @banned drop
	trap: udp dport 23 ban @banned drop
	probe: udp dport 9 accept
}}
"""


@pytest.mark.parametrize("hook", ["xdp native", "tc ingress"])
def test_ban(sluiced, appliance, client, hook):
    daemon = sluiced(BANS.format(hook=hook)).start()

    def send(port):
        client.sh(f"echo x > /dev/udp/10.1.0.1/{port}".join(("bash -c '", "'")))

    send(9)
    wait_until(lambda: daemon.rule("probe") == 1, "the first probe")
    assert daemon.rule("banned") == 0
    send(23)
    wait_until(lambda: daemon.rule("trap") == 1, "the trap")
    send(9)
    wait_until(lambda: daemon.rule("banned") == 1, "the ban")
    assert daemon.rule("probe") == 1
    (one,) = ctl_of(daemon, appliance)("set", "list", "banned", "--json").json()["elements"]
    assert one["element"] == "10.1.0.2" and 0 < one["expires"] <= 600


FULL = """
interface lan0 {{ {hook} }}
set banned {{ type addr; size 2; timeout 10m }}
{on}
chain ingress {{
	policy accept
	trap: udp dport 23 ban @banned
	probe: udp dport 23 accept
}}
"""


def full_count(daemon, hook):
    for interface in daemon.get("/v1/stats")["interfaces"]:
        for entry in interface["hooks"]:
            if (interface["name"], entry["hook"]) == ("lan0", hook):
                return entry["reasons"].get("ban-full", {"packets": 0})["packets"]
    raise AssertionError(f"no {hook} at lan0")


@pytest.mark.parametrize("on", ["", "on undone drop", "on ban-full drop"])
@pytest.mark.parametrize("hook, at", [("xdp native", "xdp"), ("tc ingress", "tc-ingress")])
def test_a_ban_that_finds_no_room(sluiced, client, hook, at, on):
    """Is counted, decides as the setting says, and is in the log."""
    daemon = sluiced(FULL.format(hook=hook, on=on)).start()
    sources = [f"10.1.0.{i}" for i in (2, 3, 4)]
    for source in sources[1:]:
        client.sh(f"ip addr add {source}/24 dev c0")

    def send(source):
        before = daemon.rule("trap")
        client.run("/usr/bin/python3", "-c",
                   "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                   f"s.bind(({source!r}, 0))\ns.sendto(b'x', ('10.1.0.1', 23))")
        wait_until(lambda: daemon.rule("trap") == before + 1, "the trap")

    for source in sources[:2]:
        send(source)
    assert full_count(daemon, at) == 0 and daemon.rule("probe") == 2
    send(sources[2])
    wait_until(lambda: full_count(daemon, at) == 1, "the reason")
    assert daemon.verdicts("lan0", at).get("drop", 0) == (1 if on else 0)
    assert daemon.rule("probe") == (2 if on else 3)
    wait_until(lambda: "set 'banned' is full: 1 more bans found no room" in daemon.log(), "the log")
    # Who is in it already stays longer and takes no room.
    send(sources[0])
    assert full_count(daemon, at) == 1


def test_a_product_of_sets(sluiced, lab):
    """Two sets in one rule that are too many for records: what both have is dropped, and no more."""
    sources = ", ".join(f"10.1.{i}.2" for i in range(0, 256))
    ports = ", ".join(str(p) for p in range(1, 1200, 3))
    daemon = sluiced("interface lan0 { xdp auto; }\nchain ingress {\n"
                     f"\tboth: ip saddr {{ {sources} }} udp sport {{ {ports} }} "
                     "udp dport { 7, 9 } drop\n\trest: udp drop\n}\n").start()
    sent = {}
    for source in ("10.1.0.2", "10.1.0.3"):
        for sport in (1, 2, 1198, 1199, 2000):
            for dport in (7, 8, 9):
                sent[source, sport, dport] = (source == "10.1.0.2" and sport % 3 == 1 and
                                              sport < 1200 and dport != 8)
    lab.client.sh("ip addr add 10.1.0.3/24 dev c0")
    lab.client.sh("ping -qc1 -W5 10.1.0.1")
    for source, sport, dport in sent:
        lab.client.run("/usr/bin/python3", "-c",
                       "import socket\ns = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                       "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
                       f"s.bind(({source!r}, {sport}))\ns.sendto(b'x', ('10.1.0.1', {dport}))")
    wait_until(lambda: daemon.rule("both") + daemon.rule("rest") >= len(sent), "all packets")
    assert daemon.rule("both") == sum(sent.values())
    assert daemon.rule("rest") == len(sent) - sum(sent.values())
