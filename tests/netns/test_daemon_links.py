# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""Interfaces that come, go, change their name or their MTU, and what sluiced makes of it."""

import json

import pytest

from lab import wait_until

CONFIG = """
interface up0     { xdp auto; tc egress }
interface "lan*"  { xdp auto }
interface "*"     { tc ingress }
chain ingress { policy accept }
"""
NAMED = """
interface up0 { xdp auto; tc egress }
interface up1 { xdp generic }
interface "lan*" { xdp auto }
"""


def pair(netns, name, peer="peer0", more=""):
    netns.sh(f"ip link add {name} type veth peer name {peer}; {more}")


def hooks(interface):
    return (interface["xdp"]["mode"], interface["tc"]["ingress"]["attach"],
            interface["tc"]["egress"]["attach"])


def test_created_later_by_name_and_glob(sluiced_bare, bare):
    daemon = sluiced_bare(CONFIG).start()
    assert daemon.interface("up0")["state"] == "absent"
    assert daemon.interface("lan7") is None
    pair(bare, "up0", "lan7")
    assert hooks(daemon.wait_state("up0", "attached")) == ("native", "none", "tcx")
    assert hooks(daemon.wait_state("lan7", "attached")) == ("native", "none", "none")
    pair(bare, "other")
    assert hooks(daemon.wait_state("other", "attached")) == ("off", "tcx", "none")
    # "*" does not mean the loopback interface.
    assert daemon.interface("lo") is None


def test_loopback_by_hand_beside_a_glob(sluiced_bare):
    daemon = sluiced_bare(CONFIG).start()
    assert daemon.post("/v1/attach", {"interface": "lo"})["interface"]["origin"] == "manual"
    daemon.post("/v1/reload")
    assert hooks(daemon.interface("lo")) == ("generic", "none", "none")


def test_clause_that_wants_nothing(sluiced_bare, bare):
    pair(bare, "up0")
    daemon = sluiced_bare("interface up0 { xdp off }").start()
    assert (daemon.interface("up0")["state"], daemon.interface("up0")["origin"]) == ("detached",
                                                                                    "config")
    assert hooks(daemon.post("/v1/attach", {"interface": "up0"})["interface"])[0] == "native"
    daemon.post("/v1/reload")
    assert hooks(daemon.interface("up0"))[0] == "native"


def test_loopback_by_name(sluiced_bare):
    daemon = sluiced_bare("interface lo { xdp generic }").start()
    assert hooks(daemon.interface("lo")) == ("generic", "none", "none")


def test_created_again(sluiced_bare, bare):
    daemon = sluiced_bare(NAMED).start()
    for _ in range(5):
        pair(bare, "up0", "lan1")
        index = bare.ifindex("up0")
        wait_until(lambda: (daemon.interface("up0") or {}).get("ifindex") == index, "the new up0")
        daemon.wait_state("up0", "attached")
        daemon.wait_state("lan1", "attached")
        bare.sh("ip link del up0")
        daemon.wait_state("up0", "absent")
        daemon.wait_state("lan1", None)
    assert not list((daemon.pin_dir / "if").glob("*"))


def test_created_again_while_sluiced_was_away(sluiced_bare, bare):
    daemon = sluiced_bare(NAMED)
    pair(bare, "up0")
    daemon.start()
    daemon.kill()
    bare.sh("ip link del up0")
    pair(bare, "up0")
    daemon.start()
    up0 = daemon.interface("up0")
    assert (up0["state"], up0["ifindex"]) == ("attached", bare.ifindex("up0"))
    assert [p.name for p in (daemon.pin_dir / "if").iterdir()] == [str(up0["ifindex"])]


def test_renamed_to_what_another_clause_names(sluiced_bare, bare):
    daemon = sluiced_bare(NAMED).start()
    pair(bare, "up0")
    before = daemon.wait_state("up0", "attached")
    bare.sh("ip link set up0 name lan3")
    lan3 = daemon.wait_state("lan3", "attached")
    assert (lan3["ifindex"], lan3["slot"]) == (before["ifindex"], before["slot"])
    assert hooks(lan3) == ("native", "none", "none")
    assert daemon.interface("up0")["state"] == "absent"
    bare.sh("ip link set lan3 name up1")
    assert hooks(daemon.wait_state("up1", "attached")) == ("generic", "none", "none")
    bare.sh("ip link set up1 name up0")
    assert hooks(daemon.wait_state("up0", "attached")) == ("native", "none", "tcx")
    assert daemon.get("/v1/stats")["interfaces"][0]["name"] == "up0"


def test_renamed_to_what_nothing_names(sluiced_bare, bare):
    """A packet must not pass unseen because a file speaks of an old name."""
    daemon = sluiced_bare(NAMED).start()
    pair(bare, "up0")
    before = daemon.wait_state("up0", "attached")
    bare.sh("ip link set up0 name eth9")
    eth9 = daemon.wait_state("eth9", "attached")
    assert eth9["origin"] == "adopted"
    assert eth9["xdp"]["program_id"] == before["xdp"]["program_id"]
    assert eth9["tc"] == before["tc"]
    daemon.post("/v1/reload")
    assert daemon.interface("eth9")["state"] == "attached"
    pair(bare, "up0", "peer1")
    daemon.wait_state("up0", "attached")
    bare.sh("ip link del eth9")
    daemon.wait_state("eth9", None)


def test_renamed_while_sluiced_was_away(sluiced_bare, bare):
    daemon = sluiced_bare(NAMED)
    pair(bare, "up0")
    daemon.start()
    daemon.stop()
    bare.sh("ip link set up0 name lan3")
    daemon.start()
    assert hooks(daemon.interface("lan3")) == ("native", "none", "none")
    assert daemon.interface("up0")["state"] == "absent"


def test_two_names_exchanged(sluiced_bare, bare):
    daemon = sluiced_bare(NAMED).start()
    pair(bare, "up0", "up1")
    first = daemon.wait_state("up0", "attached")["ifindex"]
    second = daemon.wait_state("up1", "attached")["ifindex"]
    bare.sh("ip link set up0 name x; ip link set up1 name up0; ip link set x name up1")
    wait_until(lambda: (daemon.interface("up0") or {}).get("ifindex") == second, "up0")
    wait_until(lambda: (daemon.interface("up1") or {}).get("ifindex") == first, "up1")
    assert hooks(daemon.wait_state("up0", "attached")) == ("native", "none", "tcx")
    assert hooks(daemon.wait_state("up1", "attached")) == ("generic", "none", "none")
    assert len(daemon.get("/v1/status")["interfaces"]) == 2


def test_detached_by_hand_follows_a_rename(sluiced_bare, bare):
    daemon = sluiced_bare(NAMED).start()
    pair(bare, "up0")
    daemon.wait_state("up0", "attached")
    daemon.post("/v1/detach", {"interface": "up0"})
    bare.sh("ip link set up0 name lan3")
    daemon.wait_state("lan3", "detached")
    pair(bare, "up0", "peer1")
    daemon.wait_state("up0", "attached")
    # And the name stays detached when its interface is made anew.
    daemon.post("/v1/detach", {"interface": "up0"})
    bare.sh("ip link del up0")
    pair(bare, "up0", "peer1")
    index = bare.ifindex("up0")
    wait_until(lambda: daemon.interface("up0")["ifindex"] == index, "the new up0")
    assert daemon.interface("up0")["state"] == "detached"


def test_attached_by_hand_stays_over_a_restart_as_adopted(sluiced_bare, bare):
    daemon = sluiced_bare("")
    pair(bare, "up0")
    daemon.start()
    daemon.post("/v1/attach", {"interface": "up0", "xdp": "generic", "tc": ["egress"]})
    before = daemon.interface("up0")
    daemon.stop()
    after = daemon.start().interface("up0")
    assert (before["origin"], after["origin"]) == ("manual", "adopted")
    assert hooks(after) == hooks(before) == ("generic", "none", "tcx")
    assert after["xdp"]["program_id"] == before["xdp"]["program_id"]
    # A configuration that names it takes over.
    daemon.configure("interface up0 { tc ingress }")
    daemon.post("/v1/reload")
    up0 = daemon.interface("up0")
    assert (up0["origin"], hooks(up0)) == ("config", ("off", "tcx", "none"))


def test_attached_by_hand_and_created_again(sluiced_bare, bare):
    daemon = sluiced_bare("")
    pair(bare, "up0")
    daemon.start()
    daemon.post("/v1/attach", {"interface": "up0"})
    bare.sh("ip link del up0")
    daemon.wait_state("up0", "absent")
    pair(bare, "up0")
    assert daemon.wait_state("up0", "attached")["origin"] == "manual"
    bare.sh("ip link del up0")
    daemon.wait_state("up0", "absent")
    daemon.post("/v1/detach", {"interface": "up0"})
    assert daemon.interface("up0") is None


def test_taken_out_of_the_configuration(sluiced_bare, bare):
    daemon = sluiced_bare(NAMED)
    pair(bare, "up0", "lan1")
    daemon.start()
    daemon.configure('interface "lan*" { tc ingress }')
    daemon.post("/v1/reload")
    assert daemon.interface("up0") is None
    assert hooks(daemon.interface("lan1")) == ("off", "tcx", "none")
    assert "xdp" not in bare.sh("ip link show up0")


def test_native_refused_is_retried_when_the_interface_changes(sluiced_bare, bare):
    """A tap has no native XDP above some MTU; the error is shown, logged once, and then gone."""
    daemon = sluiced_bare("interface lo { xdp native }").start()
    lo = daemon.interface("lo")
    assert lo["state"] == "failed" and "native" in lo["error"]
    for mtu in (1500, 1400, 65536):
        bare.sh(f"ip link set lo mtu {mtu}")
    wait_until(lambda: daemon.interface("lo")["mtu"] == 65536, "the MTU")
    assert daemon.log().count("in native mode failed") == 1
    answer = daemon.post("/v1/reload")
    assert answer["failed"] == [{"name": "lo", "error": lo["error"]}]
    daemon.configure("interface lo { xdp auto }")
    assert daemon.post("/v1/reload")["failed"] == []
    assert (daemon.interface("lo")["state"], daemon.interface("lo")["error"]) == ("attached", None)


def test_mtu(sluiced, appliance):
    daemon = sluiced("interface lan0 { xdp auto; tc ingress, egress }").start()
    before = daemon.interface("lan0")
    assert (before["mtu"], before["xdp"]["mode"], before["xdp"]["frags"]) == (9000, "native", True)
    for mtu in (1500, 9000, 60000):
        appliance.sh(f"ip link set lan0 mtu {mtu}")
        wait_until(lambda: daemon.interface("lan0")["mtu"] == mtu, f"MTU {mtu}")
        assert daemon.wait_state("lan0", "attached")["xdp"]["mode"] == "native"


def test_program_taken_away_comes_back(sluiced_bare, bare):
    daemon = sluiced_bare(NAMED)
    # The kernel reports it for an interface that is up.
    pair(bare, "up0", more="ip link set up0 up")
    daemon.start()
    before = daemon.interface("up0")["xdp"]
    assert before["mode"] == "native"
    bare.sh("ip link set dev up0 xdp off")
    wait_until(lambda: daemon.interface("up0")["xdp"]["attach"] != "none", "the program")
    assert daemon.interface("up0")["xdp"]["mode"] == "native"
    assert json.loads(bare.sh("ip -j link show up0"))[0]["xdp"]["prog"]["id"]


def test_program_taken_away_is_seen(sluiced_bare, bare):
    daemon = sluiced_bare(NAMED)
    pair(bare, "up0")
    daemon.start()
    bare.sh("ip link set dev up0 xdp off")
    up0 = daemon.wait_state("up0", "failed")
    assert "something else" in up0["error"]
    daemon.post("/v1/reload")
    assert daemon.interface("up0")["state"] == "attached"
    program = daemon.interface("up0")["tc"]["egress"]["program_id"]
    (link,) = [entry["id"] for entry in json.loads(bare.sh("bpftool -j link show"))
               if entry["prog_id"] == program]
    bare.sh(f"bpftool link detach id {link}")
    assert daemon.interface("up0")["error"].startswith("tc: something else")
    daemon.hup()
    assert daemon.interface("up0")["tc"]["egress"]["attach"] == "tcx"


def test_lost_reports(sluiced_bare, bare):
    """More reports than the socket holds: all interfaces are read anew, and none is forgotten."""
    daemon = sluiced_bare('interface "few*" { tc ingress }').start()
    daemon.process.send_signal(19)  # SIGSTOP, so that reports pile up
    batch = "link add first type veth peer name second\n"
    batch += "".join(f"link set first mtu {1400 + n % 2}\n" for n in range(10000))
    batch += "link add few0 type veth peer name few1\n"
    batch += "link set first name fewer\nlink set second name other\n"
    bare.run("ip", "-batch", "-", input=batch, timeout=300)
    daemon.process.send_signal(18)
    daemon.wait_state("few0", "attached")
    daemon.wait_state("few1", "attached")
    assert daemon.wait_state("fewer", "attached")["ifindex"] == bare.ifindex("fewer")
    # And stays so: reports from before the loss are not believed any more.
    bare.sh("ip link set few0 mtu 1300")
    wait_until(lambda: daemon.interface("few0")["mtu"] == 1300, "the MTU")
    assert sorted(i["name"] for i in daemon.get("/v1/status")["interfaces"]) == ["few0", "few1",
                                                                                 "fewer"]
    assert "reports were lost" in daemon.log()


@pytest.mark.parametrize("config", ["", 'interface "*" { xdp auto; tc ingress, egress }'])
def test_quiet_when_nothing_happens(sluiced_bare, bare, config):
    """What we attach is reported to us; that must not lead to attaching, and so on for ever."""
    daemon = sluiced_bare(config)
    pair(bare, "up0", more="ip link set up0 up; ip link set peer0 up")
    daemon.start()

    def cpu():
        with open(f"/proc/{daemon.process.pid}/stat", encoding="ascii") as file:
            fields = file.read().rsplit(") ")[1].split()
        return int(fields[11]) + int(fields[12])

    def settled():
        before = cpu()
        bare.sh("sleep 1")
        return cpu() - before <= 5  # of 100 ticks

    wait_until(settled, "an idle daemon")
    programs = daemon.get("/v1/status")["interfaces"]
    assert settled()
    assert daemon.get("/v1/status")["interfaces"] == programs
