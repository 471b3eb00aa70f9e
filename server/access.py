"""Which server a command speaks to, and who asks: options, environment, profiles, this folder."""

import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import click

from client.connection import Server
from client.errors import ClientError, NotSignedIn
from client.profiles import Profile, Profiles, read_profiles, token_of
from server.settings import SettingsError, read_settings, read_surroundings
from server.url import is_address, masked

SIGN_IN = (
    "PROCESSION_TOKEN: put your token there, or into the file that --token-file names, or sign in "
    "with `procession login`; on the server's machine `procession token create NAME` makes one"
)
STDIN = Path("-")


@dataclass(frozen=True, slots=True)
class Access:
    """What the options say: the address of the server, the name of a profile, a token's file."""

    url: str | None = None
    profile: str | None = None
    token_file: Path | None = None

    def server(self, patience: float | None = None) -> Server:
        """Raises SettingsError, ClientError, NotSignedIn."""
        profiles = self.profiles()
        url = self.address(profiles)
        token = self._token(profiles, url)
        if not token:
            raise NotSignedIn(SIGN_IN)
        return Server(url, token, patience)

    def profiles(self) -> Profiles:
        """Raises SettingsError."""
        try:
            return read_profiles(read_surroundings().folder)
        except ClientError as error:
            raise SettingsError(str(error)) from None

    def name(self, profiles: Profiles) -> str:
        """Of the profile that is meant, whether there is one or not."""
        return self.profile or read_surroundings().profile or profiles.default

    def address(self, profiles: Profiles) -> str:
        """The option, else the profile that is named, else PROCESSION_SERVER, else the profile that
        is meant; without any, what `procession serve` listens on with the settings of this folder.
        """
        known = profiles.named(self.name(profiles))
        if self.profile and not known and not self.url:
            raise _unknown(self.profile, profiles)
        named = known.server if known and self.profile else None
        url = self.url or named or read_surroundings().server or (known.server if known else "")
        if not url and read_surroundings().profile:
            raise _unknown(read_surroundings().profile, profiles)
        url = url or read_settings().address
        if not is_address(url):
            raise SettingsError(
                f"The server's address {masked(url)!r} should be such as https://HOST or "
                "http://HOST:PORT, without a user and without a path"
            )
        return url

    def kept(self, profiles: Profiles, url: str) -> Profile | None:
        """The profile whose token is good for this server: no other server is sent it."""
        return profiles.at(url, self.name(profiles))

    def _token(self, profiles: Profiles, url: str) -> str:
        if self.token_file:
            return token_in(self.token_file)
        kept = self.kept(profiles, url)
        ours = token_of(kept) if kept else ""
        given = read_surroundings().token
        return ours or given if self.profile else given or ours


@cache  # standard input can be read only once
def token_in(path: Path) -> str:
    """What the file has, `-` being standard input. Raises BadParameter."""
    try:
        content = sys.stdin.buffer.read() if path == STDIN else path.read_bytes()
        return content.decode().strip()
    except OSError as error:
        reason = str(error.strerror)
    except UnicodeDecodeError:
        reason = "it is no text in UTF-8"
    raise click.BadParameter(f"{str(path)!r}: {reason}", param_hint="'--token-file'")


def _unknown(name: str, profiles: Profiles) -> SettingsError:
    known = ", ".join(profiles.known) or "none yet"
    return SettingsError(
        f"There is no profile {name!r} ({known}); `procession login --profile {name} --server URL` "
        "makes it"
    )
