"""Links in the documents lead somewhere: to files that are there, and to headings of theirs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.documentation.blocks import DOCUMENTS, without_code

_LINK = re.compile(r"!?\[[^\]\n]*\]\(([^)\s]+)\)")


def prose(document: Path) -> str:
    """Without blocks of code, and without code between backticks."""
    return re.sub(r"`[^`\n]*`", "", without_code(document.read_text()))


def anchors(document: Path) -> set[str]:
    """Those that GitHub gives to the headings of a document."""
    headings = re.findall(r"^#+ (.*)$", without_code(document.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_links_lead_somewhere(document: Path) -> None:
    broken = []
    for target in _LINK.findall(prose(document)):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        file = document.parent / path if path else document
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert not broken


def test_each_document_is_reached_from_the_readme() -> None:
    reached, waiting = set(), [DOCUMENTS[0]]
    while waiting:
        document = waiting.pop()
        reached.add(document.name)
        for target in _LINK.findall(prose(document)):
            file = document.parent / target.partition("#")[0]
            if file.suffix == ".md" and file.name not in reached and file.exists():
                waiting.append(file.resolve())
    assert {document.name for document in DOCUMENTS} <= reached


def test_pictures_are_shown_and_small() -> None:
    """A picture that no document shows is left over; one of a third of a megabyte makes readers wait."""
    shown = {Path(target).name for document in DOCUMENTS for target in _LINK.findall(document.read_text())}
    pictures = list((DOCUMENTS[1].parent / "images").iterdir())
    assert [picture.name for picture in pictures if picture.name not in shown] == []
    assert [picture.name for picture in pictures if picture.stat().st_size > 1 << 18] == []
