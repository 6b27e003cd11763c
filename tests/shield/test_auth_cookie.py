"""A cookie that ends at the door."""

from typing import Any

import pytest

from porch.shield.auth_cookie import WithoutCookie
from tests.support.hooks import FakeExchange, seen


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([b"sid=t"], []),
        ([b'a=1; sid="t";b=2'], [b"a=1; b=2"]),
        ([b"sid=t; sid=u", b"c=3; sid=v"], [b"c=3"]),
        ([b"mysid=1;x=sid=2"], [b"mysid=1; x=sid=2"]),
        ([b"a=1;b=2"], [b"a=1;b=2"]),
        ([], []),
    ],
)
def test_no_origin_gets_it(before: list[bytes], after: list[bytes]) -> None:
    fields: Any = [(b"accept", b"x"), *((b"cookie", each) for each in before)]
    exchange = FakeExchange(fields=fields)
    WithoutCookie(b"sid").on_request(seen(exchange))
    assert exchange.request.fields == [(b"accept", b"x"), *((b"cookie", each) for each in after)]
