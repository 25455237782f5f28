"""The wire: the generated code is the proto's, and its numbers are those that clients already speak."""

import subprocess
import sys
from pathlib import Path

import pytest

from protos import streaming_pb2 as pb
from tests.processes import ROOT

GENERATED = ("streaming_pb2.py", "streaming_pb2.pyi", "streaming_pb2_grpc.py")


def test_generated_code_is_up_to_date(tmp_path: Path) -> None:
    """Generating again changes nothing: ``make protos`` was run after the last change of the proto."""
    pytest.importorskip("grpc_tools", reason="grpcio-tools (extra dev) is not installed")
    outs = [f"--{kind}_out={tmp_path}" for kind in ("python", "pyi", "grpc_python")]
    subprocess.run(
        [sys.executable, "-m", "grpc_tools.protoc", "-I.", *outs, "protos/streaming.proto"], cwd=ROOT, check=True
    )
    for name in GENERATED:
        assert (tmp_path / "protos" / name).read_text() == (ROOT / "protos" / name).read_text(), f"{name} is stale"


def test_numbers_of_old_fields() -> None:
    """Fields below 101 have the numbers that existing assistants speak; everything newer stands from 101 on."""
    numbers = {name: field.number for name, field in pb.StreamResponse.DESCRIPTOR.fields_by_name.items()}
    assert numbers == {
        "text_chunk": 1,
        "audio_chunk": 2,
        "end_message": 3,
        "error_message": 4,
        "action_message": 5,
        "sentence_index": 101,
        "final": 102,
        "session_id": 103,
        "end": 104,
        "warning": 105,
        "sequence": 106,
        "error_audio": 107,
    }
    oneof = [field.name for field in pb.StreamResponse.DESCRIPTOR.oneofs_by_name["content"].fields]
    assert oneof == ["text_chunk", "audio_chunk", "end_message", "error_message", "action_message"]
