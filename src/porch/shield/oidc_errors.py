"""Why a login or a logout was not carried out."""

from collections.abc import Sequence

from porch.errors import PorchError
from porch.http.message import Field

__all__ = ["LoginFailed", "LoginRefused", "LogoutRefused"]


class LoginFailed(PorchError):
    """What came back from a provider belongs to no login of this browser, or does not hold."""

    word = "http_request_denied"
    status = 400
    source = "client"
    sentence = "The login was not finished: it took too long, or was another's; open the page anew."

    def __init__(self, detail: str = "", fields: Sequence[Field] = ()) -> None:
        """fields: of the answer, so that what was begun ends."""
        super().__init__(detail)
        self.fields = tuple(fields)


class LoginRefused(LoginFailed):
    """The provider does not let this one in."""

    status = 403
    sentence = "The provider that one logs in at (auth, oidc) has refused; it knows why."


class LogoutRefused(PorchError):
    """Another site would have somebody logged out."""

    word = "http_request_denied"
    status = 403
    source = "client"
    sentence = "A logout comes from a page of the host itself: by POST, or by a link on it."
