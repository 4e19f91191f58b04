# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""Two rule sets take turns under full traffic, and each packet meets one of them, whole.

Flow k of 64 comes in at lan0 (XDP) and would leave at wan0 (TC egress). The sets say the same of some
flows, but for other reasons: one drops by rules and accepts by policy, the other accepts by rules and
drops by policy. A packet that met a part of each would be dropped or let pass where both say otherwise.
"""

import os
import subprocess
import threading
import time

import pytest

from lab import BUILD, Sluiced, wait_until
from test_flood import FLOWS, flood, know, mac_of, sent_and_lost

TIMES = 100 if os.environ.get("SLUICE_QUICK") else 1000
BATCH = FLOWS * 2000

HOOKS = "interface lan0 { %s }\ninterface wan0 { tc egress }\n"


def rules(name, verdict, flows):
    return "\n".join(f"\t{name}{k}: udp dport 9 udp sport {1024 + k} {verdict}" for k in flows)


def flows(*classes):
    """Those whose number modulo 8 is one of the classes."""
    return [k for k in range(FLOWS) if k % 8 in classes]


def sports(*classes):
    return "{ " + ", ".join(str(1024 + k) for k in flows(*classes)) + " }"


# Ingress: 0 and 4 pass, 1 and 5 do not; of the others one set lets 2 and 6 pass, the other 3 and 7.
# Egress: 0 passes, 4 does not.
ONE = f"""chain ingress {{
	policy accept
	stays: udp dport 9 count
	always: udp dport 9 udp sport {sports(0)} count
{rules("a", "drop", flows(1, 3, 5, 7))}
}}
chain egress {{
	policy accept
	out: udp dport 9 count
{rules("x", "drop", flows(4, 3, 7))}
}}
"""
OTHER = f"""chain ingress {{
	policy drop
	before: tcp drop
	stays: udp dport 9 count
	always: udp dport 9 udp sport {sports(0)} count
{rules("b", "accept", flows(0, 4, 3, 7))}
}}
chain egress {{
	policy drop
	before: tcp drop
	out: udp dport 9 count
{rules("y", "accept", flows(0, 2, 6, 3))}
}}
"""


SERVER = f"""interface s0 {{ xdp native }}
chain ingress {{
	policy accept
	always: udp dport 9 udp sport {sports(0)} drop
	not-in: udp dport 9 udp sport {sports(1, 5)} drop
	not-out: udp dport 9 udp sport {sports(4)} drop
	now-and-then: udp dport 9 drop
}}
"""


class Traffic:
    """Floods lan0 from the client until it is told to stop."""

    def __init__(self, lab):
        self.lab, self.sent, self.stopped, self.error = lab, 0, False, None
        self.mac = mac_of(lab.appliance, "lan0")
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            while not self.stopped:
                self.sent += flood(self.lab.client, "c0", BATCH, 64, 4, self.mac)
        except Exception as error:  # pylint: disable=broad-except
            self.error = error

    def check(self):
        if self.error:
            raise self.error

    def stop(self):
        self.stopped = True
        self.thread.join()
        self.check()
        return self.sent


@pytest.fixture
def server_daemon(request, server, run_dir, bpffs):
    own = run_dir / "server"
    own.mkdir()
    daemon = Sluiced(server, own, bpffs, SERVER)
    daemon.pin_dir = bpffs / "server"
    yield daemon
    daemon.close()


def prepare(lab):
    lab.appliance.sh("ethtool -K lan0 gro on")
    lab.client.sh("ethtool -K c0 gro on")
    # One of the sets lets no ARP pass.
    know(lab.appliance, "wan0", (lab.server, "s0"), "10.2.0.2")


@pytest.mark.parametrize("hook", ["xdp native", "tc ingress"])
def test_rule_sets_take_turns(lab, sluiced, server_daemon, hook):
    prepare(lab)
    times = TIMES if hook == "xdp native" else TIMES // 10
    server_daemon.start()
    daemon = sluiced(HOOKS % hook + ONE).start()
    generation = daemon.get("/v1/status")["ruleset"]["generation"]
    traffic, turn = Traffic(lab), 0
    try:
        # Where reloads get more of the machine than packets do, there are more of them.
        while turn < times or traffic.sent < BATCH:
            turn += 1
            daemon.configure(HOOKS % hook + (OTHER if turn % 2 else ONE))
            daemon.post("/v1/reload")
            traffic.check()
    finally:
        sent = traffic.stop()
    assert daemon.get("/v1/status")["ruleset"]["generation"] == generation + turn

    wait_until(lambda: daemon.rule("stays") >= sent, f"{sent} packets at lan0")
    assert daemon.rule("stays") == sent
    # Both sets let these pass, here and there: what the server misses is what its ring had no room for.
    always = daemon.rule("always")
    assert always >= sent // FLOWS

    def missed():
        return sent_and_lost(lab.appliance, "wan0")[1]

    wait_until(lambda: server_daemon.rule("always") + missed() >= always, f"{always} at the server")
    assert always - missed() <= server_daemon.rule("always") <= always
    assert server_daemon.rule("not-in") == 0
    assert server_daemon.rule("not-out") == 0
    assert server_daemon.rule("now-and-then") > 0
    # What lan0 let pass is what wan0 met, in whichever set's chain.
    verdicts = daemon.verdicts("lan0", "xdp" if hook.startswith("xdp") else "tc-ingress")
    others = sum(verdicts.values()) - sent  # ARP and the like
    assert others >= 0
    wait_until(lambda: daemon.rule("out", "egress") >= verdicts["accept"] - others, "all at wan0")
    assert 2 * always <= daemon.rule("out", "egress") <= verdicts["accept"]


# --- what fails leaves the rules that run ---


BIG = "chain ingress {{ policy drop\n{} }}".format("\n".join(
    f"big{i}: udp dport {i % 60000 + 1} udp sport {i // 60000 + 1} drop" for i in range(20000)))


def check_in_force(daemon, lab, generation):
    """The rules before still judge, and count on."""
    before = daemon.rule("stays")
    sent = flood(lab.client, "c0", 64, 64, 4, mac_of(lab.appliance, "lan0"))
    wait_until(lambda: daemon.rule("stays") >= before + sent, f"{sent} packets")
    assert sent and daemon.rule("stays") == before + sent
    assert daemon.get("/v1/status")["ruleset"]["generation"] == generation


def test_address_space(lab, sluiced):
    """No memory to compile: the limit on the daemon's address space is where it is already."""
    prepare(lab)
    daemon = sluiced(HOOKS % "xdp native" + ONE).start()
    generation = daemon.get("/v1/status")["ruleset"]["generation"]
    with open(f"/proc/{daemon.process.pid}/statm", encoding="ascii") as file:
        used = int(file.read().split()[0]) * 4096
    subprocess.run(["prlimit", f"--pid={daemon.process.pid}", f"--as={used + (1 << 20)}:unlimited"],
                   check=True)
    daemon.configure(HOOKS % "xdp native" + BIG)
    status, answer = daemon.request("POST", "/v1/reload", {})
    assert status in (422, 507) and answer["error"], answer
    check_in_force(daemon, lab, generation)
    subprocess.run(["prlimit", f"--pid={daemon.process.pid}", "--as=unlimited:unlimited"],
                   check=True)
    daemon.post("/v1/reload")
    assert "big19999" in daemon.get("/v1/rules")["source"]


def test_no_descriptors(lab, sluiced):
    prepare(lab)
    daemon = sluiced(HOOKS % "xdp native" + ONE).start()
    generation = daemon.get("/v1/status")["ruleset"]["generation"]
    connection = daemon.connect()
    connection.connect()
    wait_until(lambda: len(os.listdir(f"/proc/{daemon.process.pid}/fd")), "descriptors")
    time.sleep(0.1)
    used = {int(fd) for fd in os.listdir(f"/proc/{daemon.process.pid}/fd")}
    free = min(set(range(100)) - used)
    subprocess.run(["prlimit", f"--pid={daemon.process.pid}", f"--nofile={free}:4096"], check=True)
    connection.request("POST", "/v1/reload", b"{}")
    answer = connection.getresponse()
    body = answer.read().decode()
    subprocess.run(["prlimit", f"--pid={daemon.process.pid}", "--nofile=1024:4096"], check=True)
    assert answer.status == 422 and "Too many open files" in body, body
    check_in_force(daemon, lab, generation)


def descriptors(daemon):
    return {int(fd) for fd in os.listdir(f"/proc/{daemon.process.pid}/fd")}


def settled(daemon):
    """Those of connections that have ended are closed by now."""
    found = []

    def same_twice():
        found.append(descriptors(daemon))
        time.sleep(0.1)
        return descriptors(daemon) == found[-1]

    wait_until(same_twice, "descriptors that stay")
    return found[-1]


def reload_with(daemon, more):
    """Status and words of a reload by a daemon that may open so many descriptors more."""
    connection = daemon.connect()
    connection.request("GET", "/v1/status")
    connection.getresponse().read()
    used = settled(daemon)
    free = [fd for fd in range(200) if fd not in used]
    pid = f"--pid={daemon.process.pid}"
    subprocess.run(["prlimit", pid, f"--nofile={free[more]}:4096"], check=True)
    connection.request("POST", "/v1/reload", b"{}")
    answer = connection.getresponse()
    body = answer.read().decode()
    subprocess.run(["prlimit", pid, "--nofile=1024:4096"], check=True)
    connection.close()
    return answer.status, body


def test_descriptors_run_out_on_the_way(lab, sluiced, tmp_path):
    """One more each time, until the reload comes to its end: the rules that run are whole ones."""
    prepare(lab)
    (tmp_path / "feed").write_text("192.0.2.0/24\n")
    (tmp_path / "more").write_text("set feed { type addr; file \"feed\" }\n")
    daemon = sluiced(HOOKS % "xdp native" + ONE).start()
    generation = daemon.get("/v1/status")["ruleset"]["generation"]
    daemon.configure(f'include "{tmp_path}/more"\n' + HOOKS % "xdp native" +
                     "set timed { type addr; size 1k; timeout 1m }\n"
                     "chain ingress { policy drop\n\tnew: saddr @feed count\n"
                     "\ttimed: saddr @timed drop\n}\n")
    failed = set()
    for more in range(64):
        status, body = reload_with(daemon, more)
        if status == 200:
            break
        assert status in (422, 507) and "open files" in body, body
        assert daemon.get("/v1/status")["ruleset"]["generation"] == generation
        if body not in failed:
            check_in_force(daemon, lab, generation)
        failed.add(body)
    assert status == 200 and failed
    assert daemon.rule("new") == 0
    # It may have been short of them for what comes after the switch: what is attached stays so.
    daemon.configure(HOOKS % "xdp native" + ONE)
    daemon.post("/v1/reload")
    for name in ("lan0", "wan0"):
        daemon.wait_state(name, "attached")
    check_in_force(daemon, lab, daemon.get("/v1/status")["ruleset"]["generation"])


@pytest.mark.parametrize("what, words", [
    ("no file", "No such file"), ("no include", "none"), ("no feed", "none"),
    ("no hook for it", "lan0"), ("not a rule", "frobnicate"), ("a set too small", "size is 2"),
])
def test_what_cannot_be_loaded(lab, sluiced, what, words):
    """Each ends before the switch, and says what it was."""
    prepare(lab)
    daemon = sluiced("interface lan0 { xdp native }\n" + ONE.split("chain egress")[0]).start()
    generation = daemon.get("/v1/status")["ruleset"]["generation"]
    hooks = "interface lan0 { xdp native }\n"
    text = {
        "no include": 'include "none.conf"\n',
        "no feed": hooks + 'set feed { type addr; file "none.txt" }\n'
                   "chain ingress { saddr @feed drop }\n",
        "no hook for it": hooks + "chain ingress { udp mark set 1 }\n",
        "not a rule": hooks + "chain ingress { frobnicate drop }\n",
        "a set too small": hooks + "set few { type addr; size 2; timeout 1m; elements "
                      "{ 10.0.0.1, 10.0.0.3, 10.0.0.5 } }\nchain ingress { saddr @few drop }\n",
    }.get(what)
    if text is None:
        daemon.config.unlink()
    else:
        daemon.configure(text)
    status, answer = daemon.request("POST", "/v1/reload", {})
    assert status == 422 and words in answer.get("diagnostics", "") + answer["error"], answer
    check_in_force(daemon, lab, generation)


def refuse(while_there):
    """For a daemon whose programs the kernel refuses while that file is there: tests/refuse."""
    return {"LD_PRELOAD": f"{BUILD}/tests/refuse.so", "REFUSE_PROGRAMS": str(while_there)}


@pytest.mark.parametrize("more", ["interface wan0 { xdp native; tc egress }", "interface wan0 { tc ingress }"])
def test_the_verifier_refuses(lab, sluiced, tmp_path, more):
    """What new interfaces run is tried before the switch; what runs already needs no verifier."""
    prepare(lab)
    refusing = tmp_path / "refusing"
    config = "interface lan0 { xdp native }\n" + ONE.split("chain egress")[0]
    daemon = sluiced(config, env=refuse(refusing)).start()
    generation = daemon.get("/v1/status")["ruleset"]["generation"]
    refusing.touch()
    daemon.configure(more + "\n" + config.replace("policy accept", "policy drop"))
    status, answer = daemon.request("POST", "/v1/reload", {})
    assert status == 422, answer
    assert "interface 'wan0': program 'sluice_" in answer["diagnostics"], answer
    assert "too complex for this kernel's verifier" in answer["diagnostics"], answer
    assert daemon.interface("wan0") is None
    check_in_force(daemon, lab, generation)

    daemon.configure(config.replace("policy accept", "policy accept\n\tmore: udp dport 10 count"))
    daemon.post("/v1/reload")
    check_in_force(daemon, lab, generation + 1)
    refusing.unlink()
    daemon.configure(more + "\n" + config)
    daemon.post("/v1/reload")
    daemon.wait_state("wan0", "attached")


def test_refused_from_the_start(sluiced, tmp_path):
    """An interface that could not be attached anyway does not keep rules from changing."""
    refusing = tmp_path / "refusing"
    refusing.touch()
    config = "interface lan0 { xdp native }\n" + ONE.split("chain egress")[0]
    daemon = sluiced(config, env=refuse(refusing)).start()
    daemon.wait_state("lan0", "failed")
    daemon.configure(config.replace("policy accept", "policy drop"))
    daemon.post("/v1/reload")
    assert "policy drop" in daemon.get("/v1/rules")["source"]
    refusing.unlink()
    daemon.configure(config)
    daemon.post("/v1/reload")
    daemon.wait_state("lan0", "attached")


def test_too_many_counters(lab, sluiced):
    """All slots of counters are taken: rules that run keep theirs until the new ones are in force."""
    prepare(lab)
    daemon = sluiced(HOOKS % "xdp native" + ONE).start()
    generation = daemon.get("/v1/status")["ruleset"]["generation"]
    limit = 1 << 20
    daemon.configure(HOOKS % "xdp native" + "chain ingress {\n" + "\n".join(
        f"n{i}: count" for i in range(limit)) + "\n}\n")
    status, answer = daemon.request("POST", "/v1/reload", {})
    assert status == 422
    assert f"all {limit - 1} rule counters are in use" in answer["diagnostics"], answer
    check_in_force(daemon, lab, generation)
