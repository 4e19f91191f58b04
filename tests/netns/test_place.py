# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""What an interface cannot run is an error before anything changes; what is by hand stays."""

import pytest

from ctl import FAILED, OK, complains, sluicectl
from lab import Refused, wait_until

PLAIN = "interface lan0 { xdp auto }\nchain ingress { policy accept }\n"
MARK = "interface lan0 { %s }\nchain ingress {\n\tpolicy accept\n\tmarked: udp dport 7 mark set 5\n}\n"


@pytest.fixture
def daemon(sluiced):
    return sluiced(PLAIN).start()


# --- by hand ---


def test_detached_by_hand_stays_over_restarts(daemon, ctl, appliance):
    ctl("attach", "wan0")
    for name in ("lan0", "wan0"):
        assert ctl("detach", name).status == OK
    for end in (daemon.stop, daemon.kill):
        end()
        daemon.start()
        assert daemon.interface("lan0")["state"] == "detached"
        assert daemon.interface("wan0")["state"] == "detached"
    daemon.stop()
    appliance.sh("ip link del wan0")
    daemon.start()
    assert daemon.interface("lan0")["state"] == "detached"
    assert ctl("attach", "lan0").status == OK
    daemon.kill()
    daemon.start()
    assert daemon.interface("lan0")["state"] == "attached"


def test_detached_follows_a_new_name(daemon, ctl, appliance):
    assert ctl("detach", "lan0").status == OK
    appliance.sh("ip link set lan0 down; ip link set lan0 name lan9")
    wait_until(lambda: (daemon.interface("lan9") or {}).get("state") == "detached", "the new name")
    daemon.kill()
    daemon.start()
    assert daemon.interface("lan9")["state"] == "detached"


def test_detach_all_forgets(daemon, ctl):
    assert ctl("detach", "lan0").status == OK
    assert ctl("detach", "--all", "-p", daemon.pin_dir).status == OK
    daemon.stop()
    daemon.start()
    assert daemon.interface("lan0")["state"] == "attached"


def test_words_stay_when_native_is_refused_again(sluiced, appliance):
    daemon = sluiced("interface t0 { xdp auto }").start()
    appliance.sh("ip link add t0 type bridge; ip link set t0 up")
    before = daemon.wait_state("t0", "attached")["xdp"]
    assert before["mode"] == "generic", "a bridge has no native XDP"
    assert "native mode refused" in before["why"]
    with pytest.raises(Refused):
        daemon.post("/v1/attach", {"interface": "t0", "xdp": "native"})
    appliance.sh("ip link set t0 mtu 1400")
    wait_until(lambda: daemon.interface("t0")["mtu"] == 1400, "the MTU")
    assert daemon.interface("t0")["xdp"]["why"] == before["why"]


def test_interface_that_moves_away_and_comes_back(daemon, appliance, client, bare):
    """Its XDP program goes with it, lets all pass, and is replaced when it comes back."""
    daemon.configure(PLAIN.replace("accept", "drop"))
    daemon.post("/v1/reload")
    appliance.sh(f"ip link set lan0 netns {bare.name}")
    daemon.wait_state("lan0", "absent")
    bare.sh("ip addr add 10.1.0.1/24 dev lan0; ip link set lan0 up")
    client.run("ping", "-c2", "-i0.1", "-W60", "10.1.0.1")
    bare.sh(f"ip link set lan0 netns {appliance.name}")
    appliance.sh("ip addr add 10.1.0.1/24 dev lan0; ip link set lan0 up")
    shown = daemon.wait_state("lan0", "attached")
    assert shown["xdp"]["mode"] == "native"
    assert client.run("ping", "-c1", "-W1", "10.1.0.1", check=False).returncode


# --- placement ---


@pytest.mark.parametrize("hooks", ["xdp auto", "xdp generic; tc egress"])
def test_check_says_it(tmp_path, hooks):
    path = tmp_path / "x.conf"
    path.write_text(MARK % hooks)
    done = sluicectl("check", path)
    assert done.status == FAILED
    assert f"{path}:4:" in done.err and "rule 'marked' needs an skb (mark)" in done.err
    assert "add 'tc ingress'" in done.err


@pytest.mark.parametrize("hooks", ["xdp auto; tc ingress", "xdp off; tc ingress", "tc egress"])
def test_check_lets_it_pass(tmp_path, hooks):
    path = tmp_path / "x.conf"
    path.write_text(MARK % hooks)
    done = sluicectl("check", "-v", path)
    assert done.status == OK, done.err
    rows = {line.split()[1]: line for line in done.out.splitlines() if line.startswith("ingress")}
    assert " tc-ingress " in rows["marked"] and "mark needs an skb" in rows["marked"]
    assert "tc-ingress for what rule marked leaves to it" in rows["policy"]


def test_reload_is_refused(daemon, ctl):
    daemon.configure(MARK % "xdp auto")
    done = ctl("reload")
    assert done.status == FAILED
    assert f"{daemon.config}:4: rule 'marked' needs an skb (mark), and interface 'lan0' has XDP " \
           "without TC ingress" in done.err
    assert "marked" not in daemon.get("/v1/rules")["source"]
    daemon.configure((MARK % "xdp auto; tc ingress").replace("lan0", '"lan*"'))
    assert ctl("reload").status == OK
    complains(ctl("attach", "wan0"), "rule 'marked' needs an skb (mark), and interface 'wan0'")
    assert daemon.interface("wan0") is None
    assert ctl("attach", "wan0", "--tc", "ingress").status == OK
    complains(ctl("attach", "lan0", "--xdp", "native", "--tc", "egress"), "'lan0' has XDP without")


def test_rule_for_other_interfaces(daemon, ctl):
    config = (MARK % "xdp auto").replace("udp dport", "iifname wan0 udp dport")
    daemon.configure(config)
    done = ctl("reload")
    assert done.status == OK, done.err
    complains(ctl("attach", "wan0"), "'wan0' has XDP without TC ingress")


# --- interfaces in rules ---


PATTERNS = """
interface "*" { xdp generic }
chain ingress {
	policy accept
	lan: iifname "lan*" ip protocol icmp count
	else: iifname != "lan*" ip protocol icmp count
}
"""


def test_patterns_follow_names(sluiced, appliance, client, server):
    daemon = sluiced(PATTERNS).start()

    def counts():
        client.run("ping", "-c1", "-W60", "10.1.0.1")
        server.run("ping", "-c1", "-W60", "10.2.0.1")
        found = daemon.rule("lan"), daemon.rule("else")
        daemon.configure(PATTERNS.replace("lan:", "x:").replace("else:", "y:"))
        daemon.post("/v1/reload")
        daemon.configure(PATTERNS)
        daemon.post("/v1/reload")
        return found

    assert counts() == (1, 1)
    appliance.sh("ip link set wan0 down; ip link set wan0 name lan1; ip link set lan1 up")
    daemon.wait_state("lan1", "attached")
    assert counts() == (2, 0)
    appliance.sh("ip link set lan0 down; ip link set lan0 name in0; ip link set in0 up")
    daemon.wait_state("in0", "attached")
    assert counts() == (1, 1)
    for name in ("lan1", "in0"):
        daemon.post("/v1/detach", {"interface": name})
        daemon.post("/v1/attach", {"interface": name})
    assert counts() == (1, 1)
    daemon.kill()
    daemon.start()
    assert counts() == (1, 1)
