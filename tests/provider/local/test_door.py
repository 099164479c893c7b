"""A server that starts with the first call."""

import contextlib
import socket

import pytest

from platerunner.local.cloud import Cloud
from platerunner.local.door import Door


def listening() -> socket.socket:
    bound = socket.socket()
    bound.bind(("127.0.0.1", 0))
    bound.listen(5)
    return bound


def test_it_opens_once_with_the_first_who_connects() -> None:
    socket_, opened = listening(), []

    def serve() -> None:
        opened.append(socket_.accept()[0].send(b"hello"))

    door = Door(socket_, serve)
    assert opened == []
    with socket.create_connection(socket_.getsockname()) as client:
        assert client.recv(10) == b"hello"
    door.close()
    assert len(opened) == 1
    socket_.close()


def test_it_closes_though_nobody_came() -> None:
    socket_ = listening()
    address = socket_.getsockname()
    Door(socket_, lambda: pytest.fail("nobody connected")).close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address)


def test_a_server_that_cannot_start_turns_callers_away_and_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    socket_ = listening()
    address = socket_.getsockname()

    def serve() -> None:
        raise RuntimeError("no room")

    door = Door(socket_, serve)
    with socket.create_connection(address) as client:
        client.settimeout(20)
        with contextlib.suppress(ConnectionResetError):
            assert client.recv(10) == b""
    door.close()
    assert "The embedded cloud could not start: no room" in capsys.readouterr().err


def test_a_cloud_that_nobody_calls_starts_no_server() -> None:
    cloud = Cloud().start(when_asked=True)
    assert cloud.connection()["endpoint_url"] == cloud.endpoint
    assert (cloud._server, cloud.calls) == (None, {})
    cloud.stop()
    assert not cloud.folder.exists()
