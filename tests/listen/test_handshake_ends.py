"""Why handshakes come to nothing, in words."""

import ssl

import pytest

from porch.listen.handshake_ends import WORDS, word_of


def failed(reason: str | None) -> ssl.SSLError:
    error = ssl.SSLError(1, "failed")
    error.reason = reason  # type: ignore[assignment]
    return error


@pytest.mark.parametrize(
    ("reason", "word"),
    [
        ("TLSV1_ALERT_UNKNOWN_CA", "certificate_refused"),
        ("SSLV3_ALERT_CERTIFICATE_UNKNOWN", "certificate_refused"),
        ("SSLV3_ALERT_BAD_CERTIFICATE", "certificate_refused"),
        ("SSLV3_ALERT_HANDSHAKE_FAILURE", "client_alert"),
        ("UNSUPPORTED_PROTOCOL", "version"),
        ("NO_SHARED_CIPHER", "nothing_in_common"),
        ("PEER_DID_NOT_RETURN_A_CERTIFICATE", "client_certificate"),
        ("LENGTH_MISMATCH", "malformed"),
        (None, "malformed"),
    ],
)
def test_a_reason_of_openssl_is_one_of_few_words(reason: str | None, word: str) -> None:
    assert word_of(failed(reason)) == word
    assert word in WORDS


def test_a_certificate_that_cannot_be_used_is_ours() -> None:
    assert word_of(ValueError("no key")) == "certificate"


def test_words_are_as_those_of_metrics_are() -> None:
    assert len(set(WORDS)) == len(WORDS)
    assert all(word.islower() and word.isidentifier() for word in WORDS)
