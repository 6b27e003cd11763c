"""Label texts: labels as they stand between the braces of a line of metrics."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

__all__ = ["Prefixes", "labels", "labels_of"]


def labels(**words: str) -> str:
    """Of these words."""
    return labels_of([*words], [*words.values()])


def labels_of(words: Sequence[str], values: Sequence[str]) -> str:
    """The same; 0.6 us where the values are known."""
    texts = [f'{word}="{_escape(value)}"' for word, value in zip(words, values, strict=False)]
    return ",".join(texts)


@lru_cache(maxsize=1 << 12)
def _escape(value: str) -> str:
    """They stand in many lines."""
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


class Prefixes:
    """Labels of many samples that several families have: what stands in front of their values is
    made once, and a line is 0.1 us. texts: the labels."""

    __slots__ = ("_known", "_parts", "texts")

    def __init__(self, said: Iterable[str] = ()) -> None:
        self.texts = [*said]
        self._parts: dict[str, list[str]] = {}
        self._known: dict[str, tuple[list[int], str]] = {}

    def __repr__(self) -> str:
        return f"<Prefixes of {len(self.texts)} samples, {len(self._parts)} families>"

    def lines(self, name: str, values: Sequence[int]) -> str:
        """name: of the samples. values: one for each. Where these are those of the last time, so
        are the lines."""
        known = self._known.get(name)
        if known is None or known[0] != values:
            known = self._known[name] = [*values], self._made(name, values)
        return known[1]

    def _made(self, name: str, values: Sequence[int]) -> str:
        parts = self._parts.get(name)
        if parts is None:
            parts = self._parts[name] = [""] * 2 * len(self.texts)
            parts[::2] = [f"\n{name}{{{each}}} " for each in self.texts]
        parts[1::2] = map(str, values)
        return "".join([*parts, "\n"])[1:] if parts else ""
