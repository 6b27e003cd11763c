"""How each host is: what its files say, and what a real store has."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from porch.certs import backoff, moments
from porch.certs.covered import Covered
from porch.certs.entry import Entry
from porch.certs.failure import IssueError
from porch.certs.holding import lock_name
from porch.certs.keeper import SHARE
from porch.certs.kept import PREFIX, keep_entry
from porch.certs.local_ca import LEAF_LIFE, LocalAuthority
from porch.certs.report import NameState
from porch.certs.states import demanded, states
from porch.certs.store import FileStore
from porch.tls.certificate import Certificate, Pair
from tests.support.certificates import Made, make, names
from tests.support.hands import Hands

DAY = 86400


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    return Hands(monkeypatch)


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "store")


def given(*made: Made) -> Certificate:
    place = Path("a.pem")
    return Certificate([Pair(each.pem, each.key, place, place) for each in made])


def kept(host: str, made: Made) -> Entry:
    start, end = made.certificate.not_valid_before_utc, made.certificate.not_valid_after_utc
    return Entry(
        names=(host,),
        chain=made.pem,
        key=made.key,
        source="acme",
        issuer="R12",
        obtained=0,
        not_before=int(start.timestamp()),
        not_after=int(end.timestamp()),
    )


def test_files_are_told_with_their_issuer_and_end_and_are_renewed_by_nobody(hands: Hands) -> None:
    made = make("a.test", names("a.test"), by=make("R12", organisation="Let's Encrypt"))
    (found,) = states(None, {}, {"a.test": given(made)})
    assert found == NameState(
        name="a.test",
        source="files",
        issuer="Let's Encrypt R12",
        not_after=hands.wall + 90 * DAY,
    )


def test_of_two_for_one_host_the_one_that_ends_first_counts(hands: Hands) -> None:
    private = rsa.generate_private_key(65537, 2048)
    both = make("a.test", names("a.test"), days=80), make("a.test", private=private, days=20)
    (found,) = states(None, {}, {"a.test": given(*both)})
    assert found.not_after == hands.wall + 20 * DAY


def test_files_that_cannot_be_read_are_a_trouble_of_their_host() -> None:
    place = Path("a.pem")
    (found,) = states(None, {}, {"a.test": Certificate([Pair(b"hello", b"", place, place)])})
    assert (found.source, found.not_after) == ("files", None)
    assert found.last_error.startswith("there is no certificate in it")


def test_what_has_none_yet_is_told_without_an_end(store: FileStore) -> None:
    found = [*states(store, {"a.example": "acme", "b.test": "local"}, {})]
    assert found == [
        NameState(name="a.example", source="acme"),
        NameState(name="b.test", source="local"),
    ]


@pytest.mark.parametrize("host", ["shop", "203.0.113.5", "[2606:4700::1]"])
def test_what_nobody_vouches_for_is_told_with_the_way_out(store: FileStore, host: str) -> None:
    (found,) = states(store, {host: "local"}, {})
    assert found.last_error.startswith(f"the local authority may not vouch for {host}")
    with pytest.raises(ValueError, match="may not vouch"):
        LocalAuthority.open(store).issue([host])


def test_without_a_store_only_files_are_told() -> None:
    made = given(make("a.test"))
    found = states(None, {"b.test": "local"}, {"a.test": made})
    assert [each.name for each in found] == ["a.test"]


def test_a_local_one_is_made_anew_after_two_thirds_of_its_life(
    hands: Hands, store: FileStore
) -> None:
    entry = LocalAuthority.open(store).issue(["b.test"])
    keep_entry(store, entry)
    (found,) = states(store, {"b.test": "local"}, {})
    assert found.issuer.startswith("Porch")
    assert found.not_after == pytest.approx(hands.wall + LEAF_LIFE, abs=1)
    life = entry.not_after - entry.not_before
    assert found.renew_at == entry.not_before + life * SHARE


def test_one_of_an_authority_is_renewed_before_its_end(hands: Hands, store: FileStore) -> None:
    keep_entry(store, kept("a.example", make("a.example")))
    (found,) = states(store, {"a.example": "acme"}, {})
    assert (found.source, found.issuer, found.last_error) == ("acme", "R12", "")
    assert found.not_after == hands.wall + 90 * DAY
    assert found.renew_at is not None
    assert hands.wall < found.renew_at < found.not_after


@pytest.mark.parametrize("has_one", [False, True])
def test_a_failure_is_told_with_when_it_is_tried_again(
    hands: Hands, store: FileStore, has_one: bool
) -> None:
    if has_one:
        keep_entry(store, kept("a.example", make("a.example")))
    error = IssueError("dns", "a.example has no address")
    record = backoff.failed(backoff.Record(), error, {}, moments.now())
    backoff.keep(store, "a.example", record)
    (found,) = states(store, {"a.example": "acme"}, {})
    assert found.last_error == "a.example has no address"
    assert found.next_try is not None
    assert hands.wall < found.next_try <= hands.wall + 60
    assert (found.not_after is not None) is has_one


def test_who_is_getting_one_now_is_told(hands: Hands, store: FileStore) -> None:
    backoff.keep(store, "a.example", backoff.begun(backoff.Record(), moments.now()))
    (found,) = states(store, {"a.example": "acme"}, {})
    assert (found.under_way, found.last_error) == ("", "")
    lock = store.lock(lock_name("a.example"), 60)
    assert lock is not None
    (found,) = states(store, {"a.example": "acme"}, {})
    assert "gets one, and has its lock until 2027-01-15T08:01:00Z" in found.under_way
    assert found.last_error == ""
    lock.release()
    for _ in range(2):
        record = backoff.kept(store, "a.example")
        backoff.keep(store, "a.example", backoff.begun(record, moments.now()))
    (found,) = states(store, {"a.example": "acme"}, {})
    assert found.last_error.startswith("the last 3 tries came to no end")
    assert found.next_try is not None
    assert found.next_try > hands.wall


def test_a_damaged_authority_is_a_trouble_of_all_its_hosts_and_of_no_other(
    hands: Hands, store: FileStore
) -> None:
    keep_entry(store, LocalAuthority.open(store).issue(["a.test"]))
    (store.folder / "local" / "root.kept").write_bytes(b"?")
    found = [*states(store, {"a.test": "local", "b.test": "local", "a.example": "acme"}, {})]
    assert [each.last_error.partition(":")[0] for each in found] == [
        "the root of the local authority is damaged",
        "the root of the local authority is damaged",
        "",
    ]


@pytest.mark.parametrize("kept_there", [b"hello", b'{"version": 99}'])
def test_what_is_of_no_use_in_the_store_is_told_of_its_host_alone(
    store: FileStore, kept_there: bytes
) -> None:
    store.write(PREFIX + "a.example", kept_there)
    first, second = states(store, {"a.example": "acme", "b.test": "local"}, {})
    assert first.last_error
    assert second.last_error == ""


def test_a_file_that_somebody_changed_is_told_with_the_way_out(store: FileStore) -> None:
    keep_entry(store, kept("a.example", make("a.example")))
    (file,) = store.folder.rglob("*.kept")
    file.write_bytes(file.read_bytes() + b" ")
    (found,) = states(store, {"a.example": "acme"}, {})
    assert "is damaged" in found.last_error
    assert "put it back from a backup" in found.last_error


def test_those_that_were_got_on_demand_are_found_in_the_store(
    hands: Hands, store: FileStore
) -> None:
    for host in ("a.example", "own.example"):
        keep_entry(store, kept(host, make(host, names(host))))
    covered = Covered(named=frozenset({"own.example"}), wildcards={}, everybody=True)
    (found,) = demanded(store, covered)
    assert (found.name, found.source, found.issuer) == ("a.example", "acme", "R12")


def test_it_is_tried_again_when_the_first_of_the_authorities_may_be_asked(
    store: FileStore, hands: Hands
) -> None:
    now = moments.now().replace(microsecond=0)
    error = IssueError("rate_limited", "too many")
    limits = {"https://a/": now + timedelta(hours=3), "https://b/": now + timedelta(hours=2)}
    backoff.keep(store, "a.test", backoff.failed(backoff.Record(), error, limits, now))

    def next_try(*directories: str) -> float | None:
        (found,) = states(store, {"a.test": "acme"}, {}, directories)
        return found.next_try

    assert next_try("https://a/", "https://b/") == (now + timedelta(hours=2)).timestamp()
    assert next_try("https://a/") == (now + timedelta(hours=3)).timestamp()
    for free in (next_try(), next_try("https://a/", "https://c/")):
        assert free is not None
        assert free <= (now + timedelta(minutes=1)).timestamp()
