"""A worker's part in another certificate that somebody asks for: a real store and keeper."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from porch.certs.kept import keep_entry
from porch.certs.local_ca import LocalAuthority
from porch.certs.store import FileStore
from porch.tls.presented import Presented
from tests.manage.certs.test_certifying import HOST, Part, folder, gets, looks, managed, run
from tests.manage.conftest import until

__all__ = ["folder", "gets", "looks"]


def test_one_that_is_good_is_got_anew_where_somebody_asks_for_it(gets: Part, folder: Path) -> None:
    async def then() -> None:
        gets.begin(managed(folder, HOST))
        await until(lambda: gets.shown and gets.changes)
        first, told = gets.one.presented(Presented()).by_host[HOST], []
        gets.one.renew(HOST, told.append)
        await until(lambda: told and gets.said)
        (found,) = told
        assert (found["what"], found["sentence"]) == ("issued", f"{HOST} has a new certificate")
        assert found["before"] != found["after"]
        assert all("serial" in found[each] for each in ("before", "after"))
        await until(lambda: gets.one.presented(Presented()).by_host[HOST] is not first)
        assert gets.told == [HOST, HOST]
        assert gets.said == [found["sentence"]]

    run(then)


@pytest.mark.parametrize("fault", [RuntimeError, SystemExit])
def test_who_gets_none_and_who_meets_a_fault_says_so(
    gets: Part,
    looks: Part,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    fault: type[BaseException],
) -> None:
    def fail(*_: object) -> None:
        raise fault("x")

    async def then() -> None:
        told: list[Any] = []
        looks.begin(managed(folder, HOST))
        looks.one.renew(HOST, told.append)
        assert told[0]["what"] == "waiting"
        gets.begin(managed(folder, HOST))
        await until(lambda: gets.shown)
        monkeypatch.setattr("porch.certs.keeper.Keeper.renew", fail)
        gets.one.renew(HOST, told.append)
        await until(lambda: len(told) == 2)
        assert (told[1]["what"], told[1]["sentence"]) == ("failed", f"{HOST}: {fault.__name__}: x")

    run(then)


def test_one_whose_end_is_no_date_is_got_anew_and_who_asked_hears_of_it(
    gets: Part, folder: Path
) -> None:
    store = FileStore(folder)
    made = LocalAuthority.open(store).issue([HOST])
    keep_entry(store, replace(made, not_after=10**20))

    async def then() -> None:
        told: list[Any] = []
        gets.begin(managed(folder, HOST))
        gets.one.renew(HOST, told.append)
        await until(lambda: told)
        assert (told[0]["what"], told[0]["before"]) == ("issued", "")
        assert "serial" in told[0]["after"]

    run(then)
