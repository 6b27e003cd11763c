"""The error family: each word stable, each sentence a way out."""

import inspect

import pytest

from porch import errors
from porch.errors import (
    AnswerRefused,
    AttemptTimeout,
    BadRequest,
    ConnectFailed,
    ConnectionLost,
    EndpointSilent,
    InternalError,
    LeftBehind,
    PorchError,
    StreamRefused,
    StreamReset,
    Unprocessed,
)

FAMILY: list[type[PorchError]] = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, PorchError) and kind.__module__ == errors.__name__
]

RFC_9209 = frozenset(
    (
        *("dns_timeout", "dns_error", "destination_not_found", "destination_unavailable"),
        *("destination_ip_prohibited", "destination_ip_unroutable", "connection_refused"),
        *("connection_terminated", "connection_timeout", "connection_read_timeout"),
        *("connection_write_timeout", "connection_limit_reached", "tls_protocol_error"),
        *("tls_certificate_error", "tls_alert_received", "http_request_error"),
        *("http_request_denied", "http_response_incomplete", "http_upgrade_failed"),
        *("http_response_header_section_size", "http_response_header_size"),
        *("http_response_body_size", "http_response_trailer_section_size"),
        *("http_response_trailer_size", "http_response_transfer_coding"),
        *("http_response_content_coding", "http_response_timeout", "http_protocol_error"),
        *("proxy_internal_response", "proxy_internal_error", "proxy_configuration_error"),
        "proxy_loop_detected",
    )
)
"""The registered words (RFC 9209 2.3)."""

OURS = frozenset(
    (
        *("client_flood", "client_gone", "http_request_body_size", "http_request_timeout"),
        *("maintenance", "no-route", "no-site", "out_of_descriptors", "proxy_shutdown"),
        "out_of_room",
        *("answer_refused", "retry_budget_spent"),
    )
)
"""What the list has no word for. Operators' alerts hang on these: they don't change."""


@pytest.mark.parametrize("kind", FAMILY)
def test_a_word_is_registered_or_one_of_ours(kind: type[PorchError]) -> None:
    assert kind.word in RFC_9209 | OURS


@pytest.mark.parametrize("kind", FAMILY)
def test_a_kind_says_who_what_and_whether_again(kind: type[PorchError]) -> None:
    assert kind.source in ("client", "upstream", "porch")
    assert kind.retry in ("never", "repeat", "always")
    assert kind.status == 0 or 400 <= kind.status <= 599
    if kind.status:
        assert (kind.status < 500) <= (kind.source == "client")


@pytest.mark.parametrize("kind", FAMILY)
def test_a_sentence_is_one_plain_sentence(kind: type[PorchError]) -> None:
    assert kind.sentence[0].isupper()
    assert kind.sentence.endswith(".")
    assert ". " not in kind.sentence
    assert kind.sentence.isascii()
    assert len(kind.sentence) <= 100


@pytest.mark.parametrize("kind", FAMILY)
def test_a_kind_is_explained_and_exported(kind: type[PorchError]) -> None:
    assert kind.__doc__
    assert kind.__name__ in errors.__all__


def test_nothing_is_sent_twice_that_may_have_arrived() -> None:
    """RFC 9110 9.2.2: always only where no connection was had, or where the origin has said that it
    did not look (RFC 9113 8.7)."""
    assert {kind for kind in FAMILY if kind.retry == "always"} == {
        *(kind for kind in FAMILY if issubclass(kind, ConnectFailed)),
        *(LeftBehind, StreamRefused, Unprocessed),
    }
    assert {kind for kind in FAMILY if kind.retry == "repeat"} == {
        *(AnswerRefused, AttemptTimeout, ConnectionLost, EndpointSilent, StreamReset),
    }


def test_what_the_client_did_wrong_is_never_tried_again() -> None:
    assert all(kind.retry == "never" for kind in FAMILY if kind.source == "client")


def test_an_error_is_its_word_with_what_happened_this_time() -> None:
    assert str(InternalError()) == "proxy_internal_error"
    assert str(BadRequest("Host is missing")) == "http_request_error: Host is missing"
    assert BadRequest("Host is missing").detail == "Host is missing"


def test_a_status_can_be_chosen_for_one_error_alone() -> None:
    assert BadRequest("x", 417).status == 417
    assert BadRequest("x").status == BadRequest.status == 400


def test_the_whole_family_can_be_caught_at_once() -> None:
    assert len(FAMILY) > 20
    with pytest.raises(PorchError):
        raise BadRequest
