"""The configuration is edited while answers are kept, and a page is changed meanwhile."""

from collections.abc import Callable
from threading import Event, Thread

import pytest

from tests.e2e.conftest import Client, Connection, Door, Origin

Start = Callable[..., Door]
Scripted = Callable[[Callable[[Connection], None]], Origin]
PATIENCE = 50.0
"""Seconds: an upgrade takes some where the machine is busy."""
OTHER = {
    "key": "cache = { key = { sort = true } }",
    "off": "cache = false",
    "method": 'cache = { key = { cookies = ["theme"] } }',
}


class Shop:
    """An origin whose page says how often it was changed."""

    def __init__(self, start: Scripted) -> None:
        self.changes = 0
        self.slow = Event()
        self.is_asked = Event()
        self.slow.set()
        self.port = start(self._serve).port

    def _serve(self, connection: Connection) -> None:
        while True:
            head = connection.read_head()
            if head.startswith(b"POST"):
                self.is_asked.set()
                self.slow.wait(PATIENCE)
                self.changes += 1
            body = b"%d" % self.changes
            connection.send(
                b"HTTP/1.1 200 OK\r\nCache-Control: max-age=600\r\n"
                b"Content-Length: %d\r\n\r\n%b" % (len(body), body)
            )


def ask(running: Door, method: bytes = b"GET") -> bytes:
    client = Client(running)
    client.socket.settimeout(PATIENCE)
    try:
        more = b"Content-Length: 0\r\n" if method == b"POST" else b""
        client.send(method + b" /x?b=1&a=2 HTTP/1.1\r\nHost: a.test\r\n" + more + b"\r\n")
        return bytes(client.read_answer()[2])
    finally:
        client.close()


def words(shop: Shop, cache: str = "cache = true") -> str:
    return f'workers = 2\n\n[routes."a.test"]\nto = "127.0.0.1:{shop.port}"\n{cache}\n'


def written(running: Door, text: str) -> None:
    listen = running.file.read_text().partition("\n")[0]
    assert listen.startswith("listen"), listen
    running.file.write_text(f"{listen}\n{text}")


def edit(running: Door, text: str) -> None:
    written(running, text)
    assert running.porch("reload").returncode == 0


@pytest.mark.parametrize("other", OTHER)
def test_what_was_changed_under_other_words_does_not_come_back_with_the_first(
    door: Start, origin: Scripted, other: str
) -> None:
    shop = Shop(origin)
    running = door(words(shop))
    assert ask(running) == b"0"
    edit(running, words(shop, OTHER[other]))
    ask(running, b"POST")
    assert ask(running) == b"1"
    edit(running, words(shop))
    assert ask(running) == b"1"


def test_an_edit_that_has_no_part_in_keys_keeps_what_is_kept(door: Start, origin: Scripted) -> None:
    shop = Shop(origin)
    running = door(words(shop))
    assert ask(running) == b"0"
    shop.changes = 1
    edit(running, words(shop, 'cache = { ttl = "1h" }\n[routes."b.test"]\nto = ":1"'))
    assert ask(running) == b"0"


def test_a_change_that_is_under_way_when_words_change_lets_go_of_what_is_kept_then(
    door: Start, origin: Scripted
) -> None:
    shop = Shop(origin)
    running = door(words(shop))
    shop.slow.clear()
    posting = Thread(target=ask, args=(running, b"POST"))
    posting.start()
    assert shop.is_asked.wait(20.0)
    edit(running, words(shop, OTHER["key"]))
    assert ask(running) == b"0"
    shop.slow.set()
    posting.join()
    assert ask(running) == b"1"


@pytest.mark.parametrize("other", ["cache = true", OTHER["key"]], ids=["same", "key"])
@pytest.mark.parametrize("store", ["disk", "memory"])
def test_a_change_by_a_worker_of_before_an_upgrade_lets_go_of_what_the_new_ones_keep(
    door: Start, origin: Scripted, store: str, other: str
) -> None:
    shop = Shop(origin)
    where = "cache_store = { memory = true }\n" if store == "memory" else ""
    running = door(where + words(shop))
    shop.slow.clear()
    posting = Thread(target=ask, args=(running, b"POST"))
    posting.start()
    assert shop.is_asked.wait(20.0)
    written(running, where + words(shop, other))
    ran = running.porch("upgrade")
    assert ran.returncode == 0, ran.stderr
    assert {ask(running) for _ in range(8)} == {b"0"}
    shop.slow.set()
    posting.join()
    assert {ask(running) for _ in range(8)} == {b"1"}
