"""Removes reasoning that a model writes into its answer: it is never shown and never spoken."""

OPEN, CLOSE = "<think>", "</think>"


class ThinkStripper:
    """Removes a leading ``<think>…</think>`` from a text that comes in pieces, and the white space around it.

    Further on the same characters are prose. After ``<think>`` without ``</think>`` nothing is answer.
    """

    def __init__(self) -> None:
        self._held = ""
        self._inside = False
        self._thought = False
        self._passing = False

    def feed(self, text: str) -> str:
        """Return the part of the text so far that is new and certainly answer."""
        if self._passing:
            return text
        self._held += text
        while not self._inside or CLOSE in self._held:
            if self._inside:
                self._held = self._held.partition(CLOSE)[2]
                self._inside, self._thought = False, True
            start = self._held.lstrip()
            if start.startswith(OPEN):
                self._held, self._inside = start[len(OPEN) :], True
            elif OPEN.startswith(start):
                return ""  # may still become <think>
            else:
                return self._pass()
        self._held = self._held[-len(CLOSE) + 1 :]
        return ""

    def flush(self) -> str:
        """Return the rest when nothing more comes."""
        return "" if self._inside or self._passing else self._pass()

    def _pass(self) -> str:
        self._passing = True
        rest, self._held = self._held, ""
        return rest.lstrip() if self._thought else rest
