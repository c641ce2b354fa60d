"""What every operation of the API does alike: read, act once, commit, answer, be documented.

A resource's module says only what is its own:

    hooks = Resource("Hooks", "Addresses that receive partners' webhooks.")

    @hooks.post("/hooks", body=HookIn, answer=HookMade, status=201)
    def create_hook(body: HookIn) -> HookMade:
        \"\"\"Make a hook.\"\"\"

The function's name is the operation's id, its docstring the operation's description. A view gives
a model, or a model and headers. `rings` are the lanes to wake after the commit.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, TypeAlias

from apiflask import APIBlueprint
from flask import Response
from pydantic import BaseModel

from wedsync.api import idempotency
from wedsync.api.reading import read_body, read_query
from wedsync.platform import runtime

View: TypeAlias = Callable[..., Any]
Model: TypeAlias = type[BaseModel]


class Resource:
    """The operations of one resource, gathered on a blueprint."""

    def __init__(self, name: str, about: str) -> None:
        tag = {"name": name, "description": about}
        self.blueprint = APIBlueprint(f"api_{name.lower()}", __name__, tag=tag)

    def get(
        self,
        rule: str,
        *,
        answer: Model,
        query: Model | None = None,
        problems: Sequence[int] = (),
        or_csv: bool = False,
    ) -> Callable[[View], View]:
        """With `or_csv` the view may give a Response of its own, with text/csv."""
        return self._operation(
            "GET", rule, answer=answer, query=query, problems=problems, or_csv=or_csv
        )

    def post(
        self,
        rule: str,
        *,
        answer: Model,
        body: Model | None = None,
        status: int = 200,
        rings: Sequence[str] = (),
        problems: Sequence[int] = (),
    ) -> Callable[[View], View]:
        return self._operation(
            "POST", rule, answer=answer, body=body, status=status, rings=rings, problems=problems
        )

    def put(
        self, rule: str, *, answer: Model, body: Model, problems: Sequence[int] = ()
    ) -> Callable[[View], View]:
        return self._operation("PUT", rule, answer=answer, body=body, problems=problems)

    def patch(
        self,
        rule: str,
        *,
        answer: Model,
        body: Model,
        rings: Sequence[str] = (),
        problems: Sequence[int] = (),
    ) -> Callable[[View], View]:
        return self._operation(
            "PATCH", rule, answer=answer, body=body, rings=rings, problems=problems
        )

    def delete(
        self,
        rule: str,
        *,
        answer: Model,
        rings: Sequence[str] = (),
        problems: Sequence[int] = (),
    ) -> Callable[[View], View]:
        return self._operation("DELETE", rule, answer=answer, rings=rings, problems=problems)

    def _operation(
        self,
        method: str,
        rule: str,
        *,
        answer: Model,
        query: Model | None = None,
        body: Model | None = None,
        status: int = 200,
        rings: Sequence[str] = (),
        problems: Sequence[int] = (),
        or_csv: bool = False,
    ) -> Callable[[View], View]:
        def decorate(view: View) -> View:
            serve = _reading(view, query, body, status)
            if method != "GET":
                serve = _committing(serve, rings, once=method == "POST")
            documented = self._documented(serve, answer, query, body, status, problems, or_csv)
            self.blueprint.route(rule, methods=[method])(documented)
            return view

        return decorate

    def _documented(
        self,
        serve: View,
        answer: Model,
        query: Model | None,
        body: Model | None,
        status: int,
        problems: Sequence[int],
        or_csv: bool,
    ) -> View:
        """Tell APIFlask about the operation.

        Its decorators note their models on the function; what they wrap around it is left unused,
        because requests are read by `reading` and answers are written here.
        """
        extensions = {"x-problems": list(problems), "x-or-csv": or_csv}
        describe = self.blueprint.doc(operation_id=serve.__name__, extensions=extensions)
        documented: View = describe(serve)
        self.blueprint.output(answer, status_code=status)(documented)
        if query is not None:
            self.blueprint.input(query, location="query")(documented)
        if body is not None:
            self.blueprint.input(body)(documented)
        return documented


def _reading(view: View, query: Model | None, body: Model | None, status: int) -> View:
    """Give the view what it asks for, as checked models, and write down its answer."""

    @wraps(view)
    def serve(**path: Any) -> Response:
        if query is not None:
            path["query"] = read_query(query)
        if body is not None:
            path["body"] = read_body(body)
        return _written(view(**path), status)

    return serve


def _committing(serve: View, rings: Sequence[str], *, once: bool) -> View:
    """The boundary: the change and the memory of its answer are committed together."""

    @wraps(serve)
    def change(**path: Any) -> Response:
        def act() -> Response:
            response: Response = serve(**path)
            return response

        response = idempotency.once(act) if once else act()
        runtime.commit(*rings)
        return response

    return change


def _written(answered: Any, status: int) -> Response:
    if isinstance(answered, Response):
        return answered
    answer, headers = answered if isinstance(answered, tuple) else (answered, {})
    return _response(answer, status, headers)


def _response(answer: BaseModel, status: int, headers: Mapping[str, str]) -> Response:
    response = Response(answer.model_dump_json(), status, mimetype="application/json")
    response.headers.update(headers)
    return response
