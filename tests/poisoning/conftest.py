"""A door with caches of all kinds before the origin of all cases, started once."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.poisoning.case import Case
from tests.poisoning.play import Played, outcome, serving
from tests.smuggling.proxies import Arguments, running_with

CACHES = {
    "plain": "true",
    "hour": '"1h"',
    "guard": '{ ttl = "1h", deception = "guard" }',
    "tracking": '{ key = { ignore_query = "tracking" } }',
    "pages": '{ key = { query = ["page"], sort = true } }',
    "keyed": '{ ttl = "1h", key = { fields = ["x-tenant"], cookies = ["theme"] } }',
    "trusting": "true",
}
"""Kind of a site -> its cache. See case.Doors."""

Plays = Callable[[Case], Played]


def _config(port: int, origin: int, trusts: bool) -> str:
    to = f'to = "127.0.0.1:{origin}"'
    lines = [f'listen = ["127.0.0.1:{port}"]', "workers = 1", "log = false"]
    lines += ['trust = "127.0.0.1"'] if trusts else []
    lines += ["cache_store = { memory = true }", "[routes]"]
    lines += [f'"*.{kind}.test" = {{ {to}, cache = {words} }}' for kind, words in CACHES.items()]
    lines.append(f'"*.underscores.test" = {{ {to}, cache = true, underscores = true }}')
    lines.append(f'"*.static.test" = {{ {to} }}')
    lines.append(f'"*.static.test/static/*" = {{ {to}, cache = "1h" }}')
    return "\n".join(lines) + "\n"


@pytest.fixture(scope="session")
def plays(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plays]:
    """Plays a case, at the door that trusts its clients if that is the kind of its site."""

    def door(folder: Path, trusts: bool) -> Callable[[Path, int, int], Arguments]:
        def make(folder: Path, port: int, origin: int) -> Arguments:
            file = folder / "porch.toml"
            file.write_text(_config(port, origin, trusts), encoding="utf-8")
            return [sys.executable, "-m", "porch", "run", str(file)]

        return make

    one, two = tmp_path_factory.mktemp("door"), tmp_path_factory.mktemp("trusting")
    with (
        serving() as origin,
        running_with(door(one, False), one, origin) as port,
        running_with(door(two, True), two, origin) as trusting,
    ):
        yield lambda case: outcome(case, trusting if case.door == "trusting" else port)
