"""What a zip archive lists: which files of runs it holds, where they lie and how they are stored. Nothing that it says is believed."""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterator
from io import FileIO
from typing import NamedTuple

from tb_explain.records.files import read_range
from tb_explain.records.segment import DIRECTORY

_END = struct.Struct(
    "<4s4H2IH"
)  # of the archive: disks, numbers of entries, size and place of the list, length of a comment
_END_64_AT = struct.Struct("<4sIQI")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_ENTRY = struct.Struct("<4s2B5HI2I5H2I")
_LOCAL = struct.Struct("<4s5H3I2H")  # what stands before a member's bytes
_FULL = 0xFFFFFFFF  # a number that stands elsewhere, in 64 bits

STORED, DEFLATED = 0, 8

_LONGEST_LIST = 64 << 20  # bytes
_DEEPEST = 64  # directories, as below a logdir
_HARMLESS = 64 << 20  # Bytes that may be inflated from any archive,
_MOST_INFLATED = 50  # and from a large one this many times its size. Explanations deflate to a half.


class Member(NamedTuple):
    """A file in an archive."""

    header: int  # where it begins
    compressed: int  # bytes in the archive
    size: int
    deflated: bool


class _Listed(NamedTuple):
    """An entry of the list, as it stands there."""

    system: int
    flags: int
    method: int
    compressed: int
    size: int
    attributes: int
    header: int
    name: bytes
    extra: bytes


def read_members(file: FileIO) -> dict[str, Member]:
    """The files of explanations, and the event files, by their paths in an archive. Raises OSError, one sentence, if it cannot be trusted."""
    archive = file.name
    whole = os.fstat(file.fileno()).st_size
    members = {}
    try:
        for listed in _listed(file, whole):
            name = _path(listed)
            if not name:
                continue
            if listed.flags & 1 or listed.method not in (STORED, DEFLATED):
                how = "encrypted" if listed.flags & 1 else f"compressed by method {listed.method}, not deflated"
                raise OSError(f"{archive} cannot be read as it is, since {name} in it is {how}; unpack it")
            member = Member(listed.header, listed.compressed, listed.size, listed.method == DEFLATED)
            if member.header + _LOCAL.size + member.compressed > whole or (
                not member.deflated and member.size != member.compressed
            ):
                raise OSError(f"{archive} is damaged: {name} does not fit into it")
            members[name] = member
    except struct.error:
        raise OSError(f"{archive} is damaged: its list of files cannot be read") from None
    if sum(member.compressed for member in members.values()) > whole:
        raise OSError(f"{archive} is not opened: its files share their bytes, which no honest archive's do")
    if (inflated := sum(one.size for one in members.values() if one.deflated)) > max(_HARMLESS, _MOST_INFLATED * whole):
        raise OSError(
            f"{archive} is not opened: its {whole} bytes would become {inflated} when inflated; if you trust it, unpack it"
        )
    return members


def start_of(file: FileIO, member: Member) -> int:
    """Where the bytes of a member begin. Raises OSError."""
    head = read_range(file, member.header, _LOCAL.size)
    if len(head) == _LOCAL.size and head.startswith(b"PK\3\4"):
        *_, name, extra = _LOCAL.unpack(head)
        start: int = member.header + _LOCAL.size + name + extra
        if start + member.compressed <= os.fstat(file.fileno()).st_size:
            return start
    raise OSError(f"{file.name} is damaged: no file begins at byte {member.header}")


def _listed(file: FileIO, whole: int) -> Iterator[_Listed]:
    position, length = _place_of_list(file, whole)
    listing = read_range(file, position, length)
    place = 0
    while place < length:
        sign, _, system, _, flags, method, _, _, _, compressed, size, *lengths, _, _, attributes, header = (
            _ENTRY.unpack_from(listing, place)
        )
        if sign != b"PK\1\2":
            raise OSError(f"{file.name} is damaged: its list of files cannot be read")
        place += _ENTRY.size
        of_name, of_extra, of_comment = lengths
        name = listing[place : place + of_name]
        extra = listing[place + of_name : place + of_name + of_extra]
        place += of_name + of_extra + of_comment
        size, compressed, header = _in_64_bits(extra, size, compressed, header)
        yield _Listed(system, flags, method, compressed, size, attributes, header, name, extra)


def _place_of_list(file: FileIO, whole: int) -> tuple[int, int]:
    """Where the list of files begins, and how many bytes it has."""
    tail_at = max(0, whole - _END.size - 0xFFFF)
    tail = read_range(file, tail_at, whole - tail_at)
    found = tail.rfind(b"PK\5\6")
    if found < 0 or len(tail) - found < _END.size:
        raise OSError(f"{file.name} is neither a directory nor a zip archive, or an archive that was cut short")
    _, disk, _, _, _, length, position, _ = _END.unpack_from(tail, found)
    end = tail_at + found
    if _FULL in (length, position):
        _, _, place, _ = _END_64_AT.unpack(read_range(file, max(0, end - _END_64_AT.size), _END_64_AT.size))
        sign, *_, length, position = _END_64.unpack(read_range(file, place, _END_64.size))
        if sign != b"PK\6\6":
            raise OSError(f"{file.name} is damaged: its list of files is not where it says")
    if disk not in (0, 0xFFFF):
        raise OSError(f"{file.name} is one of several parts of an archive; put them together first")
    if position + length > end:
        raise OSError(f"{file.name} is damaged: its list of files is not where it says")
    if length > _LONGEST_LIST:
        raise OSError(f"{file.name} is not opened: the list of its files alone has {length} bytes; unpack it")
    return position, length


def _in_64_bits(extra: bytes, *numbers: int) -> Iterator[int]:
    """Size, compressed size and place, of which those that have no room stand in an extra field."""
    field = _extra(extra, 1)
    place = 0
    for number in numbers:
        if number == _FULL:
            (number,) = struct.unpack_from("<Q", field, place)
            place += 8
        yield number


def _extra(extra: bytes, wanted: int) -> bytes:
    place = 0
    while len(extra) - place >= 4:
        number, length = struct.unpack_from("<2H", extra, place)
        place += 4
        if number == wanted:
            return extra[place : place + length]
        place += length
    return b""


def _path(listed: _Listed) -> str:
    """The path of a file that may belong to a run; empty for everything else: directories, links, names that lead elsewhere."""
    if listed.system == 3 and stat.S_IFMT(listed.attributes >> 16) not in (0, stat.S_IFREG):
        return ""
    raw = (
        _extra(listed.extra, 0x7075)[5:] or listed.name
    )  # Info-ZIP's field of the name in UTF-8, behind a version and a CRC
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        name = raw.decode("cp437")
    if listed.system == 0:
        name = name.replace("\\", "/")  # as some programs on Windows write it
    *above, last = name.split("/")
    if {"", ".", ".."} & {*above, last} or len(above) > _DEEPEST or "\0" in name:
        return ""
    ours = "/".join(above[-2:]) == DIRECTORY.replace(os.sep, "/") and last.endswith((".index", ".data"))
    return name if ours or "tfevents" in last else ""
