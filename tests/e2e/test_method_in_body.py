"""A method that a framework takes out of a form's body: what the door promises of it, and the words
that close it (docs/routing.md)."""

import gzip
from collections.abc import Callable, Iterator

import httpx
import pytest

from tests.e2e.conftest import Door
from tests.smuggling.strict import Request
from tests.support.site import Site, written

FORM = "application/x-www-form-urlencoded"
PARTS = "multipart/form-data; boundary=b"
WORDS = """listen = ["127.0.0.1:0"]
h2c = true
workers = 1
[routes]
"open.test" = "ORIGIN"
"DELETE open.test" = { to = "ORIGIN", deny = ["0.0.0.0/0"] }
"DELETE closed.test" = { to = "ORIGIN", deny = ["0.0.0.0/0"] }
[routes."closed.test"]
to     = "ORIGIN"
block  = [{ method = ["POST", "PUT", "PATCH"], body = "re:(?i)_method" }]
limits = { body = "64KB" }
"""


def part(head: str, filler: str = "") -> str:
    lines = [filler, "--b", f"Content-Disposition: form-data; {head}", "", "DELETE", "--b--", ""]
    return "\r\n".join(lines)


BODIES = {
    "plain": (FORM, b"_method=DELETE"),
    "behind others": (FORM, b"a=1&b=2&_method=delete"),
    "behind ;": (FORM, b"a=1;_method=DELETE"),
    "in capitals": (FORM, b"_METHOD=DELETE"),
    "name encoded": (FORM, b"%5Fmethod=DELETE"),
    "every letter encoded": (FORM, b"%5F%6D%65%74%68%6F%64=%44ELETE"),
    "encoded twice": (FORM, b"%255Fmethod=DELETE"),
    "with white space": (FORM, b"a=1&+_method=DELETE"),
    "as an index": (FORM, b"_method[]=DELETE"),
    "as JSON": ("application/json", b'{"_method": "DELETE"}'),
    "as JSON with escapes": ("application/json", b'{"\\u005fmethod": "DELETE"}'),
    "no type": ("", b"_method=DELETE"),
    "in a part": (PARTS, part('name="_method"').encode()),
    "in a part without quotes": (PARTS, part("name=_method").encode()),
    "behind a long part": (PARTS, part('name="_method"', "--b\r\n\r\n" + "x" * 200_000).encode()),
    "behind 64 KB": (FORM, b"a=" + b"x" * 65_536 + b"&_method=DELETE"),
    "coded": (FORM, gzip.compress(b"_method=DELETE")),
}


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    def answer(request: Request) -> bytes:
        return written(request, 200, (), b"seen")

    with Site(answer) as made:
        yield made


@pytest.fixture
def running(door: Callable[..., Door], site: Site) -> Door:
    return door(WORDS.replace("ORIGIN", f"127.0.0.1:{site.port}"))


def post(door: Door, host: str, body: bytes, kind: str, *, http2: bool = False) -> int:
    fields = {"Host": host} | ({"Content-Type": kind} if kind else {})
    if body[:2] == b"\x1f\x8b":
        fields["Content-Encoding"] = "gzip"
    with httpx.Client(http1=not http2, http2=http2, trust_env=False) as client:
        return client.post(door.url, content=body, headers=fields).status_code


def test_a_form_may_say_another_method_which_is_not_promised_to_be_seen(
    running: Door, site: Site
) -> None:
    """The threat model says so. By a field or in the query it is."""
    assert post(running, "open.test", b"_method=DELETE", FORM) == 200
    with httpx.Client(trust_env=False) as client:
        host = {"Host": "open.test"}
        assert client.delete(running.url, headers=host).status_code == 403
        assert client.post(f"{running.url}/?_method=DELETE", headers=host).status_code == 400
        host["X-HTTP-Method-Override"] = "DELETE"
        assert client.post(running.url, headers=host).status_code == 400


@pytest.mark.parametrize("http2", [False, True])
def test_two_words_keep_it_out_however_it_is_spelled(
    running: Door, site: Site, http2: bool
) -> None:
    assert post(running, "closed.test", b"method=DELETE", FORM, http2=http2) == 200
    before = len(site.asked)
    for name, (kind, body) in BODIES.items():
        if http2 and len(body) > 65_536:  # this client ends badly where it is answered early
            continue
        status = post(running, "closed.test", body, kind, http2=http2)
        assert status in (403, 413, 415), name
    assert len(site.asked) == before, "no whole request has come to it"
