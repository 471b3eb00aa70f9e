"""The GraphQL endpoint: queries and mutations over HTTP, subscriptions over `graphql-transport-ws`,
`multipart/mixed` and server-sent events.
"""

from collections.abc import AsyncGenerator, Callable, Hashable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from json import JSONDecodeError
from math import ceil
from types import MappingProxyType
from typing import Any, cast
from uuid import UUID

import orjson
from cross_web import HTTPException, StarletteRequestAdapter
from strawberry.asgi import GraphQL
from strawberry.exceptions import ConnectionRejectionError
from strawberry.file_uploads.utils import replace_placeholders_with_files
from strawberry.http import GraphQLRequestData
from strawberry.http.streaming import SSETransport
from strawberry.http.types import QueryParams
from strawberry.subscriptions import GRAPHQL_TRANSPORT_WS_PROTOCOL
from strawberry.types import ExecutionResult
from strawberry.types.unset import UnsetType

from resolvers.application import Application
from resolvers.coalescer import Coalescer
from resolvers.departure import Departed, while_there
from resolvers.errors import (
    BadInput,
    Forbidden,
    NoRoom,
    NotSignedIn,
    ProcessionError,
    TooLarge,
    TooManyRequests,
    Unavailable,
)
from resolvers.preferences import preferred
from resolvers.uploads import Bounds, admit, receive
from resolvers.users import Met
from schema.context import Context
from schema.errors import document, outage
from schema.schema import ProcessionSchema
from schema.socket import Socket, Wire

Respond = Callable[[AsyncGenerator[str, None], Mapping[str, str]], Any]

SSE = "graphql-sse"
PROTOCOLS = (GRAPHQL_TRANSPORT_WS_PROTOCOL, SSE, "multipart-subscription")
EVENTS = "text/event-stream"
DOCUMENTS = ("application/json", "application/graphql-response+json", "application/*", "*/*")
PATIENCE = timedelta(seconds=10)  # for the first message on a WebSocket
LARGEST_COMPARED = 16 << 10  # characters and bytes of a query with its variables
STATUSES: dict[type[ProcessionError], int] = {  # of what is refused outside of a document
    BadInput: 400,
    NotSignedIn: 401,
    Forbidden: 403,
    TooLarge: 413,
    TooManyRequests: 429,
    NoRoom: 507,
    Unavailable: 503,
}
MUTATION_BY_GET = "mutations are not allowed when using GET"
HINTS = {
    "subscriptions are not allowed when using POST": (
        "Subscribe over a WebSocket (graphql-transport-ws), or with Accept: text/event-stream."
    ),
    "Unable to parse request body as JSON": "Send a JSON object, in UTF-8.",
    "Unsupported content type": "Send application/json or multipart/form-data.",
    MUTATION_BY_GET: "Send a mutation by POST.",
}
MISTAKES = {"Unsupported content type": 415, MUTATION_BY_GET: 405}  # for which Strawberry says 400


class Asked(StarletteRequestAdapter):
    """A request. Capital letters make no other content type (RFC 9110, section 8.3.1)."""

    @property
    def content_type(self) -> str | None:
        return (super().content_type or "").lower()


class Events(SSETransport):
    """Server-sent events where they are wanted most: some clients list them for each operation,
    behind the document that they would rather have."""

    def accepts(self, accept: str) -> bool:
        return preferred([accept], (EVENTS, *DOCUMENTS)) == EVENTS


class Endpoint(GraphQL[Context, None]):
    """`file_url` gives the address of an output file by its process and name.

    `respond` makes the answer that streams, of its chunks and headers, and closes the chunks. Pages
    of `origins` may open WebSockets as our own may.
    """

    graphql_transport_ws_handler_class = Socket
    websocket_adapter_class = Wire
    request_adapter_class = Asked
    stream_transport_classes_by_protocol = MappingProxyType(
        {**GraphQL.stream_transport_classes_by_protocol, SSE: Events}
    )

    def __init__(
        self,
        schema: ProcessionSchema,
        app: Application,
        file_url: Callable[[UUID, str], str],
        respond: Respond,
        max_page_size: int,
        origins: Sequence[str] = (),
    ) -> None:
        super().__init__(
            schema,
            graphql_ide=None,
            subscription_protocols=PROTOCOLS,
            connection_init_wait_timeout=PATIENCE,
            multipart_uploads_enabled=True,
            allowed_origins=origins,
        )
        self._app = app
        self._file_url = file_url
        self._respond = respond
        self._max_page_size = max_page_size
        self._users = Met()
        self._coalescer: Coalescer[Hashable, ExecutionResult] = Coalescer()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Neither Strawberry nor Starlette closes what it streams when the client leaves."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            if "procession" in scope:
                await scope["procession"].streams.aclose()

    async def get_context(self, request: Any, response: Any) -> Context:
        """Who asks over HTTP must have signed in; on a WebSocket `connection_init` says who."""
        context = Context(self._app, self._file_url, self._max_page_size, self._users)
        context.authorization = request.headers.get("authorization")
        context.address = request.client.host if request.client else ""
        if not self.is_websocket_request(request):
            token = bearer(context.authorization)
            context.signed_in = await self._app.door.sign_in(token, context.address)
        request.scope["procession"] = context
        return context

    async def execute_single(self, *args: Any, **options: Any) -> ExecutionResult:
        """Equal queries that a viewer waits for at the same time are executed once."""
        execute = partial(self._execute, *args, **options)
        key = question(options["request_data"])
        if key is None:
            return await execute()
        asked = (options["context"].signed_in, options["request_adapter"].method, *key)
        receive = options["request_adapter"]._request.receive
        try:
            return await while_there(receive, self._coalescer.ask(asked, execute))
        except Departed as error:
            raise HTTPException(499, str(error)) from None

    async def _execute(self, *args: Any, **options: Any) -> ExecutionResult:
        result = await super().execute_single(*args, **options)
        result.data = cast("Any", orjson.Fragment(orjson.dumps(result.data)))  # written only once
        return result

    async def execute_operation(self, *args: Any, **options: Any) -> Any:
        """What is streamed is executed while it is sent: until then its uploads have to stay."""
        result = await super().execute_operation(*args, **options)
        if isinstance(result, AsyncGenerator):
            context: Context = options["context"]
            context.streams.push_async_exit(context.uploads.pop_all())
            context.streams.push_async_callback(result.aclose)
        return result

    def create_response(self, response_data: Any, sub_response: Any) -> Any:
        """Nobody is to keep it: the next one may be another, or for somebody else."""
        response = super().create_response(response_data, sub_response)
        response.headers["Cache-Control"] = "no-store"
        return response

    async def create_streaming_response(
        self, request: Any, stream: Any, sub_response: Any, headers: Mapping[str, str]
    ) -> Any:
        return self._respond(stream(), {**sub_response.headers, **headers})

    async def on_ws_connect(self, context: Context) -> UnsetType | dict[str, object] | None:
        given = context.connection_params or {}
        authorization = next((v for k, v in given.items() if k.lower() == "authorization"), None)
        try:
            token = bearer(context.authorization if authorization is None else authorization)
            context.signed_in = await self._app.door.sign_in(token, context.address)
        except NotSignedIn as error:
            raise ConnectionRejectionError from error
        return await super().on_ws_connect(context)

    async def run(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        """Errors outside of a document are answered in GraphQL's form too."""
        if self.is_websocket_request(request):
            return await super().run(request, *args, **kwargs)
        try:
            return await super().run(request, *args, **kwargs)
        except tuple(STATUSES) as error:
            return await self._refuse(request, STATUSES[type(error)], error)
        except HTTPException as error:
            return await self._tell(request, error)
        except Exception as error:
            if (away := outage(error)) is None:
                raise
            return await self._refuse(request, STATUSES[Unavailable], away)
        finally:
            context = request.scope.get("procession")
            if context is not None:
                await context.uploads.aclose()

    async def parse_http_body(self, request: Any) -> Any:
        """Strawberry checks all but one of the fields."""
        asked = await super().parse_http_body(request)
        if isinstance(asked, GraphQLRequestData):
            name: object = asked.operation_name
            if not isinstance(name, str | None):
                raise BadInput({"operationName": ["This must be a string or null."]})
        return asked

    def parse_query_params(self, params: QueryParams) -> dict[str, Any]:
        """An empty parameter is none, as the specification of GraphQL over HTTP has it."""
        return super().parse_query_params({name: params[name] for name in params if params[name]})

    async def parse_multipart(self, request: Any) -> dict[str, str]:
        """The GraphQL multipart request: `operations`, then `map`, then the files, streamed."""
        plain = request._request  # the adapter itself reads a form only as a whole
        context: Context = plain.scope["procession"]
        await admit(context.viewer, None)
        stage = await context.uploads.enter_async_context(self._app.store.stage())
        values: dict[str, Any] = {}
        files: dict[str, Any] = {}
        content_type, bounds = plain.headers["content-type"], Bounds.of(self._app)
        async for part in receive(context.viewer, plain.stream(), content_type, stage, bounds):
            if part.file is not None:
                files[part.name] = part.file
            elif part.name in ("operations", "map"):
                values[part.name] = _object(part.name, part.value or "")
        missing = [name for name in ("operations", "map") if name not in values]
        if missing:
            raise BadInput({name: ["This part is missing."] for name in missing})
        try:
            return replace_placeholders_with_files(values["operations"], values["map"], files)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError):
            raise BadInput({"map": ["This does not fit `operations` and the files."]}) from None
        except RecursionError:
            raise BadInput({"operations": ["This is nested too deeply."]}) from None

    def decode_json(self, data: str | bytes) -> object:
        """An object. Stricter than the standard library: a lone surrogate is no text."""
        value = orjson.loads(data)
        if not isinstance(value, dict):
            raise JSONDecodeError("This is not an object", "", 0)
        return value

    def encode_json(self, data: object) -> str:
        return orjson.dumps(data).decode()

    async def _tell(self, request: Any, error: HTTPException) -> Any:
        """What Strawberry has against the form of a request."""
        status = MISTAKES.get(error.reason, error.status_code)
        words = HINTS.get(error.reason, error.reason)
        answer = await self._refuse(request, status, BadInput({"body": [words]}))
        if status == 405:
            answer.headers["Allow"] = "POST" if error.reason == MUTATION_BY_GET else "GET, POST"
        return answer

    async def _refuse(self, request: Any, status: int, error: ProcessionError) -> Any:
        answer = await self.get_sub_response(request)
        answer.status_code = status
        if status == 401:
            answer.headers["WWW-Authenticate"] = "Bearer"
        if isinstance(error, TooManyRequests):
            answer.headers["Retry-After"] = str(ceil(error.retry_after))
        return self.create_response(cast("Any", document(error)), answer)


def question(asked: GraphQLRequestData) -> tuple[str, str | None, bytes] | None:
    """What is asked, if it surely is a plain query: a document without the word has no mutation.

    Large questions are not compared: that would cost more than it gains.
    """
    if not asked.query or "mutation" in asked.query:
        return None
    try:
        variables = orjson.dumps(asked.variables)
    except TypeError:  # an upload
        return None
    if len(asked.query) + len(variables) > LARGEST_COMPARED:
        return None
    return asked.query, asked.operation_name, variables


def bearer(authorization: object) -> str | None:
    """The token of an Authorization value (RFC 6750)."""
    scheme, _, token = str(authorization or "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _object(name: str, text: str) -> dict[str, Any]:
    try:
        value = orjson.loads(text)
    except JSONDecodeError:
        raise BadInput({name: ["This is not JSON."]}) from None
    if not isinstance(value, dict):
        raise BadInput({name: ["This must be an object."]})
    return value
