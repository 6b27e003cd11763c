"""What explain says of canary, mirror, maintenance, and of what a door was told."""

from pathlib import Path

import pytest

from porch.cli.explain import explain_request
from porch.cli.explain_running import Door

FILE = """\
listen = ":80"
[routes."a.test"]
to = "a:1"
canary = { to = "c:1", share = "0%", header = { x-canary = "1" }, abort_if = "errors > 5% for 30s" }
mirror = { to = "s:1", share = "10%" }
[routes."b.test"]
to = "a:1"
maintenance = { allow = ["10.0.0.0/8"] }
[routes."d.test"]
to = "a:1"
canary = { to = "c:1", share = "100%", sticky = false }
"""


class Explained:
    def __init__(self, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self._file = file
        self._capsys = capsys

    def __call__(self, url: str, *headers: str) -> list[str]:
        assert explain_request(self._file, "GET", url, [*headers], "192.0.2.1") == 0
        return self._capsys.readouterr().out.splitlines()


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """What the door was told."""
    orders: list[dict[str, str]] = []
    monkeypatch.setattr(Door, "orders", orders)
    return orders


@pytest.fixture
def explained(
    told: list[dict[str, str]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Explained:
    file = tmp_path / "porch.toml"
    file.write_text(FILE)
    return Explained(file, capsys)


def test_a_canary_says_who_goes_there_and_whether_this_one_does(explained: Explained) -> None:
    start = 'canary    0% of the clients; or header x-canary = "1" to c:1; '
    assert start + "this one does not" in explained("http://a.test/")
    lines = explained("http://a.test/", "X-Canary: 1")
    assert start + "this one does" in lines
    assert "abort     errors > 5% for 30s, then nobody goes there" in lines
    drawn = "canary    100% of the requests to c:1; this one does this time"
    assert drawn in explained("http://d.test/")


def test_a_mirror_says_how_much_it_copies(explained: Explained) -> None:
    assert "mirror    10% are copied to s:1, answers dropped" in explained("http://a.test/")


def test_maintenance_says_who_comes_in(explained: Explained) -> None:
    lines = explained("http://b.test/")
    assert "closed    maintenance, but for 10.0.0.0/8" in lines
    assert any("503 maintenance" in line for line in lines)


def test_what_the_door_was_told_about_this_route_is_said(
    explained: Explained, told: list[dict[str, str]]
) -> None:
    for about in ("a.test/a:1", "a.test canary/c:1", "b.test/a:1", "a.test"):
        told.append({"about": about, "order": f"order {about}", "undo": "undo"})
    found = [line for line in explained("http://a.test/") if line.startswith("now")]
    assert found == [
        "now       order a.test/a:1 (undo ends it)",
        "now       order a.test canary/c:1 (undo ends it)",
        "now       order a.test (undo ends it)",
    ]
