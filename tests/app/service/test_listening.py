"""Which addresses can be listened on."""

import socket

import pytest

from app.service.listening import why_not


def stands_for(monkeypatch: pytest.MonkeyPatch, *hosts: str, port: int = 0) -> None:
    """Every name is that of *hosts*."""
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, port)) for host in hosts]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_named: found)


def test_a_free_port() -> None:
    """Nothing is in the way, also when the system is to pick one."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
    assert [why_not("127.0.0.1", number) for number in (0, port)] == ["", ""]


def test_a_taken_port() -> None:
    """Somebody listens there."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        assert why_not("127.0.0.1", other.getsockname()[1]) == "Address already in use"


@pytest.mark.parametrize("hosts", [("127.0.0.1", "127.0.0.2"), ("127.0.0.2", "127.0.0.1")])
def test_a_name_of_which_one_address_is_taken(hosts: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> None:
    """It is taken."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        stands_for(monkeypatch, *hosts, port=other.getsockname()[1])
        assert why_not("name", 0) == "Address already in use"


def test_an_address_that_this_machine_has_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is in the way only when there is no other."""
    stands_for(monkeypatch, "192.0.2.1", "127.0.0.1")
    assert why_not("name", 0) == ""
    stands_for(monkeypatch, "192.0.2.1")
    assert why_not("name", 0) == "Cannot assign requested address"


@pytest.mark.parametrize("name", ["a..b", "x" * 64, "no-such-name.invalid"])
def test_no_name(name: str) -> None:
    """What stands for no address is told."""
    assert why_not(name, 1)
