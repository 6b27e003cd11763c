"""The words about bodies that wait at the door, and about how fast they leave it."""

import re
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from porch.config.units import parse_size
from porch.config.words import Bound, Form, SizeText

__all__ = ["Bandwidth", "BandwidthModel", "BufferRequest", "BufferResponse"]

LEAST = 1024
"""Bytes a second: with less, clients give up before an answer has begun."""

_RATE = re.compile(r"(?P<size>[^/]+)/ ?s(?: per (?P<whom>client|route))?\Z")
_SENTENCE = 'a bandwidth is a size a second, such as "2MB/s", or "2MB/s per client"'

REQUEST, RESPONSE = "64MB", "16MB"
"""What `true` stands for."""

_Size = Annotated[Bound | Literal[False], Form('a size, such as "64MB", true or false')]


def _by(default: str) -> BeforeValidator:
    return BeforeValidator(
        lambda value: default if value is True else value, json_schema_input_type=SizeText | bool
    )


BufferRequest = Annotated[_Size, _by(REQUEST), Form('a size, such as "64MB", true or false')]
BufferResponse = Annotated[_Size, _by(RESPONSE), Form('a size, such as "16MB", true or false')]


@dataclass(frozen=True, slots=True)
class BandwidthModel:
    """bytes a second, of each client or of all of a route."""

    rate: int
    per: Literal["client", "route"]


def _read(value: object) -> object:
    if value is False or isinstance(value, BandwidthModel):
        return value
    match = _RATE.match(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(_SENTENCE)
    try:
        rate = parse_size(match["size"].strip())
    except ValueError:
        raise ValueError(_SENTENCE) from None
    if rate < LEAST:
        raise ValueError('a bandwidth is "1KB/s" at least')
    return BandwidthModel(rate, "client" if match["whom"] == "client" else "route")


_RateText = Annotated[
    str,
    Field(
        pattern=r"^\d+(\.\d+)? ?([Bb]|[KkMmGgTt]i?[Bb])/ ?s( per (client|route))?$",
        examples=["2MB/s", "500KB/s per client"],
    ),
]
Bandwidth = Annotated[
    BandwidthModel | Literal[False],
    BeforeValidator(_read, json_schema_input_type=_RateText | Literal[False]),
    Form('a size a second, such as "2MB/s" or "2MB/s per client", or false'),
]
