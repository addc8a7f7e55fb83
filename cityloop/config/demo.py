"""The demo's accounts: one per post, in a database that was empty when `demo` came, and nowhere else."""

from django.db import transaction

from cityloop.config.pack.apply import apply
from cityloop.config.pack.reading import Pack
from cityloop.core import clock
from cityloop.core.actor import SYSTEM
from cityloop.core.errors import Refused
from cityloop.ground.accounts.actions import make_demo_users
from cityloop.ground.accounts.queries import demo_accounts_strayed
from cityloop.ground.places.actions import mark_demo
from cityloop.ground.places.city import find_city
from cityloop.ground.places.models import City

PASSWORD = "cityloop-demo"
"""Of every demo account; it stands on the sign-in page of the demo."""
PRACTICE = 200
"""Practice cases in a demo that is served: a history leaves work for the units alone, and every desk needs some."""


@transaction.atomic
def prepare(pack: Pack) -> int:
    """Apply the pack; where no city was before, or where `demo` was first too, make the accounts. How many."""
    if find_city() is None:
        apply(pack, actor=SYSTEM, at=clock.now())
        mark_demo(actor=SYSTEM)
    elif City.objects.filter(made_by_demo=True).exists():
        apply(pack, actor=SYSTEM, at=clock.now())
    else:
        return 0
    return make_demo_users(PASSWORD, actor=SYSTEM)


def require_none_elsewhere() -> None:
    """Refuse a database that `demo` did not make while demo accounts are in it."""
    if demo_accounts_strayed():
        raise Refused("demo_accounts")
