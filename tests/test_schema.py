"""The compiled schemas of Python and of the page are those of explain.proto."""

from __future__ import annotations

import base64
import re
import subprocess
import sys
from pathlib import Path

import pytest
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet

from tb_explain.records import explain_pb2 as pb

ROOT = Path(__file__).parent.parent
PROTO = "tb_explain/records/explain.proto"
PAGE = ROOT / "plugin_frontend" / "src" / "records" / "explain_pb.ts"

ADVICE = "run plugin_frontend/compile_proto.sh and commit what it writes"


def comparable(descriptor: FileDescriptorProto) -> str:
    """A schema without what compilers may add or leave out as they like."""
    descriptor.ClearField("source_code_info")
    for message in descriptor.message_type:
        for field in message.field:
            field.ClearField("json_name")
    return str(descriptor)


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> str:
    """What the compiler makes of explain.proto now."""
    compiled = tmp_path_factory.mktemp("schema") / "descriptors"
    compiler = [sys.executable, "-m", "grpc_tools.protoc", "-I.", PROTO, f"--descriptor_set_out={compiled}"]
    subprocess.run(compiler, cwd=ROOT, check=True)
    (descriptor,) = FileDescriptorSet.FromString(compiled.read_bytes()).file
    return comparable(descriptor)


def test_python_has_the_schema(schema: str) -> None:
    assert comparable(FileDescriptorProto.FromString(pb.DESCRIPTOR.serialized_pb)) == schema, ADVICE


def test_the_page_has_the_schema(schema: str) -> None:
    encoded = re.search(r'fileDesc\("([A-Za-z0-9+/=]+)"', PAGE.read_text())
    assert encoded, f"no descriptor in {PAGE}"
    padded = encoded[1] + "=" * (-len(encoded[1]) % 4)
    assert comparable(FileDescriptorProto.FromString(base64.b64decode(padded))) == schema, ADVICE
