"""A version on trial, as a real process: what it says and that nothing of it is left."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from porch.manage.upgrade import FORMAT, TRIAL

SOURCE = Path(__file__).parent.parent.parent / "src"
GOOD = 'listen = ["127.0.0.1:{port}"]\nworkers = 4\nlog = false\n[routes]\n"*" = "respond:204"\n'


def on_trial(folder: Path, text: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    file = folder / "porch.toml"
    file.write_text(text)
    question = json.dumps({"format": FORMAT, "held": []})
    return subprocess.run(
        [sys.executable, "-m", "porch", "run", str(file)],
        env=os.environ | {"PYTHONPATH": str(SOURCE), TRIAL: question} | environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def test_a_worker_serves_for_a_moment_and_no_client_can_come(tmp_path: Path) -> None:
    began = time.monotonic()
    ran = on_trial(tmp_path, GOOD.format(port=free_port()))
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert time.monotonic() - began < 10
    assert not (tmp_path / "porch").exists()  # no control socket


def test_a_worker_that_dies_first_is_told(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import os\nos.register_at_fork(after_in_child=lambda: os._exit(9))\n"
    )
    ran = on_trial(tmp_path, GOOD.format(port=free_port()), PYTHONPATH=f"{tmp_path}:{SOURCE}")
    assert ran.returncode == 1
    assert "a worker ended with code 9 before it served" in ran.stderr


def test_an_address_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        ran = on_trial(tmp_path, GOOD.format(port=sock.getsockname()[1]))
    assert ran.returncode == 1
    assert "is in use" in ran.stderr


def test_a_worker_that_hangs_is_told_and_holds_up_nobody(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import os, time\n"
        "from porch.manage import rehearsal\n"
        "rehearsal.PATIENCE = 1.0\n"
        "os.register_at_fork(after_in_child=lambda: time.sleep(60))\n"
    )
    ran = on_trial(tmp_path, GOOD.format(port=free_port()), PYTHONPATH=f"{tmp_path}:{SOURCE}")
    assert ran.returncode == 1
    assert "a worker does not serve within 1 s" in ran.stderr
