"""Why somebody is not let in."""

from porch.shield.auth_errors import CannotTell, NotAllowed, TooManyFailures, Unauthorized


def test_who_is_not_known_is_told_how_to_become_known() -> None:
    error = Unauthorized("nobody has this key", [b'Basic realm="x"', b'Bearer realm="x"'])
    assert (error.status, error.word) == (401, "http_request_denied")
    assert error.fields == (
        (b"www-authenticate", b'Basic realm="x"'),
        (b"www-authenticate", b'Bearer realm="x"'),
    )


def test_each_has_a_status_of_its_own_and_names_the_setting() -> None:
    statuses = {each: each.status for each in (NotAllowed, CannotTell, TooManyFailures)}
    assert list(statuses.values()) == [403, 503, 429]
    assert all("auth" in each.sentence for each in (*statuses, Unauthorized))


def test_who_may_come_again_is_told_when() -> None:
    assert CannotTell("busy", 2.0).retry_after == 2.0
    assert TooManyFailures("many").retry_after == 60.0
