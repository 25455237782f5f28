"""Reasoning that a model writes into its answer: never shown, never spoken."""

OPEN, CLOSE = "<think>", "</think>"


class ThinkStripper:
    """Takes a leading ``<think>…</think>``, however cut, out of a text with the white space around it.

    Only a leading one: further on the same characters are prose. One that never closes has nothing after it.
    """

    def __init__(self) -> None:
        self._held = ""
        self._inside = False
        self._thought = False
        self._passing = False

    def feed(self, text: str) -> str:
        """What of the text so far is certainly answer, and new."""
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
                return ""  # may become one yet
            else:
                return self._pass()
        self._held = self._held[-len(CLOSE) + 1 :]
        return ""

    def flush(self) -> str:
        """What is left when nothing more comes."""
        return "" if self._inside or self._passing else self._pass()

    def _pass(self) -> str:
        self._passing = True
        rest, self._held = self._held, ""
        return rest.lstrip() if self._thought else rest
