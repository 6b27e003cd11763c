"""The scripts of docs/deploys.md, as they stand there, under load.

`systemctl` and `docker` are stand-ins: the one that is asked to restart a backend writes its name
down and waits until the test has done so.
"""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.conftest import Door
from tests.support.echo import EchoOrigin
from tests.support.load import Load

PAGE = (Path(__file__).parents[2] / "docs" / "deploys.md").read_text(encoding="utf-8")
SYSTEMD, COMPOSE = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)

RESTART = """\
wanted="$1"
echo "$wanted" >> "$FOLDER/wanted"
until grep -qsx "$wanted" "$FOLDER/done"; do sleep 0.02; done
"""
SYSTEMCTL = '#!/bin/sh\n[ "$1" = restart ] || exit 1\nset -- "${2#app@}"\n' + RESTART
DOCKER = (
    """\
#!/bin/sh
[ "$1" = compose ] || exit 1
case "$2" in
    pull) exit 0 ;;
    exec) [ "$3 $4" = "-T porch" ] || exit 1; shift 4; exec "$@" ;;
    up) [ "$3 $4 $5" = "--detach --no-deps --wait" ] || exit 1; set -- "${6#app}" ;;
    *) exit 1 ;;
esac
"""
    + RESTART
)


class Backends:
    """Three, restarted as the stand-ins ask. names: by which they do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.origins = [EchoOrigin(b"old") for _ in range(3)]
        self.names: list[str] = []
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def _run(self) -> None:
        done = 0
        while not self._is_over.wait(0.01):
            wanted = self.folder / "wanted"
            for name in wanted.read_text().splitlines()[done:] if wanted.exists() else ():
                place = self.names.index(name)
                port = self.origins[place].port
                self.origins[place].close()
                time.sleep(0.2)  # an app takes its time to come up
                self.origins[place] = EchoOrigin(b"new", port)
                with (self.folder / "done").open("a") as file:
                    file.write(f"{name}\n")
                done += 1

    def close(self) -> None:
        self._is_over.set()
        if self._thread.ident is not None:
            self._thread.join()
        for each in self.origins:
            each.close()


def run(script: str, folder: Path, door: Door) -> None:
    commands = {
        "systemctl": SYSTEMCTL,
        "docker": DOCKER,
        "porch": f'#!/bin/sh\nexec {sys.executable} -m porch "$@"\n',
    }
    for name, text in commands.items():
        (folder / name).write_text(text)
        (folder / name).chmod(0o755)
    path = f"{folder}:{os.environ['PATH']}"
    ran = subprocess.run(
        ["sh", "-c", script],
        env=door.environ | {"PATH": path, "FOLDER": str(folder)},
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("kind", ["systemd", "compose"])
def test_a_deploy_by_the_script_of_the_page_fails_nobody(
    door: Callable[..., Door], tmp_path: Path, kind: str
) -> None:
    backends = Backends(tmp_path)
    try:
        ports = [each.port for each in backends.origins]
        servers = ", ".join(f'"127.0.0.1:{port}"' for port in ports)
        started = door(
            f'log = false\nworkers = 2\n[pool.api]\nservers = [{servers}]\n[routes]\n"*" = "api"\n'
        )
        if kind == "systemd":
            backends.names = [str(port) for port in ports]
            script = SYSTEMD.replace("8001 8002 8003", " ".join(backends.names))
        else:
            backends.names = ["1", "2", "3"]
            script = COMPOSE
            for number, port in enumerate(ports, 1):
                script = f"address{number}=127.0.0.1:{port}\n{script}"
            script = script.replace("172.28.0.1$n:8000", "$(eval echo \\$address$n)")
        script = script.replace("/etc/porch/porch.toml", str(started.file))
        backends.start()
        with Load(started.port, callers=16, rate=300) as load:
            load.answers(50)
            run(script, tmp_path, started)
            load.answers(50)
            tally = load.finish()
        assert tally.failed == []
        assert tally.closed == []
        assert {each.mark for each in backends.origins} == {b"new"}
        assert all(each.asked for each in backends.origins)
        assert started.ask("status")["orders"] == []
    finally:
        backends.close()
