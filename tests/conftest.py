"""What every test may rely on."""

import gc
import os

import pytest
from hypothesis import HealthCheck, settings

from app import logs

# The processes that tests start run as on any machine: an unbuffered Python hides what fails in its last flush.
for _variable in [name for name in os.environ if name.startswith("PYTHON")]:
    del os.environ[_variable]

# The same examples in every run, so that a change is what breaks a test; ``make fuzz`` looks for new ones.
settings.register_profile("default", deadline=None, derandomize=True)
settings.register_profile("fuzz", deadline=None, max_examples=20_000, suppress_health_check=list(HealthCheck))
settings.load_profile("default")


@pytest.fixture(autouse=True)
def _logs() -> None:
    """Logs go to the stderr of the test that runs, one JSON object a line."""
    logs.configure("json", "INFO")


def pytest_collection_finish() -> None:
    """What is loaded by now stays until the end: a collection of garbage need not look through it again and again."""
    gc.collect()
    gc.freeze()
