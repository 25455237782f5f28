"""Shows an answer: to a terminal, to a screen reader, to a program."""

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

from google.protobuf.json_format import MessageToDict
from rich.cells import cell_len
from rich.console import Console

from app.cli.printable import one_line, printable
from pipeline.pcm import SAMPLE_BYTES
from protos import streaming_pb2 as pb

INCOMPLETE = {
    pb.END_REASON_LENGTH: "the model stopped at its length limit; the answer is not complete",
    pb.END_REASON_CONTENT_FILTER: "the provider of the model withheld the rest of the answer",
}


class PlainView:
    """Prints one event a line, in words, for screen readers: no colours, no symbols, nothing that moves.

    All views keep the stdout that they were made with: that of the stages goes elsewhere.
    """

    def __init__(self) -> None:
        self._out = sys.stdout

    def message(self, message: pb.StreamResponse, audio_seconds: float) -> None:
        """Print the line of *message*. Sound has none."""
        match message.WhichOneof("content"):
            case "text_chunk":
                self.note(message.text_chunk)
            case "action_message":
                self.note(f"Command: {_command_line(message.action_message)}")
            case "end_message":
                self._end(message.end, audio_seconds)
        if message.HasField("warning"):
            self.note(f"Warning: {_warning(message.warning)}")

    def note(self, text: str) -> None:
        """Print *text* as one line."""
        if line := one_line(text):
            print(line, file=self._out, flush=True)

    def close(self) -> None:
        """Every line is whole."""

    def _end(self, end: pb.EndInfo, audio_seconds: float) -> None:
        if end.reason in INCOMPLETE:
            self.note(f"Warning: {INCOMPLETE[end.reason]}.")
        timings = (f"{name} {'' if name == 'total' else 'after '}{ms} milliseconds" for name, ms in _timings(end))
        self.note(f"Done: {', '.join([*timings, *_length(audio_seconds, '{} seconds of speech')])}.")


class RichView:
    """Prints prose as it flows, and sets off commands, warnings and times. A terminal gets colours."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._width = console.width if console.is_terminal else sys.maxsize
        self._column = 0

    def message(self, message: pb.StreamResponse, audio_seconds: float) -> None:
        """Print *message*. Sound is not shown."""
        match message.WhichOneof("content"):
            case "text_chunk":
                self._print("".join(self._wrapped(printable(message.text_chunk))), end="")
            case "action_message":
                self._line(f"→ {_command_line(message.action_message)}", "bold cyan", indent="  ")
            case "end_message":
                self._end(message.end, audio_seconds)
        if message.HasField("warning"):
            self._line(f"! {_warning(message.warning)}", "yellow", indent="  ")

    def note(self, text: str) -> None:
        """Print a line in the background."""
        self._line(text, "dim")

    def close(self) -> None:
        """End the line of an answer that broke off."""
        if self._column:
            self._print("")
        self._column = 0

    def _end(self, end: pb.EndInfo, audio_seconds: float) -> None:
        if end.reason in INCOMPLETE:
            self._line(f"! {INCOMPLETE[end.reason]}", "yellow", indent="  ")
        self._line("")
        timings = (f"{name} {ms} ms" for name, ms in _timings(end))
        self.note(" · ".join([*timings, *_length(audio_seconds, "{} s of speech")]))

    def _line(self, text: str, style: str = "", indent: str = "") -> None:
        """Print *text* on a line of its own, also in the middle of prose."""
        self.close()
        self._print(indent + one_line(text), style)

    def _wrapped(self, text: str) -> Iterator[str]:
        """Break *text* between words at the width of the terminal. A terminal itself breaks within words."""
        for blank, word in re.findall(r"(\s*)(\S*)", text):
            room = self._width - self._column - cell_len(word)
            if not self._column:  # white space before a line that this view began
                blank = ""
            elif "\n" in blank:
                self._column = cell_len(blank.rpartition("\n")[2])
            elif cell_len(blank) > room and word:
                blank, self._column = "\n", 0
            else:
                self._column += cell_len(blank)
            self._column += cell_len(word)
            yield blank + word

    def _print(self, text: str, style: str = "", end: str = "\n") -> None:
        # console.print would look for markup, emoji names and things to highlight in the model's text.
        self._console.out(text, style=style or None, highlight=False, end=end)


class JsonView:
    """Prints one JSON object a line. ``type`` is the field of the message; of sound only the length is shown."""

    def __init__(self) -> None:
        self._out = sys.stdout

    def message(self, message: pb.StreamResponse, audio_seconds: float) -> None:  # noqa: ARG002 (told by EndInfo)
        """Print *message* as an object."""
        kind = message.WhichOneof("content")
        fields: dict[str, Any] = {
            "type": kind or "warning",
            "sequence": message.sequence,
            "sentence_index": message.sentence_index,
            "final": message.final,
        }
        if message.session_id:
            fields["session_id"] = message.session_id
        fields |= _own_fields(message)
        if kind and message.HasField("warning"):
            fields["warning"] = _warning_fields(message.warning)
        print(_json(fields, self._out.encoding), file=self._out, flush=True)

    def note(self, text: str) -> None:
        """Print *text* on stderr, beside the answer."""
        print(one_line(text), file=sys.stderr, flush=True)

    def close(self) -> None:
        """Every line is whole."""


View = PlainView | RichView | JsonView
"""Shows an answer, message by message. ``audio_seconds`` is the length of the sound up to now, ``note`` shows a line
about the answer that is no part of it, and ``close`` leaves no line half written, however the answer ended.
"""


def _own_fields(message: pb.StreamResponse) -> dict[str, Any]:
    """Return the fields of this kind of message, beside those that all kinds have."""
    match message.WhichOneof("content"):
        case None:
            return _warning_fields(message.warning)
        case "audio_chunk":
            chunk = message.audio_chunk
            return {"samples": len(chunk.audio_data) // SAMPLE_BYTES, "sample_rate": chunk.sample_rate}
        case "action_message":
            name, args = _command(message.action_message)
            return {"command": name, "args": args, "action_json": message.action_message.action_json}
        case "end_message":
            values = {field.name: getattr(message.end, field.name) for field in pb.EndInfo.DESCRIPTOR.fields}
            return {"text": message.end_message, **values, "reason": pb.EndReason.Name(message.end.reason)}
        case kind:
            return {"text": getattr(message, kind)}


def _warning_fields(warning: Any) -> dict[str, Any]:
    return {"reason": warning.reason, "message": warning.message}


def _json(fields: dict[str, Any], encoding: str | None) -> str:
    """Write one line of JSON. Control characters that JSON lets pass are escaped too, for the terminal's sake."""
    text = json.dumps(fields, ensure_ascii=not (encoding or "").lower().startswith("utf"))
    return re.sub(r"[\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069]", lambda found: f"\\u{ord(found[0]):04x}", text)


def _command(action: pb.ActionMessage) -> tuple[str, dict[str, Any]]:
    """Read name and arguments from the JSON, since a Struct knows only floats."""
    try:
        order = json.loads(action.action_json)
        return str(order["command"]), dict(order["args"])
    except (ValueError, TypeError, KeyError):  # another server may write anything
        return action.command, MessageToDict(action.args)


def _command_line(action: pb.ActionMessage) -> str:
    name, args = _command(action)
    return " ".join([name, *(f"{key}={_value(value)}" for key, value in args.items())])


def _value(value: Any) -> str:
    if isinstance(value, str) and value and not re.search(r"[\s\"'=]", value):
        return value
    return json.dumps(value, ensure_ascii=False)


def is_unspoken(message: pb.StreamResponse) -> bool:
    """Tell whether *message* says that a sentence was not spoken."""
    warning: Any = message.warning
    return bool(warning.reason == "SPEECH_FAILED")


def _warning(warning: Any) -> str:
    return f"{warning.reason}: {warning.message}"


def _timings(end: pb.EndInfo) -> Iterator[tuple[str, int]]:
    times = {"first text": end.first_text_ms, "first audio": end.first_audio_ms, "total": end.total_ms}
    return ((name, round(ms)) for name, ms in times.items() if ms)


def _length(seconds: float, words: str) -> list[str]:
    return [words.format(f"{seconds:.1f}")] if seconds else []
