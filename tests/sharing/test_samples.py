"""A record can be cut down to some of its samples only as long as all fields are known that have a part for each."""

from __future__ import annotations

import re
from pathlib import Path

from google.protobuf.descriptor import Descriptor

from tb_explain.reading import MESSAGES
from tb_explain.sharing import samples

SCHEMA = (Path(__file__).parents[2] / "tb_explain" / "records" / "explain.proto").read_text()
MESSAGE = re.compile(r"^message (\w+) \{\n(.*?)^\}", re.MULTILINE | re.DOTALL)
# The comments of fields that are of samples start with their shape, but one that says it in words.
OF_SAMPLES = re.compile(
    r"(\w+) = \d+;[^\n]*?// (?:[A-Z0-9]+ )?(?:\[N[],* ]|one for each sample)|^ *// \[N\][^\n]*\n.*?(\w+) = \d+;",
    re.MULTILINE,
)


def test_every_field_that_has_a_part_for_each_sample_is_known() -> None:
    shared = {*samples._SHARED}
    described = {
        name: {one or other for one, other in OF_SAMPLES.findall(text)} - shared
        for name, text in MESSAGE.findall(SCHEMA)
    }
    inside = {name: descriptor for kind in MESSAGES.values() for name, descriptor in within(kind.DESCRIPTOR).items()}
    expected = {name: described[name] for name in inside if described[name]}
    assert {name: set(fields) for name, fields in samples._OF_SAMPLES.items()} == expected


def within(message: Descriptor) -> dict[str, Descriptor]:
    """A message of samples and those in it that are entered when it is cut."""
    if "samples" not in message.fields_by_name:
        return {}
    inner = [field.message_type for field in message.fields if field.name in samples._INSIDE]
    return {message.name: message} | {one.name: one for one in inner if one is not None}
