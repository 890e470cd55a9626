"""The documents, and the blocks of code in them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]

_FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Block:
    """A piece of code between fences."""

    document: str
    section: str
    """The heading above it."""
    line: int
    """Of its first line of code in the document."""
    language: str
    text: str

    def __str__(self) -> str:
        return f"{self.document}, line {self.line}"


def blocks_of(document: Path) -> list[Block]:
    """All of them, in their order."""
    text = document.read_text()
    assert text.count("```") % 2 == 0, f"{document.name}: a block is not closed"
    blocks = []
    for found in _FENCED.finditer(text):
        before = text[: found.start(3)]
        section = re.findall(r"^#+ (.*)$", without_code(text[: found.start()]), re.MULTILINE)[-1]
        blocks.append(Block(document.name, section, before.count("\n") + 1, found[2], found[3]))
    return blocks


def without_code(text: str) -> str:
    """The prose of a document: its blocks of code are blank lines."""
    return _FENCED.sub(lambda found: "\n" * found[0].count("\n"), text)
