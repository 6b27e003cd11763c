"""How bandwidths and sizes of buffers are written."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from porch.config.schema_buffer import Bandwidth, BandwidthModel, BufferRequest, BufferResponse

BANDWIDTH: TypeAdapter[Any] = TypeAdapter(Bandwidth)
BUFFER: TypeAdapter[Any] = TypeAdapter(BufferRequest)
RESPONSE: TypeAdapter[Any] = TypeAdapter(BufferResponse)


@pytest.mark.parametrize(
    ("text", "rate", "per"),
    [
        ("2MB/s", 2 * 1024**2, "route"),
        ("2 MB/s per route", 2 * 1024**2, "route"),
        ("512KiB/s per client", 524_288, "client"),
        ("1.5GB/ s", 3 * 1024**3 // 2, "route"),
    ],
)
def test_a_bandwidth_is_a_size_a_second(text: str, rate: int, per: str) -> None:
    assert BANDWIDTH.validate_python(text) == BandwidthModel(rate, per)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text", ["2MB", "2MB/m", "MB/s", "2/s", "2MB/s per host", "", 7, True, "2MB/s per client "]
)
def test_anything_else_is_told_how_it_is_written(text: object) -> None:
    with pytest.raises(ValidationError, match="2MB/s"):
        BANDWIDTH.validate_python(text)


def test_a_trickle_is_refused() -> None:
    with pytest.raises(ValidationError, match="1KB/s"):
        BANDWIDTH.validate_python("500B/s")


def test_false_takes_what_holds_for_all_back() -> None:
    assert BANDWIDTH.validate_python(False) is False
    assert BUFFER.validate_python(False) is False


def test_a_buffer_has_a_size() -> None:
    assert BUFFER.validate_python("64MB") == BUFFER.validate_python(True) == 64 * 1024**2
    assert RESPONSE.validate_python(True) == 16 * 1024**2
    for wrong in ("0B", 64, "64", "64MB/s"):
        with pytest.raises(ValidationError):
            BUFFER.validate_python(wrong)
