"""Builds the custom links of the settings and puts each into the chain at its place."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, get_args

from app.settings.load import SettingsError
from app.settings.tables import Link, LinkSettings
from app.stages import custom, shapes
from interceptors.base import StreamInterceptor

Place = Link | Literal["early_input"]

_LINKS = get_args(Link)
_BEHIND = _LINKS.index("validation") + 1
PLACES: tuple[Place, ...] = (*_LINKS[:_BEHIND], "early_input", *_LINKS[_BEHIND:])
"""Where links stand, the outermost first. Custom links at ``validation`` see early input, too."""


def chain(
    built_in: Mapping[Place, StreamInterceptor | None],
    outer_status: StreamInterceptor,
    tables: Sequence[LinkSettings],
    folder: Path,
) -> list[StreamInterceptor]:
    """List all links, the outermost first, each custom link right inside the link that it names.

    Links between session and status stand outside the link that sets the status, so *outer_status* is put around them:
    what they raise needs a status too. None stands for a link that is off. SettingsError for one that cannot be built.
    """
    places: dict[Place, list[StreamInterceptor]] = {name: [] for name in PLACES}
    for number, table in enumerate(tables):
        places[table.after].append(_link(table, folder, f"interceptors.{number}"))
    if places["session"]:
        places["session"].insert(0, outer_status)
    for name, link in built_in.items():
        if link is not None:
            places[name].insert(0, link)
    return [link for place in places.values() for link in place]


def _link(table: LinkSettings, folder: Path, key: str) -> StreamInterceptor:
    link = custom.build(table, folder, key, (shapes.INTERCEPT,))
    if not isinstance(link, StreamInterceptor):
        raise SettingsError(f"{key}.factory: {table.factory} gives no interceptors.base.StreamInterceptor")
    return link
