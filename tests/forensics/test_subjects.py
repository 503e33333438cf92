"""Laws of joining: rows go together where their names agree, and every row that is named goes somewhere."""

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from forensics.authoring.examples import case_of
from forensics.evidence.hits import Found, Hit
from forensics.evidence.order import Order
from forensics.evidence.subjects import Joins, shown
from forensics.matching import Context, find_all
from patterns.loader import load_pattern
from patterns.pattern import Evidence, Library, Pattern
from patterns.terms import AndTerm, Distinct, Piece, Term

VALUES = st.sampled_from(("x", "y", "z"))
BINDS = ({"namespace": "namespace", "pod": "pod"}, {"namespace": "namespace", "model": "model"}, {"pod": "pod"})


def pattern(match: Term, binds: tuple[dict[str, str], ...] = BINDS) -> Pattern:
    evidence = {name: Evidence(name, "k8s.pod", None, bind) for name, bind in zip("abc", binds, strict=True)}
    return Pattern("t/t", "A title", "high", "stable", "cause", match, evidence)


def hit(row: int, names: dict[str, str | None]) -> Hit:
    return Hit("k8s.pod", row, row, row + 1, "", ("m", -1 - row, 1), names)


@st.composite
def found(draw: st.DrawFn, nullable: bool = False) -> dict[str, Found]:
    values = VALUES | st.none() if nullable else VALUES
    made = {}
    for name, bind in zip("abc", BINDS, strict=True):
        rows = draw(st.lists(st.fixed_dictionaries(dict.fromkeys(bind, values)), max_size=4))
        made[name] = Found(tuple(hit(number, dict(row)) for number, row in enumerate(rows)), 0, True, len(rows))
    return made


def naive_choices(rows: dict[str, Found], partial: bool = False) -> set[tuple[tuple[str, str], ...]]:
    """Every consistent choice of one row of each piece that has rows, by three nested loops; `partial`: or of none."""
    chosen = set()
    lists = [(*rows[name].hits, None) if partial else rows[name].hits or (None,) for name in "abc"]
    for one in product(*lists):
        merged: dict[str, str] = {}
        if all(
            merged.setdefault(name, value) == value
            for row in one
            if row is not None
            for name, value in row.names.items()
            if value is not None
        ):
            chosen.add(tuple(sorted(merged.items())))
    return chosen


MATCH = AndTerm((Piece("a"), Piece("b"), Piece("c")))


@settings(max_examples=500)
@given(rows=found())
def test_every_consistent_choice_is_a_subject(rows: dict[str, Found]) -> None:
    subjects = {tuple(sorted(shown(s).items())) for s in Joins(pattern(MATCH), rows, lambda _a, _b: False).subjects()}

    assert naive_choices(rows) <= subjects <= naive_choices(rows, partial=True)


@settings(max_examples=500)
@given(rows=found(nullable=True))
def test_rows_that_are_surely_about_a_subject_agree_with_it(rows: dict[str, Found]) -> None:
    joins = Joins(pattern(MATCH), rows, lambda _a, _b: False)

    for subject in joins.subjects():
        for name in "abc":
            for row in joins.rows(name, subject).sure:
                assert all(value is None or subject.get(key) in (None, value) for key, value in row.names.items()), (
                    subject,
                    row,
                )


@settings(max_examples=500)
@given(rows=found())
def test_the_rows_of_a_whole_subject_are_those_with_its_names(rows: dict[str, Found]) -> None:
    joins = Joins(pattern(MATCH), rows, lambda _a, _b: False)

    for subject in joins.subjects():
        for name, bind in zip("abc", BINDS, strict=True):
            if set(bind) <= set(shown(subject)):
                wanted = [h.row for h in rows[name].hits if all(h.names[key] == subject[key] for key in bind)]
                assert [h.row for h in joins.rows(name, subject).sure] == wanted


def test_a_name_that_is_counted_tells_rows_apart_and_not_subjects() -> None:
    binds = ({"namespace": "namespace", "pod": "pod"}, {"model": "model"}, {"route": "route"})
    rows = {
        "a": Found((hit(0, {"namespace": "x", "pod": "p"}), hit(1, {"namespace": "y", "pod": "p"})), 0, True, 2),
        "b": Found(),
        "c": Found(),
    }

    joins = Joins(pattern(Distinct(2, "namespace", Piece("a")), binds), rows, lambda _a, _b: False)

    assert [shown(s) for s in joins.subjects()] == [{"pod": "p"}]


def test_logs_of_one_time_are_not_one_process() -> None:
    binds = ({"pod": "pod"}, {"pod": "pod"}, {"pod": "pod"})
    rows = {
        "a": Found((hit(0, {"pod": "\0one.log"}),), 0, True, 1),
        "b": Found((hit(1, {"pod": "\0two.log"}),), 0, True, 1),
        "c": Found(),
    }

    def joined(apart: bool) -> tuple[int, int]:
        joins = Joins(pattern(AndTerm((Piece("a"), Piece("b"))), binds), rows, lambda _a, _b: apart)
        subject = next(s for s in joins.subjects() if s["pod"] == "\0one.log")
        standing = joins.rows("b", subject)
        return len(standing.sure), len(standing.maybe)

    assert joined(apart=True) == (0, 0)
    assert sum(joined(apart=False)) == 1


def test_the_lives_of_one_container_are_of_one_kind() -> None:
    binds = ({"pod": "pod"}, {"pod": "pod"}, {"pod": "pod"})
    rows = {
        "a": Found((hit(0, {"pod": "desk-0"}),), 0, True, 1),
        "b": Found((hit(1, {"pod": "\0before.log"}), hit(2, {"pod": "\0after.log"})), 0, True, 2),
        "c": Found(),
    }

    def joined(successive: bool) -> tuple[int, int]:
        every = (pattern(AndTerm((Piece("a"), Piece("b"))), binds), rows, lambda _a, _b: False)
        joins = Joins(*every, lambda _a, _b: successive)
        standing = joins.rows("b", {"pod": "desk-0"})
        return len(standing.sure), len(standing.maybe)

    assert joined(successive=True) == (2, 0)
    assert joined(successive=False) == (0, 2)


def test_of_thousands_of_things_each_is_a_subject_and_has_its_own_rows() -> None:
    bind = {"pod": "pod"}
    rows = Found(tuple(hit(number, {"pod": f"p{number}"}) for number in range(3000)), 0, True, 3000)
    joins = Joins(
        pattern(AndTerm((Piece("a"), Piece("b"), Piece("c"))), (bind, bind, bind)),
        dict.fromkeys("abc", rows),
        lambda one, other: False,
    )

    subjects = joins.subjects()

    assert {subject["pod"] for subject in subjects} == {f"p{number}" for number in range(3000)}
    for subject in subjects:
        (own,) = joins.rows("b", subject).sure
        assert own.names == subject


def test_two_processes_that_ran_at_the_same_time_are_not_taken_for_one() -> None:
    bind = {"pod": "pod"}
    rows = {
        name: Found((hit(number, {"pod": f"\0{name}.log"}),), 0, True, 1) for number, name in enumerate(("a", "b", "c"))
    }

    def together(apart: bool) -> list[int]:
        joins = Joins(
            pattern(AndTerm((Piece("a"), Piece("b"), Piece("c"))), (bind, bind, bind)), rows, lambda one, other: apart
        )
        first = next(subject for subject in joins.subjects() if subject["pod"] == "\0a.log")
        found = [joins.rows(name, first) for name in "abc"]
        return [len(own.sure) + len(own.maybe) for own in found]

    assert together(apart=True) == [1, 0, 0]
    assert together(apart=False) == [1, 1, 1]


def test_a_name_that_only_an_idle_arm_knows_gives_way_to_one_that_counts() -> None:
    """Two models fail on one server, one of them as the store denies access: the other is not about the store."""
    text = """
title = "Denied"
severity = "high"
status = "stable"
role = "cause"
match = '(seen with no later copied) or (seen then lost within 10s)'
[evidence.seen]
from = "log.rclone"
where = 'text contains "AccessDenied"'
[evidence.copied]
from = "log.rclone"
where = 'text contains "Copied"'
[evidence.lost]
from = "log.scheduler"
where = 'text matches "^Updating state for model (?<model>[^ ]+) to LoadFailed"'
"""
    rclone = "2026/03/04 10:15:20 NOTICE: Serving remote control on http://[::]:5572/\n"
    rclone += "2026/03/04 10:16:00 ERROR : iris: Failed to copy: AccessDenied: Access Denied\n"
    failed = (
        'time="{}Z" level=info msg="Updating state for model {} to LoadFailed" func=AgentEvent source=AgentServer\n'
    )
    start = 'time="2026-03-04T10:15:00Z" level=info msg="Agent server running on 9005 mtls:false" source=AgentServer\n'
    scheduler = start + failed.format("2026-03-04T10:16:01", "iris") + failed.format("2026-03-04T10:50:00", "wine")

    pattern = load_pattern(text, "storage/denied", "here")
    case = case_of({"rclone.log": rclone, "scheduler.log": scheduler})
    context = Context(case.frames, case.covered, Order({}, case.covered.period))

    found = find_all(Library({pattern.id: pattern}, ""), context)[pattern.id]

    assert [finding.subject for finding in found.findings] == [{"model": "iris"}]
