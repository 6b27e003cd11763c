"""`porch check`: everything that is wrong with a configuration, and its [[expect]] rows."""

import re
from dataclasses import dataclass

from porch.config.administering import administered
from porch.config.build import Built, build
from porch.config.certificates import Certificates
from porch.config.loaded import Loaded
from porch.config.rehearse import Rehearsal, client_of, rehearse, request_of, shown_in
from porch.config.review_certificates import review_certificates
from porch.config.schema import ExpectModel
from porch.config.state import State
from porch.config.steps import complete
from porch.errors import PorchError

__all__ = ["Report", "check", "examine"]

_DEFAULT_PORT = re.compile(r"\A(http://[^/]*):80(?=/)|\A(https://[^/]*):443(?=/)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """failed: whether the configuration is of no use. text: all problems, or what is right."""

    failed: bool
    text: str


def check(loaded: Loaded) -> Report:
    """Build what was loaded and run its tests. Binds nothing, dials nothing."""
    built = examine(loaded, State())
    if built is None:
        return Report(failed=True, text=loaded.report())
    count = len(built.entries)
    tests = len(loaded.expects)
    fine = f"{count} route{'' if count == 1 else 's'}"
    if tests:
        fine += f", {tests} expectation{' holds' if tests == 1 else 's hold'}"
    fine += "; nothing is wrong."
    return Report(failed=False, text="\n".join(filter(None, (loaded.report(), fine))))


def examine(loaded: Loaded, state: State) -> Built | None:
    """What was loaded, built and with its tests run; None with the problems added to `loaded`."""
    if not loaded.ok:
        # What its files hold is looked at all the same, so that all can be mended at once.
        found = complete(Certificates.loading(loaded, gets=False))
        review_certificates(loaded, found)
        return None
    built = build(loaded, state)
    administered(loaded)
    if built is not None:
        review_certificates(loaded, built.certificates)
        for expect, path in loaded.expects:
            for text in _failures(loaded, built, expect):
                loaded.add(path, text)
    return built if loaded.ok else None


def _failures(loaded: Loaded, built: Built, expect: ExpectModel) -> list[str]:
    """What an expect row finds to be otherwise."""
    url = expect.get or expect.url or ""
    method = "GET" if expect.get else expect.method
    try:
        request = request_of(method, url, list(expect.headers.items()))
        shown = None
        if expect.client_cert is not None:
            shown = shown_in(loaded.read(loaded.base / expect.client_cert))
        rehearsal = rehearse(built, request, client_of(expect.client), shown)
    except OSError as error:
        return [f"{expect.client_cert} cannot be read: {error.strerror or error}"]
    except ValueError as error:
        return [str(error)]
    except PorchError as error:
        if expect.status == error.status:
            return []
        return [f"{method} {url} is refused with {error.status}: {error.detail}"]
    return [f"{method} {url} {text}" for text in _differences(expect, rehearsal)]


def _differences(expect: ExpectModel, rehearsal: Rehearsal) -> list[str]:
    found: list[str] = []
    key = rehearsal.route.key if rehearsal.route is not None else None
    if expect.route is not None and expect.route != key:
        taken = "no route" if key is None else f'"{key}"'
        found.append(f'takes {taken}, not "{expect.route}"')
    if expect.sends is not None:
        wanted = {_plain(each) for text in expect.sends for each in text.split("|")}
        sends = {_plain(each) for each in rehearsal.sends}
        if wanted != sends:
            shown = " | ".join(sorted(sends)) or f"nothing: {rehearsal.status} at the door"
            found.append(f"sends {shown}, not {' | '.join(sorted(wanted))}")
    if expect.status is not None and expect.status != rehearsal.status:
        answered = f"{rehearsal.status} at the door" if rehearsal.status else "by its origin"
        found.append(f"is answered {answered}, not {expect.status}")
    return found


def _plain(url: str) -> str:
    """A URL without the port that its scheme has anyway."""
    return _DEFAULT_PORT.sub(r"\1\2", url.strip())
