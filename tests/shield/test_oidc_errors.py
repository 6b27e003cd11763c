"""Failures of logins: what a client is told."""

from porch.shield.oidc_errors import LoginFailed, LoginRefused, LogoutRefused


def test_each_names_a_way_out_and_a_status() -> None:
    assert (LoginFailed("x").status, LoginRefused("x").status, LogoutRefused().status) == (
        *(400, 403, 403),
    )
    assert "open the page anew" in LoginFailed.sentence


def test_what_was_begun_ends_with_it() -> None:
    fields = [(b"set-cookie", b"x=; Max-Age=0")]
    assert LoginFailed("x", fields).fields == tuple(fields)
    assert LoginRefused("x").fields == ()
