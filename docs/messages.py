"""Translations without gettext: `python -m docs.messages update | compile | check`.

Two catalogues of Chinese (the msgids are English): `django` for our own texts, written `_("...")` or `N_("...")`
in Python and `{% translate %}` in templates; `messages` for the headings of the command line, which its libraries
look up themselves (`COMMAND_LINE`). The .po files carry no line numbers and no dates, so that they change only
when a text does.
"""

import ast
import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "cityloop"
FOLDER = PACKAGE / "locale" / "zh_Hans" / "LC_MESSAGES"
LOCALE = "zh_Hans"
MARKERS = {"_", "N_"}
HEADER = "# Chinese texts of cityloop. `make messages` adds and drops msgids; the msgstr are written by hand."

COMMAND_LINE = (
    # all that typer 0.29 looks up; what the click inside it says ("Usage:", "Missing option") it never translates
    "Arguments",
    "Options",
    "Commands",
    "Error",
    "Aborted.",
    "Aborted!",
    "required",
    "[required]",
    "default: {default}",
    "[default: {}]",
    "env var: {var}",
    "[env var: {}]",
    "(dynamic)",
    "(deprecated) ",
    "Try [blue]'{command_path} {help_option}'[/] for help.",
    "Missing command.",
    "No such command {name!r}.",
)


def extracted() -> Catalog:
    """Every text marked in the package, with the files it stands in."""
    catalog = _empty()
    for path in sorted(PACKAGE.rglob("*.py")):
        for message in _in_python(path.read_text(encoding="utf-8")):
            _add(catalog, message, path)
    for path in sorted(PACKAGE.rglob("templates/**/*.html")):
        for found in _in_template(path.read_text(encoding="utf-8")):
            _add(catalog, found, path)
    return catalog


def _empty() -> Catalog:
    return Catalog(locale=LOCALE, fuzzy=False, header_comment=HEADER)


def _add(catalog: Catalog, message: str | tuple[str, str], path: Path) -> None:
    catalog.add(message, locations=[(path.relative_to(ROOT).as_posix(), None)])  # type: ignore[list-item]


def _in_python(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        text = node.args[0]
        if name in MARKERS and isinstance(text, ast.Constant) and isinstance(text.value, str):
            yield text.value


def _in_template(source: str) -> Iterator[str | tuple[str, str]]:
    """Django turns a template into Python-like text of gettext calls; those are ours to read."""
    from django.conf import settings

    if not settings.configured:
        settings.configure()
    from django.utils.translation.template import templatize

    for call in re.findall(r"\b(n?gettext)\((.*?)\)\s", templatize(source) + " ", re.DOTALL):
        texts = [ast.literal_eval(text) for text in re.findall(r"u?('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")", call[1])]
        if texts:
            yield (texts[0], texts[1]) if call[0] == "ngettext" else texts[0]


def _command_line() -> Catalog:
    catalog = _empty()
    for message in COMMAND_LINE:
        catalog.add(message)
    return catalog


SOURCES = {"django": extracted, "messages": _command_line}


def read_catalogue(domain: str) -> Catalog:
    path = FOLDER / f"{domain}.po"
    if not path.exists():
        return _empty()
    with path.open("rb") as file:
        return read_po(file, locale=LOCALE, domain=domain)


def updated(domain: str) -> Catalog:
    """The catalogue as it should stand: the texts of today with the translations there are."""
    known, catalog = read_catalogue(domain), SOURCES[domain]()
    for message in catalog:
        before = known.get(message.id) if message.id else None
        if before is not None:
            message.string, message.flags = before.string, set(before.flags) | (message.flags - {"fuzzy"})
    return catalog


def rendered(catalog: Catalog) -> bytes:
    buffer = io.BytesIO()
    write_po(buffer, catalog, width=100, sort_output=True, ignore_obsolete=True, include_lineno=False)
    text = buffer.getvalue().decode()
    dated = r'^"(POT-Creation-Date|PO-Revision-Date|Last-Translator|Language-Team|Report-Msgid-Bugs-To|Generated-By'
    return re.sub(dated + r"|Project-Id-Version): .*\n", "", text, flags=re.MULTILINE).encode()


def _untranslated(catalog: Catalog) -> Iterator[Message]:
    for message in catalog:
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        if message.id and (message.fuzzy or not all(strings)):
            yield message


def _broken(catalog: Catalog) -> Iterator[Message]:
    """Translations that lost or invented a placeholder."""
    for message in catalog:
        if isinstance(message.id, str) and message.id and message.string:
            holes = [sorted(re.findall(r"%\(\w+\)[a-z]|\{[^}]*\}", str(text))) for text in (message.id, message.string)]
            if holes[0] != holes[1]:
                yield message


def update() -> int:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for domain in SOURCES:
        catalog = updated(domain)
        (FOLDER / f"{domain}.po").write_bytes(rendered(catalog))
        print(f"{domain}: {len(catalog)} texts, {sum(1 for _ in _untranslated(catalog))} without translation")
    return 0


def compile_() -> int:
    for domain in SOURCES:
        with (FOLDER / f"{domain}.mo").open("wb") as file:
            write_mo(file, read_catalogue(domain))
    return 0


def check() -> int:
    """1, with the list, where a catalogue is out of date or a translation is missing, fuzzy or broken."""
    wrong = []
    for domain in SOURCES:
        path, catalog = FOLDER / f"{domain}.po", updated(domain)
        if not path.exists() or path.read_bytes() != rendered(catalog):
            wrong.append(f"{path.relative_to(ROOT)} is out of date: run `make messages`")
        wrong += [f"{domain}: not translated: {message.id}" for message in _untranslated(catalog)]
        wrong += [f"{domain}: placeholders differ: {message.id}" for message in _broken(catalog)]
    print("\n".join(wrong) or "translations are complete")
    return 1 if wrong else 0


if __name__ == "__main__":
    VERBS = {"update": update, "compile": compile_, "check": check}
    if len(sys.argv) != 2 or sys.argv[1] not in VERBS:
        sys.exit(__doc__)
    sys.exit(VERBS[sys.argv[1]]())
