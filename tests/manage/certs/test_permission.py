"""The operator's function or service, asked as a thread asks it."""

import http.server
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from porch.manage.certs import permission as module
from porch.manage.certs.permission import permission

CODE = """\
async def slowly(name, client):
    return name == "yes.example"


async def never(name, client):
    import asyncio
    await asyncio.Event().wait()


def ask(name, client):
    return client == "192.0.2.1"


def nothing(name, client):
    pass


def words(name, client):
    return "no"


def raises(name, client):
    raise LookupError("no database")


number = 5
"""


@pytest.fixture
def base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "asked_here.py").write_text(CODE)
    monkeypatch.setattr(sys, "path", [*sys.path])
    yield tmp_path
    sys.modules.pop("asked_here", None)


def test_a_function_is_told_name_and_client_and_answers(base: Path) -> None:
    ask = permission("py:asked_here:ask", base)
    assert ask("a.example", "192.0.2.1")
    assert not ask("a.example", "192.0.2.2")
    slowly = permission("py:asked_here:slowly", base)
    assert (slowly("yes.example", ""), slowly("no.example", "")) == (True, False)
    assert not permission("py:asked_here:nothing", base)("a.example", "")


@pytest.mark.parametrize(
    ("name", "kind", "why"),
    [
        ("words", TypeError, "it answered 'no', which is neither True nor False"),
        ("raises", LookupError, "no database"),
        ("number", TypeError, "py:asked_here:number is no function"),
        ("absent", ValueError, "cannot be loaded"),
    ],
)
def test_what_is_no_answer_is_raised(
    base: Path, name: str, kind: type[Exception], why: str
) -> None:
    with pytest.raises(kind, match=why):
        permission(f"py:asked_here:{name}", base)("a.example", "")


def test_whether_it_can_be_loaded_is_found_out_before(base: Path) -> None:
    for name in ("number", "absent"):
        with pytest.raises((TypeError, ValueError)):
            permission(f"py:asked_here:{name}", base).load()
    permission("py:asked_here:ask", base).load()
    permission("http://127.0.0.1:1/ask", base).load()  # it may come up later


def test_one_that_waits_for_ever_is_ended(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SECONDS", 0.01)
    with pytest.raises(TimeoutError):
        permission("py:asked_here:never", base)("a.example", "")


@pytest.fixture
def service() -> Iterator[tuple[str, list[str]]]:
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            name = self.path.partition("domain=")[2].partition("&")[0]
            self.send_response({"yes.example": 200, "moved.example": 302}.get(name, 404))
            self.send_header("Location", "/ask?domain=yes.example&client=")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    server.server_close()


def test_a_service_says_yes_with_200_and_nothing_else(service: tuple[str, list[str]]) -> None:
    url, asked = service
    ask = permission(f"{url}/ask", Path())
    assert ask("yes.example", "2001:db8::1")
    assert not ask("no.example", "")
    assert not ask("moved.example", "")  # to a page that would be 200
    assert asked == [
        "/ask?domain=yes.example&client=2001%3Adb8%3A%3A1",
        "/ask?domain=no.example&client=",
        "/ask?domain=moved.example&client=",
    ]


def test_what_stands_in_its_url_stays(service: tuple[str, list[str]]) -> None:
    url, asked = service
    assert permission(f"{url}?key=1", Path())("yes.example", "")
    assert asked == ["/?key=1&domain=yes.example&client="]


def test_no_proxy_is_asked_for_what_is_near(
    service: tuple[str, list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    assert permission(f"{service[0]}/ask", Path())("yes.example", "")


def test_a_service_that_is_down_is_raised(service: tuple[str, list[str]]) -> None:
    with pytest.raises(OSError, match="refused"):
        permission("http://127.0.0.1:1/ask", Path())("yes.example", "")
