"""Whether Dust takes a source_url, and how it stores it: the WHATWG URL parser, for http(s)."""

import re
from urllib.parse import quote

URL = re.compile(r"(https?):[/\\]*([^/?#\\]*)([^?#]*)(\?[^#]*)?(#.*)?", re.IGNORECASE | re.DOTALL)
FORBIDDEN_IN_HOST = re.compile(r"[\x00-\x20\x7f#/<>?@\\^|%]")
PORT = re.compile(r"(.*?)(?::(\d*))?", re.DOTALL)
DEFAULT_PORTS = {"http": "80", "https": "443"}
SAFE = "!$%&'()*+,-./:;=@_~[]|^\\"


def standard_url(text):
    """The URL as the parser prints it (href), or None when it is not an http(s) URL.

    A path with an empty segment (//) is refused.
    """
    text = re.sub(r"[\t\n\r]", "", text.strip("".join(map(chr, range(0x21)))))
    match = URL.fullmatch(text)
    if match is None:
        return None
    scheme, authority, path, query, fragment = match.groups()
    scheme = scheme.lower()
    user, at, host = authority.rpartition("@")
    host = standard_host(scheme, host)
    path = standard_path(path.replace("\\", "/"))
    if host is None or "//" in path:
        return None
    query = quote(query or "", SAFE + "?`{}").replace("'", "%27")
    fragment = quote(fragment or "", SAFE + "#?{}")
    return f"{scheme}://{quote(user, SAFE)}{at}{host}{path}{query}{fragment}"


def standard_host(scheme, text):
    """Lower case, punycode, without the default port; None when it is no host."""
    host, port = PORT.fullmatch(text).groups()
    if not host or FORBIDDEN_IN_HOST.search(host) or (port and int(port) > 65535):
        return None
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            return None
    host = host.lower()
    return f"{host}:{int(port)}" if port and port != DEFAULT_PORTS[scheme] else host


def standard_path(path):
    """Percent-encoded, without dot segments, at least a slash."""
    parts = []
    segments = path.split("/")[1:] or [""]
    for number, segment in enumerate(segments):
        plain = segment.lower().replace("%2e", ".")
        last = number == len(segments) - 1
        if plain == "..":
            del parts[-1:]
        if plain in (".", ".."):
            parts.extend([""] if last else [])
        else:
            parts.append(quote(segment, SAFE))
    return "/" + "/".join(parts)
