"""What callers and those who apply manifests run into before, or in place of, Seldon: nothing in it is broken.

Source: curl 8.5 and kubectl 1.34, their own texts; Envoy's access log and Istio's and ingress-nginx's answers.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from benchmarks.accuracy.episodes import answered, moment
from benchmarks.accuracy.mechanisms import pick
from benchmarks.accuracy.model import Line, World
from benchmarks.accuracy.voices import Call

ADVICE = "More details here: https://curl.se/docs/sslcerts.html\n\ncurl failed to verify the legitimacy of the server and therefore could not\nestablish a secure connection to it. To learn more about this situation and\nhow to fix it, please visit the web page mentioned above.\n"


def moments(w: World, n: int) -> list[datetime]:
    """Return `n` times before the end."""
    return [w.end - timedelta(seconds=20 * n - 20 * i + 5) for i in range(n)]


def wrong_path(w: World) -> None:
    """A caller still uses the paths of Seldon Core 1 or of the V1 protocol."""
    name = pick(w).name
    path = w.rng.choice((f"/v1/models/{name}:predict", f"/seldon/{w.namespace}/{name}/api/v1.0/predictions"))
    answered(w, moment(w, 0.2), w.end)
    for at in moments(w, 5):
        code = "- " if w.release >= (2, 9, 0) else ""
        text = f'[{at:%Y-%m-%dT%H:%M:%S}.102Z] "POST {path} HTTP/1.1" 404 {code}NR 0 0 0 - "-" "python-requests/2.32.3" "-" "seldon-mesh" "-"'
        w.access.append(Line(at, text, "call"))
        w.calls.append(Call(path, at, 404, "NR"))
        w.client.append(f"$ curl -sS -i http://seldon-mesh{path} -d @in.json\nHTTP/1.1 404 Not Found\ndate: {at:%a, %d %b %Y %H:%M:%S} GMT\nserver: envoy\ncontent-length: 0\n\n")  # fmt: skip


def unanswered(w: World) -> str:
    """Return a model of which no caller has shown an answer."""
    name = pick(w).name
    w.client[:] = [text for text in w.client if f"models/{name}/" not in text]
    return name


def limited(w: World) -> None:
    """The ingress in front lets so many calls through, and no more."""
    name = unanswered(w)
    for at in moments(w, 8):
        w.calls.append(Call(name, at, 429, "", "outside"))
        w.client.append(f"$ curl -sS -i https://ml.example.com/v2/models/{name}/infer -H 'seldon-model: {name}' -d @in.json\nHTTP/2 429 \ndate: {at:%a, %d %b %Y %H:%M:%S} GMT\ncontent-type: text/html\ncontent-length: 162\n\n<html>\n<head><title>429 Too Many Requests</title></head>\n<body>\n<center><h1>429 Too Many Requests</h1></center>\n<hr><center>nginx</center>\n</body>\n</html>\n")  # fmt: skip


def denied(w: World) -> None:
    """The mesh does not let these callers in."""
    name = unanswered(w)
    for at in moments(w, 4):
        w.calls.append(Call(name, at, 403, "", "outside"))
        w.client.append(f"$ curl -sS -i http://seldon-mesh.{w.namespace}/v2/models/{name}/infer -H 'seldon-model: {name}' -d @in.json\nHTTP/1.1 403 Forbidden\ncontent-length: 19\ncontent-type: text/plain\ndate: {at:%a, %d %b %Y %H:%M:%S} GMT\nserver: istio-envoy\nconnection: close\n\nRBAC: access denied\n")  # fmt: skip


def distrusted(w: World) -> None:
    """Callers do not know who signed the certificate, or call by a name that is not in it."""
    name = unanswered(w)
    why = w.rng.choice((
        "curl: (60) SSL certificate problem: self-signed certificate in certificate chain",
        "curl: (60) SSL certificate problem: unable to get local issuer certificate",
        "curl: (60) SSL: no alternative certificate subject name matches target host name 'ml.example.com'",
    ))  # fmt: skip
    for _ in moments(w, 3):
        w.client.append(f"$ curl -sS -i https://ml.example.com/v2/models/{name}/infer -H 'seldon-model: {name}' -d @in.json\n{why}\n{ADVICE}")  # fmt: skip


def applies(*answers: str) -> Callable[[World], None]:
    """Return a fault: the API server refuses a manifest with one of these answers."""

    def act(w: World) -> None:
        answered(w, moment(w, 0.2), w.end)
        w.client.append(f"$ kubectl apply -n {w.namespace} -f manifest.yaml\n{w.rng.choice(answers)}\n")

    return act


bad_policy = applies(
    'Error from server (BadRequest): error when creating "manifest.yaml": NetworkPolicy in version "v1" cannot be handled as a NetworkPolicy: strict decoding error: unknown field "spec.egress[0].from"',
    'Error from server (BadRequest): error when creating "manifest.yaml": NetworkPolicy in version "v1" cannot be handled as a NetworkPolicy: strict decoding error: unknown field "spec.ingress[0].to"',
)
no_kind = applies(
    'error: resource mapping not found for name: "extra" namespace: "" from "manifest.yaml": no matches for kind "Experiment" in version "mlops.seldon.io/v1alpha1"\nensure CRDs are installed first',
    'error: resource mapping not found for name: "extra" namespace: "" from "manifest.yaml": no matches for kind "Pipeline" in version "mlops.seldon.io/v1alpha1"\nensure CRDs are installed first',
)
