"""The local authority, judged by the real openssl, with a clock turned by hand."""

import datetime
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from porch.certs import local_ca
from porch.certs.entry import Entry
from porch.certs.facts import is_pair, read_facts
from porch.certs.local_ca import INTERMEDIATE, LEAF_LIFE, ROOT, LocalAuthority, damage, is_local
from porch.certs.store import DamagedError, FileStore, StoreError
from tests.support.certificates import make, names, signing_key
from tests.support.hands import Hands

DAY = 86400


def judged(test: Callable[..., None]) -> Callable[..., None]:
    """A test that needs the openssl command."""
    is_missing = shutil.which("openssl") is None
    skip = pytest.mark.skipif(is_missing, reason="openssl is not installed")
    return pytest.mark.system(skip(test))


@pytest.fixture
def hands(monkeypatch: pytest.MonkeyPatch) -> Hands:
    return Hands(monkeypatch)


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    return FileStore(tmp_path / "store")


def verify(
    tmp_path: Path, root: bytes, chain: bytes, *words: str, at: float = 1_800_000_000
) -> str:
    """What openssl has against a chain; "" if it is fine."""
    (tmp_path / "root.pem").write_bytes(root)
    (tmp_path / "chain.pem").write_bytes(chain)
    command = [
        "openssl",
        "verify",
        "-x509_strict",
        "-purpose",
        "sslserver",
        "-attime",
        str(int(at)),
    ]
    done = subprocess.run(
        [*command, *words, "-CAfile", "root.pem", "-untrusted", "chain.pem", "chain.pem"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout + done.stderr


def extension(pem: bytes, kind: type[x509.ExtensionType]) -> x509.Extension[x509.ExtensionType]:
    return x509.load_pem_x509_certificate(pem).extensions.get_extension_for_class(kind)


# --- what it vouches for ---------------------------------------------------------------------


@judged
@pytest.mark.parametrize(
    ("hosts", "check"),
    [
        (["localhost"], ["-verify_hostname", "localhost"]),
        (["*.app.localhost"], ["-verify_hostname", "a.app.localhost"]),
        (["DB.internal.", "x.test"], ["-verify_hostname", "db.internal"]),
        (["nas.home.arpa"], ["-verify_hostname", "nas.home.arpa"]),
        (["printer.local"], ["-verify_hostname", "printer.local"]),
        (["127.0.0.1"], ["-verify_ip", "127.0.0.1"]),
        (["localhost", "[::1]", "10.1.2.3"], ["-verify_ip", "::1"]),
        (["[fd00::7]", "192.168.1.1", "172.16.0.1"], ["-verify_ip", "fd00::7"]),
        (["169.254.1.1", "[fe80::1]"], ["-verify_ip", "169.254.1.1"]),
        ([f"{'a' * 60}.{'b' * 60}.test"], []),
    ],
)
def test_openssl_accepts_what_it_issues(
    tmp_path: Path, store: FileStore, hands: Hands, hosts: Sequence[str], check: Sequence[str]
) -> None:
    authority = LocalAuthority.open(store)
    entry = authority.issue(hosts)
    assert verify(tmp_path, authority.root_pem, entry.chain, *check) == ""
    assert is_pair(entry.chain, entry.key)
    facts = read_facts(entry.chain)
    assert set(facts.names) == set(entry.names)
    assert facts.is_in_order
    assert facts.length == 2


@pytest.mark.parametrize(
    "host", ["example.com", "nas", "8.8.8.8", "[2001:db8::1]", "localhost.com"]
)
def test_it_issues_nothing_that_its_root_does_not_permit(
    store: FileStore, hands: Hands, host: str
) -> None:
    authority = LocalAuthority.open(store)
    assert not authority.permits(host)
    with pytest.raises(ValueError, match=r"may not vouch for .*: its root permits localhost, "):
        authority.issue(["localhost", host])


@judged
@pytest.mark.parametrize("by", [ROOT, INTERMEDIATE])
@pytest.mark.parametrize("host", ["example.com", "www.localhost.com", "*.com", "nas"])
def test_openssl_refuses_what_a_thief_makes_with_its_keys(
    tmp_path: Path, store: FileStore, hands: Hands, by: str, host: str
) -> None:
    authority = LocalAuthority.open(store)
    entry = Entry.load(store.read(by) or b"")
    signer = x509.load_pem_x509_certificate(entry.chain)
    key = signing_key(entry.key)
    thief = make("a thief's")
    stolen = (
        x509.CertificateBuilder()
        .subject_name(thief.certificate.subject)
        .issuer_name(signer.subject)
        .public_key(thief.private.public_key())
        .serial_number(7)
        .not_valid_before(thief.certificate.not_valid_before_utc)
        .not_valid_after(thief.certificate.not_valid_after_utc)
        .add_extension(names(host), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    chain = stolen.public_bytes(Encoding.PEM) + entry.chain
    assert "permitted subtree violation" in verify(tmp_path, authority.root_pem, chain)


@judged
def test_more_is_permitted_only_if_it_is_said_when_the_root_is_made(
    tmp_path: Path, store: FileStore, hands: Hands
) -> None:
    authority = LocalAuthority.open(store, ["nas", "corp.example", "100.64.0.0/10", "192.0.2.1"])
    hosts = ["nas", "a.corp.example", "100.100.1.1", "192.0.2.1"]
    entry = authority.issue(hosts)
    assert verify(tmp_path, authority.root_pem, entry.chain, "-verify_hostname", "nas") == ""
    later = LocalAuthority.open(store, ["other.example"])
    assert later.root_pem == authority.root_pem
    assert all(map(later.permits, hosts))
    assert not later.permits("other.example")


@pytest.mark.parametrize("permit", ["", "a..b", "10.0.0.1/8", "müller"])
def test_what_is_no_domain_cannot_be_permitted(store: FileStore, permit: str) -> None:
    with pytest.raises(ValueError, match="no name for a certificate"):
        LocalAuthority.open(store, [permit])
    assert store.names() == []


def test_nothing_is_issued_for_no_name_or_none_that_can_be(store: FileStore, hands: Hands) -> None:
    authority = LocalAuthority.open(store)
    for hosts in ([], ["*"], [""], ["a..test"]):
        with pytest.raises(ValueError, match="name"):
            authority.issue(hosts)


def test_constraints_are_critical_in_root_and_intermediate(store: FileStore, hands: Hands) -> None:
    authority = LocalAuthority.open(store)
    between = authority.issue(["localhost"]).chain.partition(b"-----END CERTIFICATE-----\n")[2]
    found = [extension(pem, x509.NameConstraints) for pem in (authority.root_pem, between)]
    assert found[0] == found[1]
    assert found[0].critical


def test_a_leaf_serves_and_does_nothing_else(store: FileStore, hands: Hands) -> None:
    leaf = LocalAuthority.open(store).issue(["localhost"]).chain
    usage = extension(leaf, x509.ExtendedKeyUsage).value
    assert [each.dotted_string for each in usage] == ["1.3.6.1.5.5.7.3.1"]  # type: ignore[attr-defined]
    assert extension(leaf, x509.BasicConstraints).value == x509.BasicConstraints(False, None)


def test_a_certificate_tells_nothing_about_the_machine(store: FileStore, hands: Hands) -> None:
    entry = LocalAuthority.open(store).issue(["localhost"])
    assert entry.issuer.startswith("Porch local intermediate ")
    assert os.uname().nodename not in entry.issuer
    assert entry.source == "local"
    assert entry.directory == ""


# --- time ------------------------------------------------------------------------------------


def test_how_long_each_lasts(store: FileStore, hands: Hands) -> None:
    now = int(hands.wall)
    entry = LocalAuthority.open(store).issue(["localhost"])
    assert (entry.obtained, entry.not_before, entry.not_after) == (
        now,
        now - 3600,
        now + LEAF_LIFE,
    )
    root, between = (Entry.load(store.read(name) or b"") for name in (ROOT, INTERMEDIATE))
    assert (root.not_before, root.not_after) == (now - 3600, now + 3650 * DAY)
    assert (between.not_before, between.not_after) == (now - 3600, now + 365 * DAY)


@judged
def test_ten_years_of_leaves_are_valid_and_the_root_stays(
    tmp_path: Path, store: FileStore, hands: Hands
) -> None:
    authority = LocalAuthority.open(store)
    root = authority.root_pem
    issuers = set()
    for _ in range(35):
        entry = authority.issue(["localhost"])
        issuers.add(entry.issuer)
        for at in (hands.wall - 3599, entry.not_after - 1):
            assert verify(tmp_path, root, entry.chain, at=at) == ""
        hands.advance(100 * DAY)
    assert authority.root_pem == root
    assert len(issuers) >= 9


@judged
def test_a_root_near_its_end_is_made_anew(tmp_path: Path, store: FileStore, hands: Hands) -> None:
    authority = LocalAuthority.open(store)
    root = authority.root_pem
    hands.advance(3600 * DAY)
    entry = authority.issue(["localhost"])
    assert authority.root_pem != root
    assert LocalAuthority.open(store).root_pem == authority.root_pem
    assert verify(tmp_path, authority.root_pem, entry.chain, at=hands.wall) == ""


@judged
def test_a_root_that_is_made_anew_permits_what_the_old_one_did(
    store: FileStore, hands: Hands
) -> None:
    authority = LocalAuthority.open(store, ["nas", "100.64.0.0/10"])
    hands.advance(3600 * DAY)
    authority.issue(["nas"])
    for each in (authority, LocalAuthority.open(store)):
        assert each.permits("nas")
        assert each.permits("100.64.0.1")


@judged
def test_an_intermediate_from_a_clock_that_was_ahead_is_made_anew(
    tmp_path: Path, store: FileStore, hands: Hands
) -> None:
    right = hands.wall
    authority = LocalAuthority.open(store)
    hands.set(right + 400 * DAY)
    authority.issue(["localhost"])
    hands.set(right)
    for each in (authority, LocalAuthority.open(store)):
        assert verify(tmp_path, authority.root_pem, each.issue(["localhost"]).chain) == ""


def test_a_root_outlives_a_clock_that_begins_in_1970(
    tmp_path: Path, store: FileStore, hands: Hands
) -> None:
    right = hands.wall
    root = LocalAuthority.open(store).root_pem
    hands.set(1000)
    authority = LocalAuthority.open(store)
    entry = authority.issue(["localhost"])
    assert authority.root_pem == root
    hands.set(right)
    assert verify(tmp_path, root, entry.chain) == ""


# --- keeping ---------------------------------------------------------------------------------


def test_it_is_the_same_after_a_restart(store: FileStore, hands: Hands) -> None:
    authority = LocalAuthority.open(store)
    again = LocalAuthority.open(FileStore(store.folder))
    assert again.root_pem == authority.root_pem
    assert again.issue(["localhost"]).issuer == authority.issue(["localhost"]).issuer
    assert repr(again) == f"<LocalAuthority {authority.name}>"
    assert authority.name.startswith("Porch local authority ")
    assert store.names() == [INTERMEDIATE, ROOT]


def test_processes_that_start_together_make_one(store: FileStore) -> None:
    children = []
    for number in range(3):
        pid = os.fork()
        if pid == 0:
            try:
                store.write(f"seen/{number}", LocalAuthority.open(store).root_pem)
            finally:
                os._exit(0)
        children.append(pid)
    for pid in children:
        os.waitpid(pid, 0)
    assert len({store.read(f"seen/{number}") for number in range(3)} - {None}) == 1
    assert len(store.names("seen/")) == 3


def test_one_who_is_killed_while_making_it_is_waited_for(store: FileStore, hands: Hands) -> None:
    assert store.lock(ROOT, local_ca.LEASE) is not None
    before = hands.wall
    LocalAuthority.open(store)
    assert local_ca.LEASE <= hands.wall - before < local_ca.LEASE + 1


def test_one_who_takes_too_long_is_not_waited_for_for_ever(store: FileStore, hands: Hands) -> None:
    assert store.lock(ROOT, 1000) is not None
    with pytest.raises(StoreError, match="for too long; is its machine's clock right"):
        LocalAuthority.open(store)


@pytest.mark.parametrize("name", [ROOT, INTERMEDIATE])
@pytest.mark.parametrize("data", [b"{}", b""])
def test_damage_is_said_and_nothing_is_replaced(
    store: FileStore, hands: Hands, name: str, data: bytes
) -> None:
    LocalAuthority.open(store)
    assert damage(store) == ""
    store.write(name, data)
    what = f"the {name.partition('/')[2]} of the local authority is damaged .*: put '{name}' in the"
    with pytest.raises(DamagedError, match=what) as caught:
        LocalAuthority.open(store)
    assert damage(store) == str(caught.value)
    assert store.read(name) == data


def test_a_root_whose_file_was_changed_is_told_with_all_that_is_to_do(
    store: FileStore, hands: Hands
) -> None:
    before = LocalAuthority.open(store).root_pem
    file = store.folder / "local" / "root.kept"
    file.write_bytes(b"?")
    assert damage(store) == (
        f"the root of the local authority is damaged: put {file} back from a backup, or remove it"
        " and a new one is made; then run porch trust anew wherever the old one was trusted"
    )
    file.unlink()
    assert damage(store) == ""
    assert LocalAuthority.open(store).root_pem != before


def test_a_key_of_another_is_damage(store: FileStore, hands: Hands) -> None:
    LocalAuthority.open(store)
    root, between = (Entry.load(store.read(name) or b"") for name in (ROOT, INTERMEDIATE))
    words = root.dump().replace(root.key.replace(b"\n", b"\\n"), between.key.replace(b"\n", b"\\n"))
    store.write(ROOT, words)
    with pytest.raises(DamagedError, match="its key is another's"):
        LocalAuthority.open(store)


@judged
def test_an_intermediate_of_another_root_is_made_anew(
    tmp_path: Path, store: FileStore, hands: Hands
) -> None:
    LocalAuthority.open(store)
    store.delete(ROOT)
    authority = LocalAuthority.open(store)
    entry = authority.issue(["localhost"])
    assert verify(tmp_path, authority.root_pem, entry.chain) == ""


class Slow(FileStore):
    """A store whose first write takes longer than a lease, and in which another process makes
    another root meanwhile."""

    hands: Hands | None = None

    def write(self, name: str, data: bytes) -> None:
        super().write(name, data)
        if self.hands is not None:
            self.hands.advance(local_ca.LEASE)
            self.hands = None
            self.delete(ROOT)
            LocalAuthority.open(FileStore(self.folder))


def test_one_who_was_too_slow_takes_what_another_has_made(store: FileStore, hands: Hands) -> None:
    slow = Slow(store.folder)
    slow.hands = hands
    authority = LocalAuthority.open(slow)
    assert authority.root_pem == LocalAuthority.open(store).root_pem


class Full(FileStore):
    """A store on a disk that became full."""

    def write(self, name: str, data: bytes) -> None:
        raise StoreError("the disk is full")


def test_a_full_disk_ends_nothing_while_the_intermediate_lasts(
    store: FileStore, hands: Hands
) -> None:
    LocalAuthority.open(store)
    authority = LocalAuthority.open(Full(store.folder))
    hands.advance(310 * DAY)
    assert authority.issue(["localhost"]).not_after == hands.wall + LEAF_LIFE
    hands.advance(50 * DAY)
    with pytest.raises(StoreError, match="the disk is full"):
        authority.issue(["localhost"])


def test_it_knows_whose_it_is() -> None:
    assert is_local("app.localhost")
    assert not is_local("example.com")
    assert datetime.timedelta(seconds=LEAF_LIFE).days == 7
