"""Hostile requests by HTTP/2 at a real door: nothing malformed becomes a request of HTTP/1.1."""

import asyncio
from collections.abc import Callable, Iterator

import pytest

from tests.smuggling.h2_case import H2Case
from tests.smuggling.h2_play import judge, play, secured_door
from tests.smuggling.h2_requests import CASES
from tests.smuggling.origin import Origin
from tests.smuggling.proxies import running_with


@pytest.fixture(scope="module")
def at_the_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[H2Case], None]]:
    """Plays a case at a door by TLS, and judges what came of it."""
    with asyncio.Runner() as runner:
        origin = Origin()
        origin_port = runner.run(origin.start())
        folder = tmp_path_factory.mktemp("door")
        with running_with(secured_door, folder, origin_port) as port:
            yield lambda case: judge(case, runner.run(play(case, port, origin)), port)
        runner.run(origin.stop())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_hostile_request_is_refused_or_becomes_exactly_one(
    case: H2Case, at_the_door: Callable[[H2Case], None]
) -> None:
    at_the_door(case)


def test_every_case_has_a_name_of_its_own() -> None:
    names = [case.name for case in CASES]
    assert len({*names}) == len(names) >= 60
