"""A door with caches of all kinds before the origin of all cases, started once."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.poisoning.case import Case
from tests.poisoning.play import Played, outcome, serving
from tests.smuggling.proxies import Arguments, free_port, running_with

CACHES = {
    "plain": "true",
    "hour": '"1h"',
    "tracking": '{ key = { ignore_query = "tracking" } }',
    "pages": '{ key = { query = ["page"], sort = true } }',
    "keyed": '{ ttl = "1h", key = { fields = ["x-tenant"], cookies = ["theme"] } }',
    "trusting": "true",
}
"""Kind of a site -> its cache. See case.Doors."""

Plays = Callable[[Case], Played]


def _config(ports: list[int], origin: int, *, trusts: bool) -> str:
    to = f'to = "127.0.0.1:{origin}"'
    listen = [f"127.0.0.1:{each}" for each in ports]
    lines = [f"listen = {listen}", "workers = 1", "log = false"]
    lines += ['trust = "127.0.0.1"'] if trusts else []
    lines += ["cache_store = { memory = true }", "[routes]"]
    lines += [f'"*.{kind}.test" = {{ {to}, cache = {words} }}' for kind, words in CACHES.items()]
    lines.append(f'"*.underscores.test" = {{ {to}, cache = true, underscores = true }}')
    lines.append(f'"*.static.test" = {{ {to} }}')
    lines.append(f'"*.static.test/static/*" = {{ {to}, cache = "1h" }}')
    return "\n".join(lines) + "\n"


def _started(folder: Path, config: str) -> Arguments:
    file = folder / "porch.toml"
    file.write_text(config, encoding="utf-8")
    return [sys.executable, "-m", "porch", "run", str(file)]


@pytest.fixture(scope="session")
def plays(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plays]:
    """Plays a case, at the door that trusts its clients if that is the kind of its site."""

    aside = free_port()

    def door(folder: Path, port: int, origin: int) -> Arguments:
        return _started(folder, _config([port, aside], origin, trusts=False))

    def trusting_door(folder: Path, port: int, origin: int) -> Arguments:
        return _started(folder, _config([port], origin, trusts=True))

    one, two = tmp_path_factory.mktemp("door"), tmp_path_factory.mktemp("trusting")
    with (
        serving() as origin,
        running_with(door, one, origin.port) as port,
        running_with(trusting_door, two, origin.port) as trusting,
    ):
        yield lambda case: outcome(case, trusting if case.door == "trusting" else port, aside)
