# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""Sets of names and texts in the payload at run time: what sluicectl and reloads change, packets meet."""

import sys

import pytest

from ctl import FAILED, OK, complains, ctl_of
from lab import wait_until

PLACES = {"xdp": "xdp native", "tc": "tc ingress"}

CONFIG = """
interface lan0 {{ {place} }}
set ads {{ type domain; file "{names}"; elements {{ Ads.Example, *.track.example }} }}
set some {{ type domain; counters; size 3; elements {{ .count.example }} }}
chain ingress {{
	policy accept
	ads: dns qname @ads drop
	some: dns qname @some drop
	probe: udp dport 53 accept
}}
"""

NAMES = """# a hosts file and a list
0.0.0.0 localhost
0.0.0.0 bad.example worse.example # two of them
*.deep.example
.both.example
"""


@pytest.fixture
def names(tmp_path):
    path = tmp_path / "names.txt"
    path.write_text(NAMES)
    return path


@pytest.fixture
def daemon(request, sluiced, names):
    place = PLACES[getattr(request, "param", "xdp")]
    return sluiced(CONFIG.format(names=names, place=place)).start()


def listed(ctl, name):
    return sorted(one["element"] for one in ctl("set", "list", name, "--json").json()["elements"])


SEND = "import socket, sys; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(" \
       "bytes.fromhex(sys.argv[1]), ('10.2.0.2', int(sys.argv[2])))"


def query(name):
    labels = b"".join(bytes([len(label)]) + label.encode() for label in name.split("."))
    return b"\0\7\1\0\0\1\0\0\0\0\0\0" + labels + b"\0\0\1\0\1"


def sent(daemon, client, data, port, rules):
    """A datagram to that port: which of the rules counted it."""
    before = {rule: daemon.rule(rule) for rule in rules}
    client.run("/usr/bin/python3", "-c", SEND, data.hex(), port)

    def risen():
        return [rule for rule in rules if daemon.rule(rule) > before[rule]]
    wait_until(risen, "a rule counts the packet")
    return risen()


@pytest.fixture
def asked(daemon, client):
    """Which rule a query for that name meets."""
    def ask(name):
        (rule,) = sent(daemon, client, query(name), 53, ["ads", "some", "probe"])
        return rule
    return ask


CONFIGURED = sorted(["ads.example", "*.track.example", "bad.example", "worse.example",
                     "*.deep.example", ".both.example"])


@pytest.mark.parametrize("daemon", PLACES, indirect=True)
def test_what_the_configuration_has(ctl, asked):
    assert listed(ctl, "ads") == CONFIGURED
    meets = {"ads.example": "ads", "ADS.eXample": "ads", "www.ads.example": "probe",
             "track.example": "probe", "a.track.example": "ads", "worse.example": "ads",
             "a.b.deep.example": "ads", "both.example": "ads", "a.both.example": "ads",
             "localhost": "probe", "xads.example": "probe", "count.example": "some"}
    assert {name: asked(name) for name in meets} == meets


@pytest.mark.parametrize("daemon", PLACES, indirect=True)
def test_changes(ctl, daemon, asked, names):
    """From the next packet on; over a restart, a kill -9, a reload, and a reload of another file."""
    assert asked("new.example") == "probe"
    assert ctl("set", "add", "ads", "New.Example", "*.sub.example").status == OK
    assert ctl("set", "del", "ads", "bad.example", "ads.example").status == OK
    want = sorted([*CONFIGURED, "new.example", "*.sub.example"])
    want = [name for name in want if name not in ("bad.example", "ads.example")]

    def assert_changed():
        assert listed(ctl, "ads") == want
        assert asked("new.example") == "ads" and asked("x.sub.example") == "ads"
        assert asked("bad.example") == "probe" and asked("worse.example") == "ads"

    assert_changed()
    daemon.stop()
    daemon.start()
    assert_changed()
    daemon.kill()
    daemon.start()
    assert_changed()
    assert ctl("reload").status == OK
    assert_changed()
    names.write_text("bad.example\nother.example\n")
    assert ctl("reload").status == OK
    assert listed(ctl, "ads") == sorted(["*.track.example", "other.example", "new.example",
                                         "*.sub.example"])
    assert asked("other.example") == "ads" and asked("bad.example") == "probe"
    assert asked("worse.example") == "probe"
    assert ctl("set", "flush", "ads").status == OK
    assert listed(ctl, "ads") == sorted(["ads.example", "*.track.example", "bad.example",
                                         "other.example"])
    assert asked("bad.example") == "ads" and asked("new.example") == "probe"


def test_a_bad_file_changes_nothing(ctl, asked, names):
    names.write_text("good.example\nbad..example\n")
    done = ctl("reload")
    assert done.status == FAILED and f"{names}:2:" in done.err
    assert listed(ctl, "ads") == CONFIGURED
    assert asked("bad.example") == "ads" and asked("good.example") == "probe"


def test_questions(ctl):
    assert ctl("set", "test", "ads", "WWW.Deep.Example").out == "WWW.Deep.Example: in the set\n"
    done = ctl("set", "test", "--json", "ads", "deep.example", "a.both.example", "*.both.example",
               ".both.example", ".deep.example", "nothing.example")
    assert done.json() == {"in": [False, True, True, True, False, False]}
    sets = {one["name"]: one for one in ctl("sets", "--json").json()["sets"]}
    assert sets["ads"]["type"] == ["domain"] and sets["ads"]["elements"] == len(CONFIGURED)
    assert sets["ads"]["bytes"] > 0 and sets["some"]["size"] == 3 and sets["some"]["counters"]
    complains(ctl("set", "add", "ads", "a..b"), "element 1: a label of a domain name is empty")
    complains(ctl("set", "add", "ads", "192.0.2.1"), "'192.0.2.1' is no domain name")
    complains(ctl("set", "add", "ads", "--timeout", "5m", "a.example"), "no timeout")
    complains(ctl("set", "add", "some", "a.example", "b.example", "c.example"),
              "set 'some' is full: its size is 3")
    assert listed(ctl, "some") == [".count.example", "a.example", "b.example"]


def test_forms_of_a_name(ctl, daemon, names):
    """Each name once, whatever it stands for; what was not there to be deleted may come later."""
    assert ctl("set", "add", "ads", "one.example", "*.one.example").status == OK
    assert ".one.example" in listed(ctl, "ads") and "one.example" not in listed(ctl, "ads")
    assert ctl("set", "del", "ads", "one.example", "later.example").status == OK
    assert "*.one.example" in listed(ctl, "ads")
    names.write_text("later.example\n")
    assert ctl("reload").status == OK
    assert "later.example" in listed(ctl, "ads")
    assert daemon.request("POST", "/v1/set/add", {"set": "ads", "elements": ["x.example", "x..y"]})[0] \
        == 422
    assert "x.example" not in listed(ctl, "ads")
    assert daemon.request("POST", "/v1/set/add", {"set": "some", "elements": [
        "a.example", "b.example", "c.example"]})[0] == 507
    assert listed(ctl, "some") == [".count.example", "a.example", "b.example"]


def test_hits(ctl, asked):
    """A name counts the packets that it was found by, over a reload."""
    def hits():
        return {one["element"]: one["packets"]
                for one in ctl("set", "list", "some", "--json").json()["elements"]}

    assert ctl("set", "add", "some", "hit.example").status == OK
    for name in "hit.example", "count.example", "a.count.example", "b.count.example":
        assert asked(name) == "some"
    assert hits() == {"hit.example": 1, ".count.example": 3}
    assert ctl("reload").status == OK
    assert asked("HIT.example") == "some"
    assert hits() == {"hit.example": 2, ".count.example": 3}


# --- other fields that sets of names are asked about ---

REQUEST = """
import socket, sys
c = socket.create_connection(("10.2.0.2", int(sys.argv[1])), timeout=90)
c.sendall(bytes.fromhex(sys.argv[2]))
print(c.recv(100).decode(), flush=True)
"""

ECHO = """
import socket, sys
s = socket.create_server(("", int(sys.argv[1])))
print("ready", flush=True)
while True:
    c, _ = s.accept()
    c.recv(65536)
    c.sendall(b"yes")
    c.close()
"""


def hello(name):
    """A ClientHello with this name and nothing else."""
    server = b"\0" + len(name).to_bytes(2, "big") + name.encode()
    server = b"\0\0" + (len(server) + 2).to_bytes(2, "big") + len(server).to_bytes(2, "big") + server
    body = b"\3\3" + bytes(32) + b"\0\0\2\x13\1\1\0" + len(server).to_bytes(2, "big") + server
    body = b"\1" + len(body).to_bytes(3, "big") + body
    return b"\x16\3\1" + len(body).to_bytes(2, "big") + body


def request(name):
    return f"GET / HTTP/1.1\r\nHost: {name}\r\n\r\n".encode()


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("field, message", [("tls sni", hello), ("http host", request)],
                         ids=["tls", "http"])
def test_in_connections(sluiced, client, server, appliance, place, field, message):
    daemon = sluiced(f"interface lan0 {{ {PLACES[place]} }}\n"
                     "set s { type domain; elements { a.example } }\n"
                     f"chain ingress {{ hit: {field} @s count\n miss: {field} != @s count }}\n").start()

    def talk(name):
        done = client.run("/usr/bin/python3", "-c", REQUEST, 8000, message(name).hex())
        assert done.stdout == "yes\n"

    with server.python(ECHO, 8000) as process:
        assert process.stdout.readline() == "ready\n"
        talk("a.example")
        assert daemon.rule("hit") >= 1 and daemon.rule("miss") == 0
        assert ctl_of(daemon, appliance)("set", "del", "s", "a.example").status == OK
        talk("a.example")
        assert daemon.rule("miss") >= 1
        process.kill()


# --- texts in the payload ---

TEXTS = """
interface lan0 {{ {place} }}
chain ingress {{
	policy accept
	plain: udp payload contains "{text}" drop
	bytes: udp payload contains {{ "|00 ff 00|", "\\x01\\x02end" }} drop
	folded: udp payload contains "Folded" nocase drop
	placed: udp payload contains "placed" offset 10 depth 20 drop
	lacks: udp dport 10 payload contains != "must" drop
	probe: udp dport {{ 9, 10 }} accept
}}
"""
TEXT_RULES = ["plain", "bytes", "folded", "placed", "lacks", "probe"]


@pytest.mark.parametrize("place", PLACES)
def test_texts(sluiced, client, appliance, place):
    daemon = sluiced(TEXTS.format(place=PLACES[place], text="needle")).start()

    def met(data, port=9):
        (rule,) = sent(daemon, client, data, port, TEXT_RULES)
        return rule

    rows = [
        (b"needle", 9, "plain"), (b"Needle", 9, "probe"), (b"needl", 9, "probe"), (b"", 9, "probe"),
        (b"x" * 8900 + b"needle", 9, "plain"), (b"x" * 4060 + b"needle" + b"x" * 4000, 9, "plain"),
        (b"x" * 8900 + b"needl" + b"x", 9, "probe"), (b"a\0\xff\0", 9, "bytes"), (b"\1\2end", 9, "bytes"),
        (b"fOLDED", 9, "folded"), (b"x" * 10 + b"placed", 9, "placed"),
        (b"x" * 9 + b"placed", 9, "probe"), (b"x" * 24 + b"placed", 9, "placed"),
        (b"x" * 25 + b"placed", 9, "probe"), (b"can", 10, "lacks"), (b"must", 10, "probe"),
        (b"", 10, "lacks"),
    ]
    assert [met(data, port) for data, port, _ in rows] == [rule for _, _, rule in rows]

    # Others from the next packet on; what cannot be read changes nothing; and it outlives the daemon.
    daemon.configure(TEXTS.format(place=PLACES[place], text="other"))
    ctl = ctl_of(daemon, appliance)
    assert ctl("reload").status == OK
    assert met(b"needle") == "probe" and met(b"another") == "plain"
    daemon.configure(TEXTS.format(place=PLACES[place], text="\\xZZ"))
    assert ctl("reload").status == FAILED
    assert met(b"another") == "plain"
    daemon.configure(TEXTS.format(place=PLACES[place], text="other"))
    daemon.kill()
    daemon.start()
    assert met(b"needle") == "probe" and met(b"another") == "plain" and met(b"FOLDED") == "folded"


if __name__ == "__main__":
    sys.exit(pytest.main([__file__]))
