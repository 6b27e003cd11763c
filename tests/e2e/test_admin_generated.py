"""Thousands of questions that are made from the document of the admin door, by schemathesis: none
is a fault, and each answer is as the document says."""

import asyncio
import hashlib
import re
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from porch.manage.control.operations import OPERATIONS
from tests.support.ports import free_port

TOKEN = "generated-" + "g" * 32
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
ENDING = ("stop", "upgrade", "events")
"""Operations that end the door, or begin it anew; and one that does not end."""
MOST = 30
"""Questions of each operation, beside those at the bounds of its words."""

TOOL = Path(__file__).parent.parent.parent / ".venv-schemathesis/bin/schemathesis"
"""`make test-all` has installed it."""

pytestmark = [pytest.mark.system, pytest.mark.timeout(400)]


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


def ask_all(url: str, folder: Path, *more: str, examples: int = MOST) -> None:
    """Have questions made from the document at `url`; each answer is as it says."""
    ran = subprocess.run(
        [
            *(TOOL, "run", "--no-color", f"{url}/v1/openapi.json", *more),
            *(word for name in ENDING for word in ("--exclude-operation-id", name)),
            *("--phases", "coverage,fuzzing", "--max-examples", str(examples)),
            *("--checks", ",".join(CHECKS), "--continue-on-failure"),
        ],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=380,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-5000:]
    tested = re.search(r"Tested: (\d+)", ran.stdout)
    assert tested is not None
    assert int(tested[1]) > 0.8 * len(OPERATIONS), "all but those that end it, and a few"


def test_no_question_is_a_fault_and_each_answer_is_as_it_is_described(
    door: Any, tmp_path: Path
) -> None:
    started = door(CONFIG)
    (path,) = (started.folder / "porch").glob("*.sock")
    with relayed(path) as port:
        ask_all(f"http://127.0.0.1:{port}", tmp_path)
    assert started.process.poll() is None
    assert "Traceback" not in started.errors


def test_nor_at_the_address_of_admin(door: Any, tmp_path: Path) -> None:
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    port = free_port()
    admin = f'[admin]\nlisten = "127.0.0.1:{port}"\ntokens = {{ ann = "sha256:{digest}" }}\n'
    started = door(admin + CONFIG)
    url = f"http://127.0.0.1:{port}"
    ask_all(url, tmp_path, "-H", f"Authorization: Bearer {TOKEN}")
    assert started.process.poll() is None
    assert "Traceback" not in started.errors


def test_nor_is_there_an_answer_that_it_does_not_know_to_who_may_not(
    door: Any, tmp_path: Path
) -> None:
    """Of a role that may look alone: what it asks for is 403, as the document says of it."""
    digest = hashlib.sha256(TOKEN.encode()).hexdigest()
    port = free_port()
    admin = (
        f'[admin]\nlisten = "127.0.0.1:{port}"\n'
        f'tokens.ann = {{ token = "sha256:{digest}", role = "read" }}\n'
    )
    started = door(admin + CONFIG)
    ask_all(
        f"http://127.0.0.1:{port}", tmp_path, "-H", f"Authorization: Bearer {TOKEN}", examples=5
    )
    assert started.process.poll() is None
    assert "Traceback" not in started.errors
