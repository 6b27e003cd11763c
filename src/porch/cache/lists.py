"""Comma-separated values whose members may hold quoted strings (RFC 9110 5.6.1, 5.6.4)."""

import re

__all__ = ["pieces"]

_QUOTED = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_STOP = re.compile(rb'[",]')


def pieces(value: bytes) -> list[bytes]:
    """What stands between commas that are in no quoted string, without white space around it.
    Empty pieces stay: what they mean, only the field knows."""
    if b'"' not in value:
        return [piece.strip(b" \t") for piece in value.split(b",")]
    found: list[bytes] = []
    first = position = 0
    whole = True
    while stop := _STOP.search(value, position):
        position = stop.end()
        if stop[0] == b",":
            found.append(value[first : stop.start()].strip(b" \t"))
            first = position
        elif whole and (quoted := _QUOTED.match(value, stop.start())):
            position = quoted.end()
        else:
            # A quote that nothing ends hides no comma behind it. Others are not tried: that would
            # cost the square of the length.
            whole = False
    found.append(value[first:].strip(b" \t"))
    return found
