"""Answers that are made before their question is asked: used when it was guessed right, else as if never made."""

import asyncio
import json
import logging
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import grpc
import pytest

from app.service import speculation
from pipeline.events import Sentence
from pipeline.memory import answer as memory_answer
from protos import streaming_pb2 as pb
from tests.fakes import PATIENCE, still, until
from tests.serving import Answer, Service, read, serving

MAC = {"hardware_id": "mac", "session_id": "s"}
SPECULATE = "speculate = true"
COMMAND = '{"command": "open_app", "args": {"app_name": "Safari"}}'
SAFARI = '{"command":"open_app","args":{"app_name":"Safari"}}'
GOOD = ("All is well. ", COMMAND, " And more.")


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """A guess begins sooner, and lasts until a test lets it end."""
    monkeypatch.setattr(speculation, "STANDS_SECONDS", 0.001)
    monkeypatch.setattr(speculation, "LIFE_SECONDS", PATIENCE)


async def collect(service: Service, *script: Any, seq: int = 1, **fields: Any) -> None:
    text = json.dumps(script)
    own = {**MAC, "prompt": "", "phase": pb.REQUEST_PHASE_COLLECT, "chunk_seq": seq, "chunk_text": text, **fields}
    assert (await service.ask(**own)).messages[-1].end_message == "COLLECT_ACCEPTED"


async def guessed(service: Service, *script: Any, asked: int = 1, **fields: Any) -> None:
    """Input that stands until the model was asked for so many turns in all."""
    await collect(service, *script, **fields)
    await until(lambda: len(service.diary.histories) == asked)


async def said(service: Service, text: str) -> None:
    await until(lambda: text in service.diary.who("said"))


def outcomes(service: Service) -> Counter[str]:
    return service.server.container.guesses().outcomes


def guesses(service: Service) -> int:
    return len(service.server.container.guesses())


async def test_a_right_guess_is_the_answer(tmp_path: Path) -> None:
    """The model is asked once, before the COMMIT; the answer is whole, in order, and its commands come once."""
    async with serving(tmp_path, pipeline=SPECULATE) as service:
        await guessed(service, *GOOD)
        await said(service, "All is well.")
        answer = await service.ask(*GOOD, **MAC)
        after = await service.ask("And now?", **MAC)
        assert outcomes(service) == {"used": 1}
        assert service.leases == 0
    assert (answer.code, answer.texts, answer.commands) == (
        grpc.StatusCode.OK,
        ["All is well.", "  And more."],
        [SAFARI],
    )
    assert [message.sequence for message in answer.messages] == list(range(1, len(answer.messages) + 1))
    assert (answer.messages[-1].end.sentences, answer.messages[-1].end.commands) == (2, 1)
    assert after.texts == ["And now?"]
    assert len(service.diary.histories) == 2
    assert service.diary.histories[1][0].text == json.dumps(GOOD)


async def test_nothing_happens_before_the_commit(tmp_path: Path) -> None:
    """Of the guess only the first sentence is spoken, and nothing is remembered."""
    async with serving(tmp_path, pipeline=SPECULATE) as service:
        await guessed(service, *GOOD)
        await said(service, "All is well.")
        await asyncio.sleep(0.05)
        assert service.diary.who("said") == ["All is well."]
        assert len(service.server.container.memory()) == 0
        assert service.streams == 0


async def test_without_the_setting_nothing_is_guessed(tmp_path: Path) -> None:
    """Speculation is off by default."""
    async with serving(tmp_path) as service:
        await collect(service, *GOOD)
        await asyncio.sleep(0.05)
        assert service.diary.histories == []


ALIKE = {"space": '\n["All is well."]\t ', "end": '["All is well."].', "both": ' ["All is well."] ?!…'}


@pytest.mark.parametrize("text", ALIKE.values(), ids=ALIKE)
async def test_white_space_and_end_punctuation_do_not_matter(tmp_path: Path, text: str) -> None:
    """A recogniser writes them at the last moment. The conversation has the prompt of the COMMIT."""
    async with serving(tmp_path, pipeline=SPECULATE) as service:
        await guessed(service, "All is well.")
        answer = await service.ask(prompt=text, **MAC)
        await service.ask("And now?", **MAC)
        assert outcomes(service) == {"used": 1}
    assert answer.texts == ["All is well."]
    assert service.diary.histories[1][0].text == text


OTHER: dict[str, dict[str, Any]] = {
    "prompt": {"prompt": '["All is well, too."]'},
    "language": {"language": "ru"},
    "voice": {"voice": "other"},
    "word timings": {"word_timings": True},
    "screenshot": {"screenshot": "iVBORw0KGgo="},
}


@pytest.mark.parametrize("other", OTHER)
async def test_any_other_commit_starts_afresh(tmp_path: Path, other: str) -> None:
    """The guess has stopped before the model is asked again, once, with the turn of the COMMIT."""
    async with serving(tmp_path, pipeline=SPECULATE, closing=0.02) as service:
        await guessed(service, "All is well.", {"hang": True})
        fields = {"prompt": '["All is well."]', **OTHER[other]}
        answer = await service.ask(**MAC, **fields)
        assert outcomes(service) == {"wrong": 1}
        assert service.leases == 0
    assert answer.code is grpc.StatusCode.OK
    assert answer.texts == json.loads(fields["prompt"])
    assert (len(service.diary.histories), service.diary.most_running) == (2, 1)


async def test_another_history_is_another_turn(tmp_path: Path) -> None:
    """What the conversation got since the guess began is part of the turn."""
    async with serving(tmp_path, pipeline=SPECULATE) as service:
        await guessed(service, "All is well.")
        memory = service.server.container.memory()
        key = ("anonymous", "mac", "s")
        said = memory_answer.Answer("Hello.")
        said.sent(Sentence(1, "Hi.", final=True))
        memory.begin(key, said)
        memory.end(key, said)
        await service.ask("All is well.", **MAC)
        assert outcomes(service) == {"wrong": 1}
    assert [len(history) for history in service.diary.histories] == [0, 2]


async def test_a_chunk_ends_a_guess_at_something_else(tmp_path: Path) -> None:
    """There is one guess a turn: two calls of the model at most, with that of the COMMIT."""
    async with serving(tmp_path, pipeline=SPECULATE) as service:
        await guessed(service, "All is", {"hang": True})
        await collect(service, "All is well.", seq=2)
        await until(lambda: outcomes(service) == {"wrong": 1})
        await collect(service, "All is well, really.", seq=3)
        await asyncio.sleep(0.05)
        answer = await service.ask("All is well, really.", **MAC)
    assert answer.texts == ["All is well, really."]
    assert len(service.diary.histories) == 2


async def test_the_next_turn_has_a_guess_of_its_own(tmp_path: Path) -> None:
    """One a turn, in every turn; while an answer runs, the next guess waits for its end."""
    async with serving(tmp_path, pipeline=SPECULATE) as service:
        await guessed(service, "One.", {"wait": True}, " Two.")
        running = asyncio.create_task(service.ask("One.", {"wait": True}, " Two.", **MAC))
        await until(lambda: service.streams)
        await until(lambda: guesses(service) == 0)
        await collect(service, "Three.", seq=2)
        await asyncio.sleep(0.05)
        assert len(service.diary.histories) == 1
        service.diary.cue.set()
        assert (await running).texts == ["One.", " Two."]
        await until(lambda: len(service.diary.histories) == 2)
        answer = await service.ask("Three.", **MAC)
        assert outcomes(service) == {"used": 2}
    assert answer.texts == ["Three."]
    assert [message.text for message in service.diary.histories[1]][1] == "One. Two."


FAILING: dict[str, Any] = {
    "raises": [{"raise": "ValueError"}],
    "raises behind a sentence": ["One. ", {"raise": "ValueError"}],
    "status": [{"status": "NOT_FOUND"}],
    "exits": [{"exit": True}],
    "garbage": [{"garbage": True}],
    "nothing": [" "],
}


@pytest.mark.parametrize("failing", FAILING)
async def test_a_failed_guess_is_asked_anew(tmp_path: Path, failing: str) -> None:
    """The COMMIT gets the model's second answer, and fails as it would have without a guess."""
    script = FAILING[failing]
    async with serving(tmp_path, pipeline=SPECULATE) as service:
        await guessed(service, *script)
        await until(lambda: service.diary.running == 0)
        answer = await service.ask(*script, **MAC)
        alone = await service.ask(*script, hardware_id="pc")
        assert outcomes(service) == {"failed": 1}
    assert (answer.code, answer.reason, answer.kinds) == (alone.code, alone.reason, alone.kinds)
    assert len(service.diary.histories) == 3


async def test_a_guess_that_fails_after_the_commit_is_asked_anew(tmp_path: Path) -> None:
    """As long as nothing of it was sent. What was sent is not said again."""
    async with serving(tmp_path, pipeline=SPECULATE) as service:
        await guessed(service, {"wait": True}, {"raise": "ValueError"})
        answer = asyncio.create_task(service.ask({"wait": True}, {"raise": "ValueError"}, **MAC))
        await until(lambda: service.streams)
        service.diary.cue.set()
        assert (await answer).reason == "INTERNAL"
        assert len(service.diary.histories) == 2
        service.diary.cue.clear()
        script = ("One. ", {"wait": True}, {"raise": "ValueError"})
        await guessed(service, *script, asked=3)
        call = service.call(*script, **MAC)
        answer = asyncio.create_task(read(call))
        await until(lambda: service.streams)
        await said(service, "One.")
        service.diary.cue.set()
        failed = await answer
    assert (failed.reason, failed.texts) == ("INTERNAL", ["One."])
    assert len(service.diary.histories) == 3


async def test_nobody_commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A guess ends some seconds after the last chunk of its turn; the COMMIT asks anew then."""
    monkeypatch.setattr(speculation, "LIFE_SECONDS", 0.2)
    async with serving(tmp_path, pipeline=SPECULATE) as service:
        await guessed(service, "All is well.", {"hang": True})
        await until(lambda: outcomes(service) == {"late": 1})
        assert (service.leases, service.diary.running, guesses(service)) == (0, 0, 0)
        answer = await service.ask("All is well.", **MAC)
    assert answer.texts == ["All is well."]
    assert len(service.diary.histories) == 2


async def test_a_guess_gives_way_to_a_stream(tmp_path: Path) -> None:
    """No request is refused for a guess, and guesses and streams together never exceed the limit."""
    async with serving(tmp_path, pipeline=SPECULATE, closing=0.02, limits="max_concurrent_streams = 2") as service:
        for number in range(1, 3):
            await guessed(service, "Mine.", {"hang": True}, asked=number, hardware_id=f"d{number}")
        assert service.leases == 2
        await collect(service, "No place for this.", hardware_id="d3")
        answers = await asyncio.gather(*(service.ask("Mine.", hardware_id=f"pc {number}") for number in range(2)))
        assert outcomes(service)["full"] == 2
    assert [answer.texts for answer in answers] == [["Mine."]] * 2
    assert service.diary.most_running == 2


async def test_a_commit_finds_the_place_of_its_guess(tmp_path: Path) -> None:
    """On a server that its guess has filled it is admitted, and its guess is the answer."""
    limits = "max_concurrent_streams = 1\nmax_streams_per_client = 1"
    async with serving(tmp_path, pipeline=SPECULATE, limits=limits) as service:
        for asked in range(1, 4):
            await guessed(service, f"Mine is {asked}.", asked=asked)
            answer = await service.ask(f"Mine is {asked}.", **MAC)
            assert answer.texts == [f"Mine is {asked}."]
        assert outcomes(service) == {"used": 3}
        assert service.leases == 0


async def test_two_clients_never_share_a_guess(tmp_path: Path) -> None:
    """The same words of another device or session are asked for themselves."""
    async with serving(tmp_path, pipeline=SPECULATE) as service:
        await guessed(service, "Mine.")
        for other in ({"hardware_id": "pc"}, {"session_id": "t"}):
            assert (await service.ask("Mine.", **{**MAC, **other})).texts == ["Mine."]
        assert guesses(service) == 1
        await service.ask("Mine.", **MAC)
        assert outcomes(service) == {"used": 1}
    assert service.diary.who("opened") == ["mac", "pc", "mac"]


async def test_a_refused_commit_leaves_the_guess(tmp_path: Path) -> None:
    """It is there for the next try."""
    async with serving(tmp_path, pipeline=SPECULATE, limits="max_streams_per_client = 1") as service:
        running = await service.begun("Wait. ", {"hang": True}, hardware_id="mac", session_id="t")
        await guessed(service, "Mine.", asked=2)
        refused = await service.ask("Mine.", **MAC)
        running.cancel()
        await until(lambda: service.streams == 0)
        answer = await service.ask("Mine.", **MAC)
        assert outcomes(service) == {"used": 1}
    assert (refused.reason, answer.texts) == ("STREAM_LIMIT_EXCEEDED", ["Mine."])
    assert len(service.diary.histories) == 2


HANGING = ("One. ", {"hang": True})


async def cancelled(service: Service) -> Answer | None:
    call = await service.begun(*HANGING, **MAC)
    call.cancel()
    return None


async def interrupted(service: Service) -> Answer | None:
    call = await service.begun(*HANGING, **MAC)
    assert (await service.interrupt("mac")).interrupted_sessions == ["s"]
    assert service.leases == 0
    return await read(call)


async def replaced(service: Service) -> Answer | None:
    call = await service.begun(*HANGING, **MAC)
    assert (await service.ask("Two.", replace=True, **MAC)).texts == ["Two."]
    return await read(call)


async def drained(service: Service) -> Answer | None:
    call = await service.begun(*HANGING, **MAC)
    await service.server.container.streams().drain(0.05)
    assert service.leases == 0
    return await read(call)


ENDINGS = {"": cancelled, "INTERRUPTED": interrupted, "INTERRUPTED ": replaced, "DRAINING": drained}


@pytest.mark.parametrize("reason", ENDINGS)
async def test_every_ending_of_a_guessed_stream(tmp_path: Path, reason: str) -> None:
    """A stream that goes on from a guess ends as any other: its work stops before its place is free."""
    before = asyncio.all_tasks()
    async with serving(tmp_path, pipeline=SPECULATE, closing=0.02, limits="max_concurrent_streams = 1") as service:
        await guessed(service, *HANGING)
        answer = await ENDINGS[reason](service)
        await until(lambda: service.leases == service.streams == 0)
        assert service.diary.running == 0
        assert service.diary.most_running == 1
        assert outcomes(service) == {"used": 1}
    if answer is not None:
        assert answer.reason == reason.strip()
        assert answer.kinds[-1] == "error_message"
    assert [task for task in asyncio.all_tasks() - before if not task.done()] == []


async def test_a_chunk_of_the_next_turn_harms_no_answer(tmp_path: Path) -> None:
    """Who begins to speak while a guessed answer runs does not cut it; only an interruption does."""
    async with serving(tmp_path, pipeline=SPECULATE) as service:
        script = ("One. ", {"wait": True}, "Two.")
        await guessed(service, *script)
        answer = asyncio.create_task(service.ask(*script, **MAC))
        await until(lambda: guesses(service) == 0)
        await collect(service, "Stop.", seq=2)
        service.diary.cue.set()
        assert (await answer).texts == ["One.", " Two."]


async def test_a_drain_ends_guesses(tmp_path: Path) -> None:
    """A server that stops waits for no guess, and leaves none behind."""
    before = asyncio.all_tasks()
    async with serving(tmp_path, pipeline=SPECULATE, closing=0.02, grace=30) as service:
        await guessed(service, *HANGING)
    assert service.diary.running == 0
    assert [task for task in asyncio.all_tasks() - before if not task.done()] == []


async def test_a_slow_reader(tmp_path: Path) -> None:
    """A guess runs no further ahead of its client than any answer."""
    async with serving(tmp_path, pipeline=SPECULATE) as service:
        await guessed(service, {"deltas": 2000})
        await until(lambda: service.diary.spoken)
        await still(lambda: service.diary.spoken)
        assert len(service.diary.who("said")) == 1
        call = service.call({"deltas": 2000}, **MAC)
        await anext(aiter(call))
        await still(lambda: service.diary.spoken)
        assert 1 < len(service.diary.who("said")) < 1000
        call.cancel()
        await until(lambda: service.leases == 0)


class Turn:
    """One random turn of one client: what it collects, whether it commits what was guessed, and how it ends."""

    def __init__(self, random: Random, number: int) -> None:
        self.own = {"hardware_id": f"d{number}", "session_id": f"s{number}"}
        self._random = random
        self._number = number
        self._committed = self._script("right")
        self._wrong = self._script("WRONG")

    def _script(self, word: str) -> list[Any]:
        fault = self._random.choice([{"raise": "ValueError"}, {"sleep": 0.005}, {"sleep": 0.005}, {"sleep": 0.001}])
        command = json.dumps({"command": f"{word} {self._number}", "args": {}})
        return [f"This is {word} {self._number}. ", {"sleep": 0.002}, command, fault, "More."]

    async def run(self, service: Service) -> Answer | None:
        for seq in range(self._random.randrange(3)):
            script = self._committed if self._random.random() < 0.6 else self._wrong
            await collect(service, *script, seq=seq, **self.own)
            await asyncio.sleep(self._random.choice([0, 0.003, 0.01]))
        if self._random.random() < 0.1:
            return None
        call = service.call(*self._committed, **self.own)
        if self._random.random() < 0.2:
            asyncio.get_running_loop().call_later(self._random.random() * 0.02, call.cancel)
        return await read(call)

    def judge(self, answer: Answer) -> None:
        """Exactly one end, no word of another turn or guess, and each command at most once."""
        assert "WRONG" not in "".join([*answer.texts, *answer.commands])
        assert "".join(answer.texts).split() in ([], self._words, [*self._words, "More."])
        assert len(answer.commands) <= 1
        ends = [kind for kind in answer.kinds if kind in {"end_message", "error_message"}]
        assert len(ends) <= 1
        if answer.code is grpc.StatusCode.OK:
            assert ends == answer.kinds[-1:] == ["end_message"]
            assert len(answer.commands) == 1

    @property
    def _words(self) -> list[str]:
        return f"This is right {self._number}.".split()


async def many_turns(service: Service, count: int) -> None:
    random = Random(count)
    for start in range(0, count, 20):
        turns = [Turn(random, number) for number in range(start, start + 20)]
        answers = await asyncio.gather(*(turn.run(service) for turn in turns))
        for turn, answer in zip(turns, answers, strict=True):
            if answer is not None and answer.reason != "STREAM_LIMIT_EXCEEDED":
                turn.judge(answer)


@pytest.mark.parametrize("count", [200, pytest.param(2000, marks=pytest.mark.slow)])
async def test_random_turns(
    tmp_path: Path, count: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Guesses right and wrong, cancels and failures: nothing leaks, no command comes twice, nothing wrong is heard."""
    monkeypatch.setattr(speculation, "LIFE_SECONDS", 0.05)
    before = asyncio.all_tasks()
    async with serving(tmp_path, pipeline=SPECULATE, limits="max_concurrent_streams = 12") as service:
        await many_turns(service, count)
        await until(lambda: service.leases == service.streams == guesses(service) == 0)
        diary = service.diary
        assert diary.running == 0
        assert diary.most_running <= 12
        assert max(Counter(diary.who("opened")).values()) <= 2
        counts = outcomes(service)
        assert all(counts[outcome] for outcome in ("used", "wrong", "late"))
        assert "WRONG" not in str(service.server.container.memory()._sessions)
    assert [task for task in asyncio.all_tasks() - before if not task.done()] == []
    assert [record for record in caplog.records if record.levelno >= logging.ERROR and "WRONG" in str(record)] == []
