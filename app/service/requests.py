"""Holds the rules of every request field. An error names the field and what is allowed, never the offending value."""

import re
from collections.abc import Mapping
from functools import partial
from math import inf
from typing import Any

from app.service import wire
from app.settings.tables import Limits
from interceptors.base import ANONYMOUS, identity
from interceptors.errors import Rejected
from interceptors.validation import Validate
from protos import streaming_pb2 as pb

SESSION_ID = re.compile(r"[A-Za-z0-9._:@-]{1,128}")
LANGUAGE = re.compile(r"[A-Za-z0-9-]{1,35}")
NAME_CHARS = 128
BASE64_GROWTH = 4 / 3


def rules(limits: Limits, max_request_bytes: int, fill: Validate) -> Mapping[str, Validate]:
    """Return the check of each method, which raises Rejected for a request that breaks a rule.

    ``fill(request, context)`` adds to a request that commits a turn what early input tells of the turn: the whole is
    judged.
    """

    def stream(request: pb.StreamRequest, context: Any) -> None:
        _phase(request.phase)
        _own(request, limits)
        if wire.is_early(request):
            _chunk(request, limits)
        else:
            fill(request, context)
            _whole(request)

    checks: dict[str, Validate] = {
        wire.STREAM_AUDIO: stream,
        wire.GENERATE_WELCOME_AUDIO: lambda request, _context: _welcome(request, limits),
        wire.INTERRUPT_SESSION: lambda request, context: _interrupt(request, identity(context)),
    }
    return {method: partial(_sized, check, max_request_bytes) for method, check in checks.items()}


def _sized(check: Validate, most: int, request: Any, context: Any) -> None:
    """Refuse a request that is too long. The transport takes longer ones, so that this refusal has a reason."""
    if request.ByteSize() > most:
        metadata = {"limit": "max_request_bytes", "value": str(most)}
        raise Rejected("INVALID_REQUEST", f"the request must be at most {most} bytes", metadata=metadata)
    check(request, context)


def _whole(request: pb.StreamRequest) -> None:
    if not request.prompt.strip():
        raise _bad("prompt", "must not be blank")


def _chunk(request: pb.StreamRequest, limits: Limits) -> None:
    _at_most("chunk_text", request.chunk_text, limits.max_prompt_chars)
    if request.chunk_seq < 0:
        raise _bad("chunk_seq", "must not be negative")


def _own(request: pb.StreamRequest, limits: Limits) -> None:
    _at_most("prompt", request.prompt, limits.max_prompt_chars)
    _session(request.session_id)
    _name("hardware_id", request.hardware_id)
    _name("voice", request.voice)
    _language(request.language)
    _heard(request.heard)
    if request.HasField("speaking_rate") and not wire.SLOWEST <= request.speaking_rate <= wire.FASTEST:  # NaN, too
        raise _bad("speaking_rate", f"must be from {wire.SLOWEST} to {wire.FASTEST}")
    _screenshot(request, limits.max_screenshot_bytes)


def _welcome(request: pb.WelcomeRequest, limits: Limits) -> None:
    _at_most("text", request.text, limits.max_prompt_chars)
    _session(request.session_id)
    _name("voice", request.voice)
    _language(request.language)


def _interrupt(request: pb.InterruptRequest, who: str) -> None:
    _name("hardware_id", request.hardware_id)
    if request.session_id:
        _session(request.session_id)
    elif not request.hardware_id and who == ANONYMOUS:
        raise _bad("hardware_id", "must not be empty unless session_id is given")
    if request.HasField("heard"):
        if not request.session_id:
            raise _bad("heard", "needs a session_id")
        _heard(request.heard)


def _bad(field: str, rule: str) -> Rejected:
    return Rejected("INVALID_REQUEST", f"{field}: {rule}", metadata={"field": field})


def _phase(phase: int) -> None:
    if phase not in pb.RequestPhase.values():
        raise _bad("phase", "must be UNSPECIFIED, COLLECT or COMMIT")


def _session(session_id: str) -> None:
    if not SESSION_ID.fullmatch(session_id):
        raise _bad("session_id", "must be 1 to 128 letters, digits or . _ : @ -")


def _name(field: str, value: str) -> None:
    if len(value) > NAME_CHARS or not value.isprintable():
        raise _bad(field, f"must be at most {NAME_CHARS} printable characters")


def _language(language: str) -> None:
    if language and not LANGUAGE.fullmatch(language):
        raise _bad("language", "must be a BCP-47 tag such as en or ru-RU")


def _heard(heard: pb.Heard) -> None:
    if heard.sentence_index < 0 or not 0 <= heard.offset_ms < inf:  # NaN, too
        raise _bad("heard", "sentence_index and offset_ms must be numbers from 0 on")


def _at_most(field: str, text: str, most: int) -> None:
    if len(text) > most:
        raise _bad(field, f"must be at most {most} characters")


def _screenshot(request: pb.StreamRequest, most: int) -> None:
    if request.screen_width < 0 or request.screen_height < 0:
        raise _bad("screen_width, screen_height", "must not be negative")
    # The length comes first, so that an image which is too long costs nothing.
    if len(request.screenshot) > most * BASE64_GROWTH + 4:
        raise _bad("screenshot", f"must be at most {most} bytes")
    try:
        image = wire.screenshot(request)
    except ValueError as error:
        raise _bad("screenshot", f"{error}") from None
    if image is not None and len(image.data) > most:
        raise _bad("screenshot", f"must be at most {most} bytes")
