"""A door before the recording origin, started once a module."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.smuggling.case import RequestCase, ResponseCase
from tests.smuggling.judge import Finding, judge_request, judge_response
from tests.smuggling.origin import Origin
from tests.smuggling.play import Proxy, play_request, play_response
from tests.smuggling.proxies import running

Judge = Callable[..., list[Finding]]
"""(case, piecemeal=False) -> what was wrong with what came of it."""


def _stage(name: str, folder: Path) -> Iterator[Judge]:
    with asyncio.Runner() as runner:
        origin = Origin()
        origin_port = runner.run(origin.start())
        with running(name, folder, origin_port) as port:
            proxy = Proxy(host="127.0.0.1", port=port)

            def judge(case: RequestCase | ResponseCase, piecemeal: bool = False) -> list[Finding]:
                if isinstance(case, RequestCase):
                    played = runner.run(play_request(case, proxy, origin, piecemeal=piecemeal))
                    return judge_request(case, played)
                outcome = runner.run(play_response(case, proxy, origin, piecemeal=piecemeal))
                return judge_response(case, outcome)

            yield judge
        runner.run(origin.stop())


@pytest.fixture(scope="module")
def at_the_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    """Plays a case at a door for any host."""
    yield from _stage("porch", tmp_path_factory.mktemp("door"))


@pytest.fixture(scope="module")
def at_the_door_of_one_site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Judge]:
    """Plays a case at a door that knows a.test alone."""
    yield from _stage("porch-one-site", tmp_path_factory.mktemp("door"))
