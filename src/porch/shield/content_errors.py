"""Why a request's content is refused: its path or method, what it says besides, its body.

The sentence is of one request: it says what is wrong and where. It has names out of the request,
cut, and never values, which may be secrets.
"""

from porch.errors import PorchError

__all__ = [
    "BadContent",
    "MethodNotOffered",
    "NobodyLooks",
    "NotOffered",
    "NotTaken",
    "TooLargeToLook",
    "named",
]

_LONGEST = 64
"""Characters of a name that are repeated."""


class BadContent(PorchError):
    """What a request says is not what the route takes (RFC 9110 15.5.1)."""

    word = "http_request_denied"
    status = 400
    source = "client"
    sentence = "The request is not what this route takes (json_body, openapi)."

    def __init__(self, sentence: str) -> None:
        """sentence: what is wrong, and where."""
        super().__init__()
        self.sentence = sentence


class NotOffered(BadContent):
    """A path that the document has not (RFC 9110 15.5.5)."""

    status = 404


class MethodNotOffered(BadContent):
    """A method that the document has not for a path (RFC 9110 15.5.6). allow: those it has."""

    status = 405

    def __init__(self, sentence: str, allow: bytes) -> None:
        super().__init__(sentence)
        self.allow = allow


class NotTaken(BadContent):
    """Content of another type than the route takes, or coded (RFC 9110 15.5.16)."""

    status = 415


class TooLargeToLook(BadContent):
    """A body of more bytes than are looked at (RFC 9110 15.5.14)."""

    status = 413


class NobodyLooks(PorchError):
    """More large bodies wait to be looked at than a worker has room for."""

    word = "http_request_denied"
    status = 503
    sentence = "Too many large bodies wait to be looked at (json_body, openapi); come again."
    retry_after = 1.0


def named(name: str) -> str:
    """A name out of a request as a sentence has it."""
    shown = name if len(name) <= _LONGEST else name[:_LONGEST] + "…"
    return "".join(each if each.isprintable() else "?" for each in shown)
