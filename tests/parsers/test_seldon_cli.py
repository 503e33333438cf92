"""What the seldon command prints is read as what it says of the resources, however often it was asked."""

import polars as pl

from forensics.bundle import Member
from forensics.ingest import Read, read_member
from parsers import PARSERS

LIST = "model\t\tstate\t\t\treason\n-----\t\t-----\t\t\t------\n"


def read(text: str) -> Read:
    return read_member(Member("ticket.txt", text.encode(), len(text), "", "read", None), PARSERS)


def conditions(text: str) -> list[tuple[str, ...]]:
    frame = pl.concat(read(text).frames["k8s.condition"])
    return frame.select("name", "type", "status", "message", "reason").rows()


def test_a_prompt_and_other_commands_around_do_not_hide_a_list() -> None:
    text = (
        f"(base) me@host:~/models$ seldon model list\n{LIST}iris\t\tScheduleFailed\t\tno room left\n"
        "(base) me@host:~/models$ seldon model infer iris '{\"inputs\": []}'\nError: V2 server error: 404\n"
    )

    assert conditions(text)[0] == ("iris", "ModelReady", "False", "ScheduleFailed", "no room left")
    assert read(text).kinds == ("seldon command", "client")


def test_tabs_that_became_blanks_and_markdown_are_read() -> None:
    text = "Hello,\n```\nseldon model list\n" + f"{LIST}iris\t\tModelAvailable\n".expandtabs(8) + "```\n"

    assert conditions(text)[0][:3] == ("iris", "ModelReady", "True")


def test_what_is_asked_twice_counts_as_it_was_said_last() -> None:
    text = f"$ seldon model list\n{LIST}iris\tModelProgressing\t\n\n$ seldon model list\n{LIST}iris\tModelAvailable\t\n"
    apart = f"{LIST}iris\tModelProgressing\t\n{LIST}iris\tModelAvailable\t\n"

    for each in (apart, text):
        assert [row[2] for row in conditions(each)] == ["True", "True"]


def test_an_experiment_whose_candidates_are_missing() -> None:
    text = '$ seldon experiment status ab\n{"experimentName":"ab","active":true,"statusDescription":"x not ready"}\n'

    told = {row[1]: row[2] for row in conditions(text)}

    assert told == {"ExperimentReady": "True", "CandidatesReady": "False", "MirrorReady": "False", "Ready": "False"}


def test_an_answer_about_a_model() -> None:
    text = (
        '{"modelName":"iris","versions":[{"version":1,"serverName":"mlserver","state":{"state":"ModelAvailable",'
        '"availableReplicas":1},"modelDefn":{"modelSpec":{"uri":"gs://bucket-1/iris"}}}]}\n'
    )

    (row,) = read(text).frames["k8s.model"][0].to_dicts()

    assert (row["name"], row["is_ready"], row["available"]) == ("iris", True, 1)
    assert row["storage_uri"] == "gs://bucket-1/iris"


def test_a_pipeline_whose_models_are_not_ready() -> None:
    answer = '{"pipelineName": "join", "versions": [{"state": {"pipelineVersion": 1, "status": "PipelineReady"}}]}'

    assert ("join", "ModelsReady", "False", None, None) in conditions(answer)


def test_every_line_is_accounted_for() -> None:
    text = f'$ seldon model list\n{LIST}iris\tModelAvailable\t\n{{\n  "modelName": 1\n\nwhat is this\n'

    made = read(text)

    assert sum(made.account.values()) == text.count("\n")
    assert made.rejects["text"].to_list()[-1] == "what is this"


def test_answers_side_by_side_are_all_read_and_what_is_none_takes_no_time() -> None:
    answer = '{"experimentName":"%s","active":true}'
    text = answer % "a" + answer % "b" + "\n" + "{x}\n" * 20_000  # each was tried with all that follow: hours

    made = read(text)

    assert {row["name"] for frame in made.frames["k8s.experiment"] for row in frame.to_dicts()} == {"a", "b"}
    assert made.account["rejects"] == 20_000
