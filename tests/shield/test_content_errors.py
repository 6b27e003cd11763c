"""Why content is refused, in a sentence of its own."""

from porch.shield.content_errors import (
    BadContent,
    MethodNotOffered,
    NobodyLooks,
    NotOffered,
    NotTaken,
    TooLargeToLook,
    named,
)


def test_the_sentence_is_of_one_request() -> None:
    one, other = BadContent("One."), BadContent("Two.")
    assert (one.sentence, one.detail, other.sentence) == ("One.", "", "Two.")
    assert BadContent.sentence not in ("One.", "Two.")


def test_each_has_the_status_that_a_client_understands() -> None:
    kinds = (BadContent, NotOffered, NotTaken, TooLargeToLook)
    assert [kind("x").status for kind in kinds] == [400, 404, 415, 413]
    error = MethodNotOffered("x", b"GET")
    assert (error.status, error.allow) == (405, b"GET")
    assert (NobodyLooks().status, NobodyLooks().retry_after) == (503, 1.0)


def test_names_are_cut_and_have_nothing_that_moves_a_terminal() -> None:
    assert named("a" * 64) == "a" * 64
    assert named("a" * 65) == "a" * 64 + "…"
    assert named("a\x1b[31m\n") == "a?[31m?"
