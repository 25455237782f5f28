"""The words of a command line: texts that begin with a hyphen, standard input and output, addresses."""

import os
import re
import sys
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperOption

DASH = "-"
"""Stands for standard input as a text, for standard output as a file."""

_TEXT = re.compile(r"-(?!h?$)(?!-[\w-]*(?:=|$))", re.DOTALL)
"""How a text begins that is no option: those are -h, and words behind two hyphens."""

_TARGET = re.compile(r"(?:\[[0-9A-Fa-f:.]+(?:%\w+)?\]|[^\s:/\[\]@]+):(\d{1,5})")


class CommandWithText(TyperCommand):
    """A command whose text may begin with a hyphen: "-5 degrees"."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put such a text behind all options, where it is taken for what it is."""
        options = [option for option in self.params if isinstance(option, TyperOption) and not option.is_flag]
        with_value = {name for option in options for name in option.opts}
        before = ("", *args)
        texts = [arg for last, arg in zip(before, args, strict=False) if last not in with_value and _TEXT.match(arg)]
        if "--" not in args and texts:
            args = [*(arg for arg in args if arg not in texts), "--", *texts]
        return super().parse_args(ctx, args)


def text_of(text: str, name: str) -> str:
    """Give the text of the argument *name*: for "-" what is on standard input. It must not be blank."""
    if text == DASH:
        text = os.fsdecode(sys.stdin.buffer.read()) if sys.stdin else ""
    if not text.strip():
        raise typer.BadParameter("must not be blank", param_hint=name)
    return text


def as_utf8(**words: str) -> dict[str, Any]:
    """Give the bytes that were typed, as UTF-8, also where the locale says something else."""
    return {name: os.fsencode(text).decode(errors="replace") for name, text in words.items()}


def a_target(target: str) -> str:
    """Check ``HOST:PORT``, which may be empty."""
    match = _TARGET.fullmatch(target)
    if target and not (match and 0 < int(match[1]) < 65536):
        raise typer.BadParameter("must be HOST:PORT, such as 127.0.0.1:50051, without http://")
    return target


def in_a_folder(path: Path | None) -> Path | None:
    """Check that the folder of a file is there."""
    if path and not path.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {path.parent}")
    return path
