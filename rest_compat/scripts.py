"""The scripts endpoints of the contract, and Script Invocation."""

from starlette.requests import Request
from starlette.responses import Response

from jobs.store import Stage
from models.script import START_TIME
from resolvers import scripts, starting
from resolvers.errors import BadInput
from resolvers.parameters import Sent
from resolvers.uploads import Bounds, receive
from resolvers.viewer import Viewer
from rest_compat import hal, responses
from rest_compat.api import Api, media_type
from rest_compat.errors import UnsupportedMediaType
from rest_compat.paging import link_header, read_page

PATIENCE = 1.0  # seconds for which the answer to a start waits for the script to run


async def list_scripts(api: Api, viewer: Viewer, request: Request) -> Response:
    """All that the viewer may see."""
    page = read_page(request.query_params, ["name"], "name", api.max_page_size)
    found = scripts.scripts(viewer, api.app)
    ordered = found[::-1] if page.descending else found
    shown = ordered[page.offset : page.offset + page.size]
    document = hal.scripts(shown, page, len(found), api.links)
    link = link_header(api.links.scripts(), request.query_params, page, len(found))
    return responses.json(document, headers={"Link": link})


async def show_script(api: Api, viewer: Viewer, request: Request) -> Response:
    """One script."""
    found = scripts.script(viewer, api.app, request.path_params["name"])
    return responses.json(hal.script(found))


async def start_process(api: Api, viewer: Viewer, request: Request) -> Response:
    """Script Invocation."""
    script = await scripts.startable(viewer, api.app, request.path_params["name"])
    if media_type(request) != "multipart/form-data":
        raise UnsupportedMediaType("Send the parameters as multipart/form-data")
    async with api.app.store.stage() as stage:
        sent, start_time = await _read_form(viewer, request, stage, Bounds.of(api.app, script))
        row = await starting.start(viewer, api.app, script.name, sent, start_time, PATIENCE)
    location = {"Location": api.links.process(row.id)}
    return responses.json(hal.started(row, row.parameters, api.links), 202, location)


async def _read_form(
    viewer: Viewer, request: Request, stage: Stage, bounds: Bounds
) -> tuple[list[Sent], str | None]:
    sent: list[Sent] = []
    times: list[str] = []
    content_type = request.headers["content-type"]
    async for part in receive(viewer, request.stream(), content_type, stage, bounds):
        if part.name == START_TIME and part.value is not None:
            times.append(part.value)
        elif part.file is None or part.file.name or part.file.size:
            sent.append(Sent(part.name, part.value, part.file))
        # else: a file field of an HTML form that was left empty
    if len(times) > 1:
        raise BadInput({START_TIME: ["This may be given only once."]})
    return sent, times[0] if times and times[0].strip() else None
