"""How a server is reached: its address, and the key that it may want."""

from __future__ import annotations

import os
import re
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

DEFAULT_KEY_VARIABLE = "OPENAI_API_KEY"
NO_KEY = "none"  # what servers without keys are sent

_VISIBLE = re.compile(r"[!-~]+")


class KeyMissingError(Exception):
    """An API key that is not in the environment, or none that can be sent; one line without the key."""


def _server_address(url: str) -> str:
    if not _VISIBLE.fullmatch(url) or not _names_a_server(url):
        raise ValueError("must be the address of a server, such as http://127.0.0.1:8000/v1")
    if "@" in urlsplit(url).netloc:
        raise ValueError("holds a user or password, which results would show; keys come from the environment")
    return url


def _names_a_server(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port or an IPv6 address that is none
        return False


Url = Annotated[str, AfterValidator(_server_address)]
KeyVariable = Annotated[str, Field(pattern=r"^[A-Za-z_]\w*$")]


def api_key(named: str | None, where: str) -> str:
    """The API key, from the environment; a placeholder for servers that need none.

    Args:
        named: the variable that the configuration names; None: the usual one, where it is set.
        where: the configuration's key that names it.

    Raises:
        KeyMissingError: a variable named in the configuration that is not set, or holds no key.
    """
    variable = named or DEFAULT_KEY_VARIABLE
    key = os.environ.get(variable, "").strip()
    if not key and named:
        raise KeyMissingError(f"{where}: the environment variable {variable} is not set")
    if not (key.isascii() and key.isprintable()):
        raise KeyMissingError(f"the environment variable {variable} holds no API key: not one line of plain text")
    return key or NO_KEY
