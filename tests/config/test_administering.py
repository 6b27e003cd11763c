"""What `admin` says, as the one that serves it wants it."""

import dataclasses
import hashlib
import pickle
from pathlib import Path
from typing import Any

import pytest
import trustme

from porch.config.administering import Administered, Key, administered
from porch.config.load import load_mapping
from porch.config.loaded import Loaded
from porch.listen.address import ListenAddress
from porch.route.host import normal_host

TOKEN = "ann-" + "x" * 32


def loaded(**admin: Any) -> Loaded:
    words = {"listen": "127.0.0.1:9146", "tokens": {"ann": TOKEN}} | admin
    return load_mapping({"routes": {"a.test": ":1"}, "admin": words})


def made(**admin: Any) -> Administered:
    found = administered(loaded(**admin))
    assert found is not None
    return found


def files(folder: Path, *hosts: str) -> dict[str, str]:
    ca = trustme.CA()
    issued = ca.issue_cert(*hosts)
    issued.private_key_pem.write_to_path(folder / "key.pem")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    ca.cert_pem.write_to_path(folder / "ca.pem")
    names = {"cert": "cert.pem", "key": "key.pem", "client_ca": "ca.pem"}
    return {word: str(folder / name) for word, name in names.items()}


def test_without_the_word_there_is_none() -> None:
    assert administered(load_mapping({"routes": {"a.test": ":1"}})) is None


def test_a_token_is_its_digest_and_nothing_else_of_it_goes_on() -> None:
    found = made(tokens={"ann": TOKEN, "bob": {"token": "sha256:" + "ab" * 32, "role": "read"}})
    assert found.keys == (
        Key(hashlib.sha256(TOKEN.encode()).digest(), "ann", "all"),
        Key(b"\xab" * 32, "bob", "read"),
    )
    assert TOKEN.encode() not in pickle.dumps(found)
    assert "digest" not in repr(found)


def test_files_are_read_and_with_a_certificate_all_but_files_speak_https(tmp_path: Path) -> None:
    found = made(listen=["127.0.0.1:9146", "unix:/run/a"], **files(tmp_path, "door.test"))
    assert found.listen == (
        ListenAddress(host="127.0.0.1", port=9146, tls=True),
        ListenAddress(path="/run/a"),
    )
    assert found.certificate is not None
    assert found.client_ca.startswith(b"-----BEGIN")
    assert [each.name for each in found.files] == ["cert.pem", "key.pem", "ca.pem"]
    again = pickle.loads(pickle.dumps(found))
    assert again.is_same(found)


def test_what_does_not_belong_together_is_a_problem_of_its_file(tmp_path: Path) -> None:
    names = files(tmp_path, "door.test")
    trustme.CA().issue_cert("x").private_key_pem.write_to_path(tmp_path / "key.pem")
    wrong = loaded(**names)
    assert administered(wrong) is None
    assert "is not the key of" in wrong.report()
    (tmp_path / "fine").mkdir()
    names = files(tmp_path / "fine", "door.test")
    (tmp_path / "fine" / "ca.pem").write_text("nothing")
    wrong = loaded(**names)
    assert administered(wrong) is None
    assert "there is no certificate in it" in wrong.report()


@pytest.mark.parametrize(
    ("admin", "host", "is_known"),
    [
        ({}, "localhost", True),
        ({}, "LOCALHOST.", True),
        ({}, "127.0.0.1", True),
        ({}, "[::1]", True),
        ({}, "[0:0:0:0:0:0:0:1]", True),
        ({}, "door.test", False),
        ({}, "", False),
        ({"hosts": ["Door.test"]}, "door.test:9146", True),
        ({"hosts": ["door.test"]}, "x.door.test", False),
        ({"listen": "unix:/run/a"}, "localhost:8000", True),
        ({"listen": "10.0.0.1:9146", "plain": True}, "10.0.0.1", True),
        ({"listen": "10.0.0.1:9146", "plain": True}, "localhost", False),
        ({"listen": "10.0.0.1:9146", "plain": True}, "10.0.0.2", False),
        ({"listen": "[fd00:0::1]:9146", "plain": True}, "[fd00::1]", True),
        ({"listen": ":9146"}, "192.0.2.7", True),
        ({"listen": ":9146"}, "[2001:db8::1]:9146", True),
        ({"listen": ":9146"}, "localhost", True),
        ({"listen": ":9146"}, "evil.test", False),
        ({"listen": ":9146"}, "1.2.3.4.evil.test", False),
        ({"listen": ":9146"}, "0x7f.1", False),
    ],
)
def test_which_names_lead_here(admin: dict[str, Any], host: str, is_known: bool) -> None:
    assert made(**admin).knows(normal_host(host.encode())) == is_known


def test_the_names_of_its_own_certificate_do_too_but_not_all_below_one(tmp_path: Path) -> None:
    found = made(**files(tmp_path, "door.test", "*.wild.test"))
    assert found.knows(b"door.test")
    assert not found.knows(b"a.wild.test")
    assert not found.knows(b"*.wild.test")


def test_two_are_the_same_if_nobody_could_tell_them_apart(tmp_path: Path) -> None:
    names = files(tmp_path, "door.test")
    one = made(**names)
    assert one.is_same(made(**names))
    assert not one.is_same(made())
    assert not one.is_same(made(**names, read_only=True))
    assert not one.is_same(dataclasses.replace(one, client_ca=b""))
    other = made(**files(tmp_path, "door.test"))
    assert not one.is_same(dataclasses.replace(other, client_ca=one.client_ca))
