"""What every test may rely on."""

import pytest

from app import logs


@pytest.fixture(autouse=True)
def _logs() -> None:
    """Logs go to the stderr of the test that runs, one JSON object a line."""
    logs.configure("json", "INFO")
