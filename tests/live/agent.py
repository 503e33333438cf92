"""A stand-in for Seldon's agent: its reverse proxy, and its loading of models over gRPC.

Run as `python -m tests.live.agent ADDRESS HTTP GRPC`. `/v2/models/<m>/…` becomes `/v2/models/<seldon-internal-model>/…`; a
model server that cannot be reached is answered with 502 and no body. The real agent is told by the scheduler what to
load; this one by `POST /RepositoryModelLoad/<name>` and `/RepositoryModelUnload/<name>`.

Source: seldon-core v2.9.1 scheduler/pkg/agent/rproxy.go and modelserver_controlplane/oip; Go's httputil.ReverseProxy.
"""

import http.client
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc


class Proxy(BaseHTTPRequestHandler):
    """One connection from Envoy."""

    protocol_version = "HTTP/1.1"
    http_address = grpc_address = ""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        if self.path.startswith("/Repository"):
            self.change(*self.path.strip("/").split("/"))
        else:
            self.forward(body)

    def do_GET(self) -> None:
        self.forward(b"")

    def change(self, method: str, name: str) -> None:
        """Load or unload a model; both requests hold the model's name as field 2."""
        request = b"\x12" + bytes([len(name)]) + name.encode()
        with grpc.insecure_channel(self.grpc_address) as channel:
            try:
                channel.unary_unary(f"/inference.GRPCInferenceService/{method}")(request, timeout=120)
                self.reply(200, b"")
            except grpc.RpcError as error:
                self.reply(500, str(error).encode())

    def forward(self, body: bytes) -> None:
        name = self.headers.get("seldon-internal-model")
        path = re.sub("^/v2/models/[^/]+", f"/v2/models/{name}", self.path) if name else self.path
        connection = http.client.HTTPConnection(self.http_address, timeout=60)
        try:
            headers = {"content-type": self.headers.get("content-type", "application/json")}
            connection.request(self.command, path, body or None, headers)
            answer = connection.getresponse()
            status, data = answer.status, answer.read()
        except OSError:
            status, data = 502, b""
        finally:
            connection.close()
        self.reply(status, data)

    def reply(self, status: int, data: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """The agent prints no line per request."""


def main(address: str, http_address: str, grpc_address: str) -> None:
    Proxy.http_address, Proxy.grpc_address = http_address, grpc_address
    host, port = address.split(":")
    with ThreadingHTTPServer((host, int(port)), Proxy) as proxy:
        sys.stdout.write("serving\n")
        proxy.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
