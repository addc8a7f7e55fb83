"""Any answer as a plain page of HTML5: what the JSON says, with links that can be followed."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString


def page(title: str, body: Mapping[str, Any], language: str) -> str:
    return format_html(
        '<!DOCTYPE html>\n<html lang="{}"><head><meta charset="utf-8"><title>{}</title></head>'
        "<body><h1>{}</h1>{}</body></html>\n",
        language,
        title,
        title,
        _told(body),
    )


def _told(value: Any) -> SafeString | str:
    if isinstance(value, Mapping):
        if isinstance(value.get("href"), str):
            return _link(value)
        return format_html(
            "<dl>{}</dl>",
            format_html_join("", "<dt>{}</dt><dd>{}</dd>", ((name, _told(item)) for name, item in value.items())),
        )
    if isinstance(value, Sequence) and not isinstance(value, str):
        if all(isinstance(item, (int, float)) for item in value):
            return ", ".join(map(str, value))
        return format_html("<ul>{}</ul>", format_html_join("", "<li>{}</li>", ((_told(item),) for item in value)))
    if isinstance(value, str) and value.startswith(("http://", "https://")):
        return format_html('<a href="{0}">{0}</a>', value)
    return conditional_escape("" if value is None else value)


def _link(link: Mapping[str, Any]) -> SafeString:
    said = " · ".join(str(link[name]) for name in ("rel", "title", "type") if name in link)
    return format_html('<a href="{}">{}</a>', link["href"], said)
