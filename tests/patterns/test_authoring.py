"""What helps the authors of patterns: lint, schema, pages, drafts."""

import tomllib
from collections.abc import Sequence

import jsonschema
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patterns import reading
from patterns.conditions import bindings, compile_where
from patterns.docs import pages
from patterns.draft import Cited, draft, generalised, toml_text
from patterns.lint import CONVENTIONS, lint, where_of
from patterns.pattern import Library
from patterns.reading import load_pattern
from patterns.schema import schema

SOUND = """title    = "Agents cannot reach the scheduler"
severity = "critical"
status   = "stable"
role     = "cause"
match    = '(dial with no later subscribed) and alive'
about    = "The way from the agent to the scheduler is shut, so the scheduler knows no server and places no model."
remedy   = [{ do = "Open the port", run = "kubectl -n $namespace get networkpolicy" }]
verify   = { run = "kubectl -n $namespace logs $pod -c agent", expect = "a line" }
references = ["https://github.com/SeldonIO/seldon-core/blob/v2.9.1/scheduler/pkg/agent/client.go"]

[evidence.dial]
from  = "log.agent"
where = 'text contains "connect: connection refused"'
bind  = ["namespace", "pod"]

[evidence.subscribed]
from  = "log.agent"
where = 'text contains "Subscribed to scheduler"'
bind  = ["namespace", "pod"]

[evidence.alive]
from  = "log.scheduler"
where = 'text contains "Agent server running"'
bind  = ["namespace"]

[[example]]
name   = "refused"
origin = "source"
expect = "present"
files."a.log" = 'connect: connection refused'

[[example]]
name   = "another port"
origin = "source"
expect = "absent"
files."a.log" = 'connect: connection reset'

[[example]]
name   = "nothing"
origin = "imagined"
expect = "unknown"
"""


def library(*texts: str) -> Library:
    patterns = [load_pattern(text, f"net/p{index}", f"p{index}.toml") for index, text in enumerate(texts)]
    return Library({pattern.id: pattern for pattern in patterns}, "sha256:0")


def remarks(text: str) -> list[tuple[str, int]]:
    return [(remark.name, remark.line) for remark in lint(library(text), texts={"net/p0": text})]


# ---- lint


def test_a_sound_pattern_breaks_no_convention() -> None:
    assert remarks(SOUND) == []


BREACHES = [
    ('"Agents cannot reach the scheduler"', '"agents cannot reach the scheduler."', "title", 1),
    ('"Agents cannot reach the scheduler"', '"Network pattern detected here"', "title", 1),
    ('about    = "The way from', 'about = "The way" #', "about", 6),
    ("remedy   = [{", "remedy = [] # [{", "remedy", 7),
    ("verify   = {", "# verify = {", "verify", 1),
    ("seldon-core/blob/v2.9.1/", "seldon-core/blob/v2/", "references", 9),
    ('references = ["https', 'references = [] # ["https', "references", 9),
    ("-n $namespace get", "-n $namespac get", "commands", 7),
    ("-n $namespace get", "get $policy", "commands", 7),
    ('text contains "connect: connection refused"', 'text matches "(?i)connection refused"', "literal", 13),
    ("where = 'text contains \"connect: connection refused\"'", "", "literal", 11),
    ('text contains "connect: connection refused"', 'text contains "error"', "hot", 13),
    ('text contains "connect: connection refused"', 'message contains "connect: connection refused"', "message", 13),
    ('bind  = ["namespace"]', 'bind = { scheduler = "pod" }', "joined", 24),
    ('expect = "present"', 'expect = "absent"', "present", 1),
    ('expect = "absent"', 'expect = "present"', "near miss", 1),
    ('expect = "unknown"', 'expect = "absent"', "unknown", 1),
    ('name   = "refused"\norigin = "source"', 'name = "refused"\norigin = "imagined"', "earned", 3),
    ('role     = "cause"', 'role = "symptom"', "unexplained", 4),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "name", "line"), BREACHES)
def test_a_breach_is_remarked_where_it_is(old: str, new: str, name: str, line: int) -> None:
    assert SOUND.count(old) == 1

    assert (name, line) in remarks(SOUND.replace(old, new))


def test_weak_pieces_alone_are_remarked() -> None:
    weak = SOUND.replace("bind  =", 'weight = "weak"\nbind  =')

    assert ("weak", 5) in remarks(weak)
    assert ("weak", 5) not in remarks(weak.replace('"stable"', '"experimental"'))


def test_a_finding_about_nothing_is_remarked() -> None:
    bound = "\n".join(line for line in SOUND.split("\n") if not line.startswith("bind"))

    assert "subject" in dict(remarks(bound))


def test_a_window_on_facts_is_remarked() -> None:
    text = SOUND.replace("'(dial with no later subscribed) and alive'", "'subscribed and (dial then alive within 5m)'")

    assert "timed" not in dict(remarks(text))
    assert "timed" in dict(remarks(text.replace('"log.scheduler"\nwhere = \'text', '"k8s.pod"\nwhere = \'message')))


def test_a_note_says_why_there_is_no_literal() -> None:
    text = SOUND.replace(
        'text contains "connect: connection refused"\'', 'text matches "(?i)refused"\'\nnote = "any case"'
    )

    assert remarks(text) == []


def test_every_convention_has_a_test() -> None:
    tried = {name for _, _, name, _ in BREACHES} | {"weak", "subject", "timed"}

    assert {convention.name for convention in CONVENTIONS} <= tried


def test_a_remark_is_a_line() -> None:
    (remark,) = lint(library(SOUND.replace('role     = "cause"', 'role     = "symptom"')))

    assert where_of(remark) == "p0.toml:1: unexplained: say in explained_by what can cause this symptom"


# ---- schema


def test_the_schema_accepts_what_the_loader_accepts() -> None:
    jsonschema.Draft202012Validator.check_schema(schema())
    jsonschema.validate(tomllib.loads(SOUND), schema())


@pytest.mark.parametrize(
    ("old", "new"),
    [('"critical"', '"bad"'), ("role  ", "rol  "),
     ('from  = "log.scheduler"', 'from = "log.x"'), ("bind  = [", "bind = [5, ")]
)  # fmt: skip
def test_the_schema_refuses_what_the_loader_refuses(old: str, new: str) -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(tomllib.loads(SOUND.replace(old, new, 1)), schema())


def test_the_schema_knows_every_key() -> None:
    made = schema()["properties"]

    assert list(made) == list(reading.TOP)
    assert list(made["evidence"]["additionalProperties"]["properties"]) == list(reading.EVIDENCE)


# ---- pages


def test_every_pattern_has_a_page() -> None:
    other = SOUND.replace("severity", 'explains = ["net/p0"]\nseverity', 1).replace("Agents cannot", "Some <b> cannot")
    made = pages(library(SOUND, other))

    assert list(made) == ["index.md", "net/p0.md", "net/p1.md"]
    assert "| [p1](net/p1.md) | Some \\<b> cannot reach the scheduler | critical | cause |" in made["index.md"]
    assert "## Can be caused by\n\n- [Some \\<b> cannot reach the scheduler](../net/p1.md)" in made["net/p0.md"]
    assert "`(dial with no later subscribed) and alive`" in made["net/p0.md"]
    assert '```\ntext contains "Agent server running"\n```' in made["net/p0.md"]


# ---- drafts

LINES = [
    "Failed to schedule model iris error=no matching server after 1.5s at 10.1.2.3:9005 (try 3)",
    "Failed to schedule model income-2 error=no matching server after 20ms at 10.1.2.4:9005 (try 12)",
]


def found(regex: str, texts: Sequence[str]) -> list[bool]:
    return pl.Series(list(texts)).str.contains(regex).to_list()


def test_what_varies_is_left_open_and_what_does_not_is_kept() -> None:
    regex = generalised(LINES[:1])

    assert found(regex, LINES) == [True, True]
    assert found(regex, [LINES[0].replace("9005", "9004"), LINES[0].replace("matching", "capable")]) == [False, False]
    assert pl.Series(LINES).str.extract(regex, 1).to_list() == ["iris", "income-2"]


def test_what_differs_between_lines_is_left_open() -> None:
    regex = generalised(["load of a failed: disk full (x)", "load of b failed: no such file (x)"])

    assert found(regex, ["load of c failed: quota (x)", "load of c worked: quota (x)"]) == [True, False]


@given(
    st.lists(
        st.text(alphabet="ab1. \\\"[(+:=\t-modelé'", min_size=1, max_size=40).filter(str.strip), min_size=1, max_size=3
    )
)
def test_a_draft_finds_the_lines_it_came_from(texts: list[str]) -> None:
    assert all(found(generalised(texts), texts))


def test_a_draft_loads_and_finds_its_lines() -> None:
    cited = [Cited("log.scheduler", text, "logs/it's.log", f'time="2025" msg="{text}" \x1b[0m') for text in LINES]
    cited.append(Cited("log.agent", 'it\'s "so" [bad]', "agent.log", "it's '''so''' [bad]"))

    pattern = load_pattern(draft(cited), "net/new", "new.toml")
    assert [example.files for example in pattern.examples] == [
        {"logs/it's.log": f"{cited[0].raw}\n{cited[1].raw}\n", "agent.log": "it's '''so''' [bad]\n"}
    ]
    for piece, texts in zip(pattern.evidence.values(), (LINES, ['it\'s "so" [bad]']), strict=True):
        frame = pl.DataFrame({"text": texts, "namespace": None, "pod": None})
        assert frame.filter(compile_where(piece.where, piece.source)).height == len(texts)
    assert set(bindings(pattern.evidence["scheduler"].where, {})) == {"model"}
    assert {remark.name for remark in lint(Library({"net/new": pattern}, ""))} >= {"title", "references", "near miss"}


@given(st.text())
def test_any_text_can_be_written_as_toml(text: str) -> None:
    text = text.replace("\r\n", "\n")

    assert tomllib.loads(f"x = {toml_text(text)}") == {"x": text}


@pytest.mark.parametrize("source", ["envoy.listener", "k8s.pod", "net.path"])
def test_a_draft_of_a_fact_loads_and_says_what_to_ask(source: str) -> None:
    drafted = draft([Cited(source, '{"name":"x"}', "dump.json", '{"name":"x"}')])

    (piece,) = load_pattern(drafted, "x/y", "draft").evidence.values()
    assert (piece.source, piece.where) == (source, None)
    assert "TODO: where" in drafted
