"""Fields are told apart by every version of protobuf that setup.cfg allows, the oldest of which is not installed here."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

import tb_explain
from tb_explain.records import explain_pb2 as pb
from tb_explain.records import fields
from tb_explain.records.fields import is_repeated


def test_repeated_fields() -> None:
    named = pb.Heatmaps.DESCRIPTOR.fields_by_name
    assert is_repeated(named["samples"])
    assert not is_repeated(named["maps"])


@pytest.mark.parametrize(("label", "repeated"), [(1, False), (2, False), (3, True)])
def test_before_protobuf_6_31_which_has_labels_alone(label: int, repeated: bool) -> None:
    older: Any = SimpleNamespace(label=label, LABEL_REPEATED=3)
    assert is_repeated(older) is repeated


def test_nobody_asks_protobuf_itself() -> None:
    files = Path(tb_explain.__file__).parent.rglob("*.py")
    asking = [file.name for file in files if ".is_repeated" in file.read_text() and file != Path(fields.__file__)]
    assert not asking
