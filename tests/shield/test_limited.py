"""What a client is told who has come too often."""

from porch.shield.limited import RateLimited


def test_it_says_when_to_come_again() -> None:
    error = RateLimited("limit 5/s per client", 2.5)
    assert (error.status, error.word, error.source) == (429, "http_request_denied", "client")
    assert error.retry_after == 2.5
    assert "limit 5/s" in str(error)
