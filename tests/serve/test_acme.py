"""What authorities are answered that look whether a host is ours."""

import pytest

from porch.filter import Response
from porch.serve.acme import CHALLENGES, AcmeAnswer
from tests.support.hooks import FakeExchange, seen

ASKED = CHALLENGES + b"/abc"


def answer(target: bytes, method: bytes = b"GET") -> tuple[Response, list[str]]:
    """The answer, and the tokens that were looked for."""
    looked: list[str] = []

    def find(token: str) -> bytes | None:
        looked.append(token)
        return b"abc.thumb" if token == "abc" else None

    return AcmeAnswer(find).on_request(seen(FakeExchange(method=method, target=target))), looked


@pytest.mark.parametrize("target", [ASKED, ASKED + b"?x=y", ASKED + b"?"])
def test_what_is_awaited_is_answered_and_kept_by_nobody(target: bytes) -> None:
    """RFC 8555 8.3."""
    found, looked = answer(target)
    assert (found.status, found.body) == (200, b"abc.thumb")
    assert dict(found.fields) == {
        b"content-type": b"application/octet-stream",
        b"cache-control": b"no-store",
    }
    assert looked == ["abc"]


@pytest.mark.parametrize("rest", [b"/other", b"/", b"/a/b", b"/abc/", b"/%61bc", b"/\xff", b""])
def test_all_else_is_not_found(rest: bytes) -> None:
    found, _ = answer(CHALLENGES + rest)
    assert found.status == 404
    assert b"no authority asked" in found.body
    assert b"abc.thumb" not in found.body


def test_head_is_answered_as_get_is() -> None:
    found, _ = answer(ASKED, b"HEAD")
    assert found.status == 200
