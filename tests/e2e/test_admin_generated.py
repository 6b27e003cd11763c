"""Thousands of questions that are made from the document of the admin door, by schemathesis: none
is a fault, and each answer is as the document says."""

import asyncio
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

CONFIG = '[routes]\n"a.test" = { to = ["127.0.0.1:1", "127.0.0.1:2"], cache = true }\n'
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
    "allow_header_conformance",
)
MOST = 30
"""Questions of each operation, beside those at the bounds of its words."""

pytestmark = [
    pytest.mark.timeout(400),
    pytest.mark.skipif(
        shutil.which("schemathesis") is None,
        reason="schemathesis is not on PATH (pip install it into an environment of its own)",
    ),
]


@contextmanager
def relayed(path: Path) -> Iterator[int]:
    """A port of TCP that leads to a Unix socket: the tool speaks no other."""
    loop = asyncio.new_event_loop()

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, answered = await asyncio.open_unix_connection(path)
        await asyncio.gather(pump(reader, answered), pump(there, writer))

    server = loop.run_until_complete(asyncio.start_server(serve, "127.0.0.1", 0))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield server.sockets[0].getsockname()[1]
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    server.close()
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0.01))
    loop.close()


def test_no_question_is_a_fault_and_each_answer_is_as_it_is_described(
    door: Any, tmp_path: Path
) -> None:
    started = door(CONFIG)
    (path,) = (started.folder / "porch").glob("*.sock")
    with relayed(path) as port:
        ran = subprocess.run(
            [
                *("schemathesis", "run", "--no-color"),
                f"http://127.0.0.1:{port}/v1/openapi.json",
                *("--exclude-operation-id", "stop", "--exclude-operation-id", "upgrade"),
                *("--phases", "coverage,fuzzing", "--max-examples", str(MOST)),
                *("--checks", ",".join(CHECKS), "--continue-on-failure"),
            ],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=380,
            check=False,
        )
    assert ran.returncode == 0, ran.stdout[-5000:]
    assert "Tested: 18" in ran.stdout
    assert started.process.poll() is None
    assert "Traceback" not in started.errors
