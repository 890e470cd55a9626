"""Every subcommand says what is wrong in one sentence, answers scripts in JSON, and ends quietly when it is interrupted."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tb_explain.cli import main
from tests.conftest import Run

KEEP = ["--keep-steps", "last:1"]

# What is asked, in a directory with a run in `logs`, a text in `text.txt` and nothing in `empty`; the exit status; a part of what is said.
MISTAKES: list[tuple[list[str], int, str]] = [
    (["ls", "nowhere"], 1, "nowhere is not a directory; give the one that TensorBoard is started with"),
    (["verify", "nowhere"], 2, "nowhere is not a directory"),
    (["compact", "nowhere"], 1, "nowhere is not a directory"),
    (["prune", "nowhere", *KEEP], 1, "nowhere is not a directory"),
    (["pack", "nowhere"], 1, "nowhere is not a directory"),
    (["export", "nowhere"], 1, "nowhere is not a directory"),
    (["ls", "text.txt"], 1, "text.txt is neither a directory nor a zip archive"),
    (["verify", "text.txt"], 2, "text.txt is neither a directory nor a zip archive"),
    (["pack", "text.txt"], 1, "text.txt is neither a directory nor a zip archive"),
    (["export", "text.txt"], 1, "text.txt is neither a directory nor a zip archive"),
    (["compact", "text.txt"], 1, "text.txt is a file; give a directory, since files are rewritten in place"),
    (["prune", "text.txt", *KEEP], 1, "text.txt is a file; give a directory"),
    (["compact", "s3://bucket/runs"], 1, "s3://bucket/runs is an address; give a directory"),
    (["prune", "memory://runs", *KEEP], 1, "memory://runs is an address; give a directory"),
    (["ls", "what://runs"], 1, "what://runs cannot be reached"),
    (["verify", "what://runs"], 2, "what://runs cannot be reached"),
    (["pack", "what://runs"], 1, "what://runs cannot be reached"),
    (["export", "what://runs"], 1, "what://runs cannot be reached"),
    (["prune", "logs", "--keep-steps", "some"], 1, "--keep-steps some is no such rule"),
    (["pack", "logs", "--steps", "some"], 1, "--steps some names no steps"),
    (["export", "logs", "--steps", "some"], 1, "--steps some names no steps"),
    (["compact", "logs", "--run", "other"], 1, "no run is named other; there are ."),
    (["prune", "logs", *KEEP, "--run", "other"], 1, "no run is named other; there are ."),
    (["pack", "logs", "--run", "other"], 1, "no run is named other; there are ."),
    (["export", "logs", "--run", "other"], 1, "no run is named other; there are ."),
    (["pack", "logs", "-o", "text.txt"], 1, "text.txt is there already; give another -o, or --force to replace it"),
    (["export", "logs", "-o", "text.txt"], 1, "text.txt is there already; give another -o, or --force to replace it"),
    (["pack", "logs", "-o", "nowhere/x.zip"], 1, "there is no directory nowhere"),
    (["pack", "logs", "--force", "-o", "empty"], 1, "empty"),
    (["export", "logs", "-o", "nowhere/x.html"], 1, "nowhere"),
    (["pack", "empty"], 1, "there are no explanations below empty"),
    (["demo", "--steps", "0"], 1, "--steps must be at least 1, got 0"),
]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the commands are run."""
    Run(tmp_path / "logs").log("t", [0, 1]).segment.close()
    (tmp_path / "text.txt").write_text("text")
    (tmp_path / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(("command", "status", "said"), MISTAKES, ids=[" ".join(row[0]) for row in MISTAKES])
def test_mistakes_are_said_in_one_sentence(
    command: list[str], status: int, said: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(os.listdir(place))
    assert main(command) == status
    out, err = capsys.readouterr()
    assert not out and err.startswith(f"tb-explain {command[0]}: ") and said in err
    assert err.count("\n") == 1 and err.endswith("\n") and "Errno 0" not in err
    assert sorted(os.listdir(place)) == before and (place / "text.txt").read_text() == "text"


JSON = [["ls"], ["verify"], ["compact"], ["prune", *KEEP], ["pack"], ["export"]]


@pytest.mark.parametrize("command", JSON, ids=[command[0] for command in JSON])
def test_scripts_get_json_and_nothing_else(command: list[str], place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command[0], "logs", *command[1:], "--json"]) == 0
    out, err = capsys.readouterr()
    assert isinstance(json.loads(out), dict) and not err


COMMANDS = [*JSON, ["demo"]]


@pytest.mark.parametrize("command", COMMANDS, ids=[command[0] for command in COMMANDS])
def test_an_interrupted_command_ends_quietly(
    command: list[str], place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tb_explain.records.runs.runs_of", interrupt)
    monkeypatch.setattr("tb_explain.sharing.pack.runs_of", interrupt)
    monkeypatch.setattr("tb_explain.sharing.export.runs_of", interrupt)
    monkeypatch.setattr("tb_explain.demo.train_digits", interrupt)
    before = sorted(os.listdir(place))
    assert main([command[0], *([] if command == ["demo"] else ["logs"]), *command[1:]]) == 130
    out, err = capsys.readouterr()
    assert not out and err == "interrupted; what was logged is kept\n"
    assert sorted(os.listdir(place)) == before
