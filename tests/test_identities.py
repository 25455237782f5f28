"""Two identities with the same device and session never meet: each has exactly what it would have alone.

A random script of calls of two callers is played on one server, and the calls of each caller on a server of its own.
Whatever one sees must be the same there: answers, refusals, what its early input becomes, and what the model is told of
its conversation.
"""

import asyncio
import json
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import grpc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from protos import streaming_pb2 as pb
from tests.credentials import bearing
from tests.fakes import until
from tests.serving import Answer, Service, read
from tests.test_auth import guarded

TOKENS = {"anna": bearing("one"), "boris": bearing("two")}
SESSIONS = ("s", "t")
DEVICE = "mac"
COMMIT, COLLECT = pb.REQUEST_PHASE_COMMIT, pb.REQUEST_PHASE_COLLECT

Step = tuple[str, str, str]
"""Who, what, and in which session."""

ACTS = ("ask", "hold", "replace", "leave", "interrupt", "interrupt all", "heard", "chunk", "commit", "welcome")


class Player:
    """Plays the steps of every caller, and notes what each of them sees."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.seen: dict[str, list[Any]] = {name: [] for name in TOKENS}
        self._count = dict.fromkeys(TOKENS, 0)
        self._held: dict[tuple[str, str], Any] = {}

    async def play(self, who: str, act: str, session: str) -> None:
        """Do one step, and wait until the server is still."""
        self._count[who] += 1
        name = f"{who} {self._count[who]}"
        self.seen[who].append((act, await getattr(self, f"_{act.split()[0]}")(who, name, session, act)))

    def _call(self, who: str, session: str, *script: Any, **fields: Any) -> Any:
        return self.service.call(*script, hardware_id=DEVICE, session_id=session, metadata=TOKENS[who], **fields)

    def _shown(self, answer: Answer) -> Any:
        """An answer as its caller sees it, and the history that the model was told for it."""
        histories = self.service.diary.histories
        told = histories.pop() if histories else ()
        return answer.code, answer.reason, answer.texts, answer.info, [(each.role, each.text) for each in told]

    async def _ask(self, who: str, name: str, session: str, act: str) -> Any:
        return self._shown(await read(self._call(who, session, f"{name} is said. ", "It goes on.")))

    async def _hold(self, who: str, name: str, session: str, act: str) -> Any:
        """A stream that stands still after its first sentence, until something ends it."""
        call = self._call(who, session, f"{name} is held. ", {"hang": True})
        return await self._holding(who, session, call)

    async def _replace(self, who: str, name: str, session: str, act: str) -> Any:
        call = self._call(who, session, f"{name} takes over. ", {"hang": True}, replace=True)
        older = self._held.get((who, session))
        seen = await self._holding(who, session, call)
        if older is not None and older is not self._held.get((who, session)):
            seen = (seen, (await read(older)).reason)
        return seen

    async def _holding(self, who: str, session: str, call: Any) -> Any:
        began = Answer()
        async for message in call:
            began.messages.append(message)
            if message.error_message:
                return self._shown(await read(call))
            if message.final:
                break
        self._held[who, session] = call
        return self._shown(began)

    async def _leave(self, who: str, name: str, session: str, act: str) -> Any:
        call = self._held.pop((who, session), None)
        if call is None:
            return None
        call.cancel()
        await until(lambda: self.service.streams == len(self._held))
        return "left"

    async def _interrupt(self, who: str, name: str, session: str, act: str) -> Any:
        request = pb.InterruptRequest(hardware_id=DEVICE, session_id="" if act == "interrupt all" else session)
        return await self._interrupted(who, request)

    async def _heard(self, who: str, name: str, session: str, act: str) -> Any:
        heard = pb.Heard(sentence_index=1, offset_ms=0.0)
        return await self._interrupted(who, pb.InterruptRequest(hardware_id=DEVICE, session_id=session, heard=heard))

    async def _interrupted(self, who: str, request: Any) -> Any:
        try:
            reply = await self.service.stub.InterruptSession(request, metadata=TOKENS[who])
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.PERMISSION_DENIED:
                raise
            return []  # there is something of somebody else, of which the caller learns nothing more
        ended = [(session, await read(self._held.pop((who, session)))) for session in reply.interrupted_sessions]
        return [(session, answer.reason) for session, answer in ended]

    async def _chunk(self, who: str, name: str, session: str, act: str) -> Any:
        text = json.dumps([f"{name} was collected."])
        call = self._call(who, session, prompt="", phase=COLLECT, chunk_seq=self._count[who], chunk_text=text)
        return (await read(call)).kinds

    async def _commit(self, who: str, name: str, session: str, act: str) -> Any:
        return self._shown(await read(self._call(who, session, prompt="", phase=COMMIT)))

    async def _welcome(self, who: str, name: str, session: str, act: str) -> Any:
        request = pb.WelcomeRequest(text="Hi.", session_id=session)
        return (await read(self.service.stub.GenerateWelcomeAudio(request, metadata=TOKENS[who]))).code

    async def end(self) -> None:
        """Everybody leaves."""
        for call in self._held.values():
            call.cancel()
        await until(lambda: self.service.streams == self.service.leases == 0)


async def played(script: Sequence[Step], most: int = 2) -> dict[str, list[Any]]:
    """What each caller saw, where each may have *most* streams."""
    with TemporaryDirectory() as folder:
        async with guarded(Path(folder), limits=f"max_streams_per_client = {most}") as service:
            player = Player(service)
            for step in script:
                await player.play(*step)
            await player.end()
            return player.seen


steps = st.tuples(st.sampled_from([*TOKENS]), st.sampled_from(ACTS), st.sampled_from(SESSIONS))
MOST = st.integers(1, 2)


async def never_meet(script: Sequence[Step], most: int) -> None:
    together = await played(script, most)
    for who in TOKENS:
        alone = await played([step for step in script if step[0] == who], most)
        assert together[who] == alone[who], who
    for who, other in (("anna", "boris"), ("boris", "anna")):
        assert other not in repr(together[who])


@settings(max_examples=8, suppress_health_check=[HealthCheck.too_slow])
@given(script=st.lists(steps, min_size=10, max_size=20), most=MOST)
def test_two_identities_never_meet(script: list[Step], most: int) -> None:
    """Whatever the one does, the other sees what it would see alone."""
    asyncio.run(never_meet(script, most))


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(script=st.lists(steps, min_size=10, max_size=60), most=MOST)
def test_two_identities_never_meet_in_long_scripts(script: list[Step], most: int) -> None:
    """The same, with more of everything."""
    asyncio.run(never_meet(script, most))


async def test_the_script_does_what_it_says() -> None:
    """Each kind of step has its effect, so that the property is not true of nothing."""
    script: list[Step] = [("anna", act, "s") for act in ("chunk", "commit", "ask", "heard", "ask", "hold", "hold")]
    script += [("boris", "hold", "s"), ("anna", "replace", "s"), ("anna", "hold", "t"), ("anna", "replace", "t")]
    script += [("anna", "interrupt all", "s"), ("boris", "interrupt", "s"), ("boris", "interrupt", "s")]
    script += [("anna", "hold", "s"), ("boris", "hold", "s"), ("anna", "leave", "s"), ("anna", "welcome", "s")]
    seen = await played(script)
    anna, boris = seen["anna"], seen["boris"]
    assert anna[0] == ("chunk", ["end_message"])
    assert anna[1][1][2] == ["anna 1 was collected."]
    assert anna[2][1][4][-1] == ("assistant", "anna 1 was collected.")
    assert anna[4][1][4][-1][1] != "anna 3 is said. It goes on."
    assert anna[6][1][1] == "CONCURRENT_REQUEST"
    assert anna[7][1][1] == "INTERRUPTED"
    assert anna[9][1][1] == "INTERRUPTED"
    assert anna[10] == ("interrupt all", [("s", "INTERRUPTED"), ("t", "INTERRUPTED")])
    assert boris[1:3] == [("interrupt", [("s", "INTERRUPTED")]), ("interrupt", [])]
    assert anna[12] == ("leave", "left")
    assert anna[13] == ("welcome", grpc.StatusCode.OK)
