"""What the words of health mean: how a pool is looked after."""

from typing import TYPE_CHECKING

from porch.balance.care import Care
from porch.balance.check import Check
from porch.balance.eject import Eject
from porch.config.headers import parse_name, parse_value
from porch.config.loaded import Loaded
from porch.config.locate import KeyPath
from porch.config.schema_health import EjectWords, HealthModel

if TYPE_CHECKING:
    from porch.config.settings import RouteSettings

__all__ = ["care_of", "review_health"]

_OF_HTTP = ("path", "status", "body", "header", "method")
_NOT_OF = {
    "http": ("service",),
    "grpc": _OF_HTTP,
    "tcp": (*_OF_HTTP, "send", "host", "service"),
    "py": (*_OF_HTTP, "send", "host", "service", "port"),
}
"""Words that say nothing about a kind."""


def care_of(settings: "RouteSettings") -> Care:
    """How the endpoints of a pool with these settings are looked after."""
    health, eject = settings.health, settings.eject
    return Care(
        check=_check(health) if health else None,
        eject=None if eject is False else _eject(eject) if eject else Eject(),
        slow_start=settings.slow_start or 0.0,
        panic=settings.panic or 0.0,
    )


def review_health(loaded: Loaded, health: HealthModel, path: KeyPath) -> None:
    """What no single word of a check can tell."""
    for word in _NOT_OF[health.kind.partition(":")[0]]:
        if word in health.model_fields_set:
            text = f"'{word}' says nothing about kind = \"{health.kind}\"; take it out"
            loaded.add((*path, word), text)
    if health.body and health.method == "HEAD":
        loaded.add((*path, "body"), 'an answer to HEAD has no body; write method = "GET"')
    for name, value in health.send.items():
        try:
            if parse_name(name) == b"host":
                raise ValueError("write host = … for it")
            parse_value(value)
        except ValueError as error:
            loaded.add((*path, "send", name), str(error))
    for name, wanted in health.header.items():
        try:
            parse_name(name)
            parse_value(wanted if isinstance(wanted, str) else "")
        except ValueError as error:
            loaded.add((*path, "header", name), str(error))


def _check(health: HealthModel) -> Check:
    sends = {parse_name(name): parse_value(value) for name, value in health.send.items()}
    wanted = {
        parse_name(name): parse_value(value) if isinstance(value, str) else value
        for name, value in health.header.items()
    }
    return Check(
        kind=health.kind,
        method=(health.method or "GET").encode(),
        target=(health.path or "/").encode(),
        host=(health.host or "").encode(),
        sends=tuple(({b"user-agent": b"porch health"} | sends).items()),
        port=health.port or 0,
        statuses=tuple(health.status or [(200, 299)]),
        body=(health.body or "").encode(),
        fields=wanted,
        service=health.service or "",
        every=health.every,
        timeout=health.timeout,
        rise=health.rise,
        fall=health.fall,
    )


def _eject(model: EjectWords) -> Eject:
    return Eject(
        failures=model.failures,
        rate=model.rate,
        of=model.of,
        slower=model.slower,
        seconds=getattr(model, "for"),
        most=model.most,
    )
