from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest

from pipeline.tts.espeak.engine import EspeakSpeech
from tests.pipeline.tts.engines import espeak


@pytest.fixture
async def speech() -> AsyncIterator[EspeakSpeech]:
    async with aclosing(espeak(workers=1)) as engine:
        await engine.start()
        yield engine
