"""The word `log`: where lines of the access log go, which have one, and what is in it."""

import re
from typing import Annotated, Literal, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from porch.config.model import Model, word
from porch.config.suggest import suggest
from porch.config.words import Bound, Duration, Form, Share, Strings
from porch.observe.fields import NAMES

__all__ = [
    "LOG_FORM",
    "LogFormat",
    "LogModel",
    "LogText",
    "SyslogPlace",
    "read_logs",
    "syslog_place",
]

LOG_FORM = Form(
    '"pretty", "json", "combined", "stdout", "stderr", "file:/path", "syslog", "journald", true or '
    "false"
)

LogFormat = Literal["pretty", "json", "combined"]

_SHORTEST = 60.0
_FORMATS = ("pretty", "json", "combined")
_PLACES = ("stdout", "stderr", "journald", "syslog")
_PLACE_FORM = '"stdout", "stderr", "file:/path", "journald" or "syslog"'


class SyslogPlace(NamedTuple):
    """host: a path for "unix". port: 0 for that."""

    kind: Literal["unix", "udp", "tcp"]
    host: str
    port: int


_STATUS = re.compile(r"[1-5](?:\d\d|xx)|error")
_FIELD = re.compile(r"(?:request|response)\.[!#$%&'*+\-.^_`|~0-9a-z]{1,64}")
_WITH_ADDRESSES = frozenset(
    f"request.{name}"
    for name in (
        *("cf-connecting-ip", "client-ip", "fastly-client-ip", "forwarded", "true-client-ip"),
        *("x-client-ip", "x-cluster-client-ip", "x-forwarded-for", "x-original-forwarded-for"),
        "x-real-ip",
    )
)
_KINDS_OF_FIELD = ("request.", "response.")


def _statuses(value: object) -> object:
    """A number for its text."""
    values = value if isinstance(value, list) else [value]
    texts = [str(each) if isinstance(each, int) else each for each in values]
    return value if any(isinstance(each, bool) for each in values) else texts


def _known_statuses(texts: list[str]) -> list[str]:
    for text in texts:
        if _STATUS.fullmatch(text) is None:
            raise ValueError(f'\'{text}\' is no status; write 404, "5xx" or "error"')
    return texts


def _known_fields(names: list[str]) -> list[str]:
    if not names:
        raise ValueError("a line without a key says nothing; leave it out for all usual ones")
    for name in names:
        if name in NAMES or _FIELD.fullmatch(name):
            continue
        if name.startswith(_KINDS_OF_FIELD):
            raise ValueError(f"'{name}' is not the name of a field in lower case")
        raise ValueError(
            f"'{name}' is no key of a line; write a field as request.{name} or response.{name}"
            if not (near := suggest(name, NAMES)) and re.fullmatch(r"[a-z0-9-]+", name)
            else f"'{name}' is no key of a line{near}"
        )
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise ValueError(f"'{twice}' is there twice")
    return names


def _some(share: float) -> float:
    if not share:
        raise ValueError("0% keeps what failed or was slow alone; errors and slower say so")
    return share


def _long_enough(seconds: float) -> float:
    if seconds < _SHORTEST:
        raise ValueError("a file is for a minute at least")
    return seconds


def _place(text: str) -> str:
    if text.startswith("syslog"):
        syslog_place(text)
    elif text not in _PLACES and not (text.startswith("file:") and text != "file:"):
        raise ValueError(f"a log goes to {_PLACE_FORM}{suggest(text, _PLACES)}")
    if "\0" in text:
        raise ValueError("a path has no NUL (\\u0000)")
    return text


class RotateModel(Model):
    """When a log file is moved away and another one begun."""

    size: Bound | None = word("When it has as many bytes.")
    every: Annotated[Duration, AfterValidator(_long_enough)] | None = word(
        'At the end of each such time, by the clock of this machine: `"1d"` is at midnight.'
    )
    keep: int = Field(
        default=7, ge=1, le=1000, description="Old files that stay: `access.log.1` is the newest."
    )

    @model_validator(mode="after")
    def _has_time(self) -> Self:
        if self.size is None and self.every is None:
            raise ValueError('rotate needs size = "100MB", every = "1d", or both')
        return self


class LogModel(Model):
    """One access log."""

    to: Annotated[str, AfterValidator(_place)] = Field(
        default="stdout",
        description='`"stdout"`, `"stderr"`, `"file:/path"`, `"journald"`, `"syslog"` or '
        '`"syslog:udp://127.0.0.1:514"`, see [where lines go](observe.md#where-lines-go).',
    )
    format: LogFormat | None = word("`pretty` on a terminal and `json` otherwise, if left out.")
    fields: Annotated[
        list[str] | None,
        AfterValidator(lambda names: names if names is None else _known_fields(names)),
        Form("a list of keys"),
    ] = word(
        "Keys of a line of JSON, in that order: those of [json](observe.md#json), `slow`, "
        "and fields such as `request.user-agent` or `response.content-type`, "
        "redacted."
    )
    status: Annotated[
        list[str],
        BeforeValidator(_statuses, json_schema_input_type=int | str | list[int | str]),
        AfterValidator(_known_statuses),
        Form('a status, "5xx", "error", or a list of them'),
    ] = Field(default=[], description='Only these: `404`, `"5xx"`, `"error"`, or a list.')
    route: Strings = Field(default=[], description="Only these routes, by their keys.")
    errors: bool = Field(default=False, description="Only what failed, and what `slower` says.")
    slower: Duration | None = word(
        "Only what took as long, and what `errors` says; each line names the phase that was slow."
    )
    sample: Annotated[Share, AfterValidator(_some)] | None = word(
        "A share of all, and with it all that failed or took as long as `slower` (1s)."
    )

    addresses: Literal["short", "hash"] | None = word(
        "Of clients: `short` logs their network (/24, and /48 of IPv6), `hash` a keyed hash that "
        "is another one each day."
    )
    queries: bool = Field(
        default=True,
        description="`false` logs `?***` for what is behind a `?`, in targets and in fields that "
        "hold a URL, such as Referer.",
    )

    rotate: RotateModel | None = word("For a file: see [rotate](#rotate).")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        telling = [name for name in self.fields or () if name in _WITH_ADDRESSES]
        if self.addresses is not None and telling:
            raise ValueError(f"{telling[0]} has whole addresses; leave it out, or addresses")
        if self.rotate is not None and not self.to.startswith("file:"):
            raise ValueError(f"rotate is for files, and {self.to} is none; leave it out")
        if self.fields is not None and self.format not in (None, "json"):
            raise ValueError(f"fields are keys of JSON, and {self.format} has none; leave one out")
        return self


LogText = bool | str | LogModel | list[str | LogModel]


def read_logs(value: object) -> object:
    """Every form as a list of tables."""
    if isinstance(value, bool):
        return [{}] if value else []
    return [_log(each) for each in value] if isinstance(value, list) else [_log(value)]


def _log(value: object) -> object:
    if isinstance(value, dict):
        return value
    if value in _FORMATS:
        return {"format": value}
    if not isinstance(value, str):
        raise ValueError(f"a log is {LOG_FORM.text}, or a table")
    if value not in _PLACES and not value.startswith(("file:", "syslog:")):
        raise ValueError(f"a log is {LOG_FORM.text}{suggest(value, (*_PLACES, *_FORMATS))}")
    return {"to": _place(value)}


def syslog_place(text: str) -> SyslogPlace:
    """Where "syslog", "syslog:unix:/path" or "syslog:udp://host:port" is. Raises ValueError with a
    sentence."""
    if text == "syslog":
        return SyslogPlace("unix", "/dev/log", 0)
    rest = text.removeprefix("syslog:")
    if rest.startswith("unix:/"):
        return SyslogPlace("unix", rest.removeprefix("unix:"), 0)
    try:
        url = urlsplit(rest)
        host, port = url.hostname, url.port
        is_whole = not (url.path or url.query or url.fragment or url.username)
    except ValueError:
        is_whole, host, port = False, None, None
    if text.startswith("syslog:") and host and port != 0 and is_whole:
        if url.scheme == "udp":
            return SyslogPlace("udp", host, port or 514)
        if url.scheme == "tcp":
            return SyslogPlace("tcp", host, port or 601)
    raise ValueError(
        'a syslog is "syslog" (/dev/log), "syslog:unix:/path", '
        '"syslog:udp://127.0.0.1:514" or "syslog:tcp://127.0.0.1:601"'
    )
