# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""What would cut the SSH session that gives the command is refused first."""

import os
import subprocess

import pytest

from ctl import FAILED, OK, complains, ctl_of
from lab import PATIENCE, SLUICECTL, wait_until

OPEN = """
interface lan0 { xdp auto; tc egress }
chain ingress { policy accept }
"""
NO_SSH = """interface lan0 { xdp auto; tc egress }
chain ingress {
	policy accept
	ping: ip protocol icmp accept
	no-ssh: tcp dport 22 drop
}
"""
SESSION = "10.1.0.2 40000 10.1.0.1 22"
SESSION6 = "fd00:1::2 40000 fd00:1::1 22"


@pytest.fixture
def daemon(sluiced):
    return sluiced(OPEN).start()


@pytest.fixture
def ctl(daemon, appliance):
    def run(*args, session=SESSION, **kwargs):
        env = {"SSH_CONNECTION": session} if session else {}
        return ctl_of(daemon, appliance)(*args, env=env, **kwargs)
    return run


def generation(daemon):
    return daemon.get("/v1/status")["ruleset"]["generation"]


def refused(daemon, done, *words):
    before = generation(daemon)
    complains(done, "refused: ", "would cut the SSH session of this command", "--force", *words)
    assert generation(daemon) == before


@pytest.mark.parametrize("session, where", [(SESSION, "10.1.0.2:40000 > 10.1.0.1:22, by lan0"),
                                            (SESSION6, "[fd00:1::2]:40000 > [fd00:1::1]:22, by lan0"),
                                            ("::ffff:10.1.0.2 40000 ::ffff:10.1.0.1 22", "by lan0")])
def test_rule(daemon, ctl, session, where):
    daemon.configure(NO_SSH)
    refused(daemon, ctl("reload", session=session), "rule 'no-ssh'",
            f"({daemon.config}:5) of chain ingress says drop", where)
    refused(daemon, ctl("reload", "--confirm", "30s", session=session), "rule 'no-ssh'")
    assert ctl("reload", "--force", session=session).status == OK
    assert "no-ssh" in daemon.get("/v1/rules")["source"]


@pytest.mark.parametrize("rules, words", [
    ("chain ingress { policy drop }", "policy 'drop'"),
    ("chain ingress { policy accept; a: tcp flags & (syn|ack) == syn accept; b: tcp drop }", "'b'"),
    ("chain egress { policy accept; answers: tcp sport 22 drop }", "of chain egress"),
    ("chain ingress { policy accept; ip saddr 10.1.0.0/24 drop }", "'ingress#1'"),
])
def test_more_rules(daemon, ctl, rules, words):
    daemon.configure(f"interface lan0 {{ xdp auto; tc egress }}\n{rules}")
    refused(daemon, ctl("reload"), words)


@pytest.mark.parametrize("config", [
    # An SSH session that runs has an ACK in each packet.
    OPEN + "chain egress { new: tcp flags & (syn|ack) == syn drop }",
    NO_SSH.replace("dport 22", "dport 22 tcp sport 40001"),
    NO_SSH.replace("lan0", "wan0"),
    NO_SSH.replace("xdp auto; tc egress", "xdp off; tc egress"),
    "chain ingress { policy drop }",
    'interface "*" { tc egress }\nchain ingress { policy drop }',
])
def test_what_lets_it_pass(daemon, ctl, config):
    daemon.configure(config)
    done = ctl("reload")
    assert done.status == OK, done.err


@pytest.mark.parametrize("session", [None, "", "nonsense", "10.1.0.2 0 10.1.0.1 22",
                                     "10.1.0.2 40000 10.2.0.2 22", "10.1.0.2 40000 fd00:1::1 22",
                                     "127.0.0.1 40000 127.0.0.1 22"])
def test_no_session_by_an_interface_of_ours(daemon, ctl, session):
    daemon.configure(NO_SSH)
    done = ctl("reload", session=session)
    assert done.status == OK, done.err


def test_errors_of_the_file_are_the_answer(daemon, ctl):
    daemon.configure("chain ingress { policy dorp }")
    done = ctl("reload")
    assert done.status == FAILED and "did you mean 'drop'?" in done.err
    assert "refused" not in done.err


def test_by_hand_counts(daemon, ctl):
    """What is attached by hand stays so, whatever the file says."""
    assert ctl("attach", "lan0", "--xdp", "generic").status == OK
    daemon.configure(NO_SSH.replace("xdp auto; tc egress", "tc egress"))
    refused(daemon, ctl("reload"), "no-ssh")
    assert ctl("detach", "lan0").status == OK
    assert ctl("reload").status == OK


STACKS = {
    "vlan": ("ip link add up0 link lan0 type vlan id 9", "vlan id 9"),
    "bridge": ("ip link add up0 type bridge; ip addr del 10.1.0.1/24 dev lan0;"
               "ip link set lan0 master up0", "not vlan"),
    "vlan on a bridge": ("ip link add br0 type bridge; ip link set br0 up; ip link set lan0 master br0;"
                         "ip link add up0 link br0 type vlan id 9", "vlan id 9"),
    "two tags": ("ip link add mid0 link lan0 type vlan id 7; ip link set mid0 up;"
                 "ip link add up0 link mid0 type vlan id 9", "vlan id 7 cvlan id 9"),
}


@pytest.mark.parametrize("stack", STACKS)
def test_what_is_below_counts(daemon, ctl, appliance, stack):
    script, match = STACKS[stack]
    if "type vlan" in script and appliance.run(
            *"ip link add probe0 link lan0 type vlan id 1".split(), check=False).returncode:
        pytest.skip("this kernel has no VLAN devices")
    appliance.sh(script + "; ip addr add 10.7.0.1/24 dev up0; ip link set up0 up")
    session = "10.7.0.2 40000 10.7.0.1 22"
    daemon.configure(NO_SSH.replace("no-ssh:", f"no-ssh: {match}"))
    refused(daemon, ctl("reload", session=session), "rule 'no-ssh'", "by lan0")
    daemon.configure(NO_SSH.replace("no-ssh:", "no-ssh: vlan id 8"))
    assert ctl("reload", session=session).status == OK


def test_attach(daemon, ctl):
    daemon.configure(NO_SSH.replace("interface lan0 { xdp auto; tc egress }", ""))
    assert ctl("reload").status == OK
    assert ctl("attach", "wan0").status == OK
    for options in ([], ["--xdp", "native"], ["--xdp", "off", "--tc", "ingress"]):
        refused(daemon, ctl("attach", "lan0", *options), "rule 'no-ssh'", "by lan0")
    assert ctl("attach", "lan0", "--xdp", "off", "--tc", "egress").status == OK
    assert ctl("attach", "lan0", "--force").status == OK


def test_attach_after_all_was_detached(daemon, ctl):
    assert ctl("detach", "--all", "-p", daemon.pin_dir).status == OK
    daemon.configure(NO_SSH)
    complains(ctl("attach", "lan0"), "refused: ", "no-ssh")


# --- a session that is really there ---

SERVER = """
import ctypes, os, socket, sys
six = sys.argv[1] != "4"
listener = socket.create_server(("::" if six else "10.1.0.1", 22), dualstack_ipv6=six,
                                family=socket.AF_INET6 if six else socket.AF_INET)
print("ready", flush=True)
session, _ = listener.accept()
listener.close()
ctypes.CDLL(None).prctl(15, sys.argv[2].encode(), 0, 0, 0)
pid = os.fork()
if not pid:
    os.close(session.fileno())  # as sudo and a shell, which have it not
    os.environ.pop("SSH_CONNECTION", None)
    done = os.spawnvp(os.P_WAIT, sys.argv[3], sys.argv[3:])
    os._exit(done)
os._exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


def by_session(appliance, client, daemon, family, name, *args):
    """Runs sluicectl as a grandchild of a process with that name, which has a TCP session."""
    server = appliance.python(SERVER, family, name, SLUICECTL, "-s", str(daemon.socket), *args,
                              stderr=subprocess.PIPE,
                              env={k: v for k, v in os.environ.items() if k != "SSH_CONNECTION"})
    assert server.stdout.readline() == "ready\n"
    address = {"4": "10.1.0.1", "6": "fd00:1::1", "mapped": "10.1.0.1"}[family]
    with client.python(f"import socket, time\n"
                       f"s = socket.create_connection(('{address}', 22)); time.sleep(600)") as peer:
        _, err = server.communicate(timeout=2 * PATIENCE)
        peer.kill()
    return server.returncode, err


@pytest.mark.parametrize("family", ["4", "6", "mapped"])
def test_session_of_an_ancestor(daemon, appliance, client, family):
    daemon.configure(NO_SSH)
    status, err = by_session(appliance, client, daemon, family, "sshd-session", "reload")
    assert status == FAILED and "rule 'no-ssh'" in err and ":22, by lan0" in err
    daemon.configure(NO_SSH.replace("dport 22", "dport 23"))
    status, err = by_session(appliance, client, daemon, family, "sshd", "reload")
    assert (status, err) == (OK, "")


def test_session_of_another_program(daemon, appliance, client):
    daemon.configure(NO_SSH)
    assert by_session(appliance, client, daemon, "4", "python3", "reload") == (OK, "")


def test_it_was_right(daemon, ctl, appliance, client):
    """What the guard refuses does cut a session, and what it lets pass does not."""
    server = appliance.python("import socket\n"
                              "l = socket.create_server(('10.1.0.1', 22)); print('r', flush=True)\n"
                              "s, _ = l.accept()\n"
                              "while s.recv(1): print('got', flush=True)")
    assert server.stdout.readline() == "r\n"
    with client.popen("python3", "-c", "import socket, sys\n"
                      "s = socket.create_connection(('10.1.0.1', 22))\n"
                      "for _ in sys.stdin: s.send(b'x')\n",
                      stdin=subprocess.PIPE, text=True) as peer:
        def send():
            peer.stdin.write("\n")
            peer.stdin.flush()
        send()
        assert server.stdout.readline() == "got\n"
        daemon.configure(NO_SSH)
        refused(daemon, ctl("reload"))
        send()
        assert server.stdout.readline() == "got\n"
        assert ctl("reload", "--force").status == OK
        send()
        wait_until(lambda: daemon.rule("no-ssh"), "a packet that is dropped")
        peer.kill()
    server.kill()
    server.wait()
