"""Guards: the fields of every answer at the admin door, its refusals and faults too.

They tell a browser to keep nothing, to guess nothing, to show it in no frame, and to run, load and
send nothing but the door's own. Other sites hear no Referer; the door itself does, for without any
a browser sends its forms from `Origin: null` (Fetch, 3.1), which is anybody's.
"""

from collections.abc import Sequence

from porch.exchange import Exchange
from porch.filter import Filter
from porch.http.message import Field

__all__ = ["FIELDS", "GUARDS", "Guards"]

_POLICY = "; ".join(
    (
        "default-src 'none'",
        *(f"{each}-src 'self'" for each in ("script", "style", "connect", "img", "font")),
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "require-trusted-types-for 'script'",
    )
)
"""No script, style or handler in the page itself: all come from files of the door. And no text
becomes part of a page as HTML (Trusted Types): what a client has sent is shown on it."""

FIELDS: Sequence[Field] = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", _POLICY.encode()),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
_NAMES = frozenset(name for name, _ in FIELDS)


class Guards(Filter):
    """Puts them on, in place of any that are there. No answer has a field of CORS: nothing of this
    door is for pages of other origins."""

    __slots__ = ()

    def on_response(self, exchange: Exchange) -> None:
        """See Filter."""
        head = exchange.response
        assert head is not None
        head.fields = [each for each in head.fields if each[0] not in _NAMES]
        head.fields += FIELDS


GUARDS = Guards()
