"""One family of errors: an enumerated code, typed facts, a text that `core.texts` translates at the edge."""

from cityloop.core.texts import N_, _

TEXTS: dict[str, str] = {
    "area_too_large_here": N_(
        "The area %(area)s has %(cells)s unit grids; here beats are designed for up to %(most)s: choose a part of it,"
        " or use `cityloop grids design`."
    ),
    "area_without_grids": N_("There are no unit grids in the area %(area)s."),
    "practice_each": N_("%(each)s is neither a layer with things that are wished for nor a level of areas."),
    "plant_unknown": N_("There is no duty %(duty)s in the ledger that could be planted with something."),
    "practice_bare": N_(
        "This city was made up from %(pack)s: apply the made pack; this one would end all that was made."
    ),
    "practice_none": N_("The pack %(pack)s has no section practice: it wishes for nothing that could be made up."),
    "practice_few_grids": N_("%(found)s unit grids were cut, but %(wanted)s are wished: let more be built up."),
    "practice_no_outline": N_("%(area)s has no outline: name a boundary file, or carve it out of others."),
    "practice_beats": N_("%(wanted)s responsibility grids cannot be made: at least %(least)s, at most %(most)s."),
    "permission_missing": N_("No post of yours allows this: %(permission)s."),
    "step_denied": N_("%(step)s is for these roles: %(roles)s."),
    "step_elsewhere": N_("%(step)s: your posts do not reach the area or the unit of this case."),
    "not_signed_in": N_("Sign in first: send a token as 'Authorization: Bearer …'."),
    "view_ended": N_("What this page may look at has run out: load it again."),
    "tile_token_wrong": N_("This tile needs a token, or yours has run out: ask for one at /api/tiles/token."),
    "csrf_missing": N_("This page is no longer signed: load it again, then repeat what you did."),
    "second_factor_missing": N_("Your post asks for a second factor: set one up first."),
    "secret_missing": N_(
        "CITYLOOP_SECRET_KEY is missing or shorter than %(length)s characters: sessions are signed with it."
    ),
    "setting_wrong": N_("%(setting)s cannot be used: %(reason)s"),
    "not_a_user": N_("Only a person who has signed in can do this."),
    "user_unknown": N_("There is no user %(user)s."),
    "password_weak": N_("This password cannot be used: %(reason)s"),
    "demo_elsewhere": N_("Demo accounts may exist only in a database that `cityloop demo` made itself."),
    "demo_accounts": N_(
        "Demo accounts exist in this database, which `cityloop demo` did not make; their password is known to "
        "everybody, so it is not served."
    ),
    "demo_password_fixed": N_("The password of demo account %(user)s is shown to everybody and stays as it is."),
    "filter_unknown": N_("There is no saved filter %(filter)s of yours."),
    "filters_full": N_("You keep %(most)s filters already; drop one first."),
    "sign_in_locked": N_("Too many failed sign-ins. Try again in %(minutes)s min."),
    "photo_unknown": N_("There is no photo %(photo)s any more: send it again."),
    "photo_not_image": N_("This file is no photo: send a JPEG, PNG, WebP or HEIC."),
    "photo_too_large": N_("This photo is too large: at most %(megabytes)s MB."),
    "photo_too_many_pixels": N_("This photo has too many pixels: at most %(megapixels)s million."),
    "photo_broken": N_("This photo is damaged or incomplete: send it again, or take another."),
    "public_closed": N_("This city does not take reports here."),
    "follow_unknown": N_("There is no report with this number and secret."),
    "too_many": N_("That was too much at once. Try again in %(minutes)s min."),
    "submission_unknown": N_("There is no submission %(submission)s."),
    "submission_decided": N_("Submission %(number)s has been decided already."),
    "case_unknown": N_("There is no case %(number)s."),
    "report_unknown": N_("There is no report %(number)s."),
    "report_opened": N_("A case was opened from report %(number)s already."),
    "step_unknown": N_("There is no step called %(step)s."),
    "state_wrong": N_("%(step)s is not possible while the case is %(state)s."),
    "fact_missing": N_("%(step)s needs %(fact)s."),
    "fact_wrong": N_("%(fact)s cannot be %(value)s."),
    "case_moved": N_("Somebody moved this case first: it is now %(state)s (entry %(seq)s)."),
    "time_before_last": N_("%(step)s cannot happen at %(at)s: the step before it was at %(last)s."),
    "hold_open": N_("A request for more time waits already, or a pause lasts: decide or end that one first."),
    "hold_none": N_("No request for more time waits here."),
    "hold_not_running": N_("Nothing is deferred or shelved here."),
    "hold_too_late": N_("The time was up on %(due)s: more of it can no longer be asked for."),
    "hold_in_the_past": N_("%(until)s is not in the future."),
    "situation_missing": N_("The rule book has several situations of this category: say which one it is."),
    "reply_state": N_("%(step)s is not possible while the reply is: %(state)s."),
    "reply_without_case": N_("No case was opened from this report: there is nothing to do over."),
    "scope_missing": N_("This case has no place: a decision about it would hold for the whole city."),
    "opinions_missing": N_("Nobody has given an opinion yet: ask those concerned first."),
    "duties_open": N_("Duties are still open here: %(count)s. They are accepted or called back first."),
    "duty_stage": N_("Duty %(duty)s of this case stands elsewhere: %(stage)s."),
    "duty_ended": N_("Duty %(duty)s of this case is not open."),
    "duty_known": N_("This body has that duty already."),
    "duty_not_below": N_("Work is handed down to a body below one's own; others are called in."),
    "duty_beyond": N_("That is later than the work itself is due (%(due)s)."),
    "rating_missing": N_("Whoever was called by whistle is rated when released."),
    "position_missing": N_("Say where you stand: reporting in counts on the spot."),
    "part_last": N_("This is the last part: report the case as handled."),
    "closing_kind_unfit": N_("The rule book does not let this case be closed as %(kind)s."),
    "check_outside_window": N_(
        "The rule book wants this checked between %(first)s and %(last)s, when it would show: at another hour it "
        "always passes."
    ),
    "evaluator_assessed": N_(
        "Who evaluates sits in no body that is assessed: post %(post)s does not go together with %(others)s."
    ),
    "return_too_late": N_("This dispatch could be returned until %(until)s."),
    "proof_missing": N_("To return a case for this reason (%(reason)s) takes %(fact)s."),
    "photo_missing": N_("The rule book wants a photo of how it looks afterwards: add one."),
    "form_missing": N_("A request for so much time needs the signed form: add it as a photo."),
    "hold_cap": N_(
        "%(granted)s of %(of)s dispatches of this month were granted a request of this kind (%(kind)s) already: the "
        "city lets it be %(cap)s %%."
    ),
    "approval_elsewhere": N_("This request waits for the approval of: %(roles)s."),
    "feedback_missing": N_("The dispatcher has to feed this result back before it is checked."),
    "feedback_skipped": N_("In this city results are checked at once: there is nothing to feed back."),
    "verdict_against": N_("The check found: %(verdict)s. Send it back for rework, or have it checked again."),
    "handled_by_same": N_("You had a hand in handling this: somebody else checks it."),
    "filed_by_same": N_("You filed this case: somebody else voids it."),
    "case_published": N_(
        "The figures that hold this case were published on %(since)s: open a new case that recurs of it instead."
    ),
    "redo_too_late": N_("Until %(until)s this could be done over: open a new case that recurs of it instead."),
    "place_far": N_("You stand %(metres)s m from this case; at most %(most)s m are let pass."),
    "link_loop": N_("Case %(number)s leads back to this one."),
    "link_known": N_("This case is tied to case %(number)s in this way already."),
    "link_none": N_("This case is not tied to case %(number)s."),
    "merge_into_ended": N_("Case %(number)s is %(state)s: nothing can be merged into it."),
    "merge_handlers_differ": N_("Case %(number)s is with another unit: call one of the dispatches back first."),
    "organisation_ended": N_("%(organisation)s ended on %(ended)s: it can be given no more work."),
    "dispatch_ruled": N_("This dispatch was ruled: it cannot be returned again."),
    "order_unknown": N_("There is no order %(order)s."),
    "order_state": N_("%(step)s is not possible while the order is %(state)s."),
    "order_elsewhere": N_("%(step)s: your posts do not reach this order, its cases or its target."),
    "order_sign_turn": N_("It is not your turn to sign: the next is post %(post)s."),
    "order_signatory_unfit": N_("Post %(post)s cannot sign orders."),
    "order_cases_missing": N_("%(kind)s: name at least one case that it is about."),
    "order_case_state": N_("Case %(case)s is %(state)s: an order covers cases that are filed and not closed."),
    "order_case_elsewhere": N_("Case %(case)s is not with %(organisation)s, nor with one below it."),
    "category_unknown": N_("There is no category %(category)s in the rule book in force."),
    "situation_unknown": N_("Category %(category)s has no situation %(situation)s in the rule book in force."),
    "organisation_unknown": N_("There is no organisation %(organisation)s."),
    "area_unknown": N_("There is no area %(area)s."),
    "grid_unknown": N_("There is no unit grid %(grid)s."),
    "channel_unknown": N_("There is no channel %(channel)s in this city's pack."),
    "nobody_answers": N_("The ledger names nobody for this case."),
    "city_missing": N_("No city has been set up here yet: apply a pack first."),
    "city_other": N_("This database holds %(present)s; it cannot take %(other)s: one deployment is one city."),
    "code_ended": N_(
        "%(section)s: %(row)s ended on %(ended)s, and codes are not used again: give it a new code, or begin with an "
        "empty database."
    ),
    "grid_moved": N_(
        "Grid %(grid)s stands elsewhere in this database, and a grid never moves: give it a new code, or begin with "
        "an empty database."
    ),
    "edition_fixed": N_(
        "The rules differ from edition %(edition)s in this database, and an edition is never edited: name a new one "
        "in pack.yaml (edition: code)."
    ),
    "edition_ended": N_("Edition %(edition)s of the rules ended on %(ended)s; name a new one in pack.yaml."),
    "file_refused": N_("Nothing was taken from this file: %(count)s things in it are wrong."),
    "import_mapping_unknown": N_("There is no mapping %(path)s; these come along: %(known)s."),
    "import_mapping_wrong": N_("The mapping %(path)s cannot be used: %(problems)s."),
    "edition_unknown": N_("There is no edition %(edition)s of the rules."),
    "edition_none": N_("No edition of the rules is in force on %(day)s."),
    "proposal_unknown": N_("There is no proposal %(proposal)s."),
    "proposal_state": N_("Proposal %(proposal)s is %(state)s; this is not possible any more."),
    "proposal_empty": N_("Proposal %(proposal)s changes nothing yet."),
    "proposal_too_early": N_(
        "What is proposed begins after the day it is decided on: %(begins)s is not after today, %(today)s."
    ),
    "proposal_stale": N_(
        "Proposal %(proposal)s was written over edition %(base)s, and edition %(last)s has come since: it changed "
        "%(count)s rules. Put the proposal over the new edition, look at it again and hand it in again."
    ),
    "proposal_incomplete": N_("This city asks for a limit for every minor category; without one are: %(named)s."),
    "four_eyes": N_("You had a hand in proposal %(proposal)s: somebody else decides on it."),
    "rule_unknown": N_("There is no rule for category %(category)s, situation '%(situation)s'."),
    "rule_unfit": N_("This cannot stand in the rule book. %(named)s"),
    "crosswalk_none": N_("No crosswalk leads from %(one)s to %(other)s."),
    "category_taken": N_("There is a category %(category)s already."),
    "edition_proposed": N_(
        "Edition %(edition)s of the rules, from %(since)s, came from proposal %(proposal)s and stays; pack.yaml still "
        "names %(old)s. Write the rules into the pack with `cityloop rules export --format csv --out rules.csv` and "
        "name edition %(edition)s there."
    ),
    "edition_before_last": N_("Edition %(edition)s cannot begin before %(last)s did, on %(since)s."),
    "place_missing": N_("Say where: a point, an area or an object."),
    "duty_changes_later": N_("Duty %(duty)s changes on %(since)s already: let this begin after that day."),
    "duty_unfit": N_("This cannot stand in the ledger. %(named)s"),
    "duty_unproposed": N_("Proposal %(proposal)s does not touch duty %(duty)s."),
    "duties_stale": N_(
        "Proposal %(proposal)s was written over other duties than there are now: %(named)s. Look at them and propose "
        "anew."
    ),
    "duty_contradicts": N_(
        "Duty %(duty)s would contradict duty %(other)s in the role %(roles)s. Change one of them as well, or say that "
        "the proposal makes a dispute."
    ),
    "basis_missing": N_("Name the document that this rests on."),
    "consent_unasked": N_("Proposal %(proposal)s neither gives to %(organisation)s nor takes from it."),
    "consent_missing": N_("Proposal %(proposal)s still needs the consent of: %(named)s."),
    "handover_same": N_("Object %(object)s is in phase %(phase)s already."),
    "handover_future": N_("A handover is recorded once it has happened: %(day)s is after today, %(today)s."),
    "duty_unknown": N_("There is no duty %(duty)s."),
    "duties_proposed": N_(
        "%(count)s duties were changed by approved proposals and stay as they are, whatever the pack says: %(named)s."
    ),
    "duty_past": N_("Duty %(duty)s ended on %(ended)s; what is past is not rewritten: give the new duty a new code."),
    "clock_before_known": N_("The city already knows its history until %(known)s; its clock cannot be set to %(at)s."),
    "replay_running": N_("Another replay is running on this database."),
    "replay_cut": N_("A process of this replay was killed; run it again, it goes on where it stopped."),
    "period_unreadable": N_("%(period)s is no period: write 2015, 2015-06, 2015-Q2 or 2015-06-30."),
    "instant_unreadable": N_("%(text)s is no instant: write 2015-10-30T08:00."),
    "pack_none": N_("No pack comes along here: name one with --pack."),
    "forms_several": N_("Ask for one form: either %(one)s or %(other)s."),
    "file_missing": N_("There is no file %(path)s."),
    "file_unwritable": N_("%(path)s cannot be written: %(reason)s"),
    "file_unreadable": N_("%(path)s cannot be read: %(reason)s"),
    "geofile_kind_unknown": N_("%(path)s is no file of objects that is known here: %(known)s."),
    "geofile_part_missing": N_("%(path)s is missing: a Shapefile is .shp, .shx and .dbf together."),
    "geofile_several": N_("%(path)s holds several layers; name one: %(known)s."),
    "geofile_layer_unknown": N_("%(path)s has no layer %(layer)s; it has: %(known)s."),
    "geofile_not_text": N_("%(path)s is no text in %(encoding)s; name its encoding."),
    "geofile_kinds_mixed": N_("A Shapefile holds one kind of geometry, and these are several: %(kinds)s."),
    "geofile_too_long": N_("The outline in line %(line)s is too long for a cell: write GeoJSON or GeoPackage."),
    "encoding_unknown": N_("%(encoding)s is no encoding of texts; write one such as UTF-8 or GB18030."),
    "file_column_missing": N_("%(path)s has no column %(column)s."),
    "column_missing": N_("The history has no column %(column)s, from which the mapping takes %(field)s."),
    "mapping_missing": N_("%(path)s has no section history: which says what the columns mean."),
    "area_codes_clash": N_(
        "Unit grids cannot be numbered: area code %(other)s begins with area code %(one)s; give all codes one length."
    ),
    "community_code_unfit": N_("Unit grids cannot be numbered: %(community)s is no code of a community, 12 digits."),
    "community_empty": N_("Community %(community)s has no ground to be cut into unit grids."),
    "beats_too_many": N_("%(count)s beats cannot be made of %(cells)s unit grids: write a number from 1 to %(cells)s."),
    "beats_too_few": N_(
        "The unit grids lie in %(islands)s places without a common border, and a beat lies in one of them: %(count)s "
        "beats are too few."
    ),
    "crs_unknown": N_("%(crs)s is no coordinate reference system."),
    "post_unknown": N_("There is no post %(post)s."),
    "both_databases": N_("Name one database: either --data-dir or DATABASE_URL, not both."),
    "limit_not_positive": N_("A limit must be longer than nothing: %(value)s %(unit)s."),
    "limit_too_long": N_("A limit of %(value)s %(unit)s is never used up."),
    "calendar_without_work": N_("Calendar %(calendar)s has no work periods left to fill the limit."),
    "pause_backwards": N_("A pause cannot end before it starts: %(start)s to %(end)s."),
    "line_unreadable": N_("This line is no JSON object."),
    "start_unreadable": N_("%(text)s is no start: write an instant with its offset, 2026-02-13T16:20:00+08:00."),
    "pauses_unreadable": N_("%(text)s is no pause: write two instants with their offsets; the second may be null."),
    "value_unreadable": N_("%(value)s is no number."),
    "unit_unknown": N_("There is no unit %(unit)s: write h, wh, d or wd."),
    "calendar_empty": N_("Calendar %(calendar)s has no work time."),
    "calendar_monday_empty": N_(
        "Calendar %(calendar)s: a working day is as much work as a regular Monday (working_time), and mon has none."
    ),
    "calendar_part_wrong": N_("Calendar %(calendar)s: %(part)s is missing, or does not map days to work periods."),
    "calendar_setting_wrong": N_("Calendar %(calendar)s: %(setting)s cannot be %(value)s."),
    "parameter_unknown": N_("There is no parameter %(name)s here; there are: %(known)s."),
    "bbox_unreadable": N_(
        "%(value)s is no bbox: write 4 or 6 numbers, first the lower corner, in the axis order of bbox-crs."
    ),
    "datetime_unreadable": N_(
        "%(value)s is neither an instant nor an interval: write 2025-03-01T00:00:00Z, or two with a slash between."
    ),
    "crs_not_offered": N_("%(crs)s is not offered here; these are: %(known)s."),
    "collection_unknown": N_("There is no collection %(collection)s."),
    "feature_unknown": N_("There is no feature %(feature)s in collection %(collection)s."),
    "box_unreadable": N_("%(value)s is no box; write west,south,east,north in degrees."),
    "layer_unknown": N_("There is no layer %(layer)s."),
    "map_missing": N_("There is no base map here: `cityloop map build` makes one."),
    "map_empty": N_("There is nothing to draw a base map of: no outlines of divisions, no public lines."),
    "scheme_unknown": N_("There are no areas of scheme %(scheme)s."),
    "layer_without_class": N_("Layer %(layer)s has no class code, so objects without a code cannot be given one."),
    "layer_full": N_("Layer %(layer)s has no running numbers left for more objects."),
    "object_taken": N_(
        "%(count)s codes may not be used, the first is %(object)s in line %(line)s: another layer's, or ended."
    ),
    "object_unknown": N_("There is no object %(object)s."),
    "import_unknown": N_("This import is not there any more: it is kept for an hour. Choose the file again."),
    "import_overtaken": N_("Layer %(layer)s has changed since this was shown: choose the file again and look again."),
    "import_too_large": N_("This file is too large for the page: at most %(most)s; take it in with the command line."),
    "import_unfit": N_("%(count)s things in this file are wrong: take in the rest by saying so, or mend the file."),
    "census_by_unknown": N_("Objects cannot be counted by %(by)s here; possible are: %(known)s."),
    "country_unknown": N_("No holidays of %(country)s are known here; write a code such as CN, US or DE-BY."),
    "holidays_not_announced": N_(
        "The holidays of %(country)s in %(year)s have not been announced yet; known are those until %(known)s."
    ),
    "calendar_zone_unknown": N_("Calendar %(calendar)s: there is no time zone %(zone)s."),
    "calendar_day_wrong": N_("Calendar %(calendar)s: %(day)s is neither mon, tue … sun nor a date like 2015-10-30."),
    "calendar_day_twice": N_("Calendar %(calendar)s: %(day)s stands there twice."),
    "calendar_period_wrong": N_(
        "Calendar %(calendar)s: %(period)s is no work period: write 08:30 and 17:00, in order and apart."
    ),
    "level_unknown": N_("There is no level %(level)s here: %(known)s."),
    "database_unfit": N_("This database cannot be used: %(reason)s"),
    "user_taken": N_("There is already a user %(user)s."),
    "axes_mixed": N_("%(user)s holds %(other)s and cannot also hold %(post)s: supervision and command are kept apart."),
    "code_unfit": N_("%(value)s cannot be a code: write up to %(length)s characters, without colons."),
    "role_unknown": N_("There is no role %(role)s."),
    "parent_below": N_("%(row)s cannot stand below itself."),
    "still_needed": N_("%(row)s cannot end yet: %(by)s still need it."),
    "post_held": N_("%(post)s is held by %(users)s: end their tenures before it moves to the other axis."),
    "job_not_failed": N_("Job %(job)s has not failed: it is %(status)s."),
    "job_queued_again": N_("The same work as job %(job)s has been queued again already."),
    "token_unknown": N_("There is no token %(digest)s."),
    "input_wrong": N_("The request does not have the form that the API describes."),
    "page_unknown": N_("There is nothing at this address."),
    "method_wrong": N_("This address does not take %(method)s."),
    "internal": N_("Something went wrong here; it has been written to the log."),
    "database_away": N_("The database does not answer just now; try again in a moment."),
    "not_ready": N_("Not ready to serve: %(missing)s."),
    "request_wrong": N_("This request cannot be understood."),
    "port_taken": N_("Something else already listens on %(host)s:%(port)s; choose another port."),
    "host_wrong": N_("This machine cannot listen on %(host)s:%(port)s: %(reason)s."),
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


class Unproven(CityloopError):
    """Who asks, or what they may look at, is not shown by anything that still holds."""

    status = 401


class Denied(CityloopError):
    """The actor may not do this."""

    status = 403


class NotUnderstood(CityloopError):
    """The request itself is malformed, for interfaces whose standard asks for 400 where ours answers 422."""

    status = 400


class Unknown(CityloopError):
    """What was named does not exist, or not for this actor."""

    status = 404


class Conflict(CityloopError):
    """Right in itself, but the world has moved on."""

    status = 409


class TooMany(CityloopError):
    """Right in itself, but too often; the fact `retry_after` says in how many seconds it may be tried again."""

    status = 429

    def __init__(self, code: str, *, retry_after: int) -> None:
        super().__init__(code, retry_after=retry_after, minutes=-(-retry_after // 60))


class Refused(CityloopError):
    """A rule forbids it; the text says which fact or state is missing."""
