"""What whoever asks is told: the answer, or that it was too large."""

from porch.client import Answer, AnswerTooLarge


def test_a_field_is_found_by_its_name() -> None:
    answer = Answer(200, [(b"etag", b'"1"'), (b"etag", b'"2"')], b"")

    assert answer.get(b"etag") == b'"1"'
    assert answer.get(b"last-modified") is None
    assert answer.trailers == []


def test_a_body_that_is_too_large_is_the_fault_of_whoever_answers() -> None:
    error = AnswerTooLarge("a body of more than 9 bytes")

    assert (error.source, error.retry, error.word) == (
        "upstream",
        "never",
        "http_response_body_size",
    )
