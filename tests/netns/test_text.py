# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""lint, diff and show: what sluicectl says of texts, and with which status."""

import pytest

from ctl import FAILED, OK, complains, sluicectl
from lab import TOP

CLEAN = """chain ingress {
	policy accept
	web: tcp dport 80 drop
	dns: udp dport 53 accept
}
"""
SHADOWED = CLEAN.replace("web:", "all: tcp drop\n\tweb:")


@pytest.fixture
def write(tmp_path):
    def to(name, text):
        path = tmp_path / name
        path.write_text(text)
        return path
    return to


def test_lint_of_a_clean_file(write):
    path = write("x.conf", CLEAN)
    done = sluicectl("lint", path)
    assert (done.status, done.out, done.err) == (OK, f"{path}: nothing found\n", "")
    assert sluicectl("lint", path, "--json").json() == []
    assert sluicectl("lint", "-", input=CLEAN).out == "<stdin>: nothing found\n"


def test_lint_finds(write):
    path = write("x.conf", SHADOWED)
    done = sluicectl("lint", path)
    assert done.status == FAILED and f"{path}:4:" in done.out and "warning" in done.out
    (found,) = sluicectl("lint", path, "--json").json()
    assert (found["file"], found["line"], found["severity"]) == (str(path), 4, "warning")


def test_lint_of_a_broken_file(write):
    done = sluicectl("lint", write("x.conf", "chain ingress { policy dorp }"))
    assert done.status == FAILED and "did you mean 'drop'" in done.out


@pytest.mark.parametrize("name", sorted(path.name for path in (TOP / "configs").glob("*.conf")))
def test_shipped_files_are_clean(name):
    done = sluicectl("lint", TOP / "configs" / name)
    assert done.status == OK, done.out


def test_diff(write):
    old, new = write("a.conf", CLEAN), write("b.conf", CLEAN.replace("80", "81") + "on llc drop\n")
    assert sluicectl("diff", old, old).out == ""
    assert sluicectl("diff", old, old).status == OK
    done = sluicectl("diff", old, new)
    assert done.status == FAILED and done.err == ""
    assert any(line.startswith("-") and "dport 80" in line for line in done.out.splitlines())
    assert any(line.startswith("+") and "dport 81" in line for line in done.out.splitlines())
    lines = sluicectl("diff", old, new, "--json").lines()
    assert {(line["change"], line["what"], line["name"]) for line in lines} == {
        ("changed", "rule", "web"), ("changed", "reason", "llc")}
    assert sluicectl("diff", "-", new, input=CLEAN).out == done.out


def test_diff_means_what_the_rules_mean(write):
    old = write("a.conf", CLEAN)
    new = write("b.conf", "define w = 80\n" + CLEAN.replace("dport 80", "dport $w"))
    assert sluicectl("diff", old, new).status == OK


def test_diff_running(sluiced, write):
    daemon = sluiced(CLEAN).start()
    path = write("x.conf", CLEAN)
    assert sluicectl("-s", daemon.socket, "diff", "running", path).status == OK
    path.write_text(SHADOWED)
    done = sluicectl("-s", daemon.socket, "diff", "running", path)
    assert done.status == FAILED and "all" in done.out
    complains(sluicectl("-s", daemon.run_dir / "none", "diff", "running", path), "cannot reach")


def test_diff_of_a_broken_file(write):
    done = sluicectl("diff", write("a.conf", CLEAN), write("b.conf", "chain"))
    assert done.status == FAILED and "b.conf is not usable" in done.err and done.out == ""


@pytest.mark.parametrize("path", sorted((TOP / "configs").glob("*.conf"))
                         + sorted((TOP / "tests/data/good").glob("*.conf")), ids=lambda p: p.name)
def test_show_is_read_back_equal(path, write):
    shown = sluicectl("show", path)
    assert shown.status == OK, shown.err
    again = write("again.conf", shown.out)
    assert sluicectl("show", again).out == shown.out
    done = sluicectl("diff", path, again)
    assert (done.status, done.out) == (OK, ""), done.out


def test_show_running(sluiced):
    daemon = sluiced("interface nothing { xdp auto }\n" + CLEAN).start()
    done = sluicectl("-s", daemon.socket, "show")
    assert done.status == OK and done.out == daemon.get("/v1/rules")["source"]
    assert sluicectl("-s", daemon.socket, "show", "--json").json() == {"source": done.out}
    daemon.post("/v1/detach", {"all": True})
    complains(sluicectl("-s", daemon.socket, "show"), "no rules run")
