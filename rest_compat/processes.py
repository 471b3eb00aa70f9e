"""The processes endpoints of the contract."""

from collections.abc import AsyncGenerator
from uuid import UUID

import orjson
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from models.process import Process
from models.status import Status
from resolvers import ending, files, given, processes
from resolvers.errors import BadInput
from resolvers.order import Sort, SortKey
from resolvers.query import Filter
from resolvers.viewer import Viewer
from rest_compat import hal, responses
from rest_compat.api import Api, Listing, process_id
from rest_compat.download import download
from rest_compat.paging import link_header, read_page, single
from rest_compat.stream import Stream

SORT_KEYS = {"script": SortKey.SCRIPT, "startTime": SortKey.START_TIME}
STATUSES = {
    legacy: [Status(each) for each, word in hal.LEGACY_STATUS.items() if word == legacy]
    for legacy in dict.fromkeys(hal.LEGACY_STATUS.values())
}
PARAMETER = "parameter."


async def list_processes(api: Api, viewer: Viewer, request: Request) -> Response:
    """Execution List. Equal ones that a viewer waits for at the same time are written once."""
    query = request.query_params
    listing = await api.lists.ask((viewer, str(query)), lambda: _list(api, viewer, query))
    headers = {"Link": listing.link}
    if listing.document is None:
        headers |= {"Content-Type": responses.HAL, **responses.UNKEPT}
        if request.method == "HEAD":
            return StreamingResponse((), headers=headers)
        return Stream(_pieces(api, listing.rows, listing.ends), headers)
    return responses.json(orjson.Fragment(listing.document), headers=headers)


async def _list(api: Api, viewer: Viewer, query: QueryParams) -> Listing:
    page = read_page(query, SORT_KEYS, "-startTime", api.max_page_size)
    wanted = read_filter(query)
    sort = Sort(SORT_KEYS[page.sort], page.descending)
    rows, total = await processes.numbered_page(viewer, wanted, sort, page.size, page.offset)
    link = link_header(api.links.processes(), query, page, total)
    ends = hal.processes(page, total)
    if (await given.look([row.id for row in rows])).size > given.AT_ONCE:
        return Listing(link, None, rows, ends)
    document = b"".join([piece async for piece in _pieces(api, rows, ends)])
    return Listing(link, document, rows, ends)


async def _pieces(
    api: Api, rows: list[Process], ends: tuple[bytes, bytes]
) -> AsyncGenerator[bytes, None]:
    """The document, of which so much is in memory at once as `given` reads. What was deleted
    meanwhile is left out."""
    by_id = {row.id: row for row in rows}
    between, after = ends
    async for some in given.piecewise(by_id):
        shown = (api.shown(by_id[each], parameters) for each, parameters in some.items())
        yield between + b",".join(shown)
        between = b","
    yield after if between == b"," else between + after


async def show_process(api: Api, viewer: Viewer, request: Request) -> Response:
    """Execution Details."""
    row = await processes.process(viewer, process_id(request))
    parameters = (await given.parameters_of([row.id])).get(row.id, [])
    return responses.json(orjson.Fragment(api.shown(row, parameters)))


async def delete_process(api: Api, viewer: Viewer, request: Request) -> Response:
    """Execution Deletion."""
    await ending.delete(viewer, api.app, process_id(request))
    return Response(status_code=204)


async def list_files(api: Api, viewer: Viewer, request: Request) -> Response:
    """Execution File Output List."""
    found = process_id(request)
    rows = await files.files(viewer, found)
    return responses.json(hal.files(found, rows, api.links))


async def show_file(api: Api, viewer: Viewer, request: Request) -> Response:
    """Execution File Output."""
    name = request.path_params["name"]
    stored = await files.file(viewer, api.app, process_id(request), name)
    return await download(request, api.app.store, stored)


def read_filter(query: QueryParams) -> Filter:
    """Raises BadInput, which names each wrong parameter."""
    wrong: dict[str, list[str]] = {}
    user = single(query, "userId", wrong)
    status = single(query, "status", wrong)
    script = single(query, "script", wrong)
    statuses: list[Status] | None = None
    user_id: UUID | None = None
    if status is not None:
        statuses = STATUSES.get(status)
        if statuses is None:
            wrong["status"] = [f"{status!r} is not one of {', '.join(STATUSES)}."]
    if user is not None:
        try:
            user_id = UUID(user)
        except ValueError:
            wrong["userId"] = [f"{user!r} is not a UUID."]
    if wrong:
        raise BadInput(wrong)
    parameters = [
        (name.removeprefix(PARAMETER), value)
        for name, value in query.multi_items()
        if name.startswith(PARAMETER)
    ]
    return Filter(script=script, user_id=user_id, statuses=statuses, parameters=parameters)
