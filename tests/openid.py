"""OpenID providers on this machine: a real one, and one that lies as it is told to."""

import contextlib
import json
import os
import re
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlencode, urljoin

import httpx
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from tests.browser import FOLDER, browser_command
from tests.installation import NOBODY, PATIENCE, Installation, User
from tests.postgres import free_port

SECRET = "a secret: 100% of /the+client"
AUDIENCE = "urn:procession"


def new_key(kid: str = "one") -> RSAKey:
    return RSAKey.generate_key(2048, {"alg": "RS256", "use": "sig", "kid": kid})


def published(key: RSAKey | ECKey, *, private: bool = False) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=private)]}


@dataclass
class Provider:
    """The program in `tests/browser/provider.mjs`; `key` is the one that it signs with."""

    port: int
    key: RSAKey
    program: subprocess.Popen[str] | None = None

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @classmethod
    @contextlib.contextmanager
    def running(cls) -> Iterator["Provider"]:
        with free_port() as port:
            it = cls(port, new_key())
            it.start()
            try:
                yield it
            finally:
                it.end()

    def start(self) -> None:
        """At the same address as before, if it was started before."""
        command, _ = browser_command()
        keys = json.dumps(published(self.key, private=True))
        self.program = subprocess.Popen(
            [*command, "provider.mjs"],
            cwd=FOLDER,
            env={**os.environ, "PORT": str(self.port), "KEYS": keys},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.program.stdout
        greeting = next(line for line in self.program.stdout if line.startswith("http"))
        assert greeting.strip() == self.issuer

    def end(self) -> None:
        if self.program is not None:
            self.program.communicate()
            self.program = None

    def change_key(self, key: RSAKey) -> None:
        self.end()
        self.key = key
        self.start()

    def put_into(self, name: str, *groups: str) -> None:
        """From now on somebody is in these groups, and no others."""
        httpx.put(f"{self.issuer}/groups/{name}", json=groups, trust_env=False)

    def settings(self, **others: str) -> dict[str, str]:
        return {
            "PROCESSION_OPENID_ISSUER": self.issuer,
            "PROCESSION_OPENID_CLIENT_ID": "web",
            "PROCESSION_OPENID_CLIENT_SECRET": SECRET,
            "PROCESSION_OPENID_AUDIENCE": AUDIENCE,
            **others,
        }

    def program_token(self, scope: str) -> str:
        """A JWT of a program, by its own credentials."""
        form = {"grant_type": "client_credentials", "resource": AUDIENCE, "scope": scope}
        answer = httpx.post(
            f"{self.issuer}/token",
            data={**form, "client_id": "program", "client_secret": SECRET},
            trust_env=False,
        )
        return str(answer.json()["access_token"])

    def jwt(self, header: Mapping[str, Any] | None = None, **claims: Any) -> str:
        """One that it might have signed; a claim that is None is left out."""
        return signed(self.key, self.issuer, header, **{"aud": AUDIENCE, **claims})


def signed(
    key: RSAKey | ECKey, issuer: str, header: Mapping[str, Any] | None = None, **claims: Any
) -> str:
    now = int(time.time())
    whole = {"iss": issuer, "sub": "somebody", "iat": now, "exp": now + 600, **claims}
    head = {"alg": "RS256", "kid": key.kid, **(header or {})}
    return jwt.encode(without_none(head), without_none(whole), key)


def without_none(content: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in content.items() if value is not None}


def as_bearer(token: str) -> User:
    return User("", "", token)


def bearing(it: Installation, token: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {token}".encode()}
    return it.get(NOBODY, "/api/system/processes", headers=headers)


class Browser(httpx.Client):
    """Keeps cookies and follows links, at Procession and at the provider."""

    def __init__(self, url: str) -> None:
        super().__init__(base_url=url, trust_env=False, timeout=PATIENCE)

    def walk(self, address: str) -> httpx.Response:
        """Follows redirects from an address to what is none."""
        answer = self.get(address)
        while answer.is_redirect:
            answer = self.get(urljoin(str(answer.url), answer.headers["location"]))
        return answer

    def sign_in(self, name: str, page: str | None = None) -> httpx.Response:
        """By the provider, as somebody, who it asks for where it does not know them yet; from one
        of our pages."""
        asked = f"?{urlencode({'page': page})}" if page else ""
        answer = self.walk(f"/session/openid{asked}")
        while "/interaction/" in str(answer.url):
            [prompt] = re.findall(r'name="prompt" value="(\w+)"', answer.text)
            form = {"prompt": prompt, "login": name, "password": "any"}
            sent = self.post(answer.url, data=form)
            answer = self.walk(urljoin(str(answer.url), sent.headers["location"]))
        return answer

    def refuse(self) -> None:
        """Goes to the provider, and does not want to be signed in there."""
        answer = self.walk("/session/openid")
        self.walk(f"{answer.url}/abort")

    @property
    def session(self) -> Any:
        return self.get("/session").json()


@dataclass
class Liar:
    """A provider that answers as a test says: `answers` by path, each a status and a body."""

    key: RSAKey = field(default_factory=new_key)
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    issuer: str = ""

    @classmethod
    @contextlib.contextmanager
    def running(cls) -> Iterator["Liar"]:
        it = cls()

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                self.rfile.read(int(self.headers.get("content-length", 0)))
                status, body = it.answers.get(self.path, (404, b""))
                self.send_response(status)
                self.send_header("Location", f"{it.issuer}/elsewhere")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                with contextlib.suppress(OSError):
                    self.wfile.write(body)

            do_GET = do_POST = answer  # noqa: N815

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            it.issuer = f"http://127.0.0.1:{server.server_port}"
            it.say("/keys", published(it.key))
            it.say("/.well-known/openid-configuration", it.description)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield it
            server.shutdown()

    @property
    def description(self) -> dict[str, object]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/page?tenant=1",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "authorization_response_iss_parameter_supported": True,
        }

    def say(self, path: str, content: object, status: int = 200) -> None:
        self.answers[path] = status, json.dumps(content).encode()
