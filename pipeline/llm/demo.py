"""Answers by a few rules in English and Russian, without a language model, and says so."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pipeline.events import EndReason, ModelEnd, ModelEvent, TextDelta, Usage
from pipeline.interfaces import Turn
from pipeline.languages import base_tag, is_cyrillic


@dataclass(frozen=True, slots=True)
class _Phrases:
    """What the demo says in one language. It is made to be heard: no markup, no brackets."""

    orders: dict[str, str]
    greeting: str
    about: str
    unknown: str
    rest: str
    nothing_to_read: str
    time: str
    date: str
    weekdays: str
    months: str


_PHRASES = {
    "en": _Phrases(
        orders={"open_app": "Opening {app}.", "close_app": "Closing {app}."},
        greeting="Hello! Ask me what I can do.",
        about="I am the demonstration of Stentor: a few simple rules, not a language model. "
        "I can open and close applications, tell you the time and the date, and read a text aloud. "
        "Each sentence is spoken as soon as it is finished, while the next one is still being written.",
        unknown="No language model is connected, so I cannot answer that. "
        "This is a demonstration: it opens and closes applications, tells the time and date, and reads a text aloud. "
        "To connect a model, change llm in the pipeline section of settings.toml; the README tells how. "
        "You can also write a stage of your own, with kind custom.",
        rest="The rest of what you asked needs a language model, and none is connected.",
        nothing_to_read="There is no text to read.",
        time="It is {now:%H:%M}.",
        date="Today is {weekday}, {now.day} {month} {now.year}.",
        weekdays="Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
        months="January February March April May June July August September October November December",
    ),
    "ru": _Phrases(
        orders={"open_app": "Открываю {app}.", "close_app": "Закрываю {app}."},
        greeting="Здравствуйте! Спросите, что я умею.",
        about="Я демонстрация Стентора: несколько простых правил, а не языковая модель. "
        "Я умею открывать и закрывать приложения, называть время и дату и читать текст вслух. "
        "Каждое предложение звучит, как только оно закончено, пока следующее ещё пишется.",
        unknown="Языковая модель не подключена, поэтому ответить на это я не могу. "
        "Это демонстрация: она открывает и закрывает приложения, называет время и дату и читает текст вслух. "
        "Чтобы подключить модель, измените llm в разделе pipeline файла settings.toml; в файле README сказано, как. "
        "Можно и написать свою ступень, с kind custom.",
        rest="Для остального нужна языковая модель, а она не подключена.",
        nothing_to_read="Нет текста, который можно прочитать.",
        time="Сейчас {now:%H:%M}.",
        date="Сегодня {weekday}, {now.day} {month} {now.year} года.",
        weekdays="понедельник вторник среда четверг пятница суббота воскресенье",
        months="января февраля марта апреля мая июня июля августа сентября октября ноября декабря",
    ),
}


def _pattern(*alternatives: str) -> re.Pattern[str]:
    return re.compile("|".join(alternatives), re.IGNORECASE | re.DOTALL)


# The text behind one of these is read aloud as it stands. Commands in it are not obeyed.
_READ = _pattern(
    r"\b(?:(?:read|say|repeat)(?: (?:the|this|following|text|aloud|out loud|after me|to me))*|"
    r"(?:прочитай|прочти|скажи|произнеси|повтори)(?:те)?(?: (?:этот|это|следующий|следующее|текст|вслух|за мной|мне))*)"
    r"\s*:(?P<text>.*)",
    r"\b(?:read aloud|repeat after me|(?:прочитай|прочти)(?:те)? вслух|повтори(?:те)? за мной)\b,?(?P<repeated>.*)",
)

# Patterns that are searched everywhere have no open repetition: a prompt of dots or blanks would cost quadratic time.
_SENTENCE_END = _pattern(r"[.!?;…](?=[\s.!?;…]|$)", r"\n")
_CLAUSE_END = _pattern(r",(?=\s|$)", r"\s(?:and|then|и|потом|затем)(?=\s|$)")
_LEAD = _pattern(
    r"^(?:(?:please|(?:can|could|would|will) you|i(?:['’]d like| would like| want) you to|tell me|and|then|also|now|"
    r"just|ok(?:ay)?|thanks|thank you|(?:hey )?stentor|пожалуйста|(?:ты )?можешь|(?:вы )?можете|"
    r"не мог(?:ла|ли)? бы (?:ты|вы)|(?:скажи|подскажи|расскажи)(?:те)?(?: мне)?|и|а|потом|затем|также|ещ[её]|теперь|"
    r"спасибо|стентор)(?: |$))+"
)
_TAIL = _pattern(r"(?: (?:please|for me|now|right now|today|stentor|пожалуйста|сейчас|сегодня|стентор)){1,4}$")

_TOPICS = {
    "greeting": _pattern(
        r"(?:hello|hi|hey)(?: there)?|good (?:morning|afternoon|evening)",
        r"привет|здравствуй(?:те)?|добр(?:ое утро|ый день|ый вечер)",
    ),
    "about": _pattern(
        r"who (?:are you|you are)|what (?:are you|can you do|you can do)",
        r"(?:(?:more |a little )?about|introduce) yourself|(?:how can you )?help(?: me)?",
        r"помощь|справка|помоги(?:те)?(?: мне)?|(?:немного )?о себе|представься",
        r"кто (?:ты|вы)(?: так(?:ой|ая|ие))?|что (?:ты |вы )?(?:умеешь|умеете|можешь|можете)(?: делать)?",
    ),
    "time": _pattern(
        r"(?:what(?:['’]s| is) )?(?:the )?(?:current )?time|what time (?:is it|it is)",
        r"который (?:сейчас )?час|сколько (?:сейчас )?времени|(?:какое )?(?:сейчас |текущее )?время",
    ),
    "date": _pattern(
        r"(?:what(?:['’]s| is) )?(?:the |today['’]s )?(?:current )?date",
        r"(?:what|which) (?:day|date)(?: of the week)?(?: is| is it| it is)",
        r"(?:как(?:ое|ой|ая) )?(?:сегодня |сейчас )?(?:число|день(?: недели)?|дат[ау])",
    ),
}

_ORDERS = {
    "open_app": _pattern(r"(?:open(?: up)?|launch|откр(?:ой|ойте|ыть)|запусти(?:те|ть)?) "),
    "close_app": _pattern(r"(?:close|quit|закр(?:ой|ойте|ыть)|заверши(?:те|ть)?) "),
}
_QUOTES = _pattern(r"[\"«»“”„]")
_WORD = r"[^\s{}\[\]<>`~]+"
_APP = _pattern(
    r"(?:(?:my|мне) )?(?P<spoken>(?:(?:the|an?|app|application|приложение|программу) )*"
    r"(?!(?:it|this|that|them|all|everything|not|no|don['’]t|его|её|ее|это|их|вс[её]|не|нет)\b)"
    rf"(?P<name>{_WORD}(?: {_WORD}){{0,3}}?)(?: app| application)?)"
)

# In bare prose these may open an object or a fence. In the "text" of an envelope they are prose.
_UNSAFE_IN_PROSE = _pattern("[{`]", "~~~")
# It matches every character, so that the pieces together are the reply, each of at most six characters like a token.
_PIECE = _pattern(r"\s?\w{1,5}", r"\s?[^\w\s]{1,3}", r"\s")


@dataclass(frozen=True, slots=True)
class _Step:
    """A sentence to say, and a command to give after it unless ``command`` is empty."""

    text: str
    command: str = ""
    app: str = ""

    def order(self) -> dict[str, Any]:
        return {"command": self.command, "args": {"app_name": self.app}}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoModelOptions:
    """The keys of the settings. ``reply`` is the format, ``delta_ms`` the pause after each delta."""

    reply: Literal["prose", "envelope"]
    delta_ms: float


class DemoModel:
    """An ``Engine`` that answers by rules, in English and Russian. *now* gives the local time.

    In ``prose`` each command is a bare JSON object right after its sentence. An ``envelope`` is one object with the
    same text and the first command; further commands follow as bare objects. A reply that repeats a brace or a fence of
    the user is always an envelope, so that nothing a user wrote can become a command.
    """

    def __init__(self, options: DemoModelOptions, *, now: Callable[[], datetime] = datetime.now) -> None:
        self._reply = options.reply
        self._pause = options.delta_ms / 1000
        self._now = now

    async def stream(self, turn: Turn) -> AsyncIterator[ModelEvent | str]:
        """Yield the reply in deltas of at most six characters, then ModelEnd. The same turn gives the same deltas."""
        pieces = _PIECE.findall(self._write(turn))
        for piece in pieces:
            yield TextDelta(piece)
            await asyncio.sleep(self._pause)
        yield ModelEnd(EndReason.COMPLETE, Usage(len(_PIECE.findall(turn.prompt)), len(pieces)))

    async def start(self) -> None:
        """See Engine."""

    async def aclose(self) -> None:
        """See Engine."""

    def _write(self, turn: Turn) -> str:
        steps = _answer(turn, self._now())
        unsafe = any(_UNSAFE_IN_PROSE.search(step.text) for step in steps)
        return _envelope(turn.session_id, steps) if unsafe or self._reply == "envelope" else _prose(steps)


def _prose(steps: Sequence[_Step]) -> str:
    # There is no white space before an object: at the end of a reply it would be a sentence of one blank.
    return " ".join(step.text + (_json(step.order()) if step.command else "") for step in steps)


def _envelope(session_id: str, steps: Sequence[_Step]) -> str:
    orders = [step.order() for step in steps if step.command]
    text = " ".join(step.text for step in steps)
    envelope = {"session_id": session_id, "text": text, **(orders[0] if orders else {})}
    return "".join(_json(item) for item in (envelope, *orders[1:]))


def _json(item: dict[str, Any]) -> str:
    return json.dumps(item, ensure_ascii=False, separators=(",", ":"))


def _answer(turn: Turn, now: datetime) -> list[_Step]:
    reading = _READ.search(turn.prompt)
    request = turn.prompt[: reading.start()] if reading else turn.prompt
    phrases = _PHRASES[_language(turn)]
    steps = _understand(request, phrases, now)
    if reading:
        text = reading["text"] or reading["repeated"] or ""
        steps.append(_Step(text.strip() or phrases.nothing_to_read))
    return steps or [_Step(phrases.unknown)]


def _language(turn: Turn) -> str:
    wanted = base_tag(turn.language)
    if wanted in _PHRASES:
        return wanted
    return "ru" if is_cyrillic(turn.prompt) else "en"


def _understand(request: str, phrases: _Phrases, now: datetime) -> list[_Step]:
    steps: list[_Step] = []
    missed = False
    for sentence in _SENTENCE_END.split(request):
        order = ""  # in "open Safari and Mail" the second app takes the verb of the first, within one sentence
        for clause in filter(None, map(_bare, _CLAUSE_END.split(sentence))):
            step = _tell(clause, phrases, now) or _obey(clause, order, phrases)
            missed = missed or step is None
            order = step.command if step else ""
            if step and (step.command or step not in steps):
                steps.append(step)
    return [*steps, _Step(phrases.rest)] if steps and missed else steps


def _bare(clause: str) -> str:
    """Return the clause with single blanks and without the polite words around it."""
    return _TAIL.sub("", _LEAD.sub("", " ".join(clause.split())))


def _tell(clause: str, phrases: _Phrases, now: datetime) -> _Step | None:
    topic = next((name for name, pattern in _TOPICS.items() if pattern.fullmatch(clause)), None)
    if topic is None:
        return None
    phrase: str = getattr(phrases, topic)
    weekday, month = phrases.weekdays.split()[now.weekday()], phrases.months.split()[now.month - 1]
    return _Step(phrase.format(now=now, weekday=weekday, month=month))


def _obey(clause: str, earlier: str, phrases: _Phrases) -> _Step | None:
    clause = _QUOTES.sub("", clause)
    verbs = ((name, pattern.match(clause)) for name, pattern in _ORDERS.items())
    command, verb = next(((name, verb) for name, verb in verbs if verb), (earlier, None))
    app = _APP.fullmatch(clause, verb.end() if verb else 0)
    if not command or not app or not (verb or _is_name(app["name"])):
        return None
    return _Step(phrases.orders[command].format(app=app["spoken"]), command, app["name"])


def _is_name(words: str) -> bool:
    # Without a verb "Google Chrome" and "mail" are apps, "write a letter" is not.
    return " " not in words or all(word[0].isupper() for word in words.split())
