"""What [acme] names, as far as it can be told without a network and without the operator's code."""

from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from porch.config.load import load_mapping
from tests.support.certificates import make, names, pem

CA = x509.BasicConstraints(ca=True, path_length=None)
ROOT = make("root", CA)
BETWEEN = make("between", CA, by=ROOT)
LEAF = make("ca.test", names("ca.test"), by=BETWEEN)
ALONE = make("alone", names("ca.test"))
DIRECTORY = "https://ca.test/dir"
RFC2136 = {"provider": "rfc2136", "server": "192.0.2.53", "key": "k.", "secret": "c2VjcmV0"}


def problems(**acme: Any) -> list[str]:
    found = load_mapping({"routes": {"a.example": ":1"}, "acme": acme})
    assert all(each.is_error for each in found.problems)
    return [each.text for each in found.problems]


def test_an_authority_is_known_or_a_url() -> None:
    assert problems(directory=["letsencrypt", DIRECTORY]) == []
    (found,) = problems(directory="letsencript")
    assert found.startswith("acme.directory: 'letsencript' is no CA that is known")


@pytest.mark.parametrize("chain", [[ROOT], [BETWEEN], [LEAF, BETWEEN, ROOT], [ALONE]])
def test_who_vouches_for_the_directory_is_an_authority_or_itself(
    tmp_path: Path, chain: list[Any]
) -> None:
    (tmp_path / "ca.pem").write_bytes(pem(chain))
    assert problems(directory=DIRECTORY, ca=f"{tmp_path}/ca.pem") == []


def test_the_certificate_of_its_server_vouches_for_nobody(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(LEAF.pem)
    assert problems(directory=DIRECTORY, ca=str(file)) == [
        f"acme.ca: {file} has the certificate of a server, and none of an authority: name the root"
        " that has signed it, at the end of its chain"
    ]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"hello", "there is no certificate in it, in PEM"),
        (LEAF.key, "there is no certificate in it, in PEM"),
        (ROOT.pem.replace(b"MII", b"AAA"), "a certificate in it is damaged"),
    ],
)
def test_a_file_without_a_certificate_is_refused(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    file = tmp_path / "ca.pem"
    file.write_bytes(content)
    (found,) = problems(directory=DIRECTORY, ca=str(file))
    assert found.startswith(f"acme.ca: {file}: {sentence}")


def test_a_file_that_is_not_there_is_said_once(tmp_path: Path) -> None:
    file = tmp_path / "ca.pem"
    assert problems(directory=DIRECTORY, ca=str(file)) == [f"acme.ca: {file} does not exist"]


@pytest.mark.parametrize("key", ["YWJj", "YWI=", "YQ", "-_-_", "+/+/"])
def test_the_key_of_an_account_is_base64url_or_base64(key: str) -> None:
    assert problems(eab={"kid": "a", "key": key}) == []


@pytest.mark.parametrize("key", ["", "a", "YW Jj", "YWJj!", "=", "YWJj\n", "YQ==="])
def test_another_key_is_refused_and_not_shown(key: str) -> None:
    assert problems(eab={"kid": "a", "key": key}) == [
        "acme.eab.key: 'key' is not base64url; copy it whole, as the authority gives it"
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ({"sever": "a"}, "the DNS provider 'rfc2136' has no word 'sever'; it has server, key,"),
        ({"secret": "hidden!"}, "the secret of the key k. is not base64"),
        ({"algorithm": "hmac-sha7"}, "'hmac-sha7' is no algorithm of TSIG"),
        ({"port": "dns"}, "cannot be set up: port 'dns' or ttl '60' is no number"),
        ({"zone": "a..b"}, "cannot be set up: EmptyLabel"),
    ],
)
def test_words_that_rfc2136_does_not_take_are_refused(words: dict[str, str], sentence: str) -> None:
    (found,) = problems(dns=RFC2136 | words)
    assert found.startswith("acme.dns: ")
    assert sentence in found
    assert "hidden!" not in found


def test_words_that_rfc2136_lacks_are_told() -> None:
    assert problems(dns=RFC2136) == []
    (found,) = problems(dns={"provider": "rfc2136", "key": "k."})
    assert found == "acme.dns: the DNS provider 'rfc2136' lacks server, secret in `dns`"


def test_a_secret_that_is_unset_is_said_once() -> None:
    (found,) = problems(dns=RFC2136 | {"secret": "${NOT_SET_HERE}"})
    assert found.startswith("acme.dns.secret: the environment has no NOT_SET_HERE")


def test_the_code_of_others_is_not_loaded() -> None:
    assert problems(dns="py:no.such.module:Class") == []
    assert problems(dns="no-such-package") == []
