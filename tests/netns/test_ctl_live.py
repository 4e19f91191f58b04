# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""sluicectl and sluiced together, in the lab: what is said is what the kernel has."""

import json
import signal
import subprocess

import pytest

from ctl import FAILED, OK, complains, sluicectl
from lab import PATIENCE, SLUICECTL, wait_until

CONFIG = """
interface lan0 { xdp auto; tc egress; }
chain ingress {
	policy accept
	ping: ip protocol icmp accept
	blocked: udp dport 7777 drop
}
chain egress { policy accept }
"""


@pytest.fixture
def daemon(sluiced):
    return sluiced(CONFIG).start()


def hooks(appliance, name):
    """XDP, and TCX of an interface, as the kernel tells."""
    shown = json.loads(appliance.sh(f"bpftool -j net show dev {name}"))[0]
    return ["xdp"] * len(shown["xdp"]) + sorted(row["kind"] for row in shown["tc"])


def iface(ctl, name):
    found = [one for one in ctl("status", "--json").json()["interfaces"] if one["name"] == name]
    return found[0] if found else None


def test_every_verb_speaks_json(ctl):
    for line in ("attach wan0", "status", "stats", "rules", "reload", "detach wan0", "detach --all"):
        done = ctl("--json", *line.split())
        assert (done.status, done.err) == (OK, ""), line
        assert isinstance(done.json(), dict)


def test_attach_and_detach(ctl, appliance):
    assert hooks(appliance, "wan0") == []
    done = ctl("attach", "wan0", "--xdp", "native", "--tc", "ingress,egress")
    assert done.status == OK and done.out.startswith("wan0: attached: xdp native, ")
    assert "; tc ingress tcx; tc egress tcx\n" in done.out
    assert len(hooks(appliance, "wan0")) == 3
    shown = iface(ctl, "wan0")
    assert (shown["state"], shown["origin"], shown["xdp"]["mode"]) == ("attached", "manual", "native")
    assert "wan0" in ctl("status").out
    # From what it has to what is wanted.
    assert ctl("attach", "wan0", "--xdp", "off", "--tc", "egress").status == OK
    assert len(hooks(appliance, "wan0")) == 1
    assert ctl("attach", "wan0", "--xdp", "generic", "--tc", "none").out.startswith(
        "wan0: attached: xdp generic")
    assert hooks(appliance, "wan0") == ["xdp"]
    assert ctl("detach", "wan0").out == "wan0: detached\n"
    assert hooks(appliance, "wan0") == []


def test_attach_as_configured(ctl, appliance):
    ctl("detach", "lan0")
    assert hooks(appliance, "lan0") == []
    assert "; tc egress tcx" in ctl("attach", "lan0").out
    assert len(hooks(appliance, "lan0")) == 2


def test_refusals(ctl):
    complains(ctl("attach", "none0"), "'none0'")
    complains(ctl("detach", "none0"), "'none0'")
    complains(ctl("attach", "lo", "--xdp", "native"), "lo")
    complains(ctl("attach", "wan0", "--xdp", "off", "--tc", "none"), "nothing to attach")


def test_status_says_why(ctl):
    """No dispatcher, or no native mode: the reason is in the text as in the JSON."""
    ctl("attach", "lo", "--xdp", "auto")
    for name in ("lan0", "lo"):
        why = iface(ctl, name)["xdp"]["why"]
        assert why is None or f"{name}: xdp: {why}\n" in ctl("status").out
    assert iface(ctl, "lo")["xdp"]["mode"] == "generic" and iface(ctl, "lo")["xdp"]["why"]


def test_counters(ctl, client):
    client.run("ping", "-c", "5", "-i", "0.05", "10.1.0.1")
    client.python("import socket\nsock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n"
                  "for i in range(3): sock.sendto(b'x', ('10.1.0.1', 7777))").wait(PATIENCE)
    rules = {(rule["chain"], rule["name"]): rule for rule in ctl("rules", "--json").json()["rules"]}
    assert rules["ingress", "ping"]["packets"] == 5
    assert rules["ingress", "blocked"]["packets"] == 3
    lines = [line.split() for line in ctl("stats").out.splitlines()]
    assert any(line[:4] == ["lan0", "xdp", "drop", "3"] for line in lines)
    assert any(line[:3] == ["ingress", "ping", "5"] for line in lines)
    assert not any(line[:2] == ["lan0", "tc-ingress"] for line in lines)


def test_watch_live(ctl, daemon, appliance, client):
    watch = appliance.popen(SLUICECTL, "-s", daemon.socket, "stats", "--watch", "0.2", "--json",
                            stdout=subprocess.PIPE, text=True)
    client.run("ping", "-c", "3", "-i", "0.05", "10.1.0.1")

    def pinged():
        rules = json.loads(watch.stdout.readline())["rules"]
        return next(rule["packets"] for rule in rules if rule["name"] == "ping") == 3
    wait_until(pinged, "three packets in the rule 'ping'")
    # sluiced may come and go meanwhile; the counters stay.
    daemon.kill()
    daemon.start()
    wait_until(pinged, "the same after a restart of sluiced")
    watch.send_signal(signal.SIGINT)
    assert watch.wait(PATIENCE) == 0


def test_reload(ctl, daemon):
    daemon.configure(CONFIG.replace("7777", "8888"))
    assert ctl("reload").out == "configuration loaded: rule set 2, 4 rules\n"
    daemon.configure(CONFIG.replace("drop", "dorp"))
    done = ctl("reload")
    assert done.status == FAILED and done.out == ""
    assert "did you mean 'drop'?" in done.err and "^~~~" in done.err
    assert any("8888" in rule["text"] for rule in ctl("rules", "--json").json()["rules"])


def test_others_are_refused(daemon):
    done = sluicectl("-s", daemon.socket, "status", user=65534)
    complains(done, "group")


def leftovers(appliance, daemon):
    """Programs, maps and links with a name of Sluice's, hooks, pins, qdiscs."""
    found = [name for name in ("lan0", "wan0") if hooks(appliance, name)]
    found += [line for line in appliance.sh("tc qdisc show").splitlines() if "clsact" in line]
    found += [str(path) for path in daemon.bpffs.rglob("*") if "sluice" in str(path.name)]
    return found


@pytest.mark.parametrize("running", [True, False], ids=["with sluiced", "alone"])
def test_detach_all(ctl, daemon, appliance, running):
    ctl("attach", "wan0", "--tc", "ingress,egress")
    assert leftovers(appliance, daemon)
    if not running:
        daemon.kill()
        assert leftovers(appliance, daemon)
    done = ctl("detach", "--all")
    assert (done.status, done.err) == (OK, "")
    assert ("sluiced was not running" in done.out) == (not running)
    assert leftovers(appliance, daemon) == []
    # Once more there is nothing to do.
    assert ctl("detach", "--all").status == OK


def test_detach_all_while_another_sluiced_runs(ctl, daemon, appliance):
    """The socket is another's or lost, but the data path is in use."""
    done = sluicectl("-s", "/nowhere", "-p", daemon.pin_dir, "detach", "--all", netns=appliance)
    complains(done, str(daemon.pin_dir))
    assert len(hooks(appliance, "lan0")) == 2
    assert ctl("status").status == OK


def test_detach_all_of_another_version(ctl, daemon, appliance):
    """A layout that this version does not know is removed all the same."""
    daemon.kill()
    (daemon.pin_dir / "frags").unlink()
    assert ctl("detach", "--all").status == OK
    assert leftovers(appliance, daemon) == []


def test_detach_all_of_a_foreign_directory(tmp_path, daemon, bpffs):
    (tmp_path / "precious").touch()
    for place in (tmp_path, bpffs):
        sluicectl("-s", "/nowhere", "-p", place, "detach", "--all")
        assert place.exists()
    assert (tmp_path / "precious").exists()
    assert (daemon.pin_dir / "arena").exists()


def test_detach_all_not_as_root(daemon, appliance):
    daemon.kill()
    done = sluicectl("-s", daemon.socket, "-p", daemon.pin_dir, "detach", "--all", user=65534)
    assert done.status == FAILED and "root" in done.err
    assert len(hooks(appliance, "lan0")) == 2


def test_probe_shows_sluice(ctl):
    attached = ctl("probe", "lan0", "--json").json()["interface"]["xdp_attached"]
    assert attached["mode"] == "native"
    done = ctl("probe", "lan0", "--try")
    assert done.status == FAILED and "nothing was tried" in done.err
