"""The report as JUnit XML: the verdict, every finding and every check a case, so that a pipeline can show them.

What is unknown is skipped with its reason, never passed: a case that was not looked at did not succeed. Cases are named
by what they ask and of what, never by what came out, so that a server can follow them from run to run.

Source: what Jenkins' xUnit plugin takes (junit-10.xsd), whose `testsuites` have no `skipped`.
"""

from xml.etree import ElementTree as Xml

from forensics.document import Document
from forensics.reporting import view
from forensics.reporting.escape import visible
from forensics.reporting.sources import in_words
from forensics.reporting.view import Entry


def junit(document: Document) -> str:
    """Return the report as JUnit XML, to be written in UTF-8.

    Suites: `verdict` (one case), `findings` (roots and symptoms fail, what was over by the end passes), `checks`, and
    `unknown` (a case a missing source).
    """
    suites = [
        ("verdict", [_verdict(document)]),
        ("findings", [_finding(f) for f in view.findings(document, "root", "contributing", "symptom")]),
        ("checks", [_check(check) for check in view.checks(document)]),
        ("unknown", [_missing(group) for group in view.missing(document)]),
    ]
    top = Xml.Element("testsuites", name="seldon-forensics")
    for name, cases in suites:
        if not cases:
            continue
        suite = Xml.SubElement(top, "testsuite", name=name, tests=str(len(cases)), errors="0")
        suite.set("failures", str(sum(case.find("failure") is not None for case in cases)))
        suite.set("skipped", str(sum(case.find("skipped") is not None for case in cases)))
        suite.extend(cases)
    for count in ("tests", "failures", "errors"):
        top.set(count, str(sum(int(suite.get(count, "0")) for suite in top)))
    Xml.indent(top)
    written: str = Xml.tostring(top, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{written}\n'


def _case(group: object, name: object) -> Xml.Element:
    return Xml.Element("testcase", classname=visible(group), name=visible(name))


def _with(case: Xml.Element, tag: str, message: object, text: str = "", kind: object = None) -> Xml.Element:
    inner = Xml.SubElement(case, tag, message=visible(message))
    if kind:
        inner.set("type", visible(kind))
    inner.text = visible(text)
    return case


def _verdict(document: Document) -> Xml.Element:
    verdict = document.get("verdict")
    case = _case("verdict", "verdict")
    if verdict == "failure":
        return _with(case, "failure", document.get("summary"), kind=verdict)
    if verdict == "healthy":
        return _with_output(case, str(document.get("summary") or ""))
    return _with(case, "skipped", f"{verdict}: {document.get('summary') or ''}")


def _proof(entry: Entry) -> str:
    lines = [f"{view.place(cite)}  {cite.get('text')}" for _, cite in view.proofs(entry)]
    return "\n".join(filter(None, [view.whom(entry, 12), str(entry.get("why") or ""), *lines]))


def _finding(finding: Entry) -> Xml.Element:
    whom = view.whom(finding, 2)
    case = _case(finding.get("pattern"), f"{finding.get('title')}{': ' if whom else ''}{whom}")
    if finding.get("at_end") == "ended":
        return _with_output(case, f"over by the end: {view.lasts(finding)}\n{_proof(finding)}")
    labels = ", ".join(str(finding.get(key)) for key in ("id", "role", "severity", "certainty"))
    return _with(case, "failure", f"{labels}: {view.lasts(finding)}", _proof(finding), finding.get("role"))


def _with_output(case: Xml.Element, text: str) -> Xml.Element:
    Xml.SubElement(case, "system-out").text = visible(text)
    return case


def _check(check: Entry) -> Xml.Element:
    case = _case(check.get("pattern"), check.get("title"))
    status = check.get("status")
    if status == "passed":
        return case
    if status == "failed":
        return _with(case, "failure", check.get("why") or check.get("title"), _proof(check), check.get("severity"))
    return _with(case, "skipped", f"{status}: {check.get('why') or ''}".rstrip(": "))


def _missing(group: Entry) -> Xml.Element:
    case = _case("unknown", ": ".join(filter(None, (in_words(group["source"]), group["why"], group["collect"]))))
    return _with(case, "skipped", f"could not be told: {', '.join(group['patterns'])}")
