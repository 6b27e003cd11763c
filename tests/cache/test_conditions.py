"""Which conditions are a matter of the cache, and the head of a 304."""

import pytest

from porch.cache.conditions import is_for_origin, is_plain, not_modified
from porch.cache.entry import Entry
from porch.http.conditional import CONDITIONS
from porch.http.message import Field, RequestHead

OLD = b"Sun, 06 Nov 1994 08:00:00 GMT"
AT = b"Sun, 06 Nov 1994 08:49:37 GMT"
LATER = b"Sun, 06 Nov 1994 09:00:00 GMT"


def entry(*fields: Field, status: int = 200) -> Entry:
    return Entry(status, list(fields), 3, 0.0, 0.0, 60.0, "max-age")


def request(*fields: Field, method: bytes = b"GET") -> RequestHead:
    return RequestHead(method, b"/", b"a.test", b"https", list(fields))


@pytest.mark.parametrize("name", sorted(CONDITIONS))
def test_if_match_and_if_unmodified_since_are_for_the_origin(name: bytes):
    asked = is_for_origin(request((b"accept", b"*/*"), (name, b'"a"')))
    assert asked is (name in (b"if-match", b"if-unmodified-since"))


@pytest.mark.parametrize("name", [*sorted(CONDITIONS), b"range", b"cache-control", b"pragma"])
def test_a_plain_request_asks_for_the_whole_answer(name: bytes):
    plain = [(b"accept", b"*/*"), (b"cookie", b"a=b"), (b"authorization", b"Basic eDp5")]
    assert is_plain(request(*plain))
    assert not is_plain(request(*plain, (name, b"x")))


# The 304.


def test_the_304_has_all_that_a_copy_is_updated_by_and_nothing_of_a_content():
    kept = [
        (b"date", AT),
        (b"etag", b'"a"'),
        (b"cache-control", b"max-age=60"),
        (b"cdn-cache-control", b"max-age=90"),
        (b"content-location", b"/a.en"),
        (b"expires", LATER),
        (b"vary", b"accept-language"),
        (b"last-modified", OLD),
        (b"content-security-policy", b"default-src 'self'"),
        (b"access-control-allow-origin", b"*"),
    ]
    of_content = [
        (b"content-type", b"text/html"),
        (b"content-length", b"3"),
        (b"content-encoding", b"gzip"),
        (b"content-language", b"en"),
        (b"content-digest", b"sha-256=::"),
        (b"age", b"1"),
    ]
    head = not_modified(entry(*of_content, *kept), 7.5)
    assert (head.status, head.length) == (304, 0)
    assert head.fields == [*kept, (b"age", b"7")]
