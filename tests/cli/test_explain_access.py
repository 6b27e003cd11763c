"""The word that decides about a client, as explain shows it."""

from pathlib import Path

import pytest

from porch.cli.explain_access import access_lines
from porch.config.build import build
from porch.config.load import load
from porch.config.state import State
from tests.support.mmdb import country, mmdb

WORDS = """listen = ":80"
geo = ["c.mmdb", "a.mmdb"]
[routes."a.test"]
to = ":3000"
allow = ["10.0.0.0/8", "file:ok.txt", "country:DE", "0.0.0.0/0"]
deny = ["10.0.0.5", "unix", "asn:64496", "country:FR"]
"""


@pytest.mark.parametrize(
    ("client", "said"),
    [
        ("10.0.0.5", "may not come in: 10.0.0.5 in deny"),
        ("10.0.0.6", "comes in: 10.0.0.0/8 in allow"),
        ("192.0.2.9", "comes in: 192.0.2.0/24 ({0}/ok.txt:2) in allow"),
        ("203.0.113.1", "comes in: country:DE in allow"),
        ("203.0.113.200", "may not come in: asn:64496 in deny"),
        ("198.51.100.1", "comes in: 0.0.0.0/0 in allow"),
        ("198.51.100.255", "may not come in: country:FR in deny"),
        ("2001:db8::1", "may not come in: it is not in allow"),
        ("unix", "may not come in: unix in deny"),
    ],
)
def test_the_deciding_word_is_named_and_the_filter_says_the_same(
    tmp_path: Path, client: str, said: str
) -> None:
    (tmp_path / "porch.toml").write_text(WORDS)
    (tmp_path / "ok.txt").write_text("# ours\n192.0.2.0/24\n")
    places = {"203.0.113.0/24": country("DE"), "198.51.100.255": country("FR")}
    (tmp_path / "c.mmdb").write_bytes(mmdb(places))
    asns = {"203.0.113.128/25": {"autonomous_system_number": 64496}}
    (tmp_path / "a.mmdb").write_bytes(mmdb(asns, "Test-ASN"))
    loaded = load(tmp_path / "porch.toml")
    built = build(loaded, State())
    assert built is not None, loaded.report()
    lines = [*access_lines(loaded, built.entries[0].route, client.encode())]
    assert lines == [f"access    {client} {said.format(tmp_path)}"]


def test_without_lists_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "porch.toml").write_text('listen = ":80"\n[routes]\n"a.test" = ":1"\n')
    loaded = load(tmp_path / "porch.toml")
    built = build(loaded, State())
    assert built is not None
    assert [*access_lines(loaded, built.entries[0].route, b"10.0.0.1")] == []
    assert [*access_lines(loaded, None, b"10.0.0.1")] == []
