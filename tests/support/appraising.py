"""Answers of origins, judged by the cache: what is kept of them."""

from email.utils import formatdate

from porch.cache.appraise import appraise
from porch.cache.entry import NO_CACHE, Entry
from porch.cache.policy import Policy
from porch.cache.refusal import Refusal
from porch.http.message import RequestHead, ResponseHead

NOW = 1_700_000_000.0
STORED = 55.5
DAY = 86400


def at(seconds: float) -> bytes:
    return formatdate(NOW + seconds, usegmt=True).encode()


def lines(**fields: bytes | float | list[bytes] | None) -> list[tuple[bytes, bytes]]:
    found = []
    for name, value in fields.items():
        values = value if isinstance(value, list) else [value]
        for each in values:
            if each is not None:
                written = each if isinstance(each, bytes) else at(each)
                found.append((name.replace("_", "-").encode(), written))
    return found


def get(method: bytes = b"GET", target: bytes = b"/x", **fields: bytes | None) -> RequestHead:
    body = 0 if method in (b"GET", b"HEAD") else 5
    return RequestHead(method, target, b"a.test", b"https", lines(**fields), body)


def judged(
    asked: RequestHead | None = None,
    status: int = 200,
    length: int | None = 36,
    policy: Policy | None = None,
    **fields: bytes | float | list[bytes] | None,
) -> Entry | Refusal:
    return appraise(
        asked or get(),
        ResponseHead(status, lines(**fields), length),
        policy or Policy(),
        requested=NOW,
        received=NOW,
        stored=STORED,
    )


def kept(*arguments: object, **words: object) -> Entry:
    found = judged(*arguments, **words)
    assert isinstance(found, Entry), found
    return found


def is_fresh(found: Entry | Refusal, after: float = 3) -> bool:
    """Whether it would be given again without a question, `after` seconds later."""
    return (
        isinstance(found, Entry)
        and not found.must & NO_CACHE
        and found.age_at(STORED + after) < found.lifetime
    )


AUTHORIZED = get(authorization=b"Basic eDp5")
