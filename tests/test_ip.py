"""Addresses as bytes."""

import pytest

from porch.ip import packed


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("192.0.2.7", bytes((192, 0, 2, 7))),
        ("::ffff:192.0.2.7", bytes((192, 0, 2, 7))),
        ("::1", bytes(15) + b"\1"),
        ("2001:DB8::", b"\x20\x01\x0d\xb8" + bytes(12)),
        ("192.0.2", None),
        ("192.0.2.07", None),
        ("0x7f.1", None),
        ("fe80::1%lo", None),
        ("1.2.3.4\0", None),
        ("\u0661.2.3.4", None),
        ("", None),
        ("a.test", None),
    ],
)
def test_an_address_is_bytes_and_what_is_none_is_nothing(text: str, found: bytes | None) -> None:
    assert packed(text) == found
