"""Defines the types that the tables of the settings are made of."""

import json
import math
from ipaddress import ip_address
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from pipeline.pcm import LEAST_HZ, MOST_HZ


class Strict(BaseModel):
    """A table: unknown keys are errors, types are not guessed, and nothing changes after the start."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


def finite(value: float) -> float:
    """Refuse infinity and NaN."""
    if not math.isfinite(value):
        raise ValueError("must be a finite number")
    return value


def rate_or_off(value: int) -> int:
    """Accept a sample rate in Hz, or 0."""
    if value and not LEAST_HZ <= value <= MOST_HZ:
        raise ValueError(f"must be from {LEAST_HZ} to {MOST_HZ} Hz, or 0 for the engine's own")
    return value


def jsonable(value: dict[str, Any]) -> dict[str, Any]:
    """Refuse values that JSON cannot hold; TOML has dates and NaN too."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError):
        raise ValueError("must hold only what JSON can: no dates, no times, no nan or inf") from None
    return value


def is_loopback(host: str) -> bool:
    """Tell whether *host* is this machine, and nobody else can reach it there."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


NotNegative = Annotated[float, AfterValidator(finite), Field(ge=0)]
Positive = Annotated[float, AfterValidator(finite), Field(gt=0)]
Count = Annotated[int, Field(ge=0)]
PositiveCount = Annotated[int, Field(ge=1)]
Text = Annotated[str, Field(min_length=1)]
Json = Annotated[dict[str, Any], AfterValidator(jsonable)]
