"""The message to the customer: what is needed, by which commands, and that names are theirs to fill in."""

from forensics.findings import Missing
from forensics.guides.collecting import how_to_collect
from forensics.reporting.reply import reply


def test_it_says_what_to_fill_in_where_a_command_leaves_something_open() -> None:
    def asked(*names: str) -> str:
        commands = [how_to_collect("log.agent", {"namespace": "nlp", "pod": name} if name else {}) for name in names]
        return (
            reply("insufficient", "Too little.", [], [Missing("log.agent", "not collected", c) for c in commands]) or ""
        )

    assert "names in the place of those between < and >" in asked("")
    assert "between < and >" not in asked("mlserver-0")
    assert "Too little." in asked("mlserver-0")


def test_nothing_is_asked_where_the_verdict_stands() -> None:
    assert reply("failure", "It is down.", [], [Missing("log.agent", "not collected", "kubectl")]) is None
