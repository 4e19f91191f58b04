# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""reload --confirm: what nobody confirms goes, whatever ends in between."""

import os
import pty
import select
import signal
import threading
import time

import pytest

from ctl import FAILED, OK, USAGE, complains
from lab import PATIENCE, SLUICECTL, Refused, wait_until

BEFORE = """
interface lan0 { xdp auto }
chain ingress {
	policy accept
	stays: ip protocol icmp accept
	telnet: tcp dport 23 drop
}
"""
AFTER = """
interface lan0 { tc ingress }
interface wan0 { xdp auto }
chain ingress {
	policy drop
	stays: ip protocol icmp accept
	web: tcp dport 80 accept
}
"""
THIRD = BEFORE.replace("telnet: tcp dport 23", "ftp: tcp dport 21")


@pytest.fixture
def daemon(sluiced):
    return sluiced(BEFORE).start()


def source(daemon):
    return daemon.get("/v1/rules")["source"]


def pending(daemon):
    return daemon.get("/v1/status")["pending"]


def is_before(daemon):
    return "telnet" in source(daemon) and "web" not in source(daemon)


def check_before(daemon):
    """Rules, text and attachments are as they were."""
    assert is_before(daemon)
    assert pending(daemon) is None
    assert daemon.interface("lan0")["xdp"]["mode"] == "native"
    assert daemon.interface("lan0")["tc"]["ingress"]["attach"] == "none"
    assert daemon.interface("wan0") is None


def put(daemon, seconds, config=AFTER):
    daemon.configure(config)
    answer = daemon.post("/v1/reload", {"confirm": seconds})
    assert answer["pending"]["seconds"] == seconds
    assert 0 < answer["pending"]["left"] <= seconds
    assert answer["pending"]["generation"] == answer["ruleset"]["generation"]
    return answer


def test_in_force_at_once_and_taken_back(daemon, client):
    check_before(daemon)
    client.run("ping", "-c3", "-i0.05", "-W60", "10.1.0.1")
    put(daemon, 15)
    assert "web" in source(daemon) and daemon.rule("stays") == 3
    assert daemon.interface("lan0")["tc"]["ingress"]["attach"] == "tcx"
    assert daemon.interface("wan0")["xdp"]["mode"] == "native"
    client.run("ping", "-c2", "-i0.05", "-W60", "10.1.0.1")
    wait_until(lambda: pending(daemon) is None, "the end of the probation")
    check_before(daemon)
    assert daemon.rule("stays") == 5
    assert "not confirmed within 15 s" in daemon.log()


def test_confirmed(daemon, ctl):
    put(daemon, 15)
    done = ctl("confirm")
    assert done.status == OK and done.out.startswith("confirmed: rule set ")
    time.sleep(15.3)
    assert "web" in source(daemon) and pending(daemon) is None
    complains(ctl("confirm"), "nothing waits for a confirmation")
    daemon.kill()
    daemon.start()
    assert "web" in source(daemon)


def test_undone_at_once(daemon, ctl):
    put(daemon, 1000)
    done = ctl("confirm", "--undo")
    assert done.status == OK and "the configuration before is in force again" in done.out
    check_before(daemon)


def test_status_shows_it(daemon, ctl):
    generation = put(daemon, 1000)["ruleset"]["generation"]
    assert f"rule set {generation} waits for 'sluicectl confirm': in " in ctl("status").out
    shown = ctl("status", "--json").json()["pending"]
    assert shown["generation"] == generation and 0 < shown["left"] <= 1000


def test_second_reload_is_refused(daemon, ctl):
    put(daemon, 1000)
    daemon.configure(THIRD)
    for args in (["reload"], ["reload", "--confirm", "5"]):
        complains(ctl(*args), "waits for a confirmation (", "s left)", "sluicectl confirm")
    daemon.hup()
    assert "not reloaded, as rule set" in daemon.log()
    assert "web" in source(daemon) and "ftp" not in source(daemon)
    ctl("confirm", "--undo")
    assert ctl("reload").status == OK
    assert "ftp" in source(daemon)


def test_other_rule_set_is_not_confirmed(daemon):
    generation = put(daemon, 1000)["ruleset"]["generation"]
    with pytest.raises(Refused) as refused:
        daemon.post("/v1/confirm", {"generation": generation - 1})
    assert refused.value.status == 409
    daemon.post("/v1/confirm", {"generation": generation})
    assert pending(daemon) is None


@pytest.mark.parametrize("body", [{"confirm": 0}, {"confirm": "30s"}, {"confirm": 86401},
                                  {"confirm": 1.5}, {"confirm": True}])
def test_bad_requests(daemon, body):
    with pytest.raises(Refused) as refused:
        daemon.post("/v1/reload", body)
    assert refused.value.status == 400 and '"confirm"' in refused.value.body["error"]


@pytest.mark.parametrize("text", ["", "0", "-5", "1d", "2 m", "30sec", "86401", "25h", "m"])
def test_bad_durations(ctl, text):
    complains(ctl("reload", "--confirm", text), "--confirm cannot be", status=USAGE)


@pytest.mark.parametrize("text, seconds", [("90", 90), ("30s", 30), ("2m", 120), ("1h", 3600)])
def test_durations(daemon, ctl, text, seconds):
    done = ctl("reload", "--confirm", text)
    assert done.status == OK and "unless 'sluicectl confirm' keeps this one" in done.out
    assert pending(daemon)["seconds"] == seconds


def test_errors_change_nothing(daemon):
    daemon.configure("chain ingress { policy dorp }")
    with pytest.raises(Refused) as refused:
        daemon.post("/v1/reload", {"confirm": 5})
    assert refused.value.status == 422
    check_before(daemon)


def test_by_hand_holds_over_it(daemon, ctl):
    put(daemon, 1000)
    assert ctl("detach", "lan0").status == OK
    ctl("confirm", "--undo")
    assert is_before(daemon) and daemon.interface("lan0")["state"] == "detached"


def test_detach_all_ends_it(daemon, ctl, appliance):
    put(daemon, 1000)
    assert ctl("detach", "--all", "-p", daemon.pin_dir).status == OK
    assert pending(daemon) is None and not daemon.pin_dir.exists()
    with pytest.raises(Refused) as refused:
        daemon.post("/v1/reload", {"confirm": 5})
    assert refused.value.status == 409
    assert ctl("attach", "lan0").status == OK
    assert is_before(daemon)


# --- sluiced ends ---


def test_killed_while_it_waits(daemon):
    put(daemon, 1000)
    daemon.kill()
    daemon.start()
    check_before(daemon)
    assert "was not confirmed, the one before is in force" in daemon.log()


def test_stopped_while_it_waits(daemon, client):
    """The rules before are in force while no sluiced runs, and when one runs again."""
    client.run("ping", "-c1", "-W60", "10.1.0.1")
    put(daemon, 1000, AFTER.replace("stays: ip protocol icmp accept", ""))
    assert client.run("ping", "-c1", "-W1", "10.1.0.1", check=False).returncode
    assert daemon.stop() == 0
    client.run("ping", "-c1", "-W60", "10.1.0.1")
    daemon.start()
    check_before(daemon)


def test_restart_does_not_bring_what_was_refused(daemon):
    put(daemon, 1)
    wait_until(lambda: is_before(daemon), "the configuration before")
    for end in (daemon.kill, daemon.stop):
        end()
        daemon.start()
        check_before(daemon)
    # Asked for, it comes; and stays.
    daemon.post("/v1/reload")
    assert "web" in source(daemon)
    daemon.kill()
    daemon.start()
    assert "web" in source(daemon)


def test_restart_takes_another_file(daemon):
    put(daemon, 1000)
    daemon.kill()
    daemon.start()
    daemon.configure(THIRD)
    daemon.kill()
    daemon.start()
    assert "ftp" in source(daemon)


def test_start_with_a_broken_file_while_it_waits(daemon):
    put(daemon, 1000)
    daemon.kill()
    daemon.configure("chain ingress { policy dorp }")
    daemon.start()
    check_before(daemon)
    daemon.stop()
    assert daemon.spawn().wait() == 1, "nothing waits any more, so the file counts"


# --- the prompt ---


class Terminal:
    """sluicectl reload --confirm on a terminal."""

    def __init__(self, daemon, netns, seconds):
        self.fd, theirs = pty.openpty()
        self.process = netns.popen(SLUICECTL, "-s", daemon.socket, "reload", "--confirm", seconds,
                                   stdin=theirs, stdout=theirs, stderr=theirs,
                                   start_new_session=True, env=dict(os.environ, LC_ALL="C.UTF-8"))
        os.close(theirs)
        self.text = ""
        self.left = False
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        while not self.left:
            try:
                if select.select([self.fd], [], [], 0.02)[0]:
                    self.text += os.read(self.fd, 4096).decode()
            except OSError:
                return

    def hang_up(self):
        """Nobody is at the other end any more."""
        self.left = True
        self.reader.join()
        os.close(self.fd)

    def prompt(self, count=1):
        wait_until(lambda: self.text.count("keep it?") >= count, "the prompt")

    def type(self, text):
        os.write(self.fd, text.encode())

    def wait(self):
        return self.process.wait(PATIENCE)

    def close(self):
        self.process.kill()
        self.process.wait()
        if not self.left:
            self.hang_up()


@pytest.fixture
def terminal(daemon, appliance):
    made = []

    def make(seconds="600s"):
        daemon.configure(AFTER)
        made.append(Terminal(daemon, appliance, seconds))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.mark.parametrize("keys", ["\n", "y\n", "yes\n", "Y\n"])
def test_prompt_keeps(daemon, terminal, keys):
    shown = terminal()
    shown.prompt()
    shown.type(keys)
    assert shown.wait() == OK
    wait_until(lambda: "confirmed: rule set" in shown.text, "the answer")
    assert pending(daemon) is None and "web" in source(daemon)


def test_prompt_takes_back(daemon, terminal):
    shown = terminal()
    shown.prompt()
    shown.type("what?\n")
    shown.prompt(2)
    shown.type("n\n")
    assert shown.wait() == OK
    check_before(daemon)


def test_prompt_without_an_answer(daemon, terminal):
    shown = terminal("1s")
    assert shown.wait() == FAILED
    wait_until(lambda: "not confirmed" in shown.text, "the end")
    wait_until(lambda: is_before(daemon), "the configuration before")


def test_what_was_typed_ahead_confirms_nothing(daemon, terminal, appliance):
    daemon.process.send_signal(signal.SIGSTOP)
    shown = terminal("1s")
    shown.type("\n\n\n")
    time.sleep(0.3)
    daemon.process.send_signal(signal.SIGCONT)
    assert shown.wait() == FAILED
    wait_until(lambda: is_before(daemon), "the configuration before")


def test_terminal_goes_away(daemon, terminal):
    shown = terminal("15s")
    shown.prompt()
    shown.hang_up()
    assert shown.wait() != OK
    assert pending(daemon) is not None
    wait_until(lambda: is_before(daemon), "the configuration before")
    check_before(daemon)


# --- a reload is no reason to keep others waiting ---


MANY = "interface lan0 {{ xdp auto }}\nchain ingress {{ policy accept\n{} }}\n"


def many(count, first=0):
    return MANY.format("\n".join(
        f"r{first + i}: ip saddr 10.{i >> 16}.{i >> 8 & 255}.{i & 255} tcp dport {i % 60000 + 1} drop"
        for i in range(count)))


def test_answers_while_it_compiles(sluiced):
    daemon = sluiced(BEFORE, env={"WATCHDOG_USEC": "100000"}).start()
    daemon.configure(many(100000))
    result = []
    reload = threading.Thread(target=lambda: result.append(daemon.request("POST", "/v1/reload", {})))
    reload.start()
    answers = 0
    while reload.is_alive():
        daemon.get("/v1/status")
        answers += 1
    assert result[0][0] == 200 and result[0][1]["ruleset"]["rules"] == 100002
    # One may have come before the reload, and one waits where the reload is waited for.
    assert answers > 3


def test_changes_wait_for_each_other(sluiced):
    daemon = sluiced(many(30000)).start()
    daemon.configure(many(30000, 7))
    answers = []

    def post(path, body):
        answers.append(daemon.request("POST", path, body))

    threads = [threading.Thread(target=post, args=args)
               for args in [("/v1/reload", {})] * 3 + [("/v1/attach", {"interface": "wan0"}),
                                                       ("/v1/detach", {"interface": "lan0"})]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [status for status, _ in answers] == [200] * 5
    assert daemon.interface("wan0")["state"] == "attached"
    assert daemon.interface("lan0")["state"] == "detached"
    assert daemon.get("/v1/status")["ruleset"]["generation"] == 4


def test_client_leaves_while_it_compiles(sluiced):
    daemon = sluiced(BEFORE).start()
    daemon.configure(many(50000))
    connection = daemon.connect()
    connection.request("POST", "/v1/reload", b"{}")
    time.sleep(0.05)
    connection.close()
    wait_until(lambda: daemon.get("/v1/status")["ruleset"]["rules"] == 50002, "the new rules")


@pytest.mark.parametrize("end", ["stop", "kill"])
def test_end_while_it_compiles(sluiced, end):
    daemon = sluiced(BEFORE).start()

    def ended_before_it_was_done():
        generation = daemon.get("/v1/status")["ruleset"]["generation"]
        daemon.configure(many(100000))
        raw = daemon.raw()
        raw.sendall(b"POST /v1/reload HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        time.sleep(0.1)
        assert getattr(daemon, end)() in (0, -9)
        raw.close()
        daemon.configure(BEFORE)
        daemon.start()
        assert is_before(daemon)
        made = daemon.get("/v1/status")["ruleset"]["generation"] - generation
        assert made in (1, 2)
        return made == 1

    # Where this test had to wait for its turn, the reload may have been faster.
    wait_until(ended_before_it_was_done, "an end in the middle")


def test_hup_while_it_compiles(sluiced):
    """The file as it is after the signal is what comes into force."""
    daemon = sluiced(BEFORE).start()
    daemon.configure(many(50000))
    daemon.process.send_signal(signal.SIGHUP)
    time.sleep(0.05)
    daemon.configure(THIRD)
    daemon.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "ftp" in source(daemon), "the second file")
