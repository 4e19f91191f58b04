# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""libxdp's dispatcher: programs of others before and after Sluice's, coming and going in any order.

What runs before sees all packets; what runs after sees those that Sluice lets pass. Kernels that let
no program be replaced by another have no dispatcher: there the daemon says so.
"""

import itertools
import os
import subprocess

import pytest

from lab import BUILD, wait_until
from test_flood import FLOWS, flood, mac_of

CONFIG = """interface lan0 { xdp native priority 50 }
chain ingress {
	policy accept
	no:  udp dport 9 udp sport 1024-1055 drop
	yes: udp dport 9 count
}
"""
BEFORE, AFTER = 10, 90
ORDERS = list(itertools.permutations(("before", "sluice", "after")))


class Other:
    """A program beside Sluice's."""

    def __init__(self, netns, bpffs, priority, *frags):
        self.process = netns.popen(BUILD / "tests/other", "lan0", priority, *frags,
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, text=True,
                                   env=dict(os.environ, LIBXDP_BPFFS=str(bpffs)))
        self.ready = self.process.stdout.readline() == "ready\n"

    def seen(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())

    def detach(self):
        _, err = self.process.communicate()
        return self.process.returncode, err


@pytest.fixture
def daemon(lab, sluiced):
    lab.appliance.sh("ethtool -K lan0 gro on")
    lab.client.sh("ethtool -K c0 gro on")
    running = sluiced(CONFIG).start()
    xdp = running.interface("lan0")["xdp"]
    if xdp["attach"] != "dispatcher":
        assert xdp["why"], "attached alone, and nobody knows why"
        pytest.skip(f"no dispatcher here: {xdp['why']}")
    return running


@pytest.fixture
def other(appliance, bpffs):
    made = []

    def make(priority, *frags):
        made.append(Other(appliance, bpffs, priority, *frags))
        return made[-1]

    yield make
    for one in made:
        if one.process.poll() is None:
            one.detach()


class Members:
    """Who is attached, and what each has seen and must have seen."""

    def __init__(self, lab, daemon, other):
        self.lab, self.daemon, self.other = lab, daemon, other
        self.programs = {}
        self.sluice = True

    def attach(self, who):
        if who == "sluice":
            self.daemon.post("/v1/attach", {"interface": "lan0"})
            assert self.daemon.interface("lan0")["xdp"]["attach"] == "dispatcher"
            self.sluice = True
        else:
            self.programs[who] = self.other(BEFORE if who == "before" else AFTER, "frags")
            assert self.programs[who].ready, self.programs[who].detach()

    def detach(self, who):
        if who == "sluice":
            self.daemon.post("/v1/detach", {"interface": "lan0"})
            self.sluice = False
        else:
            # What libbpf says of libxdp's own objects is on stderr, too.
            status, said = self.programs.pop(who).detach()
            assert status == 0, said

    def counts(self):
        now = {who: program.seen() for who, program in self.programs.items()}
        now.update({rule: self.daemon.rule(rule) for rule in ("no", "yes")})
        return now

    def check(self, size):
        """Traffic, and each member saw what it must."""
        before = self.counts()
        sent = flood(self.lab.client, "c0", 2 * FLOWS, size, 4, mac_of(self.lab.appliance, "lan0"))

        def gained():
            return {name: count - before[name] for name, count in self.counts().items()}

        def as_it_must():
            got = gained()
            passed = got["yes"] if self.sluice else sent
            wanted = {"before": sent, "after": passed}
            return got["no"] + got["yes"] == (sent if self.sluice else 0) and \
                all(got[who] == wanted[who] for who in self.programs)

        wait_until(as_it_must, f"{sent} packets, of {before}: {gained()}")
        if self.sluice:
            assert gained()["no"] > 0 and gained()["yes"] > 0


@pytest.mark.parametrize("number", range(len(ORDERS)))
def test_any_order(lab, daemon, other, number):
    """Each order of coming once, and each of going."""
    members = Members(lab, daemon, other)
    members.detach("sluice")
    for who in ORDERS[number]:
        members.attach(who)
        members.check(64)
    members.check(8000)
    for who in ORDERS[(5 * number + 1) % len(ORDERS)]:
        members.detach(who)
        members.check(64)


def test_priority_changes_places(lab, daemon, other):
    """Before the other, or behind it: what the other sees says which."""
    members = Members(lab, daemon, other)
    members.attach("after")
    members.check(64)
    daemon.configure(CONFIG.replace("priority 50", "priority 95"))
    daemon.post("/v1/reload")
    members.programs["before"] = members.programs.pop("after")
    members.check(64)


def test_without_frags_is_refused_at_9000(lab, daemon, other):
    """And the dispatcher before it runs on."""
    members = Members(lab, daemon, other)
    members.attach("before")
    late = other(AFTER)
    assert not late.ready
    assert late.detach()[0] == 1
    members.check(64)
    members.check(8000)


def test_over_a_restart(lab, daemon, other):
    members = Members(lab, daemon, other)
    members.attach("before")
    members.attach("after")
    daemon.kill()
    daemon.start()
    members.check(64)


MARKS = CONFIG.replace("}\nchain", "; tc ingress }\nchain", 1).replace(
    "\tyes:", "\tmark: udp dport 9 mark set 7\n\tyes:").replace("50 ;", "50;")


def check_marks(lab, daemon):
    """What needs an skb is asked of all that XDP lets pass, and all of it is judged once."""
    names = "no", "mark", "yes"
    before = [daemon.rule(name) for name in names]
    sent = flood(lab.client, "c0", 2 * FLOWS, 64, 4, mac_of(lab.appliance, "lan0"))

    def as_it_must():
        no, mark, yes = (daemon.rule(name) - was for name, was in zip(names, before))
        return no + yes == sent and mark == yes and no > 0

    wait_until(as_it_must, f"{sent} packets, of {before}: {[daemon.rule(n) for n in names]}")


def test_alone_where_a_rule_needs_an_skb(lab, daemon, other):
    """XDP leaves no word for TC in the dispatcher, and is taken out of it before such a rule is in force."""
    daemon.configure(MARKS)
    daemon.post("/v1/reload")
    xdp = daemon.interface("lan0")["xdp"]
    assert xdp["attach"] == "single" and "skb" in xdp["why"]
    check_marks(lab, daemon)
    late = other(AFTER, "frags")
    assert not late.ready and late.detach()[0] == 1
    daemon.kill()
    daemon.start()
    assert daemon.interface("lan0")["xdp"]["attach"] == "single"
    check_marks(lab, daemon)
    daemon.post("/v1/detach", {"interface": "lan0"})
    daemon.post("/v1/attach", {"interface": "lan0"})
    check_marks(lab, daemon)
    daemon.configure(CONFIG)
    daemon.post("/v1/reload")
    daemon.post("/v1/detach", {"interface": "lan0"})
    daemon.post("/v1/attach", {"interface": "lan0"})
    Members(lab, daemon, other).check(64)
    assert daemon.interface("lan0")["xdp"]["attach"] == "dispatcher"


def test_not_alone_is_an_error(lab, daemon, other):
    members = Members(lab, daemon, other)
    members.attach("before")
    daemon.configure(MARKS)
    status, answer = daemon.request("POST", "/v1/reload", {})
    assert status != 200 and "rule 'mark' needs an skb" in str(answer), answer
    assert daemon.interface("lan0")["xdp"]["attach"] == "dispatcher"
    members.check(64)
    members.detach("before")
    daemon.post("/v1/reload")
    check_marks(lab, daemon)


LONG = CONFIG.replace("\tyes:", "\tfar: udp dport 99 reject\n\tyes:")


def test_alone_where_answers_are_long(lab, daemon, other):
    """XDP makes no frame longer in the dispatcher."""
    members = Members(lab, daemon, other)
    daemon.configure(LONG)
    daemon.post("/v1/reload")
    xdp = daemon.interface("lan0")["xdp"]
    assert xdp["attach"] == "single" and "room" in xdp["why"]
    members.check(64)
    daemon.configure(CONFIG)
    daemon.post("/v1/reload")
    daemon.post("/v1/detach", {"interface": "lan0"})
    members.attach("sluice")
    members.check(64)


def test_beside_others_answers_are_no_longer(lab, daemon, other):
    members = Members(lab, daemon, other)
    members.attach("before")
    daemon.configure(LONG)
    daemon.post("/v1/reload")
    assert daemon.interface("lan0")["xdp"]["attach"] == "dispatcher"
    members.check(64)
    lab.client.run("/usr/bin/python3", "-c", "import socket; s = socket.socket(socket.AF_INET6, "
                   "socket.SOCK_DGRAM); s.sendto(b'x', ('fd00:1::1', 99))")
    wait_until(lambda: daemon.get("/v1/stats")["reasons"]["reject-room"]["packets"] == 1,
               "an answer without room")
