"""The words of who may come in by its address, see schema.py."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from porch.config.model import Model, word
from porch.config.words import Form, Strings, one_or_more

__all__ = ["AccessWords", "NetworkWords"]


def _read(value: object) -> object:
    if value is True:
        raise ValueError('a list says who; for all write "0.0.0.0/0" and "::/0"')
    return one_or_more(value)


def _not_empty(value: list[str] | Literal[False]) -> list[str] | Literal[False]:
    if value == []:
        raise ValueError("the list is empty; name an address, or write false for no list")
    return value


Access = Annotated[
    list[str] | Literal[False],
    BeforeValidator(_read, json_schema_input_type=str | list[str] | Literal[False]),
    AfterValidator(_not_empty),
    Form('a list of networks, such as ["10.0.0.0/8", "file:office.txt"], or false'),
]


class AccessWords(Model):
    """Of a route, a site or the top; the nearest wins, each word for itself."""

    allow: Access | None = word(
        "Who may come in, by the client's address, all others are answered 403: networks, "
        "addresses, `file:` with a list of them, `country:DE`, `asn:64496`, `private`, `unix`, or "
        "the name of a CDN. `false` for no list. See [access](access.md)."
    )
    deny: Access | None = word(
        "Who may not come in, in the same words. Of both lists the longest network decides, then "
        "the ASN, then the country; where they are the same, `deny`."
    )
    geo_fields: bool | None = word(
        "Tell origins where the client is, by `geo`: X-Client-Country and X-Client-ASN.", False
    )


class NetworkWords(Model):
    """Of the whole door."""

    geo: Strings = Field(
        default=[],
        description="Files in MaxMind's format (`.mmdb`) that know countries or ASNs, of your own; "
        "read again when they change.",
    )
    proxy_protocol: Strings = Field(
        default=[],
        description="Peers that begin each connection with a PROXY header (v1 or v2) and are "
        "believed in it, in the words of `trust`. One of them that sends none is cut off; nobody "
        "else's is believed. See [client address](client-address.md).",
    )
