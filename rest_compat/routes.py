"""The contract's addresses."""

from collections.abc import Iterable
from functools import partial

from starlette.convertors import PathConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from rest_compat import authn, hal, openapi, output, processes, responses, scripts
from rest_compat.api import Answer, Api, Endpoint, Resource, downloading, signed_in
from rest_compat.links import Links


class FileName(PathConvertor):
    """With folders or without, but never empty: `…/files/` leads to `…/files`."""

    regex = ".+"


register_url_convertor("file", FileName())


class Slashed:
    """An ASGI application: leads to the address without the slash at its end, below the base of
    all links. Starlette would lead to where a proxy asks."""

    def __init__(self, links: Links) -> None:
        self._links = links

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        query = scope["query_string"].decode("latin-1")
        address = self._links.address(scope["path"].rstrip("/"))
        location = f"{address}?{query}" if query else address
        await Response(status_code=307, headers={"Location": location})(scope, receive, send)


def slashed(served: Iterable[BaseRoute], links: Links) -> list[BaseRoute]:
    """The same addresses with a slash at their end."""
    return [Route(f"{each.path}/", Slashed(links)) for each in served if isinstance(each, Route)]


def routes(api: Api) -> list[BaseRoute]:
    """All of them."""
    process = "/api/system/processes/{process_id}"
    resources: dict[str, dict[str, Endpoint]] = {
        "/api/system/processes": {"GET": processes.list_processes},
        process: {"GET": processes.show_process, "DELETE": processes.delete_process},
        f"{process}/output": {"GET": output.show_output},
        f"{process}/files": {"GET": processes.list_files},
        "/api/system/scripts": {"GET": scripts.list_scripts},
        "/api/system/scripts/{name}": {"GET": scripts.show_script},
        "/api/system/scripts/{name}/processes": {"POST": scripts.start_process},
    }

    async def root(_: Request) -> Response:
        return responses.json(hal.root(api.links))

    async def description(_: Request) -> Response:
        return responses.json(openapi.document(), media_type="application/json")

    closed = {
        path: {method: signed_in(api, endpoint) for method, endpoint in endpoints.items()}
        for path, endpoints in resources.items()
    }
    open_to_some: dict[str, dict[str, Answer]] = {
        f"{process}/files/{{name:file}}": {"GET": downloading(api, processes.show_file)},
    }
    public: dict[str, dict[str, Answer]] = {
        "/api": {"GET": root},
        "/api/openapi.json": {"GET": description},
        "/api/authn/login": {"POST": partial(authn.login, api)},
        "/api/authn/logout": {"POST": partial(authn.logout, api)},
        "/api/authn/status": {"GET": partial(authn.status, api)},
    }
    answers = {**public, **closed, **open_to_some}
    return [Route(path, Resource(methods)) for path, methods in answers.items()]
