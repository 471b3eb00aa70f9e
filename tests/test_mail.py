"""Users are told of ends by e-mail, at their own address."""

import asyncio
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from urllib.parse import quote
from uuid import uuid4

import aiosmtplib
import pytest

from jobs.mail import Relay
from tests.certificate import certificate
from tests.conftest import installed_on
from tests.database import on_sqlite
from tests.installation import Installation, User, until
from tests.mail_server import PASSWORD, USER, Inbox, mail_server
from tests.running import end_of, start
from tests.subscription import GraphQLRefusal

MANIFEST = """name = "telling"
command = ["{python}", "-S"]
allow = "user"
notify = ["failed"]

[[parameters]]
name = "c"
type = "string"
"""
NOTIFY = """mutation ($id: ID!) {
  notifyMe(processId: $id, by: {email: true}) { secret delivery { id channel host } }
}"""
DELIVERIES = "query ($id: ID!) { deliveries(processId: $id) { state attempts log { error } } }"
SET = "mutation ($id: ID!, $address: String) { setEmail(id: $id, address: $address) { email } }"
pytestmark = on_sqlite


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("mail")
    (made / "telling.toml").write_text(MANIFEST)
    return made


@pytest.fixture(scope="module")
def inbox(folder: Path) -> Iterator[Inbox]:
    with mail_server(certificate(folder), guarded=True) as made:
        yield made


@pytest.fixture(scope="module")
def it(
    database: str, request: pytest.FixtureRequest, folder: Path, inbox: Inbox
) -> Iterator[Installation]:
    settings = {
        "PROCESSION_SCRIPTS": str(folder),
        "PROCESSION_SMTP_URL": f"smtp://{USER}:{quote(PASSWORD, safe='')}@localhost:{inbox.port}",
        "PROCESSION_MAIL_FROM": "procession@example.org",
        "PROCESSION_REST_BASE_URL": "https://processes.example.org",
        "SSL_CERT_FILE": str(folder / "localhost.pem"),
    }
    with installed_on(database, request, **settings) as made:
        made.start()
        yield made
        log = made.log.read_text()
        assert "Traceback" not in log and PASSWORD not in log and quote(PASSWORD) not in log


@pytest.fixture
def ann(it: Installation) -> User:
    """Somebody with an address."""
    who = it.add_user(f"ann-{uuid4().hex[:8]}")
    told = it.cli("user", "email", who.name, "ann@example.org")
    assert told == f"{who.name!r} is written to at ann@example.org.\n"
    return who


def over(it: Installation, who: User, program: str) -> str:
    process_id = start(it, who, "telling", ("c", program))
    end_of(it, who, process_id)
    return process_id


def state(it: Installation, who: User, process_id: str) -> str:
    (found,) = it.graphql(who, DELIVERIES, id=process_id)["deliveries"]
    return str(found["state"])


def test_who_asks_gets_a_mail_until_it_is_taken(it: Installation, inbox: Inbox, ann: User) -> None:
    inbox.answers = ["451 Try again"]
    process_id = start(it, ann, "telling", ("c", "print('not in a mail')"))
    it.execute("DELETE FROM delivery")  # that of the manifest
    made = it.graphql(ann, NOTIFY, id=process_id)["notifyMe"]
    assert made["secret"] is None and made["delivery"]["channel"] == "EMAIL"
    until(lambda: it.graphql(ann, DELIVERIES, id=process_id)["deliveries"][0]["log"])
    assert state(it, ann, process_id) == "PENDING"
    it.execute("UPDATE delivery SET next_at = 0")
    by_tls, to, message = inbox.next()
    assert (by_tls, to) == (True, ["ann@example.org"])
    assert message["From"] == "Procession <procession@example.org>"
    assert message["To"] == "ann@example.org"
    assert message["Subject"] == "telling: COMPLETED"
    assert message["Message-ID"] == f"<{made['delivery']['id']}@example.org>"
    assert message["Auto-Submitted"] == "auto-generated"
    text = message.get_content()
    assert f"https://processes.example.org/processes/{process_id}" in text
    assert "not in a mail" not in text
    until(lambda: state(it, ann, process_id) == "DELIVERED")
    assert inbox.got.empty()


def test_manifest_has_who_starts_it_told_of_failures(
    it: Installation, inbox: Inbox, ann: User
) -> None:
    well = over(it, ann, "pass")
    until(lambda: state(it, ann, well) == "SKIPPED")
    failed = over(it, ann, "raise SystemExit(3)")
    message = inbox.next()[2]
    assert message["Subject"] == "telling: FAILED"
    assert "Code:    3" in message.get_content()
    nobody = over(it, it.bob, "raise SystemExit(3)")
    assert it.graphql(it.bob, DELIVERIES, id=nobody)["deliveries"] == []
    inbox.answers = ["550 5.1.1 No such user"]
    refused = over(it, ann, "raise SystemExit(3)")
    until(lambda: state(it, ann, refused) == "FAILED")
    until(lambda: state(it, ann, failed) == "DELIVERED")
    assert inbox.got.empty()


def test_address_is_for_administrators_to_give(it: Installation, ann: User) -> None:
    document = "query ($name: String!) { user(name: $name) { email } }"
    assert it.graphql(it.admin, document, name=ann.name) == {"user": {"email": "ann@example.org"}}
    assert it.graphql(ann, "{ viewer { email } }") == {"viewer": {"email": "ann@example.org"}}
    process_id = over(it, ann, "pass")
    with pytest.raises(GraphQLRefusal, match="Only administrators"):
        it.graphql(ann, SET, id=ann.id, address="other@example.org")
    assert it.graphql(it.admin, SET, id=ann.id, address=None) == {"setEmail": {"email": None}}
    with pytest.raises(GraphQLRefusal, match="You have no address here"):
        it.graphql(ann, NOTIFY, id=process_id)
    for wrong in (
        "x",
        "a@b\r\nBcc: c@d",
        "a@b,c@d",
        "<a@b>",
        "a b@c",
        "@b",
        "a@",
        "a@b.",
        "ä@b",
        "=?utf-8?q?a?=@b",
    ):
        with pytest.raises(GraphQLRefusal) as refused:
            it.graphql(it.admin, SET, id=ann.id, address=wrong)
        assert refused.value.code == "BAD_INPUT", wrong
    assert "no more" in it.cli("user", "email", ann.name, "--none")


def test_password_is_told_only_to_who_is_proved_by_tls(database: str, folder: Path) -> None:
    message = EmailMessage()
    envelope = message["From"], message["To"] = "a@example.org", "b@example.org"
    with mail_server() as plain, mail_server(certificate(folder.parent)) as unknown:
        for inbox, by_tls in ((plain, False), (unknown, True)):
            asyncio.run(Relay.of(f"smtp://localhost:{inbox.port}").take(message, *envelope))
            assert inbox.next()[0] is by_tls
            relay = Relay.of(f"smtp://me:secret@localhost:{inbox.port}")
            assert "secret" not in repr(relay)
            with pytest.raises((aiosmtplib.SMTPException, OSError)):
                asyncio.run(relay.take(message, *envelope))
            assert inbox.got.empty()


@pytest.mark.parametrize(
    ("url", "sender"),
    [("http://mail", "a@b"), ("smtp://u:secret@mail:x", "a@b"), ("smtp://u:secret@mail", "x\ny")],
)
def test_settings_that_cannot_be_used_are_named(
    database: str, it: Installation, url: str, sender: str
) -> None:
    settings = {"PROCESSION_SMTP_URL": url, "PROCESSION_MAIL_FROM": sender}
    told = it.cli("user", "list", code=1, **settings)
    assert told.startswith(("PROCESSION_SMTP_URL: ", "PROCESSION_MAIL_FROM: ", "Error"))
    assert "secret" not in told
