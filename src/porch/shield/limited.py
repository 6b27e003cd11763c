"""What a client is told who has come too often."""

from porch.errors import PorchError

__all__ = ["RateLimited"]


class RateLimited(PorchError):
    """More than a limit lets in (RFC 6585 4). retry_after: seconds until one more may come."""

    word = "http_request_denied"
    status = 429
    source = "client"
    sentence = "This client has come too often; Retry-After says when to come again, `limit` who."

    def __init__(self, detail: str, retry_after: float) -> None:
        super().__init__(detail)
        self.retry_after = retry_after
