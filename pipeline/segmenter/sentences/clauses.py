"""Finds the place to cut a sentence that is too long to be spoken in one breath."""

import re

_CLAUSE = re.compile(r"[,;:،؛](?=\s)|[、，；：]|(?<=\s)[—–-](?=\s)")
_CONJUNCTION = re.compile(
    r"\s(?=(?:and|but|or|because|which|и|но|или|а|потому|который|und|aber|oder|weil|y|pero|porque|et|mais|car|e|ma|mas"
    r"|i|ale|ve|ama|та|але|और|लेकिन|و)\s)"
)
_SPACE = re.compile(r"(?<!\d)\s|\s(?=\D)")
_LETTER = "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
_UNSPACED = re.compile(f"{_LETTER}(?={_LETTER})")
_LINK = re.compile(r"\[[^\[\]\n]*(?:\](?:\([^\s)]*\)?)?)?")


def best_cut(text: str, limit: int) -> int:
    """Return the end of the longest good part of ``text[:limit]``, 0 if there is none.

    *text* must be longer than *limit*. The best place is behind a comma, colon or dash, then before a conjunction, then
    at white space, then between letters of a script without spaces. A word, a number and a link are never cut.
    """
    least = limit // 3
    links = [link.span() for link in _LINK.finditer(text, 0, limit)]
    for pattern in (_CLAUSE, _CONJUNCTION, _SPACE, _UNSPACED):
        best = 0
        for place in pattern.finditer(text, 1, limit + 1):
            cut = place.start() if place.group().isspace() else place.end()
            if cut <= limit and not (links and any(first < cut < end or cut == end == limit for first, end in links)):
                best = cut
        if best > (least if pattern in (_CLAUSE, _CONJUNCTION) else 0):
            return best
    return 0
