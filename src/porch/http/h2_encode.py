"""Requests as an origin gets them over HTTP/2 (RFC 9113 8.3.1, RFC 8441 4). Pure.

What was decided is written, nothing more: libnghttp2 checks nothing of what we send.
"""

from porch.http.message import Field, RequestHead

__all__ = ["request_fields"]

_TRAILERS = (b"te", b"trailers")
_WITHOUT = frozenset((b"sec-websocket-key", b"sec-websocket-accept"))
"""What HTTP/1.1 alone needs to open a WebSocket."""


def request_fields(head: RequestHead, scheme: bytes) -> list[Field]:
    """The fields that a head is sent as.

    scheme: of the connection to the origin, b"http" or b"https": servers refuse another (Kestrel
    does). What the client's was is in X-Forwarded-Proto. Trailers of an answer go on, so that we
    take them (RFC 9110 10.1.4).
    """
    authority = head.authority or b"localhost"  # HTTP/1.0 may have none
    if head.upgrade is not None:
        return [
            (b":method", b"CONNECT"),
            (b":protocol", head.upgrade),
            (b":scheme", scheme),
            (b":authority", authority),
            (b":path", head.target),
            *[field for field in head.fields if field[0] not in _WITHOUT],
        ]
    fields = [
        (b":method", head.method),
        (b":scheme", scheme),
        (b":authority", authority),
        (b":path", head.target),
        *head.fields,
        _TRAILERS,
    ]
    if head.expect:
        fields.append((b"expect", b"100-continue"))
    return fields
