"""The words of `when`. What they compile to: tests/route/test_when.py."""

import pytest
from pydantic import ValidationError

from porch.config.conditions import CertificateModel, WhenModel


@pytest.mark.parametrize(
    "wanted", [True, False, {"subject": "CN=a"}, {"san": "~b"}, {"subject": True, "san": False}]
)
def test_a_certificate_is_there_or_not_or_says_something(wanted: object) -> None:
    when = WhenModel.model_validate({"client_cert": wanted})
    assert when.model_dump(exclude_defaults=True) == {"client_cert": wanted}


@pytest.mark.parametrize("wanted", ["CN=a", 1, {"issuer": "CN=a"}, {"san": ["a"]}, []])
def test_nothing_else_is_taken(wanted: object) -> None:
    with pytest.raises(ValidationError):
        WhenModel.model_validate({"client_cert": wanted})


def test_none_of_its_words_must_be_said() -> None:
    assert CertificateModel().model_dump(exclude_defaults=True) == {}
    assert WhenModel().client_cert is None
