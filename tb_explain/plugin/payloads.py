"""Bodies made of payloads: read once to be sure of every byte, and read again, piece by piece, as the client takes them.

What is small is kept from the first reading. What is large is not, so that a client that reads slowly costs a piece of it
and a thread, however much it asked for.
"""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from werkzeug import Request, Response

from tb_explain.plugin.http import FOR_A_YEAR, NOT_CACHED, content, streamed, unknown
from tb_explain.records import DamagedRecord, image_media_type, image_size

_log = logging.getLogger("tb_explain")

OCTETS = "application/octet-stream"

_MOST_BYTES = 64 << 20  # of one answer, which is cut short once it is larger than this
_KEPT = 1 << 20  # bytes of one answer that are kept between the readings
_SENT = 64 << 10  # bytes at least that are handed on at a time, until the last
_MOST_PIXELS = 1 << 25  # of an image: a few bytes can stand for gigabytes
_UNREADABLE = 0xFFFFFFFF
_ASK_AGAIN = 0xFFFFFFFE

# Reads what an answer is made of anew, in pieces. Raises KeyError, DamagedRecord or OSError when it cannot be had.
Read = Callable[[], Iterable[bytes]]


class _Part(NamedTuple):
    head: bytes
    read: Read
    length: int
    kept: list[bytes] | None = None  # of the first reading


def framed(request: Request, asked: Sequence[Read]) -> Response:
    """Each behind its length, or behind what stands there for one that is not sent. Asked for the head alone, nothing is read."""
    if request.method == "HEAD":
        return streamed(iter(()), None, OCTETS, NOT_CACHED)
    parts: list[_Part] = []
    total, complete = 0, True
    for read in asked:
        part = _unsent(_ASK_AGAIN)
        if total <= _MOST_BYTES:
            try:
                length, kept = _checked(read, _KEPT - total)
                part = _Part(struct.pack("<I", length), read, length, kept)
            except (KeyError, DamagedRecord, OSError):
                part = _unsent(_UNREADABLE)
        complete &= part.read is not _nothing
        total += len(part.head) + part.length
        parts.append(part)
    return _answer(parts, total, OCTETS, FOR_A_YEAR if complete else NOT_CACHED)


def whole(request: Request, read: Read, length: int, media_type: str) -> Response:
    """Of one length, as it is. Raises as `read` does. Asked for the head alone, nothing is read."""
    if request.method == "HEAD":
        return streamed(iter(()), length, media_type, FOR_A_YEAR)
    length, kept = _checked(read, _KEPT)
    return _answer([_Part(b"", read, length, kept)], length, media_type, FOR_A_YEAR)


def image_type(head: bytes) -> str:
    """The media type of an image that begins so and that a browser may be asked to show. Raises Refusal for any other."""
    media_type, size = image_media_type(head), image_size(head)
    if media_type is None:
        raise unknown("This image is in none of the formats PNG, JPEG and WebP.")
    if size is None or size[0] * size[1] > _MOST_PIXELS:
        raise unknown("This image is of no size that a browser should be asked to show.")
    return media_type


def _checked(read: Read, room: int) -> tuple[int, list[bytes] | None]:
    """The length of what is read, all of which can be had; and that itself, if there is room for it."""
    length: int = 0
    kept: list[bytes] = []
    for piece in read():
        length += len(piece)
        if length <= room:
            kept.append(piece)
        else:
            kept.clear()
    return length, kept if length <= room else None


def _nothing() -> Iterable[bytes]:
    return ()


def _unsent(mark: int) -> _Part:
    return _Part(struct.pack("<I", mark), _nothing, 0)


def _answer(parts: Sequence[_Part], total: int, media_type: str, cache: str) -> Response:
    if total <= _KEPT:
        return content(b"".join(_pieces(parts)), media_type, cache)
    return streamed(_sent([part._replace(kept=None) for part in parts]), total, media_type, cache)


def _pieces(parts: Iterable[_Part]) -> Iterator[bytes]:
    for part in parts:
        yield part.head
        left = part.length
        for piece in part.read() if part.kept is None else part.kept:
            left -= len(piece)
            if left < 0:
                break
            yield piece
        if left:
            raise DamagedRecord("a payload is not as long as before")


def _sent(parts: Sequence[_Part]) -> Iterator[bytes]:
    """In pieces worth sending. What cannot be read any more ends the connection: a client that was promised more knows that it lacks it."""
    waiting = bytearray()
    try:
        for piece in _pieces(parts):
            waiting += piece
            if len(waiting) >= _SENT:
                yield bytes(waiting)
                waiting.clear()
    except (KeyError, DamagedRecord, OSError) as error:
        _log.warning("an answer of Explain had to be broken off: %s", error)
        raise ConnectionAbortedError from error  # of the errors that may end an answer the one that servers take quietly
    yield bytes(waiting)
