"""Keeps the stand-in for the AWS provider warm: each start is a fork of one process that has read the schema.

Terraform starts its provider two or three times for each run of a test, and a start took 0.3 s of CPU.

    PYTHONPATH=STANDIN STANDIN_SCHEMA=... warm_standin.py serve SOCKET     ends with its standard input
    warm_standin.py start SOCKET COMMAND...                                what Terraform starts: a fork, or the command
"""

import os
import socket
import sys


def start(path: str, command: list[str]) -> None:
    """Ask for a fork with our environment and streams, and end when it ends; without a server, run the command."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        try:
            connection.connect(path)
        except OSError:
            os.execvp(command[0], command)  # noqa: S606  # our own stand-in
        environ = b"\0".join(name + b"=" + value for name, value in os.environb.items())
        socket.send_fds(connection, [len(environ).to_bytes(4, "big")], [0, 1, 2])
        connection.sendall(environ)
        connection.recv(1)


def serve(path: str) -> None:
    """Fork a provider for each connection until standard input ends."""
    import contextlib
    import gc
    import select

    from tfstandin import plugin, provider

    schemas = provider.load_schema()
    schema = provider.schema_bytes(schemas)
    provider.load_schema = lambda: schemas
    plugin.certificate()  # for its imports
    gc.freeze()
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        listener.listen(64)
        print("ready", flush=True)
        while listener in select.select([listener, sys.stdin], [], [])[0]:
            connection, _ = listener.accept()
            if os.fork() == 0:
                listener.close()
                _take_over(connection)
                # All else is as its own environment says: region, account, the cloud behind it.
                methods = provider.methods(provider.Provider())
                methods["GetProviderSchema"] = (methods["GetProviderSchema"][0], lambda _: schema)
                plugin.serve(methods)  # ends the process
            connection.close()
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    pass


def _take_over(connection: socket.socket) -> None:
    """Take the environment and streams of who asked, and end when it is gone."""
    import threading

    head, streams, _, _ = socket.recv_fds(connection, 4, 3)
    with connection.makefile("rb") as sent:
        environ = sent.read(int.from_bytes(head, "big"))
    os.environb.clear()
    os.environb.update(each.split(b"=", 1) for each in environ.split(b"\0"))
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)

    def end() -> None:
        connection.recv(1)
        os._exit(1)

    threading.Thread(target=end, daemon=True).start()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    else:
        start(sys.argv[2], sys.argv[3:])
