"""Clients that exist already are served as before."""

import json
from pathlib import Path

from tests.processes import run
from tests.serving import serving


async def test_old_client(tmp_path: Path) -> None:
    """A client that knows only the old fields gets text, sound and command, and skips what it does not know."""
    script = [
        "Opening Safari. ",
        '{"command": "open_app", "args": {}} ',
        '{"command": 7} ',
        "This will FAIL. Done now.",
    ]
    async with serving(tmp_path) as service:
        file = str(Path(__file__).with_name("old_client.py"))
        _, out, _ = await run(file, service.server.address, json.dumps(script))
    seen = json.loads(out)
    assert "".join(seen["text"]).split() == ["Opening", "Safari.", "This", "will", "FAIL.", "Done", "now."]
    assert seen["commands"] == ['{"command":"open_app","args":{}}']
    assert sum(seen["samples"]) == (len("Opening Safari.") + len("Done now.")) * 160
    assert seen["kinds"][-1] == "end_message"
    assert seen["kinds"].count(None) == 2  # the two warnings: a refused command, a sentence without sound
