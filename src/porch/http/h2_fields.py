"""Fields as HTTP/2 may carry them, looked at before they leave (RFC 9113 8.2).

libnghttp2 sends what it is given. Decoders and the configuration let nothing through that must not
leave; a filter can make a field of anything, so that all are looked at here. Those that were good
are remembered: the usual answer costs one look-up a field, in C (0.2 us).
"""

import re
from collections.abc import Sequence

from porch.errors import InternalError
from porch.http.fields import HOP_BY_HOP, LONGEST, NEW_EACH_TIME, REMEMBERED
from porch.http.message import Field

__all__ = ["PLAIN", "check_fields", "known_fields"]

PLAIN = bytes(range(0x21, 0x7F))
"""What a value may have wherever it stands in one."""

_NAME = re.compile(rb"[!#$%&'*+\-.^_`|~0-9a-z]+\Z")
_VALUE = re.compile(rb"(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?\Z")
"""No control characters but HTAB, and no white space around it."""

_TRAILERS = (b"te", b"trailers")
"""The one word that HTTP/2 has about a connection (RFC 9113 8.2.2)."""

known_fields: set[Field] = {_TRAILERS}
"""Fields that passed lately: `known_fields.issuperset(fields)` saves the hot path a call."""


def check_fields(fields: Sequence[Field]) -> None:
    """Raise InternalError if one of `fields`, without pseudo-fields, must not be sent."""
    for field in fields:
        if field in known_fields:
            continue
        name, value = field
        if _NAME.match(name) is None or name in HOP_BY_HOP:
            raise InternalError(f"a field named {name[:80]!r} was to be sent by HTTP/2")
        if _VALUE.match(value) is None:
            raise InternalError(f"a value of {name!r} was to be sent that no field may have")
        if len(name) + len(value) <= LONGEST and name not in NEW_EACH_TIME:
            if len(known_fields) >= REMEMBERED:
                known_fields.clear()
                known_fields.add(_TRAILERS)
            known_fields.add(field)
