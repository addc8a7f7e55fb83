"""One family of errors: an enumerated code, typed facts, a text that `core.texts` translates at the edge."""

from cityloop.core.texts import N_, _

TEXTS: dict[str, str] = {
    "permission_missing": N_("No post of yours allows this: %(permission)s."),
    "not_signed_in": N_("Sign in first: send a token as 'Authorization: Bearer …'."),
    "case_unknown": N_("There is no case %(number)s."),
    "step_unknown": N_("There is no step called %(step)s."),
    "state_wrong": N_("%(step)s is not possible while the case is %(state)s."),
    "fact_missing": N_("%(step)s needs %(fact)s."),
    "fact_wrong": N_("%(fact)s cannot be %(value)s."),
    "case_moved": N_("Somebody moved this case first: it is now %(state)s (entry %(seq)s)."),
    "time_before_last": N_("%(step)s cannot happen at %(at)s: the step before it was at %(last)s."),
    "dispatch_ruled": N_("This dispatch was ruled: it cannot be returned again."),
    "category_unknown": N_("There is no category %(category)s in the rule book in force."),
    "organisation_unknown": N_("There is no organisation %(organisation)s."),
    "channel_unknown": N_("There is no channel %(channel)s in this city's pack."),
    "nobody_answers": N_("The ledger names nobody for this case."),
    "city_missing": N_("No city has been set up here yet: apply a pack first."),
    "city_other": N_(
        "This database holds %(present)s; it cannot take %(other)s: one deployment is one city."
    ),
    "clock_before_known": N_(
        "The city already knows its history until %(known)s; its clock cannot be set to %(at)s."
    ),
    "replay_running": N_("Another replay is running on this database."),
    "period_unreadable": N_("%(period)s is no period: write 2015, 2015-06, 2015-Q2 or 2015-06-30."),
    "instant_unreadable": N_("%(text)s is no instant: write 2015-10-30T08:00."),
    "file_missing": N_("There is no file %(path)s."),
    "file_unreadable": N_("%(path)s cannot be read: %(reason)s"),
    "post_unknown": N_("There is no post %(post)s."),
    "both_databases": N_("Name one database: either --data-dir or DATABASE_URL, not both."),
    "database_unfit": N_("This database cannot be used: %(reason)s"),
}


class CityloopError(Exception):
    """A refusal or failure that a person will read. `code` is one of TEXTS; `facts` fill its text."""

    status = 422

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code, facts)
        self.code = code
        self.facts = facts

    def __str__(self) -> str:
        return _(TEXTS[self.code]) % self.facts


class Denied(CityloopError):
    """The actor may not do this."""

    status = 403


class Unknown(CityloopError):
    """What was named does not exist, or not for this actor."""

    status = 404


class Conflict(CityloopError):
    """Right in itself, but the world has moved on."""

    status = 409


class Refused(CityloopError):
    """A rule forbids it; the text says which fact or state is missing."""
