"""Who writes records into DNS, by the words of a configuration."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from porch.certs.answers import Answers
from porch.certs.dns_rfc2136 import Rfc2136
from porch.certs.means import Means
from porch.manage.certs import provider
from porch.manage.certs.provider import by_dns
from tests.support.store import MemoryStore

OWN = """
class Provider:
    def __init__(self, zone="a.test"):
        self.zone = zone
    def present(self, name, value): ...
    def cleanup(self, name, value): ...

made = Provider("made")
class Half:
    def present(self, name, value): ...
"""


ENDS = """
import sys
sys.exit("no credentials")
"""
HANGS = """
import threading
threading.Event().wait(20)
"""
SETUP = """
import sys
class Ends:
    def __init__(self):
        sys.exit("no credentials")
    def present(self, name, value): ...
    def cleanup(self, name, value): ...
"""


@pytest.fixture
def means() -> Means:
    return Means(answers=Answers(MemoryStore()), served=("http-01",))


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """With a module of the operator's own, which is forgotten afterwards."""
    (tmp_path / "own_dns.py").write_text(OWN)
    before = [*sys.path]
    yield tmp_path
    sys.path[:] = before
    sys.modules.pop("own_dns", None)


def test_one_that_is_built_in_takes_the_other_words_as_its_settings(
    means: Means, tmp_path: Path
) -> None:
    words = {"provider": "rfc2136", "server": "192.0.2.1", "key": "k", "secret": "c2VjcmV0"}
    found = by_dns(words, tmp_path, means)
    assert isinstance(found.dns, Rfc2136)
    assert found.propagation is not None
    assert found.kinds("*.a.test") == ("dns-01",)
    assert found.served == means.served


def test_a_port_may_be_a_setting_of_the_provider_and_name_servers_have_their_own(
    means: Means, tmp_path: Path
) -> None:
    words = {"provider": "rfc2136", "server": "192.0.2.1", "key": "k", "secret": "c2VjcmV0"}
    found = by_dns(words | {"port": "5353", "resolver_port": "5354"}, tmp_path, means)
    assert found.propagation is not None


def test_the_operators_own_is_found_beside_the_configuration(means: Means, folder: Path) -> None:
    found = by_dns({"provider": "py:own_dns:Provider", "zone": "b.test"}, folder, means)
    assert found.dns is not None
    assert found.dns.zone == "b.test"  # type: ignore[attr-defined]
    made = by_dns({"provider": "py:own_dns:made", "resolvers": "none"}, folder, means)
    assert made.dns is not None
    assert made.dns.zone == "made"  # type: ignore[attr-defined]
    assert made.propagation is None


def test_records_that_the_operator_keeps_need_nobody_who_writes(
    means: Means, tmp_path: Path
) -> None:
    found = by_dns({"provider": "persist"}, tmp_path, means)
    assert found.persist
    assert found.dns is None


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nobody", "no DNS provider 'nobody' is installed"),
        ("py:own_dns", "'py:own_dns' is not py:module:object"),
        ("py:gone:Provider", "py:gone:Provider cannot be loaded: ModuleNotFoundError"),
        ("py:own_dns:Gone", "cannot be loaded: AttributeError"),
        ("py:own_dns:Half", "is no DNS provider: it needs present"),
        ("rfc2136", "the DNS provider 'rfc2136' lacks server, key, secret"),
    ],
)
def test_one_that_is_of_no_use_is_said(
    means: Means, folder: Path, name: str, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        by_dns({"provider": name}, folder, means)


@pytest.mark.parametrize(
    ("module", "code", "said"),
    [
        ("ending_dns", ENDS, "py:ending_dns:Ends cannot be loaded: SystemExit: no credentials"),
        ("hanging_dns", HANGS, "'py:hanging_dns:Ends' has not come up within"),
        ("half_dns", SETUP, "'py:half_dns:Ends' cannot be set up: SystemExit: no credentials"),
    ],
    ids=["ends", "hangs", "ends when it is set up"],
)
def test_one_that_ends_or_holds_up_the_program_when_it_is_loaded_is_told(
    means: Means, folder: Path, monkeypatch: pytest.MonkeyPatch, module: str, code: str, said: str
) -> None:
    monkeypatch.setattr(provider, "PATIENCE", 1.0)
    (folder / f"{module}.py").write_text(code)
    try:
        with pytest.raises(ValueError, match=said):
            by_dns({"provider": f"py:{module}:Ends"}, folder, means)
    finally:
        sys.modules.pop(module, None)
