"""Being told of an end, asked for on the command line."""

import re

import pytest

from tests.command_line import client, complaint, objects, on_terminal, printed
from tests.database import on_sqlite
from tests.installation import Installation
from tests.running import Gate, start_python

URL = "https://www.example.org/hook?key=of-the-receiver"

pytestmark = on_sqlite


def test_webhook_is_asked_for_listed_and_taken_back(installation: Installation) -> None:
    it, who, gate = installation, installation.alice, Gate(installation)
    process_id = start_python(it, who, gate.wait)
    ours = ("notify", process_id[:8])
    done = client(it, who, *ours, "--webhook", "-", "--only-failed", stdin=f"{URL}\n")
    delivery_id, secret = done.stdout.decode().rstrip("\n").split("\t")
    assert re.fullmatch(r"whsec_[\w+/=]{32,}", secret)
    assert "shown only now" in done.stderr.decode()
    row = [delivery_id, "PENDING", "WEBHOOK", "www.example.org", "FAILED", "0", ""]
    assert printed(it, who, *ours, "--list") == "\t".join(row) + "\n"
    (second,) = objects(printed(it, who, *ours, "--webhook", URL, "--json"))
    assert (second["occasion"], second["secret"][:6]) == ("ENDED", "whsec_")
    with on_terminal(it, who, *ours, "--list") as screen:
        assert screen.end() == 0
    head, *rows = screen.text.splitlines()
    assert head.split()[:2] == ["ID", "STATE"]
    assert [each.split()[0] for each in rows] == [delivery_id[:8], second["id"][:8]]
    assert printed(it, who, *ours, "--forget", second["id"][:8]) == f"{second['id']}\n"
    told = complaint(it, who, *ours, "--forget", second["id"], code=1)
    assert told.startswith("procession: 0 deliveries of this process have an id")
    (left,) = objects(printed(it, who, *ours, "--list", "--json"))
    assert (left["id"], left["log"], "secret" in left) == (delivery_id, [], False)
    told = complaint(it, who, *ours, "--email", code=1)
    assert "whoever runs it is to set PROCESSION_SMTP_URL" in told
    gate.open()


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ([], "Give one of --webhook, --email, --list and --forget."),
        (["--email", "--list"], "Give one of --webhook"),
        (["--list", "--only-failed"], "--only-failed goes with --webhook or --email."),
    ],
    ids=str,
)
def test_options_that_do_not_go_together_are_wrong_use(
    installation: Installation, options: list[str], told: str
) -> None:
    assert told in complaint(installation, installation.alice, "notify", "abcd", *options, code=2)
