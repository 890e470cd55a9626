"""How commands write numbers and names."""

from __future__ import annotations


def plain(text: str) -> str:
    """Without what would move the terminal's cursor, and what it cannot show: names of runs, files and tags may be anyone's."""
    return "".join(letter if letter.isprintable() else "�" for letter in text)


def many(number: int, noun: str, plural: str = "") -> str:
    """A number of things."""
    return f"{number} {noun}" if number == 1 else f"{number} {plural or noun + 's'}"


def size_in_words(number: float) -> str:
    """A number of bytes."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if abs(number) < 1000 or unit == "GB":
            return f"{number:.0f} {unit}" if unit == "bytes" else f"{number:.1f} {unit}"
        number /= 1000
    raise AssertionError
