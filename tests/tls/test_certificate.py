"""Certificates, loaded from files and from memory."""

import contextlib
import os
import ssl
from collections import OrderedDict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trustme
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    load_pem_private_key,
)

from porch.tls import certificate as module
from porch.tls.certificate import Certificate, Pair, keep_only, load_certificate
from porch.tls.presented import Presented
from tests.support.certificates import Made, make, pem
from tests.support.handshake import AUTHORITY, client, files, names, shake

SHA_256 = bytes.fromhex("2a864886f70d01010b")
"""sha256WithRSAEncryption, in DER."""


def said(cert: Path, key: Path) -> str:
    with pytest.raises(ValueError, match=r".") as caught:
        load_certificate([(cert, key)])
    return str(caught.value)


def test_a_file_that_is_missing_is_named(tmp_path: Path) -> None:
    cert, key = files(tmp_path, "a.test")
    gone = tmp_path / "gone"
    assert said(gone, key) == f"{gone} does not exist"
    assert said(cert, gone) == f"{gone} does not exist"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    cert, _ = files(tmp_path, "a.test")
    assert said(cert, tmp_path) == f"{tmp_path} cannot be read: Is a directory"


def test_a_key_of_another_certificate_is_said(tmp_path: Path) -> None:
    cert, _ = files(tmp_path, "a.test")
    _, key = files(tmp_path, "b.test")
    assert said(cert, key) == f"{key} is not the key of {cert}"


def test_what_is_no_pem_file_is_named(tmp_path: Path) -> None:
    cert, key = files(tmp_path, "a.test")
    other = tmp_path / "other"
    other.write_text("hello")
    assert said(other, key).startswith(f"{other} is not a PEM file that can be used: ")
    assert said(cert, other).startswith(f"{other} is not a PEM file that can be used: ")


@pytest.mark.parametrize("cut", [100, -20])
def test_a_certificate_that_is_half_written_is_named_and_not_its_key(
    tmp_path: Path, cut: int
) -> None:
    cert, key = files(tmp_path, "a.test")
    whole = cert.read_bytes()
    for content in (whole[:cut], whole + whole[:cut], whole[:60] + b"!" + whole[60:]):
        cert.write_bytes(content)
        assert said(cert, key).startswith(f"{cert} is not a PEM file that can be used: ")


def test_an_encrypted_key_is_no_question_on_the_terminal(tmp_path: Path) -> None:
    cert, plain = files(tmp_path, "a.test")
    locked = load_pem_private_key(plain.read_bytes(), None).private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"hidden")
    )
    key = tmp_path / "locked.key"
    key.write_bytes(locked)
    assert said(cert, key) == f"{key} is encrypted; give its password as key_password"


def made(folder: Path, *chain: Made) -> tuple[Path, Path]:
    """The files of a chain; the key is that of its first."""
    cert, key = folder / "made.pem", folder / "made.key"
    cert.write_bytes(pem(chain))
    key.write_bytes(chain[0].key)
    return cert, key


def test_a_key_that_is_too_small_for_any_client_is_said(tmp_path: Path) -> None:
    small = rsa.generate_private_key(65537, 1024)
    cert, key = made(tmp_path, make(private=small))
    assert said(cert, key).startswith(f"{cert} is of no use: its key is too small; make one of RSA")
    ca = make("ca", private=small)
    cert, key = made(tmp_path, make(by=ca), ca)
    assert said(cert, key).startswith(f"{cert} is of no use: the key of an authority in its chain")


def test_a_hash_that_is_too_weak_for_any_client_is_said(tmp_path: Path) -> None:
    leaf = make(by=make("ca", private=rsa.generate_private_key(65537, 2048)))
    cert, key = made(tmp_path, leaf)
    # Says SHA-1 (RFC 8017 A.2.4), which nothing here signs with any more; it is not verified.
    old = ssl.PEM_cert_to_DER_cert(leaf.pem.decode()).replace(SHA_256, SHA_256[:-1] + b"\x05")
    cert.write_text(ssl.DER_cert_to_PEM_cert(old))
    assert said(cert, key).endswith("is signed with SHA-1 or MD5; get one with SHA-256")


# --- from memory -----------------------------------------------------------------------------


def from_memory(folder: Path, name: str) -> tuple[Certificate, dict[Path, bytes]]:
    """A certificate whose files are gone when it is loaded."""
    c, k = files(folder, name)
    contents = {file: file.read_bytes() for file in (c, k)}
    for file in contents:
        file.unlink()
    return load_certificate([(c, k)], contents.__getitem__), contents


def test_a_certificate_needs_no_file_but_what_it_held(tmp_path: Path) -> None:
    made, _ = from_memory(tmp_path, "a.test")
    assert names(shake(Presented({"a.test": made}), "a.test")) == (("DNS", "a.test"),)
    assert [*tmp_path.iterdir()] == []


def test_no_descriptor_is_left_behind(tmp_path: Path) -> None:
    cert, key = files(tmp_path, "a.test")
    _, other = files(tmp_path, "b.test")
    before = os.listdir("/proc/self/fd")
    load_certificate([(cert, key)])
    with pytest.raises(ValueError, match="is not the key of"):
        load_certificate([(cert, other)])
    assert os.listdir("/proc/self/fd") == before


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_process_that_gave_up_root_loads_what_only_root_could_read(tmp_path: Path) -> None:
    cert, key = files(tmp_path, "a.test")
    contents = {file: file.read_bytes() for file in (cert, key)}
    key.chmod(0o600)
    child = os.fork()
    if not child:
        os.setgroups([])
        os.setgid(65534)
        os.setuid(65534)
        status = 1
        with contextlib.suppress(BaseException):
            unreadable = not os.access(key, os.R_OK)
            load_certificate([(cert, key)], contents.__getitem__)
            status = 0 if unreadable else 2
        os._exit(status)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("lacking", ["memfd_create", "path.exists"])
def test_where_memory_has_no_name_the_file_itself_is_loaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lacking: str
) -> None:
    cert, key = files(tmp_path, "a.test")
    if lacking == "memfd_create":
        monkeypatch.delattr(os, "memfd_create")
    else:
        monkeypatch.setattr(os.path, "exists", lambda name: False)
    made = load_certificate([(cert, key)])
    assert names(shake(Presented({"a.test": made}), "a.test")) == (("DNS", "a.test"),)


def test_an_equal_certificate_in_use_lends_its_context(tmp_path: Path) -> None:
    cert, key = files(tmp_path, "a.test")
    first = load_certificate([(cert, key)])
    assert load_certificate([(cert, key)]).context is first.context
    files(tmp_path, "a.test")
    assert load_certificate([(cert, key)]).context is not first.context


def test_contexts_are_made_when_needed_and_those_used_last_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT", 2)
    monkeypatch.setattr(module, "_contexts", type(module._contexts)())
    one, two, three = (load_certificate([files(tmp_path, f"{name}.test")]) for name in "abc")
    kept = three.context
    again = one.context
    assert three.context is kept
    two.context  # noqa: B018
    assert one.context is not again
    assert len(module._contexts) == 2


def test_one_name_may_have_a_certificate_for_each_kind_of_key(tmp_path: Path) -> None:
    pairs = [files(tmp_path, "a.test", kind=kind) for kind in trustme.KeyType]
    presented = Presented({"a.test": load_certificate(pairs)})
    for ciphers, kind in (("ECDHE-ECDSA-AES128-GCM-SHA256", "ECDSA"), ("aRSA", "RSA")):
        context = client("a.test")
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(ciphers)
        cipher = shake(presented, "a.test", context).cipher()
        assert cipher is not None
        assert kind in cipher[0]


def test_its_names_are_those_in_the_leaf(tmp_path: Path) -> None:
    made = load_certificate([files(tmp_path, "A.test", "*.b.test", "127.0.0.1", "::1")])
    assert made.names == {"a.test", "*.b.test", "127.0.0.1", "::1"}
    hosts = ("a.test", "x.b.test", "[::1]", "127.0.0.1")
    assert all(made.is_for(host) for host in hosts)
    assert not any(made.is_for(host) for host in ("b.test", "x.y.b.test", "", "*"))


def test_its_protocols_are_part_of_it(tmp_path: Path) -> None:
    (pair,) = load_certificate([files(tmp_path, "a.test")]).pairs
    assert Certificate([pair]).digest != Certificate([pair], ("acme-tls/1",)).digest
    other = Pair(pair.chain + b"\n", pair.key, pair.cert_file, pair.key_file)
    assert Certificate([pair]).digest != Certificate([other]).digest


def test_those_that_nobody_is_served_any_more_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_contexts", type(module._contexts)())
    one, two = (load_certificate([files(tmp_path, f"{name}.test")]) for name in "ab")
    keep_only([two])
    assert [*module._contexts] == [(two.digest, b"", True)]
    assert one.context is one.context


def test_what_was_found_good_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pair = files(tmp_path, "a.test")
    load_certificate([pair])
    keep_only(())
    monkeypatch.setattr(module, "add_pair", None)
    load_certificate([pair])


def test_there_is_one_context_for_each_set_of_authorities_of_clients(tmp_path: Path) -> None:
    found = load_certificate([files(tmp_path, "a.test")])
    authorities = AUTHORITY.cert_pem.bytes()
    asking = found.context_for(authorities)
    assert found.context_for(authorities) is asking is not found.context
    assert found.context_for(b"") is found.context
    assert len(asking.get_ca_certs()) == 1
    assert found.context.get_ca_certs() == []
    keep_only([found])
    assert found.context_for(authorities) is asking
    keep_only([])
    assert found.context_for(authorities) is not asking


def test_what_another_thread_has_just_forgotten_is_no_trouble(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reload is examined while the supervisor looks at files that change."""

    class Forgotten(OrderedDict[Any, Any]):
        def __iter__(self) -> Iterator[Any]:
            keys = [*super().__iter__()]
            self.clear()
            return iter(keys)

        def get(self, key: Any, default: Any = None) -> Any:
            return self.pop(key, default)

    found = load_certificate([files(tmp_path, "a.test")])
    contexts = Forgotten()
    monkeypatch.setattr(module, "_contexts", contexts)
    context = found.context
    assert found.context is context
    assert not dict.__len__(contexts)
    assert found.context is not context
    keep_only(())
