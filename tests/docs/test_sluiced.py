# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""sluiced(8) and docs/api.md say what the program does."""

import re
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent.parent.parent
MAN = (TOP / "docs" / "man" / "sluiced.8").read_text()
API = (TOP / "docs" / "api.md").read_text()
API_C = (TOP / "ctl" / "daemon" / "api.c").read_text()
SLUICED = TOP / "build" / "sluiced"


@pytest.fixture(scope="module")
def help_text():
    return subprocess.run([SLUICED, "--help"], capture_output=True, text=True, check=True).stdout


def test_every_option_is_in_the_manual(help_text):
    options = re.findall(r"^  -(\w), --([\w-]+)( [A-Z]+)?", help_text, re.M)
    assert len(options) == 7
    documented = re.findall(r"^\.It Fl (\w)(?: Ar \w+)? , Fl -([\w-]+)(?: Ar (\w+))?$", MAN, re.M)
    assert [(o[0], o[1], o[2].strip().lower().replace("dir", "directory")) for o in options] == documented


def test_defaults_are_in_the_manual(help_text):
    defaults = re.findall(r"\((/[\w./]+|sluice)\)$", help_text, re.M)
    assert len(defaults) == 4
    for default in defaults:
        assert re.search(rf"^\.(Pa|Li) {default}$", MAN, re.M), default


def test_exit_statuses_are_in_the_manual():
    section = MAN.split(".Sh EXIT STATUS")[1].split(".Sh ")[0]
    assert re.findall(r"^\.It (\d+)$", section, re.M) == ["0", "1", "2"]


def routes():
    found = re.findall(r'\{ "(\w+)", "(/v1/[\w/]*)", \w+, (true|false),\s+"([^"]+)" \}', API_C)
    assert len(found) >= 7
    return found


@pytest.mark.parametrize("method, path, changes, words", routes(), ids=[r[1] for r in routes()])
def test_every_request_is_in_the_api(method, path, changes, words):
    who = "root" if changes == "true" else "group"
    assert f"| `{method} {path}` | {who} | {words} |" in API
    assert f"\n## {method} {path}\n" in API


def test_the_api_has_no_other_requests():
    assert len(re.findall(r"^## (GET|POST) /v1/", API, re.M)) == len(routes())


def test_messages_of_the_manual_are_those_of_the_program():
    """What DIAGNOSTICS quotes is in the source, but for the parts in capitals."""
    source = "".join(path.read_text() for path in (TOP / "ctl").glob("d*/*.c"))
    quoted = re.findall(r"^\.It (.+ .+)$", MAN.split(".Sh DIAGNOSTICS")[1], re.M)
    assert len(quoted) >= 5
    for message in quoted:
        for part in re.split(r"'?[A-Z]{3,}'?|\.\.\.|: ", message):
            assert part.strip(": ") in source, part
