"""Certificates in a text."""

import pytest

from porch.tls.pem import CERTIFICATE
from tests.support.handshake import AUTHORITY

ONE = AUTHORITY.cert_pem.bytes().strip()


@pytest.mark.parametrize("between", [b"\n", b"\r\n", b"", "\n# Größe\n".encode()])
def test_each_is_found_whatever_stands_between(between: bytes) -> None:
    found = CERTIFICATE.findall(between.join([b"", ONE, ONE, b""]))
    assert found == [ONE, ONE]


@pytest.mark.parametrize(
    "content", [b"", ONE[:-1], ONE.replace(b"M", b"\xff", 1), ONE.replace(b"CERTIFICATE", b"X")]
)
def test_what_is_not_whole_is_none(content: bytes) -> None:
    assert CERTIFICATE.findall(content) == []
