# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""What sluicectl takes is in its man page and in its completion, and they know nothing else."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent.parent.parent
BUILD = Path(os.environ.get("SLUICE_BUILD", TOP / "build"))
SLUICECTL = os.environ.get("SLUICECTL", str(BUILD / "sluicectl"))
MAN = TOP / "docs/man/sluicectl.8"
COMPLETION = TOP / "packaging/completion/sluicectl"


def output(*args, **kwargs):
    return subprocess.run([*map(str, args)], check=True, capture_output=True, text=True,
                          **kwargs).stdout


KNOWN = json.loads(output(SLUICECTL, "commands", "--json"))
GLOBAL = KNOWN["options"]
COMMANDS = {command["name"]: command for command in KNOWN["commands"]}


def spellings(option):
    yield "--" + option["name"]
    if option["letter"]:
        yield "-" + option["letter"]


@pytest.fixture(scope="module")
def page():
    """The man page as read: plain text on long lines."""
    text = output("mandoc", "-T", "utf8", "-O", "width=400", MAN)
    return re.sub(".\b", "", text).replace("‐", "-").replace("−", "-")


def test_table_is_whole():
    assert {"attach", "detach", "status", "stats", "rules", "check", "reload", "probe",
            "replay"} <= COMMANDS.keys()
    for command in COMMANDS.values():
        for option in [*GLOBAL, *command["options"]]:
            assert option["name"] and option["help"]


# --- man page ---

def section(page, name):
    """What is below `     NAME ...` up to the next command of the same indent."""
    found = re.search(rf"^ {{5}}{name}\b.*?(?=^ {{5}}\S|^\S)", page, re.M | re.S)
    assert found, f"sluicectl.8 has no item '{name}'"
    return found.group()


@pytest.mark.parametrize("name", COMMANDS)
def test_man_has_command(page, name):
    text = section(page[page.index("\nCOMMANDS"):], name)
    for option in COMMANDS[name]["options"]:
        for word in spellings(option):
            assert re.search(rf"(?<![\w-]){word}(?![\w-])", text), f"{name} {word}"
        for value in option["values"]:
            if not value.startswith("<"):
                assert value in text, f"{name} --{option['name']} {value}"
        if option["argument"]:
            assert option["argument"].strip("[]") in text


@pytest.mark.parametrize("option", GLOBAL, ids=[option["name"] for option in GLOBAL])
def test_man_has_global_option(page, option):
    text = page[page.index("\nDESCRIPTION"):page.index("\nCOMMANDS")]
    for word in spellings(option):
        assert re.search(rf"(?<![\w-]){word}(?![\w-])", text), word


def test_man_invents_nothing(page):
    known = {word for command in COMMANDS.values()
             for option in [*GLOBAL, *command["options"]] for word in spellings(option)}
    text = page[:page.index("\nEXAMPLES")]
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text)) <= known
    # Commands stand at the margin of their section.
    body = text[text.index("\nCOMMANDS"):text.index("\nOUTPUT")]
    assert set(re.findall(r"^ {5}([a-z]+)", body, re.M)) <= COMMANDS.keys()


def test_man_has_exit_codes(page):
    text = page[page.index("\nEXIT STATUS"):]
    for code in (0, 1, 2):
        assert re.search(rf"^ +{code} ", text, re.M)


def test_man_lint():
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", MAN], capture_output=True,
                          text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


# --- completion ---

COMPLETE = r"""
source /usr/share/bash-completion/bash_completion
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
COMP_LINE="$*"
COMP_LINE=${COMP_LINE// = /=}
COMP_POINT=${#COMP_LINE}
COMP_TYPE=9
_sluicectl
printf '%s\n' "${COMPREPLY[@]}"
"""


def complete(*words, **kwargs):
    """What is offered for the last word."""
    found = output("bash", "-c", COMPLETE, "-", COMPLETION, "sluicectl", *words, **kwargs)
    return set(found.split())


def all_words(command):
    return {word for option in [*GLOBAL, *command["options"]] for word in spellings(option)}


def test_completes_commands():
    assert complete("") == set(COMMANDS)
    assert complete("-s", "x", "st") == {"status", "stats"}
    assert complete("help", "") == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_completes_options(name):
    assert complete(name, "-") == all_words(COMMANDS[name])


VALUES = [(command["name"], option) for command in COMMANDS.values()
          for option in command["options"] if option["values"]]


@pytest.mark.parametrize("name,option", VALUES, ids=[f"{n}-{o['name']}" for n, o in VALUES])
def test_completes_values(tmp_path, name, option):
    (tmp_path / "some-file").touch()
    offered = complete(name, "--" + option["name"], "", cwd=tmp_path)
    if option["values"] == ["<file>"]:
        assert offered == {"some-file"}
    elif option["values"] == ["<interface>"]:
        assert offered == {path.name for path in Path("/sys/class/net").iterdir() if path.is_dir()}
    else:
        assert offered == set(option["values"])


def test_completes_after_equals_sign():
    assert complete("attach", "--xdp", "=", "na") == {"native"}


@pytest.mark.parametrize("name", [name for name, command in COMMANDS.items()
                                  if command["values"] == ["<interface>"]])
def test_completes_interfaces(name):
    assert "lo" in complete(name, "")
    assert "lo" in complete("--json", name, "l")
    assert not complete(name, "lo", "")


def test_completes_files(tmp_path):
    (tmp_path / "a.conf").touch()
    (tmp_path / "dir").mkdir()
    assert complete("check", "", cwd=tmp_path) == {"a.conf", "dir"}
    assert complete("--pin-dir", "", cwd=tmp_path) == {"dir"}
    assert complete("-s", "", cwd=tmp_path) == {"a.conf", "dir"}
