"""The OpenAPI document: it is valid and whole, and the server keeps to it under a fuzzer."""

import re
from dataclasses import dataclass, field
from typing import Any, cast

import schemathesis
from schemathesis.checks import CHECKS as REGISTRY
from schemathesis.checks import load_all_checks
from schemathesis.config import PhasesConfig
from schemathesis.engine import events, from_schema
from schemathesis.engine.recorder import ScenarioRecorder
from starlette.routing import Route

from rest_compat import openapi
from rest_compat.api import Api
from rest_compat.routes import routes
from tests.archives import build_example
from tests.conftest import Install
from tests.database import on_postgres, on_sqlite
from tests.faces import Rest, Upload
from tests.installation import SHIPPED, Installation
from tests.running import end_of
from tests.thoroughness import SEED, TIMES, examples, take_time

EXAMPLES = examples(12)  # of each operation in each phase
PHASES = {"examples", "coverage", "fuzzing", "stateful"}
CHECKS = {
    *("not_a_server_error", "status_code_conformance", "content_type_conformance"),
    *("response_schema_conformance", "response_headers_conformance", "allow_header_conformance"),
    *("positive_data_acceptance", "negative_data_rejection", "missing_required_header"),
    *("use_after_free", "ensure_resource_availability"),
    *("ignored_auth", "object_level_authorization", "unsupported_method"),
}
FILE = "/api/system/processes/{processId}/files/{fileName}"
OUTPUT = "/api/system/processes/{processId}/output"

# What a schema cannot say: who has which password, the fields of a script, the order of two times,
# the size of a file.
NOT_IN_THE_SCHEMA = [
    f"GET {FILE}",
    "POST /api/system/scripts/{scriptName}/processes",
    f"GET {OUTPUT}",
    "POST /api/authn/login",
]

# Each operation must have been carried out, not only refused.
SUCCESSES = {
    ("GET /api", 200),
    ("GET /api/openapi.json", 200),
    ("GET /api/authn/status", 200),
    ("POST /api/authn/logout", 204),
    ("GET /api/system/scripts", 200),
    ("GET /api/system/scripts/{scriptName}", 200),
    ("POST /api/system/scripts/{scriptName}/processes", 202),
    ("GET /api/system/processes", 200),
    ("GET /api/system/processes/{processId}", 200),
    ("DELETE /api/system/processes/{processId}", 204),
    (f"GET {OUTPUT}", 200),
    ("GET /api/system/processes/{processId}/files", 200),
    (f"GET {FILE}", 200),
    (f"GET {FILE}", 206),
}


def test_document_is_valid() -> None:
    schemathesis.openapi.from_dict(openapi.document()).validate()


def test_every_phase_and_check_that_there_is_is_made() -> None:
    assert set(PhasesConfig.__slots__) == PHASES
    load_all_checks()
    assert set(REGISTRY.get_all_names()) == CHECKS


def test_every_reference_leads_somewhere_and_every_component_is_used() -> None:
    document = openapi.document()
    used = set(re.findall(r"'#/components/(\w+/[\w-]+)'", str(document)))
    components: Any = document["components"]
    there = {
        f"{kind}/{name}"
        for kind, named in components.items()
        if kind != "securitySchemes"
        for name in named
    }
    assert used == there


def test_every_address_is_described_and_no_other() -> None:
    served = {route.path for route in routes(cast(Api, None)) if isinstance(route, Route)}
    paths: Any = openapi.document()["paths"]
    # The last one is there to say that there is nothing at any other address.
    assert {nameless(each) for each in paths} == {nameless(each) for each in served} - {"/api/{}"}


def nameless(path: str) -> str:
    return re.sub(r"{.*?}", "{}", path)


@on_postgres  # it takes less than SQLite does: no NUL, no number beyond those of its types
def test_server_keeps_to_the_document(install: Install) -> None:
    it = install(PROCESSION_SCRIPTS=str(SHIPPED))
    it.start()
    # The contract's form takes no notice of parameters that only the others have.
    ignored = {f"GET {OUTPUT}": {"negative_data_rejection": {"enabled": False}}}
    seen, failures = fuzz(loaded(it, described_with_examples(it), checks=ignored))
    assert not failures, "\n\n".join(failures)
    assert seen.answers >= SUCCESSES
    assert seen.phases >= PHASES
    assert seen.checks >= CHECKS


@on_sqlite
def test_server_keeps_to_the_document_where_bare_lines_are_asked_for(install: Install) -> None:
    it = install(PROCESSION_SCRIPTS=str(SHIPPED))
    it.start()
    document = described_with_examples(it)
    document["paths"] = {OUTPUT: document["paths"][OUTPUT]}
    seen, failures = fuzz(loaded(it, document, {"Accept": "text/plain"}))
    assert not failures, "\n\n".join(failures)
    assert (f"GET {OUTPUT}", 200) in seen.answers


def described_with_examples(it: Installation) -> dict[str, Any]:
    """The document as served, its examples of a download and of output being there to be had."""
    archive = Upload("saf.zip", build_example(it.folder / "saf.zip").read_bytes())
    started = Rest(it).start(it.admin, "import", ("a", "true"), ("z", archive))
    assert end_of(it, it.admin, started.id).status == "COMPLETED"
    document: dict[str, Any] = it.http.get(f"{it.url}/api/openapi.json").json()
    parameters = document["components"]["parameters"]
    own = {**parameters["processId"], "example": started.id}
    for path in (FILE, OUTPUT):
        document["paths"][path]["get"]["parameters"][0] = own
    return document


@dataclass
class Seen:
    """Operations with the statuses that they answered; phases and checks that were carried out."""

    answers: set[tuple[str, int]] = field(default_factory=set)
    phases: set[str] = field(default_factory=set)
    checks: set[str] = field(default_factory=set)

    def add(self, event: events.ScenarioFinished) -> None:
        self.answers |= answered(event.recorder)
        self.phases.add(event.phase.value)
        self.checks |= {each.name for made in event.recorder.checks.values() for each in made}


def fuzz(described: schemathesis.BaseSchema) -> tuple[Seen, list[str]]:
    """What was seen, and what went wrong, in words."""
    take_time()
    seen = Seen()
    failures: list[str] = []
    cases = 0
    for event in from_schema(described).execute():
        if isinstance(event, events.NonFatalError | events.FatalError):
            failures.append(str(event))
        if isinstance(event, events.ScenarioFinished):
            seen.add(event)
            cases += len(event.recorder.interactions)
            failures += complaints(event.recorder)
    print(f"{cases} cases of the seed {SEED}")  # noqa: T201 - `make fuzz` shows it
    return seen, failures


def answered(recorder: ScenarioRecorder) -> set[tuple[str, int]]:
    return {
        (recorder.cases[case_id].value.operation.label, interaction.response.status_code)
        for case_id, interaction in recorder.interactions.items()
        if interaction.response is not None
    }


def complaints(recorder: ScenarioRecorder) -> list[str]:
    found = [check.failure_info for checks in recorder.checks.values() for check in checks]
    return [f"{each.failure}\n{each.code_sample}" for each in found if each is not None]


def loaded(
    it: Installation,
    document: dict[str, Any],
    headers: dict[str, str] | None = None,
    checks: dict[str, dict[str, Any]] | None = None,
) -> schemathesis.BaseSchema:
    """`headers` are sent with everything; `checks` are settings of single operations."""
    unknown = {"positive_data_acceptance": {"enabled": False}}
    config = schemathesis.Config.from_dict(
        {
            "base-url": it.url,
            "seed": SEED,
            "headers": {**it.admin.headers, **(headers or {})},
            "phases": {name: {"enabled": True} for name in PHASES},
            "checks": {name: {"enabled": True} for name in CHECKS},
            "generation": {
                "deterministic": not TIMES,
                "max-examples": EXAMPLES,
                "database": "none",
            },
            "operations": [
                {"include-name": name, "checks": {**unknown, **(checks or {}).get(name, {})}}
                for name in NOT_IN_THE_SCHEMA
            ],
        }
    )
    return schemathesis.openapi.from_dict(document, config=config)
