"""Whether a body stands there as it is meant, or in a coding that has to be taken off first."""

from porch.http.message import RequestHead

__all__ = ["is_coded"]


def is_coded(request: RequestHead) -> bool:
    """By its Content-Encoding (RFC 9110 8.4)."""
    return any(
        name == b"content-encoding" and value.strip().lower() not in (b"", b"identity")
        for name, value in request.fields
    )
