"""URLs as words."""

import pytest
from pydantic import TypeAdapter, ValidationError

from porch.config.urls import Url, is_near

URL: TypeAdapter[str] = TypeAdapter(Url)


@pytest.mark.parametrize("text", ["http://a.test", "https://a.test:8443/x?y=1", "http://[::1]:1/"])
def test_what_can_be_asked_at_is_one(text: str) -> None:
    assert URL.validate_python(text) == text


@pytest.mark.parametrize(
    "text", ["", "a.test", "ftp://a.test", "http://", "http://a:0/", "http://a.test/ b", "http://é"]
)
def test_what_cannot_is_none(text: str) -> None:
    with pytest.raises(ValidationError):
        URL.validate_python(text)


def test_near_is_what_nobody_stands_between() -> None:
    assert is_near("http://127.0.0.1:9000/")
    assert is_near("http://localhost/")
    assert is_near("http://[::1]/")
    assert not is_near("http://10.0.0.1/")
    assert not is_near("http://127.evil.test/")
    assert not is_near("http://localhost.evil.test/")
