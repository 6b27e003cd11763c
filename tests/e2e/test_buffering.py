"""Bodies that wait at the door: real servers with few workers, and clients that are slow."""

import contextlib
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest

from tests.e2e.conftest import Door, clients_of
from tests.support.nghttpd import BIG, Nghttpd
from tests.support.ports import free_port

WSGI = '''
import time

def app(environ, start_response):
    """A worker serves one at a time: what it was sent, or so many kilobytes."""
    began = time.monotonic()
    body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    took = time.monotonic() - began
    if environ["REQUEST_METHOD"] == "POST":
        answer = b"%d bytes, read in %.3f" % (len(body), took)
    else:
        answer = b"x" * 1024 * int(environ["QUERY_STRING"] or 0)
    start_response("200 OK", [("content-length", str(len(answer)))])
    return [answer]
'''


@pytest.fixture(scope="module")
def one_worker(tmp_path_factory):
    """The port of a gunicorn with one worker, which serves one request at a time."""
    folder = tmp_path_factory.mktemp("one")
    (folder / "shown.py").write_text(WSGI)
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "shown:app", "-b", f"127.0.0.1:{port}"]
    process = subprocess.Popen([*command, "--log-level", "error", "--backlog", "512"], cwd=folder)
    try:
        until = time.monotonic() + 15
        while True:
            assert process.poll() is None, "gunicorn ended at once"
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            assert time.monotonic() < until, "gunicorn did not start"
            time.sleep(0.02)
        yield port
    finally:
        process.terminate()
        process.wait(15)


LINES = b"".join(b"%d: a line of a log that repeats itself\n" % each for each in range(50_000))

WORDS = """\
listen = ["127.0.0.1:0"]
workers = 2
h2c = true
[site."cached.test"]
buffer_request = "1MB"
buffer_response = "1MB"
[routes]
"response.test" = {{ to = "127.0.0.1:{one}", buffer_response = "16MB" }}
"request.test" = {{ to = "127.0.0.1:{one}", buffer_request = "64MB" }}
"paced.test" = {{ to = "127.0.0.1:{one}", bandwidth = "2MB/s", buffer_response = "16MB" }}
"plain.test" = "127.0.0.1:{one}"
"two.test" = {{ to = "h2c://127.0.0.1:{two}", buffer_response = "32MB", bandwidth = "200MB/s" }}
"cached.test" = {{ to = "127.0.0.1:{one}", cache = {{ ttl = "1m" }}, bandwidth = "100MB/s" }}
"files.test" = {{ to = "file:{folder}", bandwidth = "100MB/s", compress = true }}
"""


@pytest.fixture(scope="module")
def shared(one_worker, tmp_path_factory):
    """One door for all tests that leave it as it was."""
    folder = tmp_path_factory.mktemp("shared")
    (folder / "files").mkdir()
    (folder / "files" / "lines.txt").write_bytes(LINES)
    nghttpd = Nghttpd(tmp_path_factory.mktemp("two"), "--no-tls")
    text = WORDS.format(one=one_worker, two=nghttpd.port, folder=folder / "files")
    started = Door(folder, text)
    try:
        started.wait_ready()
        started.big = (nghttpd.folder / "big").read_bytes()
        yield started
    finally:
        started.stop()
        nghttpd.stop()


def slow_reader(port, path, host="response.test"):
    """A connection that has asked and reads nothing."""
    asking = socket.socket()
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    asking.settimeout(30)
    asking.connect(("127.0.0.1", port))
    asking.sendall(f"GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
    return asking


def answer_of(asking):
    pieces = list(iter(lambda: asking.recv(1 << 20), b""))
    return b"".join(pieces).partition(b"\r\n\r\n")[2]


def descriptors(door):
    """How many files without a name its workers have open."""
    found = 0
    for pid in door.workers:
        folder = f"/proc/{pid}/fd"
        for name in os.listdir(folder):
            with contextlib.suppress(OSError):
                found += "/#" in os.readlink(f"{folder}/{name}")
    return found


def get(port, path, host="plain.test", **timeout):
    with socket.create_connection(("127.0.0.1", port), **timeout) as asking:
        asking.sendall(f"GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n".encode())
        return answer_of(asking)


def test_two_hundred_slow_readers_do_not_hold_a_backend_with_one_worker(shared):
    started = shared
    slow = [slow_reader(started.port, "/?4000") for _ in range(200)]
    try:
        began = time.monotonic()
        assert get(started.port, "/?1", timeout=60) == b"x" * 1024  # behind all of them
        took = time.monotonic() - began
        started.wait_until(lambda: descriptors(started) > 150, "that answers wait in files")
        assert took < 20  # one answer that is held would be for ever
        bodies = [answer_of(each) for each in slow[::10]]
    finally:
        for each in slow:
            each.close()
    assert all(body == b"x" * 4000 * 1024 for body in bodies)
    started.wait_until(lambda: descriptors(started) == 0, "that nothing waits any more")


def test_without_the_word_a_slow_reader_holds_it(shared):
    started = shared
    slow = slow_reader(started.port, "/?8000", "plain.test")
    try:
        time.sleep(0.3)
        with pytest.raises(TimeoutError):
            get(started.port, "/?1", timeout=1.5)
    finally:
        slow.close()


def test_readers_that_leave_leave_nothing_behind(shared):
    started = shared
    slow = [slow_reader(started.port, "/?4000") for _ in range(50)]
    started.wait_until(lambda: descriptors(started) > 20, "that answers wait in files")
    for each in slow:
        each.close()
    started.wait_until(lambda: descriptors(started) == 0, "that nothing waits any more")
    assert get(started.port, "/?1", timeout=10) == b"x" * 1024


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_a_slow_upload_reaches_the_backend_in_one_piece(shared, framing):
    started = shared
    piece = b"y" * 100_000
    with socket.create_connection(("127.0.0.1", started.port), timeout=30) as asking:
        told = "content-length: 1000000" if framing == "length" else "transfer-encoding: chunked"
        head = f"POST / HTTP/1.1\r\nhost: request.test\r\nconnection: close\r\n{told}\r\n\r\n"
        asking.sendall(head.encode())
        for _ in range(10):
            chunk = b"%x\r\n%b\r\n" % (len(piece), piece)
            asking.sendall(piece if framing == "length" else chunk)
            time.sleep(0.05)
        assert get(started.port, "/?1", timeout=10) == b"x" * 1024  # the backend waits for nobody
        if framing == "chunks":
            asking.sendall(b"0\r\n\r\n")
        said = answer_of(asking)
    assert said.startswith(b"1000000 bytes, read in ")
    assert float(said.rpartition(b" ")[2]) < 0.4  # it was half a second on its way to the door
    started.wait_until(lambda: descriptors(started) == 0, "that nothing waits any more")


def uploads_that_wait(started, count):
    """Clients that have sent a part of a body."""
    some = []
    for _ in range(count):
        asking = socket.create_connection(("127.0.0.1", started.port), timeout=30)
        head = b"POST / HTTP/1.1\r\nhost: request.test\r\ncontent-length: 1000000\r\n\r\n"
        asking.sendall(head + b"z" * 300_000)
        some.append(asking)
    return some


def test_uploads_that_break_off_leave_nothing_behind(shared):
    started = shared
    some = uploads_that_wait(started, 20)
    started.wait_until(lambda: descriptors(started) == 20, "that uploads wait in files")
    for each in some:
        each.close()
    started.wait_until(lambda: descriptors(started) == 0, "that nothing waits any more")


def test_a_full_folder_for_temporary_files_is_said(one_worker, door, tmp_path):
    started = door(
        f'[routes]\n"*" = {{ to = "127.0.0.1:{one_worker}", buffer_request = "64MB" }}\n',
        environ={"TMPDIR": str(tmp_path)},
    )
    for pid in started.workers:  # as a disk does that is full
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (500_000, resource.RLIM_INFINITY))
    with socket.create_connection(("127.0.0.1", started.port), timeout=30) as asking:
        asking.sendall(
            b"POST / HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n"
            b"content-length: 1000000\r\n\r\n"
        )
        with contextlib.suppress(OSError):
            asking.sendall(b"z" * 1_000_000)
        assert b"503" in asking.recv(1000)
    started.wait_until(lambda: "out_of_room" in started.log, "that the log says why")
    assert get(started.port, "/?1", timeout=10) == b"x" * 1024


def test_without_descriptors_it_is_said_too(one_worker, door):
    started = door(
        f'[routes]\n"*" = {{ to = "127.0.0.1:{one_worker}", buffer_request = "64MB" }}\n'
    )
    waits = socket.create_connection(("127.0.0.1", started.port), timeout=30)
    waits.sendall(b"POST / HTTP/1.1\r\nhost: a.test\r\ncontent-length: 1000000\r\n\r\n")
    time.sleep(0.2)
    for pid in started.workers:
        most = max(int(name) for name in os.listdir(f"/proc/{pid}/fd")) + 1
        _, hard = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, hard))
    with waits, contextlib.suppress(OSError):
        waits.sendall(b"z" * 1_000_000)
        assert b"503" in waits.recv(1000)
    started.wait_until(lambda: "a body that waits needs one" in started.log, "that the log says it")
    for pid in started.workers:
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (hard, hard))
    assert get(started.port, "/?1", timeout=10) == b"x" * 1024


def test_a_worker_that_is_killed_leaves_no_file_behind(one_worker, door, tmp_path):
    started = door(
        f'[routes]\n"*" = {{ to = "127.0.0.1:{one_worker}", buffer_request = "64MB" }}\n',
        environ={"TMPDIR": str(tmp_path)},
    )
    before = set(tmp_path.iterdir())
    some = uploads_that_wait(started, 5)
    started.wait_until(lambda: descriptors(started) == 5, "that uploads wait in files")
    for pid in started.workers:
        os.kill(pid, signal.SIGKILL)
    for each in some:
        with contextlib.suppress(OSError):
            assert each.recv(100) == b""
        each.close()
    assert set(tmp_path.iterdir()) == before


def download(port, host, path, took):
    began = time.monotonic()
    body = get(port, path, host, timeout=60)
    took.append((len(body), time.monotonic() - began))


def test_a_bandwidth_holds_within_a_tenth_over_all_workers(shared):
    found = []
    words = (shared.port, "paced.test", "/?1024", found)
    readers = [threading.Thread(target=download, args=words) for _ in range(6)]
    began = time.monotonic()
    for each in readers:
        each.start()
    for each in readers:
        each.join()
    took = time.monotonic() - began
    assert [size for size, _ in found] == [1024 * 1024] * 6
    assert 2.7 < took < 4.5  # six megabytes at two a second; a busy machine is late


def spread(started, count):
    """So many connections to each worker: a list for each, by its process."""
    made = {pid: [] for pid in started.workers}
    while min(map(len, made.values())) < count:
        asking = started.connect()
        port = asking.getsockname()[1]
        holds = [pid for pid in made if port in clients_of(pid, started.port)]
        while not holds:  # it is not accepted yet
            time.sleep(0.01)
            holds = [pid for pid in made if port in clients_of(pid, started.port)]
        made[holds[0]].append(asking)
    for some in made.values():
        while len(some) > count:
            some.pop().close()
    return made


def taken(connections, seconds):
    """Bytes that come by all of them in that time."""
    found = 0
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        for each in select.select(connections, [], [], left)[0]:
            found += len(each.recv(1 << 20))
    return found


def test_a_bandwidth_of_a_client_holds_over_all_workers_and_the_death_of_one(door, tmp_path):
    (tmp_path / "www").mkdir()
    with (tmp_path / "www" / "large").open("wb") as file:
        file.truncate(1 << 30)
    rate = 1 << 20
    started = door(
        f'workers = 2\nlog = false\n[routes]\n"*" = {{ to = "file:{tmp_path}/www",'
        ' bandwidth = "1MB/s per client" }\n'
    )
    made = spread(started, 2)
    (victim, its), (_, others) = made.items()
    for each in (*its, *others):
        each.sendall(b"GET /large HTTP/1.1\r\nhost: a.test\r\n\r\n")
    taken([*its, *others], 1.0)
    assert taken([*its, *others], 4.0) == pytest.approx(4 * rate, rel=0.1)
    with socket.create_connection(("127.0.0.1", started.port), 9, ("127.0.0.2", 0)) as another:
        another.sendall(b"GET /large HTTP/1.1\r\nhost: a.test\r\n\r\n")
        taken([another], 0.5)
        assert taken([another], 2.0) == pytest.approx(2 * rate, rel=0.1)
        taken([*its, *others], 0.5)  # what waited for them meanwhile
    os.kill(victim, signal.SIGKILL)
    taken(others, 0.5)
    assert taken(others, 4.0) == pytest.approx(4 * rate, rel=0.1)
    for each in (*its, *others):
        each.close()


@pytest.mark.parametrize("http", ["--http1.1", "--http2-prior-knowledge"])
def test_a_stop_waits_for_what_is_still_to_leave(one_worker, door, http):
    """The origin has said all, the exchange has ended, and the last piece waits for its time."""
    started = door(
        f'h2c = true\n[routes]\n"*" = {{ to = "127.0.0.1:{one_worker}", bandwidth = "30KB/s" }}\n'
    )
    words = ["curl", "-sS", http, "--max-time", "30", f"{started.url}/?60"]
    curl = subprocess.Popen(words, stdout=subprocess.PIPE)
    started.wait_until(lambda: '"status":200' in started.log.replace(" ", ""), "that it ends")
    assert curl.poll() is None
    started.process.send_signal(signal.SIGTERM)
    said, _ = curl.communicate(timeout=30)
    assert (curl.returncode, said) == (0, b"x" * 60 * 1024)
    assert started.process.wait(15) == 0


def curl(started, host, path, *words):
    """What curl got of it."""
    port = started.port
    to = ["--connect-to", f"{host}:{port}:127.0.0.1:{port}", f"http://{host}:{port}{path}"]
    done = subprocess.run(
        ["curl", "-sS", "--max-time", "60", *words, *to], stdout=subprocess.PIPE, check=True
    )
    return done.stdout


@pytest.mark.parametrize("http", ["--http1.1", "--http2-prior-knowledge"])
def test_http_2_on_both_sides(shared, http):
    """A client that reads three megabytes a second; the origin's windows are no hurdle."""
    assert curl(shared, "two.test", "/big", http, "--limit-rate", "6M") == shared.big
    assert len(shared.big) == BIG
    shared.wait_until(lambda: descriptors(shared) == 0, "that nothing waits any more")
    body = os.urandom(300_000).hex()
    sent = shared.folder / "sent"
    sent.write_text(body)
    said = curl(shared, "request.test", "/", http, "--data-binary", f"@{sent}")
    assert said.startswith(b"600000 bytes")


@pytest.mark.parametrize("http", ["--http1.1", "--http2-prior-knowledge"])
@pytest.mark.parametrize("coded", [[], ["--compressed"]])
def test_files_and_what_is_coded_are_paced_and_whole(shared, http, coded):
    assert curl(shared, "files.test", "/lines.txt", http, *coded) == LINES
    part = curl(shared, "files.test", "/lines.txt", http, "-r", "1000-200999")
    assert part == LINES[1000:201_000]
    head = curl(shared, "files.test", "/lines.txt", http, "-I")
    assert b"200" in head.splitlines()[0]


def test_a_stored_answer_is_whole_for_the_fast_and_the_slow(shared):
    slow = slow_reader(shared.port, "/?6000", "cached.test")
    time.sleep(0.3)
    for _ in range(2):  # beside the one that fills, and from the store
        assert get(shared.port, "/?6000", "cached.test", timeout=30) == b"x" * 6000 * 1024
    assert answer_of(slow) == b"x" * 6000 * 1024
    slow.close()
    shared.wait_until(lambda: descriptors(shared) == 0, "that nothing waits any more")
