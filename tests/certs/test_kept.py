"""What of a store handshakes are served with."""

import ssl
from dataclasses import replace
from pathlib import Path

import pytest
import trustme

from porch.certs.entry import Entry
from porch.certs.kept import Kept, find_entry, keep_entry
from porch.certs.store import DamagedError, FileStore
from porch.tls.certificate import Certificate

HOST = "a.test"
ROOT = trustme.CA()


def entry(host: str = HOST) -> Entry:
    made = ROOT.issue_cert(host)
    return Entry(
        names=(host,),
        chain=made.cert_chain_pems[0].bytes(),
        key=made.private_key_pem.bytes(),
        source="acme",
        issuer="trustme",
        obtained=0,
        not_before=0,
        not_after=1,
    )


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "store")


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def kept(store: FileStore, said: list[str]) -> Kept:
    return Kept(store, said.append)


def read(kept: Kept, hosts: list[str]) -> bool:
    """Whether anything is new."""
    before = dict(kept.by_host)
    for _ in kept.reading(hosts):
        pass
    return kept.by_host != before


def chain(kept: Kept, host: str = HOST) -> bytes:
    return kept.by_host[host].pairs[0].chain


# --- entries by host -------------------------------------------------------------------------


@pytest.mark.parametrize("host", [HOST, "*.a.test", "[::1]", "127.0.0.1", "xn--bcher-kva.example"])
def test_what_is_kept_for_a_host_is_found(store: FileStore, host: str) -> None:
    assert find_entry(store, host) is None
    made = entry(HOST)
    keep_entry(store, replace(made, names=(host, "b.test")))
    assert find_entry(store, host) == replace(made, names=(host, "b.test"))
    assert find_entry(store, "b.test") is None


def test_what_is_damaged_is_an_error_of_both_kinds(store: FileStore) -> None:
    """Who mends it catches ValueError, who tells of it StoreError."""
    keep_entry(store, entry())
    (store.folder / "certificates" / f"{HOST}.kept").write_bytes(b"?")
    with pytest.raises(DamagedError, match="is damaged"):
        find_entry(store, HOST)
    with pytest.raises(ValueError, match="is damaged"):
        find_entry(store, HOST)


# --- served ----------------------------------------------------------------------------------


def test_what_is_there_is_read_and_what_is_not_is_not(
    store: FileStore, kept: Kept, said: list[str]
) -> None:
    keep_entry(store, entry())
    assert read(kept, [HOST, "b.test"])
    assert (kept.has(HOST), kept.has("b.test")) == (True, False)
    assert chain(kept) == entry_chain(store)
    assert isinstance(kept.by_host[HOST].context, ssl.SSLContext)
    assert said == []


def entry_chain(store: FileStore) -> bytes:
    found = find_entry(store, HOST)
    assert found is not None
    return found.chain


def test_the_same_again_is_nothing_new(store: FileStore, kept: Kept) -> None:
    keep_entry(store, entry())
    read(kept, [HOST])
    before = kept.by_host[HOST]
    assert not read(kept, [HOST])
    assert kept.by_host[HOST] is before
    keep_entry(store, entry())
    assert read(kept, [HOST])
    assert chain(kept) == entry_chain(store)


def test_what_the_store_has_no_more_is_served_on(store: FileStore, kept: Kept) -> None:
    keep_entry(store, entry())
    read(kept, [HOST])
    store.delete(f"certificates/{HOST}")
    assert not read(kept, [HOST])
    assert kept.has(HOST)


def test_others_are_forgotten(store: FileStore, kept: Kept) -> None:
    for host in (HOST, "b.test"):
        keep_entry(store, entry(host))
    read(kept, [HOST, "b.test"])
    kept.only(["b.test", "c.test"])
    assert [*kept.by_host] == ["b.test"]


def broken(store: FileStore, how: str) -> None:
    """Make what is kept for the host useless."""
    good = entry()
    match how:
        case "damaged":
            (store.folder / "certificates" / f"{HOST}.kept").write_bytes(b"?")
        case "no entry":
            store.write(f"certificates/{HOST}", b"{}")
        case "another's key":
            keep_entry(store, replace(good, key=entry().key))
        case "no certificate":
            keep_entry(store, replace(good, chain=b"hello"))
        case "unreadable":
            store.delete(f"certificates/{HOST}")
            (store.folder / "certificates" / f"{HOST}.kept").mkdir()


BROKEN = ["damaged", "no entry", "another's key", "no certificate", "unreadable"]


@pytest.mark.parametrize("how", BROKEN)
def test_what_is_broken_is_told_once_and_the_old_one_serves(
    store: FileStore, kept: Kept, said: list[str], how: str
) -> None:
    keep_entry(store, entry())
    read(kept, [HOST])
    before = kept.by_host[HOST]
    broken(store, how)
    for _ in range(3):
        assert not read(kept, [HOST])
    assert kept.by_host[HOST] is before
    (text,) = said
    assert text.startswith(f"{HOST}: ")
    assert "PRIVATE KEY" not in text


@pytest.mark.parametrize("how", BROKEN[:-1])
def test_what_is_broken_again_is_told_again(
    store: FileStore, kept: Kept, said: list[str], how: str
) -> None:
    first = entry()
    for _ in range(2):
        keep_entry(store, first)
        read(kept, [HOST])
        broken(store, how)
        read(kept, [HOST])
    assert len(said) == 2


def test_a_broken_one_is_not_in_the_way_of_others(
    store: FileStore, kept: Kept, said: list[str]
) -> None:
    keep_entry(store, entry())
    broken(store, "damaged")
    keep_entry(store, entry("b.test"))
    assert read(kept, [HOST, "b.test"])
    assert [*kept.by_host] == ["b.test"]
    assert len(said) == 1


# --- in pieces -------------------------------------------------------------------------------


def test_a_look_takes_nothing_and_tells_nothing(
    store: FileStore, kept: Kept, said: list[str]
) -> None:
    keep_entry(store, entry())
    keep_entry(store, replace(entry("b.test"), chain=b"hello"))
    store.write("certificates/c.test", b"{}")
    found = kept.look([HOST, "b.test", "c.test", "d.test"])
    assert {host: type(each) for host, each in found.items()} == {
        HOST: Certificate,
        "b.test": Certificate,
        "c.test": str,
    }
    assert (kept.by_host, said) == ({}, [])
    assert sum(1 for _ in kept.taking(found)) == len(found)
    assert [*kept.by_host] == [HOST]
    assert [text[:6] for text in said] == ["b.test", "c.test"]
    assert kept.look([HOST]) == {}


def test_one_is_read_each_step(store: FileStore, kept: Kept) -> None:
    for host in (HOST, "b.test"):
        keep_entry(store, entry(host))
    steps = kept.reading([HOST, "b.test"])
    next(steps)
    assert [*kept.by_host] == [HOST]
    next(steps)
    assert [*kept.by_host] == [HOST, "b.test"]
