"""The words of `when`, compiled to Conditions."""

import ipaddress
import re
from collections.abc import Callable, Mapping

from porch.http.fields import HOP_BY_HOP
from porch.route.certificate import CertificateCondition, Part
from porch.route.condition import Conditions, Network, Networks, Source, ValueCondition
from porch.route.regex import compile_regex

__all__ = ["parse_when"]

_TOKEN = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+\Z")
_SOURCES: Mapping[str, Source] = {"header": "header", "query": "query", "cookie": "cookie"}
_PARTS: Mapping[str, Part] = {"subject": "subject", "san": "san"}
_UNSEEN = (HOP_BY_HOP | {b"host", b"expect"}) - {b"upgrade"}
"""What a codec consumes; no condition could ever see it."""


def parse_when(when: Mapping[str, object], hide: Callable[[str], str] = str) -> Conditions:
    """The conditions that `when` says.

    hide: makes of a value what may be shown of it.

    when: `method` and `client` with a string or a list of them; `header`, `query`, `cookie` with
    a table of name to a string it equals, "~regex", true or false; `client_cert` with such a table
    of `subject` and `san`, true or false. Raises ValueError with one
    sentence.
    """
    methods: frozenset[bytes] | None = None
    clients: Networks | None = None
    values: list[ValueCondition | CertificateCondition] = []
    for word, wanted in when.items():
        if word == "method":
            methods = frozenset(_parse_method(each) for each in _texts(word, wanted))
        elif word == "client":
            clients = Networks(tuple(_parse_network(each) for each in _texts(word, wanted)))
        elif word in _SOURCES:
            if not isinstance(wanted, Mapping):
                raise ValueError(f'when.{word} is a table: {word} = {{ name = "value" }}')
            source = _SOURCES[word]
            values += (_parse_value(source, str(name), each, hide) for name, each in wanted.items())
        elif word == "client_cert":
            values += _parse_certificate(wanted)
        else:
            raise ValueError(
                f"unknown condition '{word}'; there are method, header, query, cookie, client and "
                "client_cert"
            )
    return Conditions(methods=methods, clients=clients, values=tuple(values))


def _parse_certificate(wanted: object) -> list[CertificateCondition]:
    if isinstance(wanted, bool):
        return [CertificateCondition(part="", wanted=wanted)]
    if not isinstance(wanted, Mapping):
        raise ValueError('when.client_cert is true, false or a table: { subject = "CN=…" }')
    if not wanted:
        raise ValueError("when.client_cert = {} asks nothing; write true for any certificate")
    return [_parse_part(str(word), each) for word, each in wanted.items()]


def _parse_part(word: str, wanted: object) -> CertificateCondition:
    part = _PARTS.get(word)
    if part is None:
        raise ValueError(f"unknown part '{word}' of a certificate; there are subject and san")
    if isinstance(wanted, bool):
        return CertificateCondition(part=part, wanted=wanted)
    if not isinstance(wanted, str):
        raise ValueError(f"when.client_cert '{word}' is a string, true (present) or false (absent)")
    if wanted.startswith("~"):
        return CertificateCondition(part=part, wanted=compile_regex(wanted[1:]))
    is_host = part == "san" and not set(wanted) & {":", "@"}
    return CertificateCondition(part=part, wanted=wanted.lower() if is_host else wanted)


def _texts(word: str, wanted: object) -> list[str]:
    texts = wanted if isinstance(wanted, list | tuple) else [wanted]
    if not texts or not all(isinstance(each, str) and each for each in texts):
        raise ValueError(f"when.{word} is a string or a list of strings")
    return list(texts)


def _parse_method(text: str) -> bytes:
    if not _TOKEN.match(text) or text != text.upper():
        raise ValueError(f"'{text}' is not a method; they are written in capitals, like 'GET'")
    return text.encode("ascii")


def _parse_network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text)
    except ValueError:
        try:
            plain = ipaddress.ip_interface(text).network
        except ValueError:
            raise ValueError(f"'{text}' is not an address or a network like 10.0.0.0/8") from None
        raise ValueError(f"'{text}' is an address within a network; write '{plain}'") from None


def _parse_value(
    source: Source, text: str, wanted: object, hide: Callable[[str], str]
) -> ValueCondition:
    name = text.encode("utf-8")
    if source == "header":
        name = name.lower()
        if not _TOKEN.match(text):
            raise ValueError(f"'{text}' is not the name of a header")
        if name in _UNSEEN:
            raise ValueError(
                "the host of a request stands in the key, not in when.header"
                if name == b"host"
                else f"'{text}' is about one connection alone, so that no condition can see it"
            )
    if isinstance(wanted, bool):
        return ValueCondition(source=source, name=name, wanted=wanted)
    if not isinstance(wanted, str):
        raise ValueError(f"when.{source} '{text}' is a string, true (present) or false (absent)")
    written = hide(wanted)
    if wanted.startswith("~"):
        regex = compile_regex(wanted[1:])
        return ValueCondition(source=source, name=name, wanted=regex, written=written)
    if name == b"upgrade" and source == "header":
        wanted = wanted.lower()
    return ValueCondition(source=source, name=name, wanted=wanted.encode("utf-8"), written=written)
