"""Puts native tool calls together from the fragments that a model streams.

Servers tell the same call in many ways: the name whole, in pieces or in every fragment; an id for each call, for each
fragment or none; an index for each call, 0 for all or none; arguments in pieces, whole, cumulative or repeated. Where
two readings are possible the call is refused, because a wrong one would make a computer do what nobody asked for.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pipeline.events import ToolCall
from pipeline.llm.openai.calls import call_args
from pipeline.llm.openai.calls.call import Call, read

MAX_CHARS = 1024 * 1024
"""The limit of all calls of one answer together."""

CALL_CHARS = 64
"""Added for each fragment, so that fragments without text are limited too."""

AMBIGUOUS = "ambiguous"
ANYWHERE = -1


class TooManyCalls(ValueError):
    """The calls of one answer are longer than those of any honest model."""


class ToolCalls:
    """The calls of one answer, in the model's order. *names*: the commands that the model was told of."""

    def __init__(self, names: Collection[str] = ()) -> None:
        self._names = names
        self._calls: list[Call] = []
        self._by_index: dict[int, Call] = {}
        self._by_id: dict[str, Call] = {}
        self._given: dict[tuple[str, str], list[Call]] = {}  # by their keys
        self._counts = True  # each call so far had a higher index than those before it
        self._ids_change = False  # within one call
        self._named_late = False  # a name came behind its arguments
        self._settled = 0  # so many calls have left
        self._chars = 0

    def __bool__(self) -> bool:
        return bool(self._calls)

    def add(self, fragment: Mapping[str, Any]) -> None:
        """Take one element of ``delta.tool_calls``. Raise TypeError for a field of the wrong type, or TooManyCalls."""
        new = read(fragment)
        self._count(len("".join(new.names + new.parts)))
        call = self._slot(new)
        if call is None or self._begins(call, new):
            self._append(new)
            return
        self._ids_change = self._ids_change or bool(new.id and call.id and new.id != call.id)
        grown = not new.names and "".join(new.parts).lstrip().startswith("{") and call.is_whole
        self._named_late = self._named_late or bool(new.names and not (call.names or call.is_blank))
        call.id = call.id or new.id
        call.names += new.names
        call.parts += new.parts
        call.growing = call.growing or new.growing or grown
        self._remember(call, new)

    def add_text(self, name: str, args: str) -> None:
        """Take a whole call that the model wrote in tags in its text."""
        self._count(len(name) + len(args))
        self._calls.append(Call(names=[name], parts=[args], text=True))

    def settled(self) -> list[ToolCall]:
        """Return the calls before a text that follows them; the last one only if it is whole."""
        calls = self._calls[self._settled :]
        if calls and not (calls[-1].name and (calls[-1].is_whole or calls[-1].text)):
            calls.pop()
        if any(not call.name for call in calls):
            return []
        self._settled += len(calls)
        return self._left(calls)

    def finish(self, *, cut: bool = False) -> list[ToolCall]:
        """Return all further calls, with their arguments as the model wrote them.

        *cut* tells that the model reached its length limit: the arguments of the last call may be missing.
        """
        calls = self._merged()
        last = calls[-1] if calls else None
        if cut and last and last.given is None and (last.growing or not call_args.value(last.args)):
            last.refused = "truncated"
        self._calls.clear()
        return self._left(calls)

    def _left(self, calls: Sequence[Call]) -> list[ToolCall]:
        self._doubt(calls)
        events: list[ToolCall] = []
        for call in calls:
            if call.given is None:
                events += self._give(call)
            elif call.key != call.given:  # more of it came when it had left
                events.append(ToolCall(call.name, call.args, refused=AMBIGUOUS))
        return events

    def _doubt(self, calls: Sequence[Call]) -> None:
        """Refuse the calls whose arguments may be those of another one: some stand before their call's name, or fit
        nowhere, or are missing.
        """
        stray = any(not (call.is_blank or (call.is_whole and call.name)) for call in calls)
        names = {call.name for call in calls if call.refused}
        behind = len(calls) > 1 and (self._named_late or not all(call.name for call in calls))
        for before, call in zip((None, *calls), calls, strict=False):
            lacks = call.is_blank and (stray or (before is not None and _ends(before, call)))
            if behind or lacks or (call.is_empty and call.name in names):
                call.refused = call.refused or AMBIGUOUS

    def _count(self, chars: int) -> None:
        self._chars += chars + CALL_CHARS
        if self._chars > MAX_CHARS:
            raise TooManyCalls

    def _append(self, call: Call) -> None:
        if call.index is not None and self._by_index:
            self._counts = self._counts and call.index > max(self._by_index)
        call.is_numbered = self._counts and call.index is not None
        self._calls.append(call)
        self._remember(call, call)

    def _remember(self, call: Call, fragment: Call) -> None:
        if fragment.index is not None:
            self._by_index[fragment.index] = call
            call.index = fragment.index if call.index is None else call.index
        if fragment.id:
            self._by_id[fragment.id] = call

    def _slot(self, new: Call) -> Call | None:
        """Return the call to which the fragment *new* belongs, if it begins none."""
        known = self._by_id.get(new.id) if new.id else None
        continues = known and new.name in ("", known.name) and not (known.is_whole and new.parts)
        if known and (continues or None in (new.index, known.index) or new.index == known.index):
            return known
        latest = next((call for call in reversed(self._calls) if not call.text), None)
        if new.index is None:
            return latest
        return self._by_index.get(new.index) or (latest if latest and latest.index is None else None)

    def _begins(self, call: Call, new: Call) -> bool:
        """Tell whether *new* begins another call, though it has the place of *call*. Mark those that can't be told."""
        other_id = bool(new.id and call.id and new.id != call.id)
        if not new.names or not call.name:
            begins = other_id and new.is_blank
            self._ids_change = self._ids_change or (begins and new.index is not None)
            return begins
        if not self._counts and call is not self._calls[-1]:  # its index is that of another call by now
            return True
        if not call.is_blank and new.name == call.name and not call.is_whole and not (other_id and _opens(new, call)):
            return False
        if self._is_piece(call.name, new.name) and (call.is_blank or not other_id):
            return False
        if call.is_blank:
            return self._begins_behind_blank(call, new, other_id)
        return self._begins_behind_whole(call, new, other_id)

    def _begins_behind_blank(self, call: Call, new: Call, other_id: bool) -> bool:
        longer = new.name.startswith(call.name) or call.name + new.name in self._names
        if (
            new.name != call.name
            and {new.name, call.name} <= set(self._names)
            and not longer
            and (other_id or not call.id)
        ):
            return True
        if other_id:
            call.refused = new.refused = AMBIGUOUS
        elif new.name != call.name and not call.id:
            call.refused = AMBIGUOUS  # a piece of the name, or a call without arguments before another one
        return other_id

    def _begins_behind_whole(self, call: Call, new: Call, other_id: bool) -> bool:
        if call.key == (new.name, "{}") and not new.is_blank and (other_id or not call.id):
            call.refused = new.refused = AMBIGUOUS  # some servers put an empty object before the arguments
            return other_id
        if other_id:
            return True
        if new.name != call.name:
            if new.id and new.name not in self._names:
                call.refused = new.refused = AMBIGUOUS
            return True
        if new.is_blank or call.id:
            return False
        before, after = call_args.value(call.args), call_args.value(new.args)
        if after is None or before == after or before is None:
            return after is None
        call.refused = AMBIGUOUS if call_args.grows(before, after) else call.refused
        return not call.refused

    def _is_piece(self, name: str, piece: str) -> bool:
        """Tell whether *piece* goes on with *name*, by the names that there are."""
        if not self._names or name in self._names:
            return False
        longer = piece if piece.startswith(name) else name + piece
        return any(known.startswith(longer) for known in self._names)

    def _merged(self) -> list[Call]:
        """Return the calls; fragments without a name go to the call before them, if its arguments were missing."""
        calls: list[Call] = []
        for call in self._calls:
            before = calls[-1] if calls else None
            is_whole = before is not None and before.is_whole and not before.is_empty
            if call.name or before is None or is_whole or before.given or call.text:
                if call.name or not call.is_blank:
                    calls.append(call)
                continue
            if before.is_blank and before.index != call.index and None not in (before.index, call.index):
                before.refused = AMBIGUOUS
            before.parts += call.parts
            self._ids_change = True
        return calls

    def _give(self, call: Call) -> list[ToolCall]:
        """Return the call, unless it is one that was given already, told again."""
        call.given = call.key
        alike = self._given.setdefault(call.given, [])
        told = [] if call.refused else [self._repeats(before, call) for before in alike]
        if None in told:
            return []
        refused = call.refused or next(filter(None, told), "")
        if not call.refused:
            alike.append(call)
        name = call.name.partition("<|")[0].strip()  # without a template's marks
        bare = name.removeprefix("functions.")
        return [ToolCall(bare if bare in self._names else name, call.args, refused=refused)]

    def _repeats(self, before: Call, call: Call) -> str | None:
        """Return "" for a call that was meant twice, None for one that was told twice, else why it is refused."""
        if before.text or call.text:
            return "" if before.text and call.text else None
        if before.id and before.id == call.id:
            return None
        if before.id and call.id:
            again = call.index is not None and call.index == before.index and len(self._by_index) > 1
            return AMBIGUOUS if self._ids_change or again else ""
        if call.is_numbered and None not in (before.index, call.index) and before.index != call.index:
            return ""
        return None


def _ends(before: Call, call: Call) -> bool:
    """Tell whether *call*, which has no arguments, may be the end of the call *before* it."""
    return call.name == before.name and call.index == before.index and not before.is_empty


def _opens(new: Call, call: Call) -> bool:
    """Tell whether the arguments of *new* begin an object, and are not those of *call* with more of them."""
    args = "".join(new.parts)
    return not args.strip() or (args.lstrip().startswith("{") and not args.startswith("".join(call.parts)))
