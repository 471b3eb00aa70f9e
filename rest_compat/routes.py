"""The contract's addresses."""

from functools import partial

from starlette.convertors import PathConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from rest_compat import authn, hal, openapi, output, processes, responses, scripts
from rest_compat.api import Answer, Api, Endpoint, Resource, downloading, signed_in


class FileName(PathConvertor):
    """With folders or without, but never empty: `…/files/` leads to `…/files`."""

    regex = ".+"


register_url_convertor("file", FileName())


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
