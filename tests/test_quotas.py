"""How much one viewer may ask of a server: starts, subscriptions, uploads, forms."""

from collections.abc import Iterator

import pytest

from tests import tus
from tests.faces import Face, GraphQL, Refused, Rest, Upload, form
from tests.installation import Installation, User, installed, until
from tests.running import CHANGES
from tests.subscription import GraphQLRefusal

SCRIPT = """name = "small"
command = ["true"]
allow = "user"
max_upload = "10 kB"

[[parameters]]
name = "f"
type = "file"
repeat = true
"""
START = "/api/system/scripts/small/processes"


@pytest.fixture(scope="module")
def it(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Of which not much may be asked."""
    folder = tmp_path_factory.mktemp("scripts")
    (folder / "small.toml").write_text(SCRIPT)
    limits = {
        **{"MAX_STARTS": "3", "MAX_SUBSCRIPTIONS": "3", "MAX_VIEWER_SUBSCRIPTIONS": "2"},
        **{"MAX_PARTS": "3", "MAX_FIELDS": "1000"},
        **{"MAX_OPEN_UPLOADS": "2", "MAX_OPEN_UPLOAD_BYTES": "20000"},
    }
    settings = {f"PROCESSION_{name}": value for name, value in limits.items()}
    with installed(PROCESSION_SCRIPTS=str(folder), **settings) as made:
        made.start()
        yield made


@pytest.fixture(params=[GraphQL, Rest], ids=["graphql", "rest"])
def its_face(request: pytest.FixtureRequest, it: Installation) -> Face:
    made: Face = request.param(it)
    return made


def test_starts_beyond_the_limit_are_refused_until_later(its_face: Face) -> None:
    it = its_face.it
    who = it.add_user(f"eager-{type(its_face).__name__}")
    for _ in range(3):
        its_face.start(who, "small")
    with pytest.raises(Refused, match="PROCESSION_MAX_STARTS") as refused:
        its_face.start(who, "small")
    assert refused.value.code == "TOO_MANY_REQUESTS"
    body, kind = form([("f", Upload("a"))])
    answer = it.request(who, "POST", START, content=body, headers={"Content-Type": kind})
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 20
    assert len(its_face.find(who)) == 3


def test_subscriptions_beyond_the_limits_are_refused_until_one_ends(it: Installation) -> None:
    ann = it.add_user("ann")
    process_id = GraphQL(it).start(ann, "small").id

    def is_refused(who: User, setting: str) -> bool:
        try:
            with it.subscribe(who, CHANGES, id=process_id) as events:
                next(iter(events))
        except GraphQLRefusal as refusal:
            assert refusal.code == "TOO_MANY_REQUESTS" and setting in str(refusal)
            return True
        return False

    with it.subscribe(ann, CHANGES, id=process_id) as first:
        next(iter(first))
        with it.subscribe(ann, CHANGES, id=process_id) as second:
            next(iter(second))
            assert is_refused(ann, "PROCESSION_MAX_VIEWER_SUBSCRIPTIONS")
            path = f"/api/system/processes/{process_id}/output"
            stream = it.get(ann, path, headers={"Accept": "text/event-stream"})
            assert (stream.status_code, stream.headers["retry-after"]) == (429, "10")
            with it.subscribe(it.admin, CHANGES, id=process_id) as third:
                next(iter(third))
                assert is_refused(it.admin, "PROCESSION_MAX_SUBSCRIPTIONS")
    until(lambda: not is_refused(ann, ""))


def test_uploads_beyond_what_the_script_takes_are_refused(its_face: Face) -> None:
    who = its_face.it.add_user(f"large-{type(its_face).__name__}")
    its_face.start(who, "small", ("f", Upload("a", b"x" * 10_000)))
    for size in (10_001, 50_000):
        with pytest.raises(Refused, match="'small' takes uploads of at most 10000") as refused:
            its_face.start(who, "small", ("f", Upload("a", b"x" * size)))
        assert refused.value.code == "TOO_LARGE"


def test_uploads_in_pieces_beyond_the_limits_are_refused_until_one_is_used(
    it: Installation,
) -> None:
    ann, bea = it.add_user("ann of the pieces"), it.add_user("bea of the pieces")

    def status(size: int, **said: str) -> int:
        words = tus.metadata(filename="a", **said)
        answer = tus.ask(it, ann, "POST", Upload_Length=str(size), Upload_Metadata=words)
        assert ("retry-after" in answer.headers) == (answer.status_code == 429)
        return answer.status_code

    assert [status(10_001, script="small"), status(20_001), status(99 << 30)] == [413, 429, 413]
    upload_id = tus.begin(it, ann, 10_000, script="small")
    assert [status(10_001), status(10_000), status(0)] == [429, 201, 429]
    tus.begin(it, bea, 20_000)
    assert tus.send(it, ann, upload_id, 0, b"x" * 10_000).status_code == 204
    assert status(0) == 429
    parameters = [{"name": "f", "upload": upload_id}]
    it.graphql(ann, tus.START, script="small", parameters=parameters)
    assert status(10_000) == 201


def test_form_with_too_many_parts_or_too_large_fields_is_refused(it: Installation) -> None:
    for parts, setting in (
        ([("x", "1")] * 4, "PROCESSION_MAX_PARTS"),
        ([("x", "1" * 400)] * 3, "PROCESSION_MAX_FIELDS"),
    ):
        body, kind = form(list(parts))
        answer = it.request(it.admin, "POST", START, content=body, headers={"Content-Type": kind})
        assert answer.status_code == 413 and setting in answer.json()["message"]
