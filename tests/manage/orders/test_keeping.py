"""Orders on disk."""

import os
from pathlib import Path

import pytest

from porch.config.orders import Order, Orders
from porch.manage.orders.keeping import Keeping

NAME = ("[pool.api]", "10.0.0.1:8000")


def drained() -> Orders:
    orders = Orders.none()
    orders.note(Order("drained", NAME, 5.0))
    return orders


def test_what_was_written_is_read(tmp_path: Path) -> None:
    Keeping(tmp_path / "state", "a").write(drained())
    assert Keeping(tmp_path / "state", "a").read() == drained()
    assert not Keeping(tmp_path / "state", "b").read(), "another door's are not ours"


def test_nothing_is_made_where_nothing_was_said(tmp_path: Path) -> None:
    keeping = Keeping(tmp_path / "state", "a")
    keeping.write(Orders.none())
    assert not (tmp_path / "state").exists()
    assert not keeping.read()


def test_what_was_undone_is_gone(tmp_path: Path) -> None:
    keeping = Keeping(tmp_path, "a")
    keeping.write(drained())
    keeping.write(Orders.none())
    assert not keeping.read()


def test_a_pipe_in_its_place_is_said_and_not_waited_for(tmp_path: Path) -> None:
    keeping = Keeping(tmp_path, "a")
    keeping.write(drained())
    keeping.file.unlink()
    os.mkfifo(keeping.file)
    with pytest.raises(ValueError, match=r"a\.json is damaged"):
        keeping.read()
    writer = os.open(keeping.file, os.O_RDWR)
    try:
        with pytest.raises(ValueError, match=r"a\.json is damaged"):
            keeping.read()
    finally:
        os.close(writer)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"drained": 1}', b"\xff"])
def test_a_damaged_file_is_said_and_not_believed(tmp_path: Path, content: bytes) -> None:
    keeping = Keeping(tmp_path, "a")
    keeping.write(drained())
    keeping.file.write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.json is damaged"):
        keeping.read()


def test_a_folder_that_others_may_write_into_is_not_believed(tmp_path: Path) -> None:
    keeping = Keeping(tmp_path, "a")
    keeping.write(drained())
    os.chmod(keeping.file.parent, 0o777)
    with pytest.raises(OSError, match="is not the door's own; remove it"):
        keeping.read()
    with pytest.raises(OSError, match="is not the door's own"):
        keeping.write(drained())


def test_a_link_to_elsewhere_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o700)
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "orders").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="is not the door's own"):
        Keeping(tmp_path / "state", "a").write(drained())
    assert [*(tmp_path / "elsewhere").iterdir()] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_beside_certificates_of_the_workers_user_the_orders_stay_roots(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    os.chown(folder, 65534, 65534)
    keeping = Keeping(folder, "a")
    keeping.write(drained())
    assert keeping.read() == drained()
    assert (keeping.file.parent.stat().st_uid, keeping.file.stat().st_uid) == (0, 0)
    os.chown(keeping.file.parent, 65534, 65534)
    with pytest.raises(OSError, match="is not the door's own"):
        keeping.read()


def test_what_a_killed_door_left_in_the_middle_hinders_nobody(tmp_path: Path) -> None:
    keeping = Keeping(tmp_path, "a")
    keeping.write(drained())
    (keeping.file.parent / ".a.json.new").write_text("{")
    keeping.write(drained())
    assert keeping.read() == drained()
    assert [each.name for each in keeping.file.parent.iterdir()] == ["a.json"]
