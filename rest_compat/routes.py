"""The contract's addresses."""

from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from rest_compat import authn, hal, openapi, output, processes, responses, scripts
from rest_compat.api import Answer, Api, Endpoint, Resource, signed_in


def routes(api: Api) -> list[BaseRoute]:
    """All of them."""
    process = "/api/system/processes/{process_id}"
    resources: dict[str, dict[str, Endpoint]] = {
        "/api/system/processes": {"GET": processes.list_processes},
        process: {"GET": processes.show_process, "DELETE": processes.delete_process},
        f"{process}/output": {"GET": output.show_output},
        f"{process}/files": {"GET": processes.list_files},
        f"{process}/files/{{name:path}}": {"GET": processes.show_file},
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
    public: dict[str, dict[str, Answer]] = {
        "/api": {"GET": root},
        "/api/openapi.json": {"GET": description},
        "/api/authn/login": {"POST": partial(authn.login, api)},
        "/api/authn/logout": {"POST": partial(authn.logout, api)},
        "/api/authn/status": {"GET": partial(authn.status, api)},
    }
    return [Route(path, Resource(answers)) for path, answers in {**public, **closed}.items()]
