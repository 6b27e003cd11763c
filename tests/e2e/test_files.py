"""Real doors that serve folders, and real clients."""

import gzip
import os
import resource
import signal
import socket
import ssl
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
import trustme

from tests.e2e.conftest import Door
from tests.support.climbing import SECRET, TRICKS, lay
from tests.support.folder import write

AUTHORITY = trustme.CA()
LARGE = os.urandom(5_000_000)

Start = Callable[..., Door]


def serving(door: Start, folder: Path, words: str = "", *, more: str = "") -> Door:
    return door(f'workers = 1\n{more}[routes]\n"*" = {{ to = "file:{folder}"{words} }}\n')


@pytest.fixture
def secured(door: Start, tmp_path: Path) -> Callable[[Path], Door]:
    made = AUTHORITY.issue_cert("a.test", "localhost", key_type=trustme.KeyType.ECDSA)
    made.private_key_and_cert_chain_pem.write_to_path(tmp_path / "a.pem")

    def start(folder: Path) -> Door:
        return door(
            'listen = ["https://127.0.0.1:0"]\nworkers = 1\nlog = false\n'
            f'[routes]\n"localhost" = "file:{folder}"\n'
            f'[site."localhost"]\ncert = "{tmp_path}/a.pem"\nkey = "{tmp_path}/a.pem"\n'
        )

    return start


def trusting() -> ssl.SSLContext:
    context = ssl.create_default_context()
    AUTHORITY.configure_trust(context)
    return context


def curl(*words: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["curl", "-sS", *words], capture_output=True, timeout=60, check=True)


def ask(running: Door, target: str) -> bytes:
    """The whole answer to a target that is sent as it stands."""
    with running.connect() as client:
        client.sendall(
            f"GET {target} HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n".encode("latin-1")
        )
        data = bytearray()
        while piece := client.recv(1 << 20):
            data += piece
        return bytes(data)


def descriptors(running: Door) -> int:
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in running.workers)


def rests_at(running: Door, count: int) -> None:
    running.wait_until(lambda: descriptors(running) <= count, f"so few descriptors as {count}")


# --- what is served ------------------------------------------------------------------------------


@pytest.mark.system
def test_curl_gets_files_parts_and_copies(door: Start, tmp_path: Path) -> None:
    www = tmp_path / "www"
    write(www, "index.html", b"<h1>home</h1>")
    write(www, "docs/index.html", b"docs")
    write(www, "large.bin", LARGE)
    write(www, "a.css", b"a { }" * 500)
    write(www, "a.css.gz", gzip.compress(b"a { }" * 500))
    running = serving(door, www)
    assert curl(f"{running.url}/").stdout == b"<h1>home</h1>"
    assert curl("-L", f"{running.url}/docs").stdout == b"docs"
    assert curl(f"{running.url}/large.bin").stdout == LARGE
    assert (
        curl("-r", "1000000-1999999", f"{running.url}/large.bin").stdout == LARGE[1000000:2000000]
    )
    assert curl("--compressed", f"{running.url}/a.css").stdout == b"a { }" * 500
    head = curl("-I", "-H", "Accept-Encoding: gzip", f"{running.url}/a.css").stdout.lower()
    assert b"content-encoding: gzip" in head
    assert b"vary: accept-encoding" in head
    tag = tmp_path / "tag"
    curl("--etag-save", str(tag), f"{running.url}/large.bin", "-o", os.devnull)
    again = curl("--etag-compare", str(tag), f"{running.url}/large.bin", "-w", "%{http_code}")
    assert again.stdout == b"304"


@pytest.mark.parametrize("http2", [False, True])
def test_files_go_out_over_tls(
    secured: Callable[[Path], Door], tmp_path: Path, http2: bool
) -> None:
    www = tmp_path / "www"
    write(www, "large.bin", LARGE)
    write(www, "small.txt", b"small")
    running = secured(www)
    url = f"https://localhost:{running.port}"
    with httpx.Client(http2=http2, verify=trusting(), base_url=url, trust_env=False) as client:
        assert client.get("/large.bin").content == LARGE
        assert client.get("/small.txt").text == "small"
        part = client.get("/large.bin", headers={"range": "bytes=4000000-"})
        assert (part.status_code, part.content) == (206, LARGE[4000000:])
        head = client.head("/large.bin")
        assert (head.headers["content-length"], head.content) == (str(len(LARGE)), b"")
        assert head.http_version == ("HTTP/2" if http2 else "HTTP/1.1")
        assert client.get("/none").status_code == 404
        assert client.post("/small.txt", content=b"x").headers["allow"] == "GET, HEAD, OPTIONS"


def test_a_deployment_is_served_at_once_and_a_root_that_is_gone_is_said(
    door: Start, tmp_path: Path
) -> None:
    for name in ("one", "two"):
        write(tmp_path, f"{name}/index.html", name.encode())
    current = tmp_path / "current"
    current.symlink_to("one")
    running = serving(door, current)
    with httpx.Client(base_url=running.url, trust_env=False) as client:
        for _ in range(3):
            for name in ("one", "two"):
                (tmp_path / "new").symlink_to(name)
                (tmp_path / "new").rename(current)
                assert client.get("/").text == name
        current.unlink()
        answer = client.get("/")
        assert answer.status_code == 500
        assert "files-root-gone" in answer.headers["proxy-status"]
        current.symlink_to("one")
        assert client.get("/").text == "one"


def test_an_application_of_one_page_is_served(door: Start, tmp_path: Path) -> None:
    www = tmp_path / "www"
    write(www, "index.html", b"app")
    write(www, "app.js", b"js")
    running = serving(door, www, ', files = { try = ["{path}", "/index.html"] }')
    with httpx.Client(base_url=running.url, trust_env=False) as client:
        assert client.get("/users/7?tab=1").text == "app"
        assert client.get("/app.js").text == "js"
        assert client.get("/.env").status_code == 404


def test_what_stands_between_has_all_of_a_file(door: Start, tmp_path: Path) -> None:
    text = b"line of text\n" * 60_000
    write(tmp_path, "www/large.txt", text)
    write(tmp_path, "www/large.bin", LARGE)
    running = serving(
        door, tmp_path / "www", ', bandwidth = "20MB/s", compress = ["gzip"]', more="log = false\n"
    )
    with httpx.Client(base_url=running.url, trust_env=False) as client:
        coded = client.get("/large.txt", headers={"accept-encoding": "gzip"})
        assert coded.headers["content-encoding"] == "gzip"
        assert coded.content == text
        begun = time.monotonic()
        assert client.get("/large.bin").content == LARGE
        assert time.monotonic() - begun > 0.15, "5 MB at 20 MB/s"


# --- no way out ----------------------------------------------------------------------------------


def test_no_trick_leads_out_of_the_root(door: Start, tmp_path: Path) -> None:
    assert len(TRICKS) > 400
    root = lay(tmp_path)
    running = serving(door, root, ", files = { listing = true }", more="log = false\n")
    ask(running, "/none")  # what is opened once is open
    before = descriptors(running)
    for trick in TRICKS:
        answer = ask(running, trick)
        assert SECRET not in answer, trick
        assert b"root:" not in answer, trick
        status = int(answer.split(b" ", 2)[1])
        assert status in (200, 308, 400, 403, 404), (trick, answer[:200])
        body = answer.partition(b"\r\n\r\n")[2]
        assert status != 200 or body == b"inside" or b"Index of /" in body, trick
    rests_at(running, before)


def test_nor_does_any_over_http_2(secured: Callable[[Path], Door], tmp_path: Path) -> None:
    running = secured(lay(tmp_path))
    url = f"https://localhost:{running.port}"
    with httpx.Client(http2=True, verify=trusting(), trust_env=False) as client:
        for trick in TRICKS:
            request = client.build_request("GET", url)
            raw = httpx.URL(url).copy_with(raw_path=trick.encode())
            request.url = raw
            answer = client.send(request)
            assert answer.http_version == "HTTP/2"
            assert SECRET not in answer.content, trick
            assert answer.status_code in (308, 400, 403, 404) or answer.content == b"inside", trick


def test_what_a_route_keeps_to_itself_is_not_to_be_had_by_another_spelling(
    door: Start, tmp_path: Path
) -> None:
    write(tmp_path, "www/private/a.txt", SECRET)
    write(tmp_path, "www/a.txt", b"a")
    running = door(
        f'log = false\n[routes]\n"*" = "file:{tmp_path}/www"\n"*/private/*" = "respond:403"\n'
    )
    for trick in (
        *("/private/a.txt", "/%70rivate/a.txt", "//private/a.txt", "/./private/a.txt"),
        *("/x/../private/a.txt", "/private%2fa.txt", "/;/private/a.txt", "/private//a.txt"),
    ):
        answer = ask(running, trick)
        assert SECRET not in answer, trick
        assert int(answer.split(b" ", 2)[1]) in (400, 403, 404), trick
    assert ask(running, "/a.txt").endswith(b"\r\n\r\na")


# --- what goes wrong -----------------------------------------------------------------------------


def test_a_thousand_downloads_that_are_given_up_leave_nothing_open(
    door: Start, tmp_path: Path
) -> None:
    write(tmp_path, "www/large.bin", LARGE)
    running = serving(door, tmp_path / "www", more="log = false\n")
    assert ask(running, "/large.bin").endswith(LARGE[-1000:])
    before = descriptors(running)
    for number in range(1000):
        with running.connect() as client:
            client.sendall(b"GET /large.bin HTTP/1.1\r\nHost: a.test\r\n\r\n")
            if number % 3:
                client.recv(number)
            if number % 2:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    rests_at(running, before)
    assert ask(running, "/large.bin").endswith(LARGE[-1000:])


def test_who_reads_a_byte_a_second_holds_one_descriptor_and_nobody_up(
    door: Start, tmp_path: Path
) -> None:
    write(tmp_path, "www/large.bin", LARGE)
    running = serving(door, tmp_path / "www", more='log = false\ntimeouts = { idle = "2s" }\n')
    ask(running, "/none")
    before = descriptors(running)
    with ExitStack() as opened:
        slow = [opened.enter_context(running.connect()) for _ in range(20)]
        for client in slow:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.sendall(b"GET /large.bin HTTP/1.1\r\nHost: a.test\r\n\r\n")
        for client in slow:
            assert client.recv(1) == b"H"
        assert descriptors(running) <= before + 40
        assert ask(running, "/large.bin").endswith(LARGE[-1000:])
        rests_at(running, before)  # they took nothing for too long


def test_a_file_that_is_cut_while_it_is_sent_ends_its_answer_visibly(
    door: Start, tmp_path: Path
) -> None:
    size = 50_000_000
    file = write(tmp_path, "www/large.bin", bytes(size))
    running = serving(door, tmp_path / "www")
    ask(running, "/none")
    before = descriptors(running)
    with running.connect() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.sendall(b"GET /large.bin HTTP/1.1\r\nHost: a.test\r\n\r\n")
        got = len(client.recv(65536))
        os.truncate(file, 1000)
        while piece := _received(client):
            got += len(piece)
    assert 0 < got < size
    running.wait_until(lambda: "file-changed" in running.log, "the line of the log")
    rests_at(running, before)


def _received(client: socket.socket) -> bytes:
    try:
        return client.recv(1 << 20)
    except ConnectionResetError:
        return b""


def test_a_worker_without_descriptors_says_so_and_goes_on(door: Start, tmp_path: Path) -> None:
    write(tmp_path, "www/a.txt", b"a")
    running = serving(door, tmp_path / "www")
    [worker] = running.workers
    with httpx.Client(base_url=running.url, trust_env=False) as client:
        assert client.get("/none").status_code == 404
        usual = resource.prlimit(worker, resource.RLIMIT_NOFILE)
        resource.prlimit(worker, resource.RLIMIT_NOFILE, (3, usual[1]))
        answer = client.get("/a.txt")
        assert answer.status_code == 503
        assert "out_of_descriptors" in answer.headers["proxy-status"]
        resource.prlimit(worker, resource.RLIMIT_NOFILE, usual)
        assert client.get("/a.txt").text == "a"


def test_a_worker_that_is_killed_cuts_its_downloads_and_no_others(
    door: Start, tmp_path: Path
) -> None:
    size = 50_000_000
    write(tmp_path, "www/large.bin", bytes(size))
    running = serving(door, tmp_path / "www", more="log = false\n")
    [worker] = running.workers
    with running.connect() as client:
        client.sendall(b"GET /large.bin HTTP/1.1\r\nHost: a.test\r\n\r\n")
        got = len(client.recv(65536))
        os.kill(worker, signal.SIGKILL)
        while piece := _received(client):
            got += len(piece)
    assert got < size
    running.wait_until(lambda: running.workers not in ([], [worker]), "another worker")
    assert len(ask(running, "/large.bin")) > size


def test_others_are_served_while_a_large_folder_is_listed(door: Start, tmp_path: Path) -> None:
    folder = tmp_path / "www" / "many"
    folder.mkdir(parents=True)
    for number in range(20_000):
        (folder / f"{number:06}").touch()
    write(tmp_path, "www/a.txt", b"a")
    running = serving(door, tmp_path / "www", ", files = { listing = true }", more="log = false\n")
    with running.connect() as lister, httpx.Client(base_url=running.url) as client:
        lister.sendall(b"GET /many/ HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n")
        times = []
        for _ in range(20):
            begun = time.monotonic()
            assert client.get("/a.txt").text == "a"
            times.append(time.monotonic() - begun)
        data = b""
        while piece := lister.recv(1 << 20):
            data += piece
    assert data.count(b'<tr><td><a href="./') == 10_000
    assert b"more than 10000 entries" in data
    assert sorted(times)[10] < 0.5


def test_what_goes_wrong_with_files_keeps_none_of_them_open(door: Start, tmp_path: Path) -> None:
    shared = Path("/dev/shm")
    if not shared.is_dir():
        pytest.skip("no file system that keeps any date")
    with tempfile.TemporaryDirectory(dir=shared) as folder:
        www = Path(folder)
        for name, size in (("small", 10), ("large", 100_000)):
            os.utime(write(www, name, bytes(size)), (-(10**11), -(10**11)))
        running = serving(door, www, ", files = { listing = true }", more="log = false\n")
        assert ask(running, "/").startswith(b"HTTP/1.1 200")
        before = descriptors(running)
        for _ in range(30):
            for name, size in (("small", 10), ("large", 100_000)):
                assert ask(running, f"/{name}").endswith(b"\r\n\r\n" + bytes(size))
        rests_at(running, before)


def test_a_file_that_is_written_anew_all_the_time_keeps_none_open(
    door: Start, tmp_path: Path
) -> None:
    file = write(tmp_path, "www/a", bytes(60_000))
    running = serving(door, tmp_path / "www", more="log = false\n")
    ask(running, "/none")
    before = descriptors(running)
    over = threading.Event()

    def rewrite() -> None:
        while not over.is_set():
            file.write_bytes(bytes(60_000))

    writer = threading.Thread(target=rewrite)
    writer.start()
    try:
        statuses = {ask(running, "/a").split(b" ", 2)[1] for _ in range(300)}
    finally:
        over.set()
        writer.join()
    assert statuses == {b"200"}
    rests_at(running, before)
