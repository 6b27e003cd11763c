"""Why somebody is not let in by `auth`, or why nobody can tell."""

from collections.abc import Sequence

from porch.errors import PorchError
from porch.http.message import Field

__all__ = ["CannotTell", "NotAllowed", "TooManyFailures", "Unauthorized"]


class Unauthorized(PorchError):
    """Nothing was shown that says who it is, or nothing that holds (RFC 9110 15.5.2)."""

    word = "http_request_denied"
    status = 401
    source = "client"
    sentence = "The route lets in only whom it knows (auth); show a credential of the kind it asks."

    def __init__(self, detail: str = "", challenges: Sequence[bytes] = ()) -> None:
        """challenges: the values of WWW-Authenticate, one at least where it is answered."""
        super().__init__(detail)
        self.fields: tuple[Field, ...] = tuple((b"www-authenticate", each) for each in challenges)


class NotAllowed(PorchError):
    """It is known who it is, and that one may not; or there is nothing that could be shown now."""

    word = "http_request_denied"
    status = 403
    source = "client"
    sentence = "The route does not let this one in; auth and its `require` say whom it does."


class CannotTell(PorchError):
    """Who could tell whether a credential holds does not, or has too much to do: nobody is let in
    by it. retry_after: seconds."""

    word = "auth_unavailable"
    status = 503
    sentence = (
        "It cannot be found out now who this is (auth); the detail and the message log say why."
    )

    def __init__(self, detail: str = "", retry_after: float = 5.0) -> None:
        super().__init__(detail)
        self.retry_after = retry_after


class TooManyFailures(PorchError):
    """An address has shown so many credentials that did not hold that no more are looked at for a
    while. retry_after: seconds."""

    word = "http_request_denied"
    status = 429
    source = "client"
    sentence = "Too many wrong credentials came from this address (auth); it has to wait."

    def __init__(self, detail: str = "", retry_after: float = 60.0) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
