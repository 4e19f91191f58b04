# SPDX-License-Identifier: GPL-2.0-only
# Copyright (C) 2026 The Sluice authors
"""docs/counters.md says what abi/reason.h and abi/verdict.h say."""

import re
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parent.parent.parent
DOC = (TOP / "docs" / "counters.md").read_text()
REASON_H = (TOP / "abi" / "reason.h").read_text()
VERDICT_H = (TOP / "abi" / "verdict.h").read_text()

CLASSES = re.findall(r'^\tX\((\w+), +"([\w-]+)", +([01]), "(.*)"\)', REASON_H, re.M)
REASONS = re.findall(r'^\tX\((\w+), +"([\w-]+)", +([A-Z]+), +"(.*)"\)', REASON_H, re.M)


def sections():
    """The class of each reason that the document has, and what it says of it."""
    documented = {}
    for name, body in re.findall(r"^## `([\w-]+)`: (.*?)(?=^## |\Z)", DOC, re.M | re.S):
        for word, text in re.findall(r"^\| `([\w-]+)` \| (.*) \|$", body, re.M):
            assert word not in documented, f"{word} twice"
            documented[word] = (name, text)
    return documented


def test_the_header_is_understood():
    assert len(CLASSES) == 10
    assert len(REASONS) > 30


@pytest.mark.parametrize("name, word, cls, text", REASONS, ids=[r[1] for r in REASONS])
def test_reason(name, word, cls, text):
    assert word == name.lower().replace("_", "-")
    words = {c: w for c, w, _, _ in CLASSES}
    assert sections()[word] == (words[cls], text)


@pytest.mark.parametrize("name, word, drops, text", CLASSES, ids=[c[1] for c in CLASSES])
def test_class(name, word, drops, text):
    default = "drop" if drops == "1" else "accept"
    assert f"## `{word}`: {text}\n\nDefault: {default}." in DOC


def test_nothing_else_is_documented():
    assert set(sections()) == {word for _, word, _, _ in REASONS}


def test_verdicts():
    for word in re.findall(r'X\([A-Z]+, "(\w+)"\)', VERDICT_H.split("SL_HOOKS")[0]):
        if word != "continue":
            assert f"| `{word}` |" in DOC
