"""Whether a segment's writer still lives is found out without doing anything to it."""

from __future__ import annotations

import ctypes
import os
import sys
from unittest.mock import Mock

import pytest

from tb_explain.upkeep import segments


@pytest.mark.parametrize(
    ("process", "error", "code", "lives"),
    [(7, 0, 259, True), (7, 0, 1, False), (None, 5, 0, True), (None, 87, 0, False)],
)
def test_windows_is_asked_whether_a_process_lives_without_sending_it_anything(
    monkeypatch: pytest.MonkeyPatch, process: int | None, error: int, code: int, lives: bool
) -> None:
    """Nothing that Windows itself says: a stand-in for its functions says what they are documented to."""

    class Kernel:
        def __init__(self, name: str, use_last_error: bool) -> None:
            self.OpenProcess = Mock(return_value=process)
            self.GetExitCodeProcess = Mock(side_effect=lambda _, into: setattr(into._obj, "value", code) or 1)
            self.CloseHandle = Mock()

    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(os, "kill", Mock(side_effect=AssertionError("it is interrupted by that")))
    monkeypatch.setattr(ctypes, "WinDLL", Kernel, raising=False)
    monkeypatch.setattr(ctypes, "get_last_error", lambda: error, raising=False)
    assert segments._lives(12345) is lives
