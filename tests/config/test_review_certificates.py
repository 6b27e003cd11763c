"""What clients will refuse of the certificates in files: said, and nothing is refused for it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from porch.config.check import examine
from porch.config.load import load_mapping
from porch.config.state import State
from tests.support.certificates import START, Made, make, names

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def now(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day after START."""
    from porch import clock

    monkeypatch.setattr(clock, "wall", lambda: (START + DAY).timestamp())


def put(folder: Path, made: Made, stem: str = "a") -> dict[str, str]:
    """The words of a site."""
    for kind, content in (("crt", made.pem), ("key", made.key)):
        (folder / f"{stem}.{kind}").write_bytes(content)
        (folder / f"{stem}.{kind}").chmod(0o600)
    return {"cert": f"{folder}/{stem}.crt", "key": f"{folder}/{stem}.key"}


def warnings(words: dict[str, Any], *hosts: str) -> list[str]:
    """Of a configuration that can be used."""
    routes = dict.fromkeys(hosts or ("a.test",), ":1")
    loaded = load_mapping({"listen": "https://:8443", "routes": routes, **words})
    assert examine(loaded, State()) is not None, loaded.report()
    assert not any(each.is_error for each in loaded.problems)
    return [each.text for each in loaded.problems]


def of_site(folder: Path, made: Made, host: str = "a.test") -> list[str]:
    found = warnings({"site": {host: put(folder, made)}}, host)
    before = f'site."{host}".cert: {folder}/a.crt '
    assert all(each.startswith(before) for each in found)
    return [each.removeprefix(before) for each in found]


def test_one_in_order_is_no_matter(tmp_path: Path) -> None:
    assert of_site(tmp_path, make("a", names("a.test"))) == []


def test_one_that_has_expired_is_said(tmp_path: Path) -> None:
    made = make("a", names("a.test"), start=START - 90 * DAY)
    assert of_site(tmp_path, made) == [
        "has expired at 2027-01-15 08:00 UTC; put a new one into its files"
    ]


def test_one_that_is_not_valid_yet_is_said(tmp_path: Path) -> None:
    assert of_site(tmp_path, make("a", names("a.test"), start=START + 2 * DAY)) == [
        "is valid from 2027-01-17 08:00 UTC on only, and refused until then; set this machine's"
        " clock, or put another into its files"
    ]


def test_one_without_a_name_is_said(tmp_path: Path) -> None:
    assert of_site(tmp_path, make("a.test")) == [
        "names no host (subjectAltName), and browsers take no such certificate; have it made again"
        " with a.test in it"
    ]


@pytest.mark.parametrize(
    ("inside", "host"),
    [
        (["b.test"], "a.test"),
        (["*.a.test"], "a.test"),
        (["*.test"], "x.a.test"),
        (["x.a.test"], "*.a.test"),
        (["*.test"], "*.a.test"),
    ],
)
def test_one_for_other_hosts_is_said(tmp_path: Path, inside: list[str], host: str) -> None:
    assert of_site(tmp_path, make("a", names(*inside)), host) == [
        f"is for {inside[0]}, and not for {host}, whose clients refuse it; name another file, or"
        f" have it made again with {host} in it"
    ]


def test_of_its_hosts_three_are_named(tmp_path: Path) -> None:
    made = make("a", names("1.test", "2.test", "3.test", "4.test"))
    assert "is for 1.test, 2.test, 3.test, ..., and not for a.test" in of_site(tmp_path, made)[0]


@pytest.mark.parametrize(
    ("inside", "host"),
    [(["A.test"], "a.test"), (["*.a.test"], "x.a.test"), (["*.a.test"], "*.a.test"), (["b"], "*")],
)
def test_one_for_the_host_is_no_matter(tmp_path: Path, inside: list[str], host: str) -> None:
    assert of_site(tmp_path, make("a", names(*inside)), host) == []


def test_all_that_is_wrong_is_said_of_each_file(tmp_path: Path) -> None:
    old = make("a", names("b.test"), start=START - 90 * DAY)
    other = make("a", private=rsa.generate_private_key(65537, 2048))
    one, two = put(tmp_path, old), put(tmp_path, other, "b")
    words = {word: [one[word], two[word]] for word in ("cert", "key")}
    found = warnings({"site": {"a.test": words}})
    assert [each.split(": ", 1)[1][:40].rpartition(" ")[0] for each in found] == [
        f"{name} {text}"[:40].rpartition(" ")[0]
        for name, text in (
            (one["cert"], "has expired"),
            (one["cert"], "is for b.test"),
            (two["cert"], "names no host"),
        )
    ]


def test_those_of_a_folder_are_said_once_and_one_without_a_name_too(tmp_path: Path) -> None:
    put(tmp_path, make("a", names("a.test", "b.test"), start=START - 90 * DAY))
    put(tmp_path, make("c"), "c")
    assert warnings({"certificates": str(tmp_path)}) == [
        f"certificates: {tmp_path}/c.crt names no host (subjectAltName), and so is shown to nobody",
        f"certificates: {tmp_path}/a.crt has expired at 2027-01-15 08:00 UTC; put a new one into"
        " its files",
    ]
