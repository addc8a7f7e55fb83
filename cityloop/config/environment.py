"""What environment variables may say, as values that settings use. Pure: the text comes in, nothing is read here."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from cityloop.core.errors import Refused

SECRET_LENGTH = 32
"""Characters that a secret key needs at least."""
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def origin(text: str) -> str:
    """`https://city.example` as browsers write an origin, or nothing. Refused when it is another kind of address."""
    parts = urlsplit(text.rstrip("/"))
    if text and (parts.scheme != "https" or not parts.hostname or parts.path or parts.query or parts.username):
        raise Refused("setting_wrong", setting="CITYLOOP_ORIGIN", reason=text)
    return f"https://{parts.netloc}" if text else ""


class Provider(BaseModel):
    """A sign-in by OpenID Connect. `claim`: what of a person is the name of the user here."""

    model_config = ConfigDict(extra="forbid")

    id: Annotated[str, Field(pattern=r"^[a-z0-9-]{1,30}$")]
    name: Annotated[str, Field(min_length=1, max_length=40)]
    server_url: str
    client_id: Annotated[str, Field(min_length=1)]
    secret: Annotated[str, Field(min_length=1)]
    claim: Annotated[str, Field(min_length=1)] = "preferred_username"

    @property
    def origin(self) -> str:
        parts = urlsplit(self.server_url)
        return f"{parts.scheme}://{parts.netloc}"


def provider(text: str) -> Provider | None:
    """The provider that CITYLOOP_OIDC describes; None for no text. Refused when it cannot be used."""
    if not text:
        return None
    try:
        found = Provider.model_validate_json(text)
    except ValidationError as error:
        places = ", ".join(".".join(map(str, fault["loc"])) or fault["type"] for fault in error.errors())
        raise Refused("setting_wrong", setting="CITYLOOP_OIDC", reason=places) from error
    parts = urlsplit(found.server_url)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
        raise Refused("setting_wrong", setting="CITYLOOP_OIDC", reason="server_url")
    return found


def apps(found: Provider | None) -> dict[str, Any]:
    """The same for allauth."""
    if found is None:
        return {}
    app = {
        "provider_id": found.id,
        "name": found.name,
        "client_id": found.client_id,
        "secret": found.secret,
        "settings": {"server_url": found.server_url, "oauth_pkce_enabled": True},
    }
    return {"openid_connect": {"APPS": [app]}}


def count(name: str, text: str) -> int:
    """A whole number, zero for no text."""
    if text and not text.isdecimal():
        raise Refused("setting_wrong", setting=name, reason=text)
    return int(text or 0)
