"""Who sends, without knowing who it is; and the secret by which a sender follows a report."""

import hmac
from base64 import b32encode
from hashlib import scrypt
from ipaddress import ip_address, ip_network
from uuid import UUID

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from cityloop.core import clock

_LENGTH = 8
"""Characters of a secret, five bits each."""
_COST = {"n": 2**12, "r": 8, "p": 1, "dklen": 32}
"""About 10 ms and 4 MB: little for who knows the secret, much for who tries them all."""
NOBODY = UUID(int=0)


def sender_of(request: HttpRequest) -> str:
    """32 digits that are the same for an address all day and tell nothing of it. Of an IPv6 address the network
    counts: whoever has one address of it has all.
    """
    try:
        text = str(get_adapter(request).get_client_ip(request)).strip()
        address = ip_address(text.partition("%")[0])
        if address.version == 6:
            text = str(address.ipv4_mapped or ip_network((address, 64), strict=False))
    except (PermissionDenied, ValueError):  # a socket has no address: all that comes through it is one sender
        text = ""
    day = clock.now().date().isoformat()
    return salted_hmac("cityloop.participation.sender", f"{day} {text}", algorithm="sha256").hexdigest()[:32]


def secret_of(key: UUID) -> str:
    """The secret of a form: always the same for its key, so that a form sent twice gets one answer."""
    digest = salted_hmac("cityloop.participation.secret", key.hex, algorithm="sha256").digest()
    return b32encode(digest).decode()[:_LENGTH]


def digest_of(secret: str, key: UUID) -> bytes:
    """What is kept of a secret."""
    return scrypt(secret.encode(), salt=key.bytes, **_COST)


def fits(secret: str, key: UUID | None, kept: bytes | None) -> bool:
    """Whether this is the secret; takes as long where there is nothing to compare with."""
    told = digest_of(secret.strip().upper().replace("-", "").replace(" ", "")[:100], key or NOBODY)
    return hmac.compare_digest(told, kept or b"\0" * 32) and kept is not None
