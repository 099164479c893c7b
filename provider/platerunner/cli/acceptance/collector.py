"""A collector of this process's own, which keeps the text of each log record that jobs send it."""

import contextlib
import gzip
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from platerunner.cli.run.observe import observe

LOGS = "/v1/logs"


@contextlib.contextmanager
def collecting() -> Iterator[list[str] | None]:
    """Let this process, and all that it starts, send its telemetry here for the time being.

    :returns: the lines so far; None where OpenTelemetry is not installed, so that nothing would be sent.
    """
    try:
        from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
    except ModuleNotFoundError:
        yield None
        return
    lines: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path == LOGS:
                packed = self.headers.get("Content-Encoding") == "gzip"
                request = ExportLogsServiceRequest.FromString(gzip.decompress(body) if packed else body)
                lines.extend(
                    record.body.string_value
                    for resource in request.resource_logs
                    for scope in resource.scope_logs
                    for record in scope.log_records
                )
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep the terminal for the acceptance."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, name="collector", daemon=True).start()
    before = {name: value for name, value in os.environ.items() if name.startswith("OTEL_")}
    try:
        observe(f"http://127.0.0.1:{server.server_port}")
        yield lines
    finally:
        server.shutdown()
        server.server_close()
        for name in [name for name in os.environ if name.startswith("OTEL_")]:
            del os.environ[name]
        os.environ.update(before)
