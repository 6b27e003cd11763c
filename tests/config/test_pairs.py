"""Certificates and keys as operators have them, in real files."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from porch.certs.facts import read_facts
from porch.config.certificates import Certificates
from porch.config.load import load, load_mapping
from porch.config.pairs import files_in, load_pairs, matching
from porch.config.steps import complete
from porch.tls.certificate import Certificate
from tests.support.certificates import Made, make, names, pem

ROOT = make("root")
BETWEEN = make("between", by=ROOT)
LEAF = make("a.test", names("a.test"), by=BETWEEN)
ORDER = [LEAF, BETWEEN]


def put(folder: Path, name: str, content: bytes) -> Path:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    file.chmod(0o600)
    return file


def put_pair(
    folder: Path, cert: str, key: str, made: Made = LEAF, chain: Sequence[Made] = ()
) -> tuple[Path, Path]:
    return put(folder, cert, pem(chain or [made])), put(folder, key, made.key)


def encrypted(made: Made, password: bytes) -> bytes:
    how = BestAvailableEncryption(password)
    return made.private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)


def bundle(password: bytes | None, made: Made = LEAF, chain: Sequence[Made] = (BETWEEN,)) -> bytes:
    how: KeySerializationEncryption = NoEncryption()
    if password is not None:
        how = BestAvailableEncryption(password)
    others = [each.certificate for each in chain]
    return serialize_key_and_certificates(b"a", made.private, made.certificate, others, how)


def served(certificate: Certificate) -> list[bytes]:
    """The chains, each as clients are shown it; that OpenSSL takes them was tried."""
    assert certificate.context is not None
    return [pair.chain for pair in certificate.pairs]


# --- what a site names -----------------------------------------------------------------------


def test_pem_files_are_taken_as_they_are(tmp_path: Path) -> None:
    files = put_pair(tmp_path, "a.pem", "a.key", chain=ORDER)
    assert served(load_pairs([files])) == [pem(ORDER)]


@pytest.mark.parametrize("chain", [[BETWEEN, LEAF], [ROOT, BETWEEN, LEAF]])
def test_a_chain_in_another_order_is_put_right(tmp_path: Path, chain: list[Made]) -> None:
    files = put_pair(tmp_path, "a.pem", "a.key", chain=chain)
    (shown,) = served(load_pairs([files]))
    assert shown.startswith(pem(ORDER))
    assert read_facts(shown).is_in_order


def test_one_file_may_be_both(tmp_path: Path) -> None:
    file = put(tmp_path, "both.pem", LEAF.key + pem(ORDER))
    assert len(load_pairs([(file, file)]).pairs) == 1


def test_an_encrypted_key_wants_its_password(tmp_path: Path) -> None:
    cert = put(tmp_path, "a.pem", pem(ORDER))
    key = put(tmp_path, "a.key", encrypted(LEAF, b"secret"))
    assert served(load_pairs([(cert, key)], "secret")) == [pem(ORDER)]
    with pytest.raises(ValueError, match=r"a\.key is encrypted; give its password as key_password"):
        load_pairs([(cert, key)])
    with pytest.raises(ValueError, match=r"a\.key: the password is not that of the key"):
        load_pairs([(cert, key)], "other")


def test_a_password_does_not_harm_a_key_without(tmp_path: Path) -> None:
    files = put_pair(tmp_path, "a.pem", "a.key", chain=ORDER)
    assert served(load_pairs([files], "secret")) == [pem(ORDER)]


@pytest.mark.parametrize("name", ["a.p12", "A.PFX"])
@pytest.mark.parametrize("password", [None, "secret"])
def test_a_bundle_is_a_pair(tmp_path: Path, name: str, password: str | None) -> None:
    file = put(tmp_path, name, bundle(password.encode() if password else None))
    assert served(load_pairs([(file, file)], password)) == [pem(ORDER)]


def test_a_bundle_wants_its_password(tmp_path: Path) -> None:
    file = put(tmp_path, "a.p12", bundle(b"secret"))
    with pytest.raises(ValueError, match=r"a\.p12: it has a password; give it$"):
        load_pairs([(file, file)])
    with pytest.raises(ValueError, match=r"a\.p12: its password is another, or it is damaged"):
        load_pairs([(file, file)], "other")
    file.write_bytes(b"hello")
    with pytest.raises(ValueError, match=r"a\.p12: it is no PKCS #12 file"):
        load_pairs([(file, file)])


def test_ecdsa_and_rsa_stand_side_by_side_in_any_form(tmp_path: Path) -> None:
    other = make("a.test", names("a.test"), private=rsa.generate_private_key(65537, 2048))
    file = put(tmp_path, "rsa.p12", bundle(None, other, ()))
    files = [put_pair(tmp_path, "a.pem", "a.key"), (file, file)]
    assert served(load_pairs(files)) == [LEAF.pem, other.pem]


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("a.p12", None, r"a\.p12 cannot be read: No such file or directory"),
        ("a.pem", None, r"a\.pem does not exist"),
        ("a.pem", b"hello", r"a\.pem is not a PEM file that can be used"),
        ("a.pem", make("b.test").pem, r"a\.key is not the key of .*a\.pem"),
    ],
)
def test_what_cannot_be_used_is_named(
    tmp_path: Path, name: str, content: bytes | None, why: str
) -> None:
    file = tmp_path / name
    if content is not None:
        put(tmp_path, name, content)
    key = put(tmp_path, "a.key", LEAF.key) if name == "a.pem" else file
    with pytest.raises(ValueError, match=why):
        load_pairs([(file, key)])


# --- folders ---------------------------------------------------------------------------------


def found_in(folder: Path) -> list[tuple[str, str]]:
    pairs = matching(files_in(folder))
    return [(str(cert.relative_to(folder)), str(key.relative_to(folder))) for cert, key in pairs]


def test_certbots_folder_has_a_pair_for_each_of_its_names(tmp_path: Path) -> None:
    for host in ("a.test", "b.test"):
        for name in ("cert.pem", "chain.pem", "fullchain.pem", "privkey.pem", "README"):
            target = put(tmp_path / "archive", f"{host}/{name}1", b"")
            (tmp_path / "live" / host).mkdir(parents=True, exist_ok=True)
            (tmp_path / "live" / host / name).symlink_to(target)
    put(tmp_path, "live/README", b"")
    assert found_in(tmp_path / "live") == [
        ("a.test/fullchain.pem", "a.test/privkey.pem"),
        ("b.test/fullchain.pem", "b.test/privkey.pem"),
    ]


def test_a_secret_of_kubernetes_is_one_pair_though_its_links_lead_to_a_hidden_folder(
    tmp_path: Path,
) -> None:
    put_pair(tmp_path, "..2027_01_15/tls.crt", "..2027_01_15/tls.key")
    (tmp_path / "..data").symlink_to("..2027_01_15")
    for name in ("tls.crt", "tls.key"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    assert found_in(tmp_path) == [("tls.crt", "tls.key")]


@pytest.mark.parametrize(
    ("names", "pairs"),
    [
        (["a+1.pem", "a+1-key.pem"], [("a+1.pem", "a+1-key.pem")]),  # mkcert
        (["a.crt", "a.key", "a.issuer.crt"], [("a.crt", "a.key")]),
        (["a.pem", "a.fullchain.pem", "a.key"], [("a.fullchain.pem", "a.key")]),
        (["a.cer", "a.key", "b.pem", "b.key"], [("a.cer", "a.key"), ("b.pem", "b.key")]),
        (["a.p12", "B.PFX"], [("B.PFX", "B.PFX"), ("a.p12", "a.p12")]),
        (["a.key", "b.crt", "privkey.pem", "notes.txt"], []),
        ([".a.crt", ".a.key", ".x/b.crt", ".x/b.key"], []),
        (["x/y/a.crt", "x/y/a.key"], []),  # deeper than one folder
    ],
)
def test_pairs_are_known_by_their_names(
    tmp_path: Path, names: list[str], pairs: list[tuple[str, str]]
) -> None:
    for name in names:
        put(tmp_path, name, b"")
    assert found_in(tmp_path) == pairs


def test_a_link_that_leads_nowhere_is_no_file(tmp_path: Path) -> None:
    put(tmp_path, "a.key", b"")
    (tmp_path / "a.crt").symlink_to("gone")
    assert found_in(tmp_path) == []


def test_what_is_no_folder_is_a_problem_of_the_word(tmp_path: Path) -> None:
    file = put(tmp_path, "a.crt", b"")
    for name in (file, tmp_path / "gone"):
        found = load_mapping({"routes": {"a.test": ":1"}, "certificates": str(name)})
        (problem,) = found.problems
        assert problem.is_error
        assert problem.text.startswith(f"certificates[0]: {name}: ")


def test_a_folder_without_a_pair_is_warned_about(tmp_path: Path) -> None:
    put(tmp_path, "a.key", LEAF.key)
    found = load_mapping({"routes": {"a.test": ":1"}, "certificates": str(tmp_path)})
    (problem,) = found.problems
    assert not problem.is_error
    assert problem.text.endswith("has no pair, such as a.crt and a.key")


@pytest.fixture
def nobody() -> Iterator[None]:
    """This process may read what everybody may, and no more."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield
    os.seteuid(user)


def test_a_folder_that_may_not_be_read_is_named(tmp_path: Path, nobody: None) -> None:
    folder = tmp_path if os.getuid() == 0 else tmp_path / "closed"
    if folder != tmp_path:
        folder.mkdir(mode=0o000)
    found = load_mapping({"routes": {"a.test": ":1"}, "certificates": str(folder)})
    (problem,) = found.problems
    assert problem.text == f"certificates[0]: {folder}: Permission denied"


def test_who_is_handed_what_was_read_needs_no_folder(tmp_path: Path) -> None:
    """A worker without rights makes its certificates of the same contents."""
    folder = tmp_path / "certs"
    put_pair(folder, "a.crt", "a.key", chain=ORDER)
    file = put(folder, "b.p12", bundle(None, make("b.test", names("b.test")), ()))
    config = put(tmp_path, "porch.toml", b'certificates = "certs"\n[routes]\n"a.test" = ":1"\n')
    loaded = load(config)
    assert loaded.ok, loaded.report()
    for each in (file, folder / "a.crt", folder / "a.key"):
        each.unlink()
    folder.rmdir()
    made = complete(Certificates.loading(loaded, gets=True))
    assert list(made.presented.by_host) == ["a.test", "b.test"]
    assert os.listdir(tmp_path) == ["porch.toml"]
