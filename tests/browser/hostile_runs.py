"""Runs whose every text is an attack: what a run of all kinds says, said again in other words, whatever fields there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import Message

from tb_explain.reading import MESSAGES
from tb_explain.records import DIRECTORY, Record, SegmentWriter
from tb_explain.records import explain_pb2 as pb
from tb_explain.records.framing import frames

TEXTS = (
    "<img src=x onerror=alert(1)>",
    "\u202eمرحبا بالعالم שלום",
    "👩‍👩‍👧‍👦🦊 e\u0301",
    "long" * 75,
    "",
    "two\nlines\tand\x07\x1b[31m bells",
    ".*[(\\d+$^?|{",
    "\"'><script>alert(1)</script>",
)

# The page looks some numbers up by their names; with others there would be less to see.
MEANT = {"NamedColumn.name", "Measure.name", "Figure.name", "ChannelGroup.relation"}
MEANT |= {f"{kind}.score" for kind in ("Occlusion", "OcclusionPairs", "Correlations")}

PAYLOADS = {pb.CLASSES: pb.ClassNames, **MESSAGES}


class Disguise:
    """Another text for each text of a field; different ones stay different, and all of `TEXTS` have their turn, from `first` on."""

    def __init__(self, first: int, *, keep: Iterable[str] = ()) -> None:
        self.first = first
        self.keep = set(keep)
        self.found: dict[str, dict[str, str]] = defaultdict(dict)
        self.renamed: dict[bytes, bytes] = {}  # content hashes of class names

    def text(self, field: FieldDescriptor, text: str) -> str:
        name = field.full_name.removeprefix("tb_explain.")
        if name in self.keep:
            return text
        found = self.found[name]
        if text not in found:
            round_, at = divmod(len(found), len(TEXTS))
            found[text] = TEXTS[(at + self.first) % len(TEXTS)] + (f" {round_}" if round_ else "")
        return found[text]

    def put_on(self, message: Message) -> None:
        """Changes all texts of a message and of those in it, also those that are not set."""
        for field in message.DESCRIPTOR.fields:
            if field.type == field.TYPE_STRING:
                value = getattr(message, field.name)
                if field.name == "notes":
                    value[:] = TEXTS
                elif field.is_repeated:
                    value[:] = [self.text(field, one) for one in value]
                else:
                    setattr(message, field.name, self.text(field, value))
            elif field.type == field.TYPE_BYTES and not field.is_repeated:
                value = getattr(message, field.name)
                setattr(message, field.name, self.renamed.get(value, value))
            elif field.type == field.TYPE_MESSAGE and (field.is_repeated or message.HasField(field.name)):
                value = getattr(message, field.name)
                for inner in value if field.is_repeated else [value]:
                    self.put_on(inner)


def disguise(source: Path, directory: Path, first: int, *, keep: Iterable[str] = MEANT) -> Disguise:
    """Writes all segments of a run again, in disguise."""
    worn = Disguise(first, keep=keep)
    for index in sorted((source / DIRECTORY).glob("*.index")):
        data = index.with_suffix(".data").read_bytes()
        segment = SegmentWriter(directory)
        records = []
        for frame in frames(index.read_bytes()):
            entry = pb.Entry.FromString(frame.data or b"")
            if entry.kind == pb.SEGMENT:
                continue
            worn.put_on(entry)
            payload = data[entry.offset : entry.offset + entry.length]
            if entry.kind in PAYLOADS:
                message = PAYLOADS[entry.kind].FromString(payload)
                worn.put_on(message)
                payload = message.SerializeToString()
            if entry.kind == pb.CLASSES:
                known = entry.content_hash
                entry.content_hash, _ = segment.blob(pb.CLASSES, payload)
                worn.renamed[known] = entry.content_hash
            records.append(Record(entry, payload))
        segment.append(records)
        segment.close()
    return worn


def write_runs(logdir: Path, source: Path) -> dict[str, Disguise]:
    """Three runs in disguise, so that each text is the first, second or third of its field somewhere; in the last no name means anything."""
    names = {TEXTS[0]: 0, TEXTS[1] + TEXTS[2]: 3, TEXTS[6] + "long" * 45: 6}
    return {
        name: disguise(source, logdir / name, first, keep=() if first == 6 else MEANT) for name, first in names.items()
    }
