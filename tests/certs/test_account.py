"""Accounts: one at each authority, whatever happens while it is made."""

import json
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from porch.certs import account
from porch.certs.account import forget, key_name, open_account, record_name
from porch.certs.authority import Authority
from porch.certs.failure import IssueError
from porch.certs.network import Conversation
from porch.certs.store import FileStore
from tests.support.front import Front
from tests.support.pebble import Pebble, running
from tests.support.store import MemoryStore


def test_it_is_kept_by_the_authority_it_is_of(nowhere: Authority) -> None:
    other = replace(nowhere, directory="https://127.0.0.1:9/other")
    assert key_name(nowhere) != key_name(other)
    assert record_name(nowhere).startswith(f"accounts/{nowhere.label}/")


def test_the_key_is_kept_before_the_authority_hears_of_it(
    nowhere: Authority, store: MemoryStore
) -> None:
    with pytest.raises(IssueError, match="cannot be reached"):
        open_account(nowhere, store)
    kept = store.read(key_name(nowhere))
    assert kept is not None
    assert kept.startswith(b"-----BEGIN PRIVATE KEY-----")
    assert store.locked == set()
    with pytest.raises(IssueError, match="cannot be reached"):
        open_account(nowhere, store)
    assert store.read(key_name(nowhere)) == kept


def test_a_key_file_that_was_changed_is_named_and_nobody_is_asked(
    nowhere: Authority, tmp_path: Path
) -> None:
    store = FileStore(tmp_path / "store")
    store.write(key_name(nowhere), b"x")
    (file,) = store.folder.rglob("*.kept")
    file.write_bytes(b"?")
    with pytest.raises(IssueError) as caught:
        open_account(nowhere, store)
    assert str(caught.value) == (
        f"the key of the account at 127.0.0.1 is damaged: put {file} back from a backup, or "
        "remove it and a new account is made"
    )
    assert (caught.value.kind, caught.value.another) == ("account", True)
    file.unlink()
    with pytest.raises(IssueError, match="cannot be reached"):  # so there is a new one
        open_account(nowhere, store)


def test_a_damaged_key_is_not_replaced_silently(nowhere: Authority, store: MemoryStore) -> None:
    store.write(key_name(nowhere), b"-----BEGIN PRIVATE KEY-----\nx\n")
    with pytest.raises(IssueError, match=r"put accounts/\S+/key\.pem in the store back") as caught:
        open_account(nowhere, store)
    assert caught.value.kind == "account"


def test_while_another_makes_it_we_wait_and_not_for_ever(
    nowhere: Authority, store: MemoryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account, "PATIENCE", 0.05)
    store.busy.add(f"account/{nowhere.label}")
    with pytest.raises(IssueError, match="another process") as caught:
        open_account(nowhere, store)
    assert caught.value.kind == "busy"
    assert store.contents == {}


def test_a_lost_lock_writes_no_key(nowhere: Authority, store: MemoryStore) -> None:
    store.lost = True
    with pytest.raises(IssueError, match="lock of the store was lost"):
        open_account(nowhere, store)
    assert store.contents == {}


@pytest.mark.system
def test_an_account_is_made_once_and_known_again(
    authority: Authority, store: MemoryStore, pebble: Pebble
) -> None:
    before = pebble.accounts
    first = open_account(authority, store)
    again = open_account(authority, store)
    assert first.net.account is not None
    assert again.net.account is not None
    assert again.net.account.uri == first.net.account.uri
    assert pebble.accounts == before + 1
    record = json.loads(store.contents[record_name(authority)])
    assert record["contact"] == ["mailto:ops@shop.example"]
    assert record["directory"] == authority.directory


@pytest.mark.system
@pytest.mark.parametrize("data", [None, b"", b"{", b"[]", b'{"thumbprint": "of another key"}'])
def test_an_account_whose_record_was_lost_is_found_by_its_key(
    authority: Authority, store: MemoryStore, pebble: Pebble, data: bytes | None
) -> None:
    first = open_account(authority, store)
    count = pebble.accounts
    forget(authority, store)
    if data is not None:
        store.write(record_name(authority), data)
    again = open_account(authority, store)
    assert first.net.account is not None
    assert again.net.account is not None
    assert again.net.account.uri == first.net.account.uri
    assert pebble.accounts == count


@pytest.mark.system
def test_many_at_once_make_one_account(
    authority: Authority, store: MemoryStore, pebble: Pebble
) -> None:
    before = pebble.accounts
    opened: list[Conversation] = []
    threads = [
        threading.Thread(target=lambda: opened.append(open_account(authority, store)))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({str(each.net.account.uri) for each in opened if each.net.account}) == 1
    assert len(opened) == 6
    assert pebble.accounts == before + 1


@pytest.mark.system
def test_another_email_changes_the_contact_and_none_removes_it(
    fronted: Front, at_front: Authority, store: MemoryStore
) -> None:
    for email in ("a@shop.example", "b@shop.example", ""):
        open_account(replace(at_front, email=email), store)
        open_account(replace(at_front, email=email), store)
    contacts = [payload.get("contact") for _, payload in fronted.said]
    assert contacts == [["mailto:a@shop.example"], ["mailto:b@shop.example"], []]


@pytest.mark.system
def test_a_customer_shows_the_key_of_his_account_elsewhere(
    tmp_path: Path, store: MemoryStore
) -> None:
    hmac = "zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W"
    with running(tmp_path, eab={"kid-1": hmac}) as pebble:
        plain = Authority(directory=pebble.directory, ca=pebble.ca)
        with pytest.raises(IssueError, match=r"takes only its customers: set the key id") as caught:
            open_account(plain, store)
        assert caught.value.kind == "account"
        with pytest.raises(IssueError) as caught:
            open_account(replace(plain, eab=("kid-2", hmac)), store)
        assert caught.value.kind == "account"
        open_account(replace(plain, eab=("kid-1", hmac)), store)
        assert pebble.accounts == 1


@pytest.mark.system
def test_an_hmac_key_that_is_none_is_told(authority: Authority, store: MemoryStore) -> None:
    with pytest.raises(IssueError, match="HMAC key"):
        open_account(replace(authority, eab=("kid-1", "é")), store)
