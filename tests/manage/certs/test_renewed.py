"""Certificate files that change: seen, tried, and told of."""

import os
from pathlib import Path

import pytest

from porch.config.load import load_mapping
from porch.config.loaded import Loaded
from porch.manage.certs import renewed as module
from porch.manage.certs.renewed import ADMIN, Renewed
from porch.tls.certificate import load_certificate
from tests.support.handshake import files


class Watched:
    """A host with files, and what was told. number: makes each write another time."""

    def __init__(self, folder: Path, *names: str) -> None:
        self.folder = folder
        self.told: list[tuple[str, str]] = []
        self.number = 0
        self.pairs = {name: files(folder, name) for name in names}
        site = {
            name: {"cert": str(cert), "key": str(key)} for name, (cert, key) in self.pairs.items()
        }
        self.loaded: Loaded = load_mapping({"routes": {"*": ":1"}, "site": site})
        for cert, key in self.pairs.values():
            load_certificate([(cert, key)], self.loaded.read)
        self.renewed = Renewed(self.loaded, lambda text, level: self.told.append((level, text)))

    def write(self, file: Path, content: bytes) -> None:
        self.number += 1
        file.write_bytes(content)
        os.utime(file, (self.number, self.number))

    def fresh(self, name: str) -> tuple[bytes, bytes]:
        other = self.folder / "other"
        other.mkdir(exist_ok=True)
        cert, key = files(other, name)
        return cert.read_bytes(), key.read_bytes()


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path, "a.test", "b.test")


def test_as_long_as_nothing_changes_nothing_is_found(watched: Watched) -> None:
    assert watched.renewed.look() == {}
    assert watched.told == []


def test_a_new_pair_is_found_told_and_given_to_workers_of_later(watched: Watched) -> None:
    chain, key = watched.fresh("a.test")
    for file, content in zip(watched.pairs["a.test"], (chain, key), strict=True):
        watched.write(file, content)
    found = watched.renewed.look()
    assert [*found] == ["a.test"]
    assert (found["a.test"][0].chain, found["a.test"][0].key) == (chain, key)
    assert watched.loaded.read(watched.pairs["a.test"][0]) == chain
    text = "a.test: its certificate files have changed; used from now on"
    assert watched.told == [("info", text)]
    assert watched.renewed.look() == {}


def test_a_file_that_was_only_touched_is_no_news(watched: Watched) -> None:
    cert = watched.pairs["a.test"][0]
    watched.write(cert, cert.read_bytes())
    assert watched.renewed.look() == {}
    assert watched.told == []


def test_a_pair_is_written_one_file_after_the_other_and_nothing_is_told_of_that(
    watched: Watched,
) -> None:
    chain, key = watched.fresh("a.test")
    watched.write(watched.pairs["a.test"][0], chain)
    assert watched.renewed.look() == {}
    watched.write(watched.pairs["a.test"][1], key)
    assert [*watched.renewed.look()] == ["a.test"]
    assert [level for level, _ in watched.told] == ["info"]


@pytest.mark.parametrize("content", [b"", b"hello", None])
def test_a_pair_of_no_use_leaves_the_old_and_is_told_once(
    watched: Watched, content: bytes | None
) -> None:
    cert, _ = watched.pairs["a.test"]
    before = watched.loaded.read(cert)
    watched.write(cert, watched.fresh("a.test")[0] if content is None else content)
    for _ in range(4):
        assert watched.renewed.look() == {}
    ((level, text),) = watched.told
    assert level == "warning"
    assert text.startswith("a.test: ")
    assert text.endswith("; the certificate before it stays in use")
    assert watched.loaded.read(cert) == before
    watched.write(cert, before)
    assert watched.renewed.look() == {}
    watched.write(cert, b"hello")
    for _ in range(3):
        watched.renewed.look()
    assert len(watched.told) == 2


def test_what_clients_will_refuse_and_who_may_use_the_key_is_told_as_at_the_start(
    watched: Watched,
) -> None:
    cert, key = watched.pairs["a.test"]
    for file, content in zip((cert, key), watched.fresh("b.test"), strict=True):
        watched.write(file, content)
    key.chmod(0o666)
    assert [*watched.renewed.look()] == ["a.test"]
    (_, _), (level, name), (_, read), (_, write) = watched.told
    assert level == "warning"
    assert name.startswith(f"a.test: {cert} is for b.test, and not for a.test, ")
    assert read == f"a.test: everybody on this machine can read {key}: chmod o-r {key}"
    assert write.startswith(f"a.test: everybody on this machine can write {key}")
    assert watched.renewed.look() == {}
    assert len(watched.told) == 4


def test_a_file_that_is_gone_is_one_of_no_use(watched: Watched) -> None:
    watched.pairs["b.test"][1].unlink()
    for _ in range(3):
        assert watched.renewed.look() == {}
    assert "does not exist" in watched.told[0][1]


def test_of_many_files_a_part_is_looked_at_each_time(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "A_LOOK", 2)
    for name in ("a.test", "b.test"):
        for file, content in zip(watched.pairs[name], watched.fresh(name), strict=True):
            watched.write(file, content)
    assert [*watched.renewed.look()] == ["a.test"]
    assert [*watched.renewed.look()] == ["b.test"]
    assert watched.renewed.look() == {}


def test_a_configuration_without_certificates_has_nothing_to_look_at() -> None:
    loaded = load_mapping({"routes": {"*": ":1"}})
    assert Renewed(loaded, lambda text, level: None).look() == {}


def test_the_files_of_the_admin_door_are_looked_at_beside_those_of_hosts(tmp_path: Path) -> None:
    cert, key = files(tmp_path, "door.test")
    admin = {"listen": "127.0.0.1:9146", "tokens": {"ann": "x" * 32}}
    loaded = load_mapping(
        {"routes": {"*": ":1"}, "admin": admin | {"cert": str(cert), "key": str(key)}}
    )
    told: list[str] = []
    renewed = Renewed(loaded, lambda text, level: told.append(text))
    assert renewed.look() == {}
    (tmp_path / "other").mkdir()
    for file, other in zip((cert, key), files(tmp_path / "other", "door.test"), strict=True):
        file.write_bytes(other.read_bytes())
        os.utime(file, (1, 1))
    found = renewed.look()
    assert [*found] == [ADMIN]
    assert found[ADMIN][0].chain == cert.read_bytes()
    assert told == ["the admin door: its certificate files have changed; used from now on"]
