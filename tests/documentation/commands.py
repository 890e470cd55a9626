"""Whether a command in a document could be given: its program is there, and has the subcommands and options."""

from __future__ import annotations

import configparser
import importlib
import importlib.util
import json
import pkgutil
import re
import shlex
from collections.abc import Sequence

import pytest

import tb_explain.cli
from tests.documentation.blocks import ROOT

OTHERS = {"cd", "git", "pre-commit"}  # whose arguments are none of ours


def check(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fails where a line of a shell would."""
    words = shlex.split(line, comments=True)
    commands: list[list[str]] = [[]]
    for word in words:
        if word in ("&&", "|", ";"):
            commands.append([])
        else:
            commands[-1].append(word)
    for command in commands:
        while command and re.fullmatch(r"[A-Z_]+=.*", command[0]):
            command = command[1:]
        if command:
            _check(command[0].rpartition("/")[2], command[0], command[1:], monkeypatch)


def _check(program: str, path: str, arguments: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
    if program == "tb-explain":
        tb_explain_takes(arguments, monkeypatch)
    elif program in ("python", "python3"):
        _python(arguments)
    elif program == "torchrun":
        script = next(i for i, word in enumerate(arguments) if word.endswith(".py"))
        _python(arguments[script:])
    elif program == "tensorboard":
        _tensorboard(arguments)
    elif program == "pip":
        _pip(arguments)
    elif program == "npm":
        _npm(arguments)
    elif path.startswith("./"):
        assert (ROOT / path).stat().st_mode & 0o100, f"{path} cannot be run"
    else:
        assert program in OTHERS, f"{program}: what is that?"


def tb_explain_takes(arguments: Sequence[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The subcommands read their arguments, and do nothing."""
    for module in pkgutil.iter_modules(tb_explain.cli.__path__, "tb_explain.cli."):
        command = importlib.import_module(module.name)
        if hasattr(command, "_run"):
            monkeypatch.setattr(command, "_run", lambda options: 0)
    assert tb_explain.cli.main(arguments) == 0


def subcommands() -> list[str]:
    """The names of all."""
    modules = (
        importlib.import_module(f"tb_explain.cli.{m.name}") for m in pkgutil.iter_modules(tb_explain.cli.__path__)
    )
    return [module.__name__.rpartition(".")[2] for module in modules if hasattr(module, "add_to")]


def _python(arguments: Sequence[str]) -> None:
    if arguments[0] == "-m":
        assert importlib.util.find_spec(arguments[1]), f"there is no module {arguments[1]}"
        if arguments[1] == "tests.benchmarks":
            assert importlib.util.find_spec(f"tests.benchmarks.{arguments[2]}"), f"there is no benchmark {arguments[2]}"
        return
    if arguments[0] == "first.py":  # the reader's own
        return
    source = (ROOT / arguments[0]).read_text()
    for word in arguments[1:]:
        assert not word.startswith("-") or f'"{word}"' in source, f"{arguments[0]} has no {word}"


def _tensorboard(arguments: Sequence[str]) -> None:
    from tensorboard import default, program

    program.TensorBoard(plugins=default.get_plugins()).configure(["tensorboard", *arguments])


def _pip(arguments: Sequence[str]) -> None:
    metadata = configparser.ConfigParser()
    metadata.read(ROOT / "setup.cfg")
    extras = metadata["options.extras_require"]
    for asked in re.findall(r"\[(\w+)\]", " ".join(arguments)):
        assert asked in extras, f"there is no extra {asked}"


def _npm(arguments: Sequence[str]) -> None:
    scripts = json.loads((ROOT / "plugin_frontend" / "package.json").read_text())["scripts"]
    words = [word for word in arguments if not word.startswith("-") and word != "plugin_frontend"]
    if words[0] == "run":
        words = words[1:]
    assert words[0] in scripts or words[0] == "ci", f"there is no script {words[0]}"
