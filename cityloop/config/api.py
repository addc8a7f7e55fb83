"""The HTTP API: who is asking, which rooms answer, and what every operation may answer besides success."""

from importlib.metadata import version
from typing import Any

import orjson
from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpRequest, HttpResponse
from ninja import NinjaAPI, Schema
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation
from ninja.renderers import BaseRenderer

from cityloop.config import ready
from cityloop.config.beats_api import router as beats
from cityloop.config.me import router as me
from cityloop.config.problems import CONTENT_TYPE, Problem, install, problem
from cityloop.config.sign_in import Bearer, Session
from cityloop.field.participation.api import router as participation
from cityloop.ground.registry.api import router as objects
from cityloop.ground.registry.census_api import router as census
from cityloop.ground.registry.changing import router as duty_proposals
from cityloop.ground.registry.finding_api import router as finding
from cityloop.ground.registry.importing import router as object_imports
from cityloop.ground.registry.ledger_api import router as ledger
from cityloop.ground.standards.api import router as rules
from cityloop.ground.standards.proposing import router as rule_proposals
from cityloop.loop.cases.api import router as cases
from cityloop.loop.cases.approvals_api import router as approvals
from cityloop.loop.cases.photos import router as case_photos
from cityloop.loop.clocks.api import router as clocks
from cityloop.loop.dispatch.api import router as dispatch
from cityloop.loop.dispatch.gaps import router as gaps
from cityloop.loop.evidence.api import router as evidence
from cityloop.loop.intake.api import router as intake
from cityloop.loop.intake.photos import router as report_photos
from cityloop.loop.intake.replies.api import router as replies
from cityloop.loop.orders.api import router as orders
from cityloop.results.cockpit.api import router as cockpit
from cityloop.results.evaluation.api import router as evaluation
from cityloop.results.exchange.api import router as exchange

VERSION = version("cityloop")
ALWAYS = {400: "Not understood", 404: "Not found", 422: "Refused", 500: "Failed", 503: "Not available"}
SIGNED_IN = {401: "Not signed in", 403: "Not allowed"}
WRITING = {409: "Overtaken"}
LIMITED = {429: "Too often"}
NAMED = {405: "Not offered here"}
"""Where the last part of an address is given: it may be that of another operation, which takes another method."""
PUBLIC = "/api/public/"
"""What anybody may ask for without signing in, and not without end."""


class Renderer(BaseRenderer):
    """JSON by a compiled library: half of what a page of cases costs is writing it."""

    media_type = "application/json"

    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> bytes:
        return orjson.dumps(data, default=_plain)


def _plain(value: Any) -> Any:
    """What JSON has no word for, as Django writes it."""
    return DjangoJSONEncoder().default(value)


class CityloopAPI(NinjaAPI):
    def get_openapi_operation_id(self, operation: Operation) -> str:
        """`cases_advance`: the room and the function."""
        room = operation.view_func.__module__.removesuffix(".api").rpartition(".")[2]
        return f"{room}_{operation.view_func.__name__}"

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """Ninja's description with the problems that any operation may answer."""
        schema = super().get_openapi_schema(path_prefix=path_prefix, path_params=path_params)
        schema["components"]["schemas"]["Problem"] = Problem.model_json_schema()
        for path, operations in schema["paths"].items():
            for method, operation in operations.items():
                wanted = ALWAYS | (SIGNED_IN if "security" in operation else LIMITED if path.startswith(PUBLIC) else {})
                wanted |= (WRITING if method != "get" else {}) | (NAMED if path.endswith("}") else {})
                for status, description in wanted.items():
                    operation["responses"].setdefault(status, _answer(description))
        return schema


def _answer(description: str) -> dict[str, Any]:
    content = {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": description, "content": content}


api = CityloopAPI(
    title="cityloop",
    version=VERSION,
    description="Signals in, cases round the loop. Errors are RFC 9457 problems in the language asked for.",
    urls_namespace="api",
    auth=[Bearer(), Session()],
    renderer=Renderer(),
)
install(api)
for router in (
    *(me, evidence, report_photos, intake, case_photos, cases, approvals, clocks, dispatch, orders, replies),
    *(rule_proposals, rules, object_imports, census, objects, finding, beats, ledger),
    *(duty_proposals, gaps, participation, evaluation, exchange, cockpit),
):
    api.add_router("", router)


class Health(Schema):
    status: str
    version: str


class Ready(Schema):
    """`checks` says of each condition whether it holds."""

    status: str
    city: str
    checks: dict[str, bool]


@api.get("/health", auth=None, response=Health, tags=["operation"])
def health(request: HttpRequest) -> dict[str, str]:
    """The process is alive; nothing else is asked."""
    return {"status": "ok", "version": VERSION}


@api.get("/ready", auth=None, response=Ready, tags=["operation"])
def readiness(request: HttpRequest) -> dict[str, Any] | HttpResponse:
    """Requests can be served: database, migrations, character type and city are as they must be."""
    city, checks = ready.look()
    if not all(checks.values()):
        missing = [name for name, holds in checks.items() if not holds]
        return problem(503, "not_ready", {"missing": ", ".join(missing), "checks": checks})
    return {"status": "ready", "city": city, "checks": checks}
