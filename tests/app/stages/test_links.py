"""Custom links: named in the settings, built at start, in the chain at their place."""

from pathlib import Path
from typing import Any, get_args

import grpc
import pytest

from app.server import running
from app.settings.load import SettingsError, load
from app.settings.tables import Link
from interceptors.base import StreamInterceptor
from tests.serving import serving

HERE = "tests.app.stages.test_links"
seen: list[str] = []


class Witness(StreamInterceptor):
    """Notes each call, each message and how the call ended."""

    def __init__(self, name: str = "") -> None:
        super().__init__()
        self._name = name

    async def intercept(self, method: Any, request: Any, context: Any, method_name: str) -> Any:
        seen.append(f"{self._name} > {method_name.rpartition('/')[2]}")
        try:
            return await method(request, context)
        except BaseException as error:
            seen.append(f"{self._name} ! {type(error).__name__}")
            raise
        finally:
            seen.append(f"{self._name} <")


class Fails(StreamInterceptor):
    """Has a defect."""

    async def intercept(self, method: Any, request: Any, context: Any, method_name: str) -> Any:
        raise ValueError("a secret of the link")


class NoLink:
    """Has the method of a link, but not its base."""

    async def intercept(self, method: Any, request: Any, context: Any, method_name: str) -> Any: ...


class PlainDef(StreamInterceptor):
    """Its method is no coroutine."""

    def intercept(self, method: Any, request: Any, context: Any, method_name: str) -> Any: ...  # type: ignore[override]


class TooFew(StreamInterceptor):
    """Its method does not take a call."""

    async def intercept(self, method: Any, request: Any, context: Any) -> Any: ...  # type: ignore[override]


def link(name: str, after: str, options: str = "") -> str:
    return f'[[interceptors]]\nfactory = "{HERE}:{name}"\nafter = "{after}"\noptions = {{ {options} }}\n'


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    seen.clear()


def positions(text: str, folder: Path) -> list[str]:
    """The names of the chain's classes, the outermost first."""
    from app.container import Container

    file = folder / "settings.toml"
    file.write_text(text)
    return [type(each).__name__.removesuffix("Interceptor") for each in Container(settings=load(str(file), {})).chain()]


@pytest.mark.parametrize("after", [name for name in get_args(Link) if name not in ("session", "auth")])
def test_stands_right_inside_the_link_it_names(after: str, tmp_path: Path) -> None:
    """Each name of the chain is a place, and several links of one place stand in the order of the file."""
    chain = positions(link("Witness", after) + link("Fails", after), tmp_path)
    at = chain.index("Witness")
    assert chain[at - 1].lower() == after.replace("_", "")
    assert chain[at + 1] == "Fails"
    assert [name for name in chain if name not in ("Witness", "Fails")] == [
        *("Session", "Status", "Validation", "EarlyInput", "SingleFlight", "Admission", "Pace")
    ]


def test_auth_is_the_place_before_validation(tmp_path: Path) -> None:
    """No link stands there yet, but the place is known."""
    chain = positions(link("Fails", "auth") + link("Witness", "status"), tmp_path)
    assert chain[:5] == ["Session", "Status", "Witness", "Fails", "Validation"]


def test_outside_the_status_link_another_one_guards(tmp_path: Path) -> None:
    """A link right inside the session link has a status link around it too."""
    assert positions(link("Witness", "session"), tmp_path)[:4] == ["Session", "Status", "Witness", "Status"]


async def test_sees_calls_pass(tmp_path: Path) -> None:
    """Streams, refused ones too, and unary calls pass a custom link of a real server."""
    async with serving(tmp_path, pipeline=link("Witness", "status", 'name = "a"')) as service:
        good = await service.ask("All is well. ")
        refused = await service.ask("No. ", session_id="\n")
        await service.interrupt("mac")
    assert good.code is grpc.StatusCode.OK
    assert refused.code is grpc.StatusCode.INVALID_ARGUMENT
    assert seen == [
        *("a > StreamAudio", "a <"),
        *("a > StreamAudio", "a ! Rejected", "a <"),
        *("a > InterruptSession", "a <"),
    ]


@pytest.mark.parametrize("after", get_args(Link))
async def test_a_defect_in_it_is_internal(after: str, tmp_path: Path) -> None:
    """Wherever it stands: the stream fails with a reason, and nothing of the link's own text reaches the client."""
    async with serving(tmp_path, pipeline=link("Fails", after)) as service:
        answer = await service.ask("All is well. ")
        assert service.leases == service.streams == 0
    assert (answer.code, answer.reason) == (grpc.StatusCode.INTERNAL, "INTERNAL")
    assert answer.kinds == ["error_message"]
    assert "secret" not in f"{answer}"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (link("Nobody", "status"), "interceptors.0.factory: .*Nobody cannot be imported"),
        (link("NoLink", "status"), "interceptors.0.factory: .*NoLink gives no interceptors.base.StreamInterceptor"),
        (
            link("PlainDef", "status"),
            "interceptors.0.factory: .*PlainDef gives has a wrong .*: it must be a coroutine",
        ),
        (
            link("TooFew", "status"),
            r"TooFew gives has a wrong .*: it is called as intercept\(method, request, con",
        ),
        (link("Witness", "pace", "colour = 1"), "interceptors.0.factory: .*cannot be built with these options"),
        (link("Witness", "pace") + link("Nobody", "status"), "interceptors.1.factory: "),
    ],
)
async def test_one_that_cannot_be_used_stops_the_start(text: str, complaint: str, tmp_path: Path) -> None:
    """A link is built and looked at before the server listens; the error names its key."""
    (tmp_path / "settings.toml").write_text(f"[server]\nport = 0\n{text}")
    with pytest.raises(SettingsError, match=complaint):
        async with running(load(str(tmp_path / "settings.toml"), {})):
            pytest.fail("it listens")


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('interceptors = [{ factory = "a:B" }]', "interceptors.0.after: must be set"),
        ('interceptors = [{ factory = "a:B", after = "model" }]', "interceptors.0.after: must be 'session', 'status'"),
        ('interceptors = [{ factory = "a b", after = "pace" }]', 'interceptors.0.factory: must be "package.module:'),
        ('interceptors = [{ factory = "a:B", after = "pace", kind = "x" }]', "interceptors.0.kind: unknown key"),
        ('interceptors = { factory = "a:B" }', "interceptors: must be a "),
    ],
)
def test_a_wrong_table(text: str, complaint: str, tmp_path: Path) -> None:
    """What is wrong with the table itself is told when the settings are read."""
    (tmp_path / "settings.toml").write_text(text)
    with pytest.raises(SettingsError) as caught:
        load(str(tmp_path / "settings.toml"), {})
    assert complaint in str(caught.value)
