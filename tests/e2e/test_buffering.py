"""Bodies that wait at the door: real servers with few workers, and clients that are slow."""

import contextlib
import os
import resource
import socket
import subprocess
import sys
import threading
import time

import pytest

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


def slow_reader(port, path):
    """A connection that has asked and reads nothing."""
    asking = socket.socket()
    asking.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    asking.settimeout(30)
    asking.connect(("127.0.0.1", port))
    asking.sendall(f"GET {path} HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n\r\n".encode())
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


def get(port, path, **timeout):
    with socket.create_connection(("127.0.0.1", port), **timeout) as asking:
        asking.sendall(f"GET {path} HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n\r\n".encode())
        return answer_of(asking)


def test_two_hundred_slow_readers_do_not_hold_a_backend_with_one_worker(one_worker, door):
    started = door(
        f'[routes]\n"*" = {{ to = "127.0.0.1:{one_worker}", buffer_response = "16MB" }}\n'
    )
    slow = [slow_reader(started.port, "/?4000") for _ in range(200)]
    try:
        began = time.monotonic()
        assert get(started.port, "/?1", timeout=60) == b"x" * 1024  # behind all of them
        took = time.monotonic() - began
        started.wait_until(lambda: descriptors(started) > 150, "that answers wait in files")
        assert took < 20  # one answer that is held would be for ever
        bodies = [answer_of(each) for each in slow]
    finally:
        for each in slow:
            each.close()
    assert all(body == b"x" * 4000 * 1024 for body in bodies)
    started.wait_until(lambda: descriptors(started) == 0, "that nothing waits any more")


def test_without_the_word_a_slow_reader_holds_it(one_worker, door):
    started = door(f'[routes]\n"*" = "127.0.0.1:{one_worker}"\n')
    slow = slow_reader(started.port, "/?8000")
    try:
        time.sleep(0.3)
        with pytest.raises(TimeoutError):
            get(started.port, "/?1", timeout=1.5)
    finally:
        slow.close()


def test_readers_that_leave_leave_nothing_behind(one_worker, door):
    started = door(
        f'[routes]\n"*" = {{ to = "127.0.0.1:{one_worker}", buffer_response = "16MB" }}\n'
    )
    slow = [slow_reader(started.port, "/?4000") for _ in range(50)]
    started.wait_until(lambda: descriptors(started) > 20, "that answers wait in files")
    for each in slow:
        each.close()
    started.wait_until(lambda: descriptors(started) == 0, "that nothing waits any more")
    assert get(started.port, "/?1", timeout=10) == b"x" * 1024


@pytest.mark.parametrize("framing", ["length", "chunks"])
def test_a_slow_upload_reaches_the_backend_in_one_piece(one_worker, door, framing):
    started = door(
        f'[routes]\n"*" = {{ to = "127.0.0.1:{one_worker}", buffer_request = "64MB" }}\n'
    )
    piece = b"y" * 100_000
    with socket.create_connection(("127.0.0.1", started.port), timeout=30) as asking:
        told = "content-length: 1000000" if framing == "length" else "transfer-encoding: chunked"
        head = f"POST / HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n{told}\r\n\r\n"
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


def test_uploads_that_break_off_leave_nothing_behind(one_worker, door):
    started = door(
        f'[routes]\n"*" = {{ to = "127.0.0.1:{one_worker}", buffer_request = "64MB" }}\n'
    )
    some = []
    for _ in range(20):
        asking = socket.create_connection(("127.0.0.1", started.port), timeout=30)
        asking.sendall(b"POST / HTTP/1.1\r\nhost: a.test\r\ncontent-length: 1000000\r\n\r\n")
        asking.sendall(b"z" * 300_000)
        some.append(asking)
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


def test_a_bandwidth_holds_within_a_tenth_over_all_workers(one_worker, door):
    started = door(
        "workers = 2\n"
        f'[routes]\n"*" = {{ to = "127.0.0.1:{one_worker}", bandwidth = "2MB/s",'
        ' buffer_response = "16MB" }\n'
    )
    sizes = []

    def download():
        sizes.append(len(get(started.port, "/?1024", timeout=60)))

    readers = [threading.Thread(target=download) for _ in range(6)]
    began = time.monotonic()
    for each in readers:
        each.start()
    for each in readers:
        each.join()
    took = time.monotonic() - began
    assert sizes == [1024 * 1024] * 6
    assert 2.7 < took < 4.5  # six megabytes at two a second; a busy machine is late
