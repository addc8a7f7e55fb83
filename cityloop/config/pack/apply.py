"""A pack becomes the city of this database. Applying it again writes nothing."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from cityloop.config.pack.compare import Difference, category_ref, plan
from cityloop.config.pack.reading import Pack
from cityloop.config.pack.wanted import Wanted
from cityloop.core.actor import Actor
from cityloop.ground.accounts import structure
from cityloop.ground.places import actions as places
from cityloop.ground.registry import actions as registry
from cityloop.ground.registry import inventory
from cityloop.ground.standards import actions as standards
from cityloop.loop.clocks import actions as clocks


@transaction.atomic
def apply(pack: Pack, *, actor: Actor, at: datetime, dry_run: bool = False) -> Difference:
    """Write what the pack changes, in one transaction, and say what that was; with `dry_run` only say it.

    What is new at the first application is valid from the pack's own beginning, later from the day of `at`.
    Conflict when another city lives here; Refused when the pack asks for what cannot be done (see `compare`).
    """
    actor.require(places.SET_UP)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('cityloop.pack'))")
    day = at.astimezone(ZoneInfo(pack.city.zone)).date()
    wanted = Wanted(pack)
    found = plan(wanted, day)
    if found and not dry_run:
        _write(wanted, found, actor, day)
    return found


def _write(wanted: Wanted, found: Difference, actor: Actor, day: date) -> None:
    """Endings first, then from the city down to what refers to it."""
    file = wanted.pack.file
    begins = file.valid_from if found.first else day
    if found.codes("city", "new", "changed"):
        places.put_city(wanted.city, actor=actor)
    else:  # the same pack again, over what was changed by hand
        places.renew(actor=actor)
    if codes := found.codes("calendars", "new", "changed"):
        clocks.put_calendars([row for row in wanted.calendars if row.code in codes], actor=actor)
    _write_ground(wanted, found, actor, begins)
    if codes := found.codes("organisations", "new", "changed"):
        structure.put_organisations(wanted.organisations, codes, actor=actor, begins=begins)
    if codes := found.codes("posts", "new", "changed"):
        structure.put_posts([row for row in wanted.posts if row.code in codes], actor=actor, begins=begins)
    _write_rules(wanted, found, actor, day)
    if codes := found.codes("layers", "new", "changed"):
        inventory.put_layers([row for row in wanted.layers if row.code in codes], actor=actor)
    if found.duties.ends:
        registry.end_duties(found.duties.ends, actor=actor, day=day)
    if found.duties.moved:
        registry.set_ends(found.duties.moved, actor=actor)
    if found.duties.begins:
        registry.begin_duties(found.duties.begins, scheme=file.category_scheme, actor=actor)
    _end(found, actor, day)


def _write_ground(wanted: Wanted, found: Difference, actor: Actor, begins: date) -> None:
    if codes := found.codes("areas", "new", "changed"):
        places.put_areas(wanted.areas, codes, actor=actor, begins=begins)
    if found.codes("area_classes", "new", "changed", "gone"):
        places.put_area_classes(wanted.area_classes, actor=actor)
    if codes := found.codes("grids", "new"):
        places.put_grids([row for row in wanted.grids if row.code in codes], actor=actor, begins=begins)
    if codes := found.codes("members", "new"):
        places.put_members([row for key, row in wanted.members.items() if key in codes], actor=actor, begins=begins)


def _write_rules(wanted: Wanted, found: Difference, actor: Actor, day: date) -> None:
    file, scheme = wanted.pack.file, wanted.pack.file.category_scheme
    codes = found.codes("categories", "new", "changed")
    for name, tree in wanted.categories.items():
        if touched := {row.code for row in tree if category_ref(name, row.code, scheme) in codes}:
            standards.put_categories(name, tree, touched, actor=actor)
    if codes := found.codes("documents", "new", "changed"):
        standards.put_documents([row for row in wanted.documents if row.code in codes], actor=actor)
    if found.codes("crosswalk", "new", "gone"):
        standards.put_crosswalk(wanted.crosswalk, actor=actor)
    if found.codes("rules", "new"):
        standards.begin_edition(
            file.edition.code,
            wanted.rules,
            scheme=scheme,
            actor=actor,
            begins=file.edition.valid_from or (file.valid_from if found.first else day),
        )


def _end(found: Difference, actor: Actor, day: date) -> None:
    if codes := found.codes("members", "gone"):
        places.end_members([places.Member(*code.split(" ")) for code in codes], actor=actor, day=day)
    for section, end in (
        ("posts", structure.end_posts),
        ("organisations", structure.end_organisations),
        ("grids", places.end_grids),
        ("areas", places.end_areas),
    ):
        if codes := found.codes(section, "gone"):
            end(codes, actor=actor, day=day)
