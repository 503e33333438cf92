"""Where TLS ends: the secret of an Ingress or Gateway, the certificate that fills it, the listener that shows it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from forensics.intake.rows import mapping, parsed, rows_of, sequence
from forensics.readiness.mending import Object, Plan, Written, dict_in, list_in, new_object

TLS = "kubernetes.io/tls"
_SELDONS = re.compile(r"^seldon-(controlplane|upstream|downstream)-|-webhook|^(istio|linkerd|cert-manager)")


def secret_for(plan: Plan, namespace: str, hosts: Iterable[str]) -> str | None:
    """Return the TLS Secret of a namespace made out to one of the hosts; its only one if that cannot be read."""
    wanted = set(hosts)
    found: dict[str, set[str]] = {}
    for _, row in rows_of(plan.frames, "k8s.secret"):
        if row["namespace"] == namespace and row["type"] == TLS and not _SELDONS.search(str(row["name"])):
            held = sequence(parsed(row["certificates"]))
            names = {str(name) for each in held for name in sequence(mapping(each).get("names"))}
            found.setdefault(str(row["name"]), set()).update(names)
    fit = [name for name, names in sorted(found.items()) if any(_covers(n, host) for n in names for host in wanted)]
    if fit:
        return fit[0]
    unread = [name for name, names in found.items() if not names]
    return unread[0] if len(unread) == 1 and len(found) == 1 else None


def _covers(name: str, host: str) -> bool:
    return name == host or (name.startswith("*.") and host.partition(".")[2] == name[2:])


def provided(plan: Plan, written: Written, namespace: str, hosts: list[str]) -> str:
    """Return the Secret for hosts in a namespace; one that is not there is made by cert-manager or by hand."""
    known = secret_for(plan, namespace, hosts)
    if known is not None:
        return known
    name = "seldon-mesh-tls"
    issuer = _issuer(plan, namespace)
    if issuer is not None and hosts:
        spec = {"secretName": name, "dnsNames": hosts, "issuerRef": {"name": issuer[1], "kind": issuer[0]}}
        plan.add(written, new_object("cert-manager.io/v1", "Certificate", namespace, name, spec=spec))
        return name
    note = f"Make its Secret: kubectl -n {namespace} create secret tls {name} --cert FILE --key FILE"
    written.note(note)
    return name


def _issuer(plan: Plan, namespace: str) -> tuple[str, str] | None:
    """Return kind and name of an issuer of cert-manager that may serve a namespace; of the cluster's own ones first."""
    rows = [r for _, r in rows_of(plan.frames, "k8s.certificate") if r["kind"] in ("ClusterIssuer", "Issuer")]
    fit = [r for r in rows if r["kind"] == "ClusterIssuer" or r["namespace"] == namespace]
    fit.sort(key=lambda r: (str(r["kind"]), str(r["name"])))
    return (str(fit[0]["kind"]), str(fit[0]["name"])) if fit else None


def gateway_tls(plan: Plan, check: str, subject: Mapping[str, str]) -> None:
    """Add a listener with TLS to the Gateway that a route to seldon-mesh names."""
    wanted = subject.get("route")
    for _, row in rows_of(plan.frames, "k8s.gateway"):
        gateway = plan.existing("k8s.gateway", row["namespace"], row["name"]) if row["name"] == wanted else None
        if gateway is None or not row["namespace"]:
            continue
        space = str(row["namespace"])
        written = plan.file(space, "gateway", check)
        note = "Then send plain HTTP on to HTTPS, or take its listener away."
        written.note(note)
        spec = dict_in(gateway, "spec")
        if str(gateway.get("apiVersion")).startswith("gateway.networking.k8s.io/"):
            _listen(plan, written, space, spec)
        else:
            _serve(plan, written, space, spec)
        plan.add(written, gateway)


def _listen(plan: Plan, written: Written, space: str, spec: Object) -> None:
    """Add a listener of the Gateway API beside each one of plain HTTP."""
    listeners = list_in(spec, "listeners")
    plain = [each for each in listeners if isinstance(each, dict) and each.get("protocol") == "HTTP"]
    for number, each in enumerate(plain, 1):
        hosts = [str(each["hostname"])] if each.get("hostname") else _hosts(plan, "hostnames")
        name = provided(plan, written, space, hosts)
        made = {key: value for key, value in each.items() if key in ("hostname", "allowedRoutes")}
        made |= {"name": f"https-{number}" if len(plain) > 1 else "https", "port": 443, "protocol": "HTTPS"}
        made["tls"] = {"mode": "Terminate", "certificateRefs": [{"kind": "Secret", "name": name}]}
        listeners.append(made)


def _serve(plan: Plan, written: Written, space: str, spec: Object) -> None:
    """Add a server with TLS beside each one of plain HTTP, as Istio's Gateway has it."""
    servers = list_in(spec, "servers")
    for each in [s for s in servers if isinstance(s, dict) and not s.get("tls")]:
        hosts = [str(host).rpartition("/")[2] for host in sequence(each.get("hosts"))]
        named = [host for host in hosts if host != "*"] or _hosts(plan, "hosts")
        made: dict[str, Any] = {"hosts": sequence(each.get("hosts")) or ["*"]}
        made["port"] = {"number": 443, "name": "https", "protocol": "HTTPS"}
        made["tls"] = {"mode": "SIMPLE", "credentialName": provided(plan, written, space, named)}
        servers.append(made)


def _hosts(plan: Plan, key: str) -> list[str]:
    """Return the hosts under which routes to seldon-mesh are published."""
    return sorted(set(_named(plan, key)))


def _named(plan: Plan, key: str) -> Iterator[str]:
    for source in ("k8s.httproute", "k8s.virtualservice"):
        for _, row in rows_of(plan.frames, source):
            if "seldon-mesh" in str(row["raw"]):
                held = sequence(mapping(mapping(parsed(row["raw"])).get("spec")).get(key))
                yield from (str(host) for host in held if "." in str(host) and "*" not in str(host))
