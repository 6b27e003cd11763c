"""Whether a body is coded."""

import pytest

from porch.http.message import RequestHead
from porch.shield.coded import is_coded


@pytest.mark.parametrize(
    ("fields", "coded"),
    [
        ([], False),
        ([(b"content-encoding", b"")], False),
        ([(b"content-encoding", b" Identity ")], False),
        ([(b"content-encoding", b"gzip")], True),
        ([(b"content-encoding", b"identity"), (b"content-encoding", b"br")], True),
    ],
)
def test_by_its_field(fields: list[tuple[bytes, bytes]], coded: bool) -> None:
    assert is_coded(RequestHead(b"POST", b"/", b"a", b"http", fields)) is coded
