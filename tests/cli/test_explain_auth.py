"""What is said of who may come in."""

from pathlib import Path

import pytest

from porch.cli.explain import explain_request
from porch.cli.explain_auth import auth_lines
from porch.route.plan import Plan
from porch.route.route import Route
from porch.shield.auth import Authenticate

HASH = "sha256:" + "0a" * 32


def test_a_route_says_by_what_one_comes_in() -> None:
    gate = Authenticate([], ["keys", "jwt", "needs scope read", "needs user ann"])
    route = Route(key="a.test", plan=Plan([gate]))
    assert list(auth_lines(route)) == ["auth      keys, or jwt; needs scope read; needs user ann"]
    assert list(auth_lines(Route(key="a.test"))) == []
    assert list(auth_lines(None)) == []


def test_explain_has_it_and_what_the_door_answers(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "porch.toml"
    file.write_text(
        'listen = ":8080"\n[routes."a.test"]\nto = "127.0.0.1:3000"\n'
        f'auth = {{ keys = {{ partner = "{HASH}" }}, require = {{ scope = "read" }} }}\n',
        encoding="utf-8",
    )
    assert explain_request(file, "GET", "http://a.test/", ["X-Api-Key: hunter2"], "192.0.2.1") == 0
    said = capsys.readouterr().out
    assert "auth      keys; needs scope read\n" in said
    assert "answers   at the door: 401 http_request_denied" in said
    assert "hunter2" not in said
