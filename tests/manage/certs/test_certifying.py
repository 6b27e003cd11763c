"""A worker's part in certificates: in an event loop, on a real store, with a real keeper."""

import asyncio
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest

from porch.certs.answers import Answers
from porch.certs.entry import Source
from porch.certs.kept import keep_entry
from porch.certs.local_ca import LocalAuthority
from porch.certs.store import FileStore
from porch.config.steps import complete
from porch.manage.certs import certifying
from porch.manage.certs.certifying import Certifying
from porch.manage.certs.managed import Managed
from porch.tls.presented import Presented
from tests.manage.conftest import until

HOST = "a.test"
TOKEN = "a" * 32


def managed(folder: Path, *hosts: str) -> Managed:
    local: Source = "local"
    return Managed(hosts=dict.fromkeys(hosts, local), folder=folder, authorities=(), served=())


class Part:
    """What a worker has of it. changes: how often another certificate was to be shown."""

    def __init__(self, *, gets: bool) -> None:
        self.changes = 0
        self.told: list[str] = []
        self.said: list[str] = []
        said = self.said.append
        self.one = Certifying(self._changed, self._tell, said, said, gets=gets)

    def _changed(self) -> None:
        self.changes += 1

    def _tell(self, hosts: list[str]) -> None:
        """As the supervisor does: it tells all, the teller too."""
        self.told += hosts
        self.one.on_certified(hosts)

    def take(self, what: Managed) -> None:
        self.one.take(complete(self.one.preparing(what)))

    def begin(self, what: Managed) -> None:
        self.take(what)
        self.one.start()

    @property
    def shown(self) -> list[str]:
        return sorted(self.one.presented(Presented()).by_host)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def gets() -> Iterator[Part]:
    one = Part(gets=True)
    yield one
    one.one.close()


@pytest.fixture
def looks() -> Iterator[Part]:
    """Of a worker that gets none."""
    one = Part(gets=False)
    yield one
    one.one.close()


def keepers() -> list[threading.Thread]:
    return [each for each in threading.enumerate() if each.name == "porch certificates"]


def put(folder: Path, *hosts: str) -> None:
    """As another machine does that shares the store."""
    store = FileStore(folder)
    for host in hosts:
        keep_entry(store, LocalAuthority.open(store).issue([host]))


def run(then: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await then()

    asyncio.run(main())


# --- one that gets them ----------------------------------------------------------------------


def test_what_is_missing_is_got_told_and_shown(gets: Part, folder: Path) -> None:
    async def then() -> None:
        gets.begin(managed(folder, HOST, "b.test"))
        assert not gets.one.has(HOST)
        await until(lambda: gets.shown == [HOST, "b.test"])
        assert (gets.told, gets.said) == ([HOST, "b.test"], [])
        assert gets.one.has(HOST)
        await until(lambda: gets.changes)

    run(then)


def test_one_thread_gets_them_however_often_it_is_started(gets: Part, folder: Path) -> None:
    async def then() -> None:
        for _ in range(3):
            gets.begin(managed(folder, HOST))
        await until(lambda: gets.shown)
        assert len(keepers()) == 2

    run(then)


def test_a_reload_with_another_host_gets_that_too_and_shows_the_first_no_more(
    gets: Part, folder: Path
) -> None:
    async def then() -> None:
        gets.begin(managed(folder, HOST))
        await until(lambda: gets.shown)
        gets.begin(managed(folder, "b.test"))
        assert gets.shown == []
        await until(lambda: gets.shown == ["b.test"])
        gets.begin(managed(folder, HOST, "b.test"))
        assert gets.shown == [HOST, "b.test"]  # it is in the store

    run(then)


def test_a_reload_to_another_store_begins_anew_there(
    gets: Part, folder: Path, tmp_path: Path
) -> None:
    async def then() -> None:
        gets.begin(managed(folder, HOST))
        await until(lambda: gets.shown)
        first = keepers()
        put(tmp_path / "other", "b.test")
        gets.begin(managed(tmp_path / "other", HOST, "b.test"))
        assert gets.shown == ["b.test"]
        await until(lambda: len(gets.shown) == 2)
        await until(lambda: not first[0].is_alive())
        assert len(keepers()) == 2
        assert FileStore(tmp_path / "other").read(f"certificates/{HOST}") is not None

    run(then)


def test_a_reload_to_none_ends_it_and_a_next_one_begins_again(gets: Part, folder: Path) -> None:
    async def then() -> None:
        gets.begin(managed(folder, HOST))
        await until(lambda: gets.shown)
        gets.begin(managed(folder))
        assert (gets.shown, gets.one.has(HOST)) == ([], False)
        await until(lambda: not keepers())
        gets.begin(managed(folder, HOST))
        assert gets.shown == [HOST]
        assert len(keepers()) == 2

    run(then)


def test_what_was_prepared_and_forgotten_changes_nothing(
    gets: Part, folder: Path, tmp_path: Path
) -> None:
    async def then() -> None:
        gets.begin(managed(folder, HOST))
        await until(lambda: gets.shown)
        put(folder, "b.test")
        complete(gets.one.preparing(managed(folder, HOST, "b.test")))
        complete(gets.one.preparing(managed(tmp_path / "other", HOST)))
        assert gets.shown == [HOST]
        assert len(keepers()) == 2

    run(then)


def test_closed_while_the_keeper_works_it_ends_with_what_it_is_at(
    gets: Part, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    working, may_end = threading.Event(), threading.Event()
    issue = LocalAuthority.issue

    def slow(self: LocalAuthority, names: list[str]) -> object:
        working.set()
        may_end.wait(10)
        return issue(self, names)

    monkeypatch.setattr(LocalAuthority, "issue", slow)

    async def then() -> None:
        gets.begin(managed(folder, HOST, "b.test"))
        await asyncio.to_thread(working.wait, 10)
        gets.one.close()
        assert gets.shown == []

    threads = run_and_find_keepers(then)
    may_end.set()  # the loop has ended by now: nobody is told any more, and nothing is raised
    for each in threads:  # the one for public hosts too, which has nothing to do
        each.join(10)
    assert not any(each.is_alive() for each in threads)
    assert FileStore(folder).names("certificates/") == [f"certificates/{HOST}"]
    assert gets.told == []


def run_and_find_keepers(then: Callable[[], Awaitable[None]]) -> list[threading.Thread]:
    run(then)
    return keepers()


# --- one that only shows them ----------------------------------------------------------------


def test_a_worker_that_does_not_get_shows_what_is_there_and_has_no_thread(
    looks: Part, folder: Path
) -> None:
    put(folder, HOST)

    async def then() -> None:
        looks.begin(managed(folder, HOST, "b.test"))
        assert looks.shown == [HOST]
        assert keepers() == []

    run(then)


def test_what_another_worker_has_got_is_shown_when_it_tells(looks: Part, folder: Path) -> None:
    async def then() -> None:
        looks.begin(managed(folder, HOST, "b.test"))
        put(folder, HOST, "b.test", "c.test")
        looks.one.on_certified([HOST, "c.test"])
        looks.one.on_certified(["b.test"])  # while the first look is under way
        await until(lambda: looks.shown == [HOST, "b.test"])

    run(then)


def test_what_others_put_into_the_store_is_seen(
    looks: Part, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certifying, "LOOK", 0.01)

    async def then() -> None:
        looks.begin(managed(folder, HOST))
        for changes in (1, 2):
            put(folder, HOST)
            await until(lambda changes=changes: looks.changes == changes)
        before = looks.changes
        await asyncio.sleep(0.05)
        assert looks.changes == before  # the same again is nothing new

    run(then)


def test_given_ones_come_first_and_those_that_nobody_wants_are_not_shown(
    looks: Part, folder: Path
) -> None:
    put(folder, HOST, "b.test")
    looks.take(managed(folder, HOST, "b.test"))
    given = Presented({"z.test": looks.one.presented(Presented()).by_host[HOST]})
    assert [*looks.one.presented(given).by_host] == ["z.test", HOST, "b.test"]
    looks.take(managed(folder, HOST))
    assert [*looks.one.presented(given).by_host] == ["z.test", HOST]
    looks.take(managed(folder))
    assert looks.one.presented(given) is given


def test_reading_is_done_one_host_a_step(looks: Part, folder: Path) -> None:
    put(folder, HOST, "b.test")
    steps = looks.one.preparing(managed(folder, HOST, "b.test"))
    assert sum(1 for _ in steps) >= 2


# --- a store that is no good -----------------------------------------------------------------


@pytest.mark.parametrize("how", ["a file", "others may write", "a name that is none"])
def test_a_store_that_cannot_be_used_is_told_once_until_it_can(
    gets: Part, folder: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(certifying, "LOOK", 0.01)
    if how == "a file":
        folder.write_text("")
    elif how == "others may write":
        folder.mkdir()
        folder.chmod(0o777)
    else:
        folder = folder / "\0"

    async def then() -> None:
        gets.begin(managed(folder, HOST))
        gets.begin(managed(folder, HOST))
        await asyncio.sleep(0.05)
        (said,) = gets.said
        assert said.startswith("no certificates but those given: ")
        assert gets.shown == []
        assert gets.one.http_answer(TOKEN) is None
        if how == "a name that is none":
            return
        if folder.is_file():
            folder.unlink()
        else:
            folder.chmod(0o700)
        await until(lambda: gets.shown == [HOST])  # by itself
        assert len(gets.said) == 1

    run(then)


def test_a_disk_that_hangs_is_told_once_and_holds_up_nothing(
    looks: Part, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To open a file may wait for a server that is gone, for as long as that is."""
    monkeypatch.setattr(certifying, "LOOK", 0.01)
    put(folder, HOST)
    is_back = threading.Event()
    is_back.set()
    read = FileStore.read

    def hang(store: FileStore, name: str) -> bytes | None:
        is_back.wait(20)
        return read(store, name)

    monkeypatch.setattr(FileStore, "read", hang)

    async def then() -> None:
        looks.begin(managed(folder, HOST))
        monkeypatch.setattr(certifying, "PATIENCE", 0.02)
        is_back.clear()
        await until(lambda: looks.said)
        await asyncio.sleep(0.05)
        monkeypatch.setattr(certifying, "PATIENCE", 30.0)
        assert looks.said == [
            f"the store {folder} does not answer; see to its disk. What was read from it is served"
            " on"
        ]
        assert looks.shown == [HOST]
        is_back.set()
        put(folder, HOST)
        await until(lambda: looks.changes)
        assert len([each for each in looks.said if "does not answer" in each]) == 1

    run(then)


def test_without_a_thread_it_is_told_once_and_tried_again(
    gets: Part, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It must not raise: a reload that is half in force would be."""
    monkeypatch.setattr(certifying, "LOOK", 0.01)

    def refuse(_: object) -> None:
        raise RuntimeError("can't start new thread")

    async def then() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", refuse)
            gets.begin(managed(folder, HOST))
            gets.one.on_certified([HOST])
            await asyncio.sleep(0.05)
        (said,) = gets.said
        assert "the system gives no thread" in said
        await until(lambda: gets.shown == [HOST])

    run(then)


# --- what authorities ask --------------------------------------------------------------------


def test_authorities_are_answered_from_the_store(looks: Part, folder: Path) -> None:
    put(folder, HOST)
    looks.take(managed(folder, HOST))
    store = FileStore(folder)
    assert looks.one.http_answer(TOKEN) is None
    assert looks.one.challenge(HOST) is None
    Answers(store).present_http(TOKEN, "an answer")
    made = LocalAuthority.open(store).issue([HOST])
    Answers(store).present_alpn(HOST, made.chain, made.key)
    assert looks.one.http_answer(TOKEN) == b"an answer"
    found = looks.one.challenge(HOST)
    assert found is not None
    assert found.pairs[0].chain == made.chain
    assert isinstance(found.context, ssl.SSLContext)
    assert looks.one.challenge("b.test") is None


def test_a_store_that_cannot_be_read_answers_nobody(looks: Part, folder: Path) -> None:
    looks.take(managed(folder, HOST))
    for each in (f"http/{TOKEN}", f"alpn/{HOST}"):
        (folder / "answers" / f"{each}.kept").mkdir(parents=True)
    assert looks.one.http_answer(TOKEN) is None
    assert looks.one.challenge(HOST) is None
