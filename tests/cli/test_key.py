"""`porch key new NAME`."""

import tomllib
from hashlib import sha256
from typing import Any

import pytest

from porch.cli.key import make_key
from porch.config.load import load_mapping


def test_a_key_and_the_line_that_lets_it_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert make_key("the partner", ["read", "write"]) == 0
    first, second, _ = capsys.readouterr().out.splitlines()
    key = first.split()[1]
    line: dict[str, Any] = tomllib.loads(second.partition("  ")[2])
    assert line["the partner"]["hash"] == "sha256:" + sha256(key.encode()).hexdigest()
    assert line["the partner"]["scopes"] == ["read", "write"]
    assert load_mapping({"routes": {"a.test": {"to": ":1", "auth": {"keys": line}}}}, "x").ok


def test_what_is_no_name_has_no_key(capsys: pytest.CaptureFixture[str]) -> None:
    assert make_key(" x", []) == 2
    assert capsys.readouterr().out == ""
