"""Tells names with dots in them (addresses, files, methods) from sentences without a space between them."""

import re

_OTHER_SCRIPTS = r"\u0600-\u06ff\u0900-\u097f\u1100-\u11ff\u2e80-\ua4cf\uac00-\ud7af\uf900-\uffef"
_RUN = re.compile(rf"[^\s,;!?…\"“”«»)\]}}<>*`{_OTHER_SCRIPTS}]*")
"""The rest of a word with dots in it. Scripts in which no name is written end it, because they may have no spaces."""
_SIGNS = re.compile(r"[@\\_=]|\w\(|:\w|\.(?:\d|[^\W\d_A-ZА-ЯЁ]{2})")
"""Signs of a name: Keller@uni.de, WriteLine(, Draft.pdf, println."""
_ENDINGS = re.compile(
    r"(?:.*\.)?(?:Com|Org|Net|Edu|Gov|Ru|Рф|РФ|COM|ORG|NET|EDU|GOV|RU|UA|DE|FR|ES|PL|UK|CH|BR|EU|JP|CN|KR|JS|TS|CSS|HTML?|XML|JSON|SQL|PY"
    r"|PHP|PDF|DOCX?|XLSX?|PPTX?|ODT|RTF|TXT|CSV|MD|EPUB|JPE?G|PNG|GIF|HEIC|SVG|BMP|TIFF?|MP[34]|WAV|OGG|FLAC|M4A|AVI"
    r"|MOV|MKV|ZIP|RAR|EXE|MSI|DLL|BAT|INI|LOG|APK|DMG|ISO|BAK)\.?"
)
"""Ends of addresses and files in capitals, and few of addresses with a capital: Photo.JPG, Booking.Com."""
_LONGEST_RUN = 120


def run(text: str, pos: int) -> str:
    """Return what may belong to a name from *pos* on, as far as it has come."""
    match = _RUN.match(text, pos, pos + _LONGEST_RUN)
    return match.group() if match else ""


def reaches_end(text: str, at: int) -> bool:
    """Tell whether *text* ends within the word whose dot is at *at*."""
    return at + 1 + len(run(text, at + 1)) == len(text)


def in_name(text: str, at: int) -> bool | None:
    """Tell whether the dot at *at*, with a letter behind it, is inside a name. None = too early to tell."""
    rest = run(text, at + 1)
    if _SIGNS.search(rest):
        return True
    if reaches_end(text, at) and len(rest) < _LONGEST_RUN:
        return None
    return _ENDINGS.fullmatch(rest) is not None
