"""The files of a configuration: read, parsed, and merged with what they include."""

import codecs
import glob
import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from porch.config.loaded import Loaded
from porch.config.locate import KeyPath, Places, locate
from porch.config.problem import Problem
from porch.config.syntax import explain_syntax

__all__ = ["TOO_DEEP", "read"]

TOO_DEEP = "the file has tables within tables without end"

_GROUPS = {"routes": "the route", "site": "the site", "pool": "the pool"}
"""Tables that files add to together, and what each of their keys is."""


def read(
    loaded: Loaded, file: Path, included: Sequence[Path] | None = None
) -> dict[str, Any] | None:
    """The data of `file` and all it includes; None with a problem noted if it cannot be had.

    included: known already, so that the disk is not searched.
    """
    parsed = _parse(loaded, file)
    if parsed is None:
        return None
    data, places = parsed
    _note_places(loaded, places, str(file), 0)
    whole = True
    for each in _included(loaded, data, file) if included is None else included:
        parsed = _parse(loaded, each)
        if parsed is None:
            whole = False
            continue
        more, places = parsed
        _merge(loaded, data, more, places, str(each))
    return data if whole else None


def _parse(loaded: Loaded, file: Path) -> tuple[dict[str, Any], Places] | None:
    """The data of one file and where it stands in it; None with a problem noted."""
    loaded.files.append(file)
    source = ""
    place: Sequence[int] = (0, 0)
    try:
        source = loaded.read(file).decode("utf-8-sig").replace("\r\n", "\n")
        return tomllib.loads(source), locate(source)
    except FileNotFoundError:
        hint = "; name another: porch run FILE" if file == Path("porch.toml") else ""
        text = f"the file does not exist{hint}"
    except OSError as error:
        text = f"the file cannot be read: {error.strerror or error}"
    except UnicodeDecodeError as error:
        wide = error.object[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        why = "it is UTF-16" if wide else f"byte {error.start + 1} is not"
        text = f"the file is not UTF-8: {why}; save it as UTF-8"
        start = error.object[: error.start]
        if not wide:
            place = (start.count(b"\n") + 1, len(start) - start.rfind(b"\n"))
    except tomllib.TOMLDecodeError as error:
        *place, text = explain_syntax(error, source, str(file))
    except RecursionError:
        text = TOO_DEEP
    except ValueError as error:  # of the parser's own: a number of thousands of digits
        text = f"the file cannot be read: {error}"
    _add(loaded, str(file), place, text)
    return None


def _note_places(loaded: Loaded, places: Places, file: str, rows: int) -> None:
    """Notes where words stand, unless they stand in a file before. rows: of expect before."""
    for path, place in places.items():
        loaded.places.setdefault(_moved(path, rows), (file, place))
    loaded.repeats |= places.repeats
    loaded.dotted += places.dotted


def _moved(path: KeyPath, rows: int) -> KeyPath:
    """Rows of expect come behind those of the files before."""
    if rows and len(path) > 1 and path[0] == "expect" and isinstance(path[1], int):
        return ("expect", path[1] + rows, *path[2:])
    return path


def _included(loaded: Loaded, data: dict[str, Any], file: Path) -> list[Path]:
    """The files that `include` names, each once, in order."""
    written = data.get("include")
    patterns = written if isinstance(written, list) else [written]
    found: list[Path] = []
    for number, pattern in enumerate(patterns):
        if not isinstance(pattern, str):
            continue  # the schema says so
        path: KeyPath = ("include", number)
        names = sorted(glob.glob(pattern, root_dir=file.parent, recursive=True))
        files = [file.parent / name for name in names]
        if not files:
            magic = glob.has_magic(pattern)
            text = f"no file is like '{pattern}'" if magic else f"'{pattern}' does not exist"
            loaded.add(path, text, warning=magic)
        found += (each for each in files if each not in found and not os.path.samefile(each, file))
    return found


def _merge(
    loaded: Loaded, data: dict[str, Any], more: dict[str, Any], places: Places, file: str
) -> None:
    """What an included file says, into the whole."""
    rows = data.get("expect", [])
    rows_before = len(rows) if isinstance(rows, list) else 0
    for word, value in more.items():
        mine = data.get(word)
        if word == "include":
            text = "an included file includes no more; write it in the first file"
            _add(loaded, file, places[(word,)], text)
        elif word in _GROUPS and isinstance(value, dict) and isinstance(mine, dict):
            for key in value.keys() & mine.keys():
                text = f'{_GROUPS[word]} "{key}" stands in {loaded.where((word, key))} already'
                _add(loaded, file, places[word, key], text)
            data[word] = mine | {key: each for key, each in value.items() if key not in mine}
        elif word == "expect" and isinstance(value, list) and isinstance(mine, list):
            data[word] = mine + value
        elif word in data:
            text = f"'{word}' stands in {loaded.where((word,))} already"
            _add(loaded, file, places[(word,)], text)
        else:
            data[word] = value
    _note_places(loaded, places, file, rows_before)


def _add(loaded: Loaded, file: str, place: Sequence[int], text: str) -> None:
    loaded.problems.append(Problem(file=file, line=place[0], column=place[1], text=text))
