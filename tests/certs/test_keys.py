"""Keys, requests and files of keys; those with passwords are made by the real openssl."""

import ipaddress
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from porch.certs.facts import is_pair, read_facts
from porch.certs.keys import Kind, make_csr, make_key, read_pem, read_pkcs12
from tests.support.certificates import Made, make, names, pem


def by_openssl(test: Callable[..., None]) -> Callable[..., None]:
    """A test that needs the openssl command."""
    is_missing = shutil.which("openssl") is None
    skip = pytest.mark.skipif(is_missing, reason="openssl is not installed")
    return pytest.mark.system(skip(test))


def openssl(*words: str | Path, given: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *words], input=given, capture_output=True, check=True).stdout


@pytest.fixture(scope="module")
def chain() -> list[Made]:
    root = make("root")
    between = make("between", by=root)
    return [make("leaf", names("a.test"), by=between), between, root]


# --- making ----------------------------------------------------------------------------------


@by_openssl
@pytest.mark.parametrize(("kind", "line"), [("ecdsa", b"prime256v1"), ("rsa", b"(2048 bit")])
def test_a_key_is_one_that_openssl_reads(kind: Kind, line: bytes) -> None:
    key = make_key(kind)
    assert key.startswith(b"-----BEGIN PRIVATE KEY-----\n")
    assert line in openssl("pkey", "-text", "-noout", given=key)
    assert make_key(kind) != key


@by_openssl
@pytest.mark.parametrize("kind", ["ecdsa", "rsa"])
def test_a_request_names_hosts_and_addresses(kind: Kind) -> None:
    csr = make_csr(make_key(kind), ["Example.com.", "*.example.com", "192.0.2.7", "[2001:db8::1]"])
    found = x509.load_pem_x509_csr(csr)
    alternatives = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert alternatives.get_values_for_type(x509.DNSName) == ["example.com", "*.example.com"]
    assert alternatives.get_values_for_type(x509.IPAddress) == [
        ipaddress.ip_address("192.0.2.7"),
        ipaddress.ip_address("2001:db8::1"),
    ]
    assert list(found.subject) == []
    openssl("req", "-verify", "-noout", given=csr)


@pytest.mark.parametrize(
    "name",
    ["", "*", "a..b", ".a", "a.*.b", "*.*.b", "müller.de", "a" * 64, "a b.test", "10.0.0.1/8"],
)
def test_what_no_certificate_can_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="is no name for a certificate"):
        make_csr(make_key(), [name])


def test_a_request_for_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="needs a name"):
        make_csr(make_key(), [])


def test_a_request_with_a_key_that_no_authority_takes_is_refused() -> None:
    key = ed25519.Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with pytest.raises(ValueError, match="with a key of ECDSA or RSA"):
        make_csr(key, ["a.test"])


# --- PEM -------------------------------------------------------------------------------------


def test_a_pair_is_read_and_put_in_order(chain: list[Made]) -> None:
    leaf, between, root = chain
    pair = read_pem(pem([root, leaf, between]), leaf.key)
    assert pair.chain == pem(chain)
    assert pair.key == leaf.key


def test_what_is_no_issuer_comes_last_and_nothing_is_lost_but_doubles(chain: list[Made]) -> None:
    leaf, between, _ = chain
    other = make("other")
    pair = read_pem(pem([other, leaf, leaf, between]), leaf.key)
    assert pair.chain == pem([leaf, between, other])


def test_one_file_may_hold_both(chain: list[Made]) -> None:
    both = b"# ours\n" + pem(chain) + chain[0].key
    assert read_pem(both, both) == (pem(chain), chain[0].key)


@by_openssl
@pytest.mark.parametrize("form", [(), ("-traditional",)])
def test_older_forms_of_keys_are_read(chain: list[Made], form: tuple[str, ...]) -> None:
    key = openssl("pkey", *form, given=chain[0].key)
    params = b"-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    assert read_pem(chain[0].pem, params + key).key == chain[0].key


@by_openssl
@pytest.mark.parametrize("form", [(), ("-traditional",)])
def test_an_encrypted_key_needs_its_password(chain: list[Made], form: tuple[str, ...]) -> None:
    leaf = chain[0]
    locked = openssl("pkey", "-aes256", "-passout", "pass:s3crét", *form, given=leaf.key)
    assert read_pem(leaf.pem, locked, "s3crét") == (leaf.pem, leaf.key)
    with pytest.raises(ValueError, match="the key is encrypted; give its password"):
        read_pem(leaf.pem, locked)
    for wrong in ("wrong", ""):
        with pytest.raises(ValueError, match="the password is not that of the key"):
            read_pem(leaf.pem, locked, wrong)


def test_a_password_that_is_not_needed_does_no_harm(chain: list[Made]) -> None:
    assert read_pem(chain[0].pem, chain[0].key, "x").key == chain[0].key


def test_files_that_do_not_fit_are_said(chain: list[Made]) -> None:
    leaf = chain[0]
    with pytest.raises(ValueError, match="the key is not that of the certificate"):
        read_pem(leaf.pem, make_key())
    with pytest.raises(ValueError, match="there is no private key in it"):
        read_pem(leaf.pem, leaf.pem)
    with pytest.raises(ValueError, match="there is no certificate in it"):
        read_pem(leaf.key, leaf.key)
    with pytest.raises(ValueError, match="the key is damaged"):
        read_pem(leaf.pem, leaf.key[:60] + leaf.key[70:])


# --- PKCS #12 --------------------------------------------------------------------------------


def exported(tmp_path: Path, content: bytes, *words: str) -> bytes:
    (tmp_path / "in.pem").write_bytes(content)
    return openssl("pkcs12", "-export", "-in", tmp_path / "in.pem", *words)


@by_openssl
def test_a_pkcs12_file_is_read_with_its_password(tmp_path: Path, chain: list[Made]) -> None:
    leaf, between, root = chain
    data = exported(tmp_path, leaf.key + pem([leaf, root, between]), "-passout", "pass:s3crét")
    pair = read_pkcs12(data, "s3crét")
    assert pair.chain == pem(chain)
    assert is_pair(pair.chain, pair.key)
    assert read_facts(pair.chain).is_in_order
    with pytest.raises(ValueError, match="it has a password; give it"):
        read_pkcs12(data)
    with pytest.raises(ValueError, match="its password is another"):
        read_pkcs12(data, "wrong")


@by_openssl
def test_one_without_a_password_is_read(tmp_path: Path, chain: list[Made]) -> None:
    data = exported(tmp_path, chain[0].key + chain[0].pem, "-passout", "pass:")
    assert read_pkcs12(data) == (chain[0].pem, chain[0].key)


@by_openssl
def test_one_in_the_old_way_is_read(tmp_path: Path, chain: list[Made]) -> None:
    data = exported(tmp_path, chain[0].key + chain[0].pem, "-legacy", "-passout", "pass:x")
    assert read_pkcs12(data, "x").key == chain[0].key


@by_openssl
def test_one_without_a_key_or_a_certificate_is_said(tmp_path: Path, chain: list[Made]) -> None:
    data = exported(tmp_path, chain[0].pem, "-nokeys", "-passout", "pass:x")
    with pytest.raises(ValueError, match="there is no key in it"):
        read_pkcs12(data, "x")
    alone = exported(tmp_path, chain[0].key, "-nocerts", "-passout", "pass:x")
    with pytest.raises(ValueError, match="there is no certificate for its key in it"):
        read_pkcs12(alone, "x")


@pytest.mark.parametrize("data", [b"", b"-----BEGIN CERTIFICATE-----", b"\0\1"])
def test_what_is_no_pkcs12_file_is_said(data: bytes) -> None:
    with pytest.raises(ValueError, match="it is no PKCS #12 file"):
        read_pkcs12(data)
