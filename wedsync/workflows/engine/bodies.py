"""Bodies: texts with values in them, written in Liquid and compiled once.

    {"text.body": "Dear {{ trigger.data.guest.name }}, see you on {{ wedding.date | date }}."}

A body is one literal text. It reads what any expression reads, by the same paths, and nothing
else: no file, no clock, no other body. A value that is missing or empty fails the step instead of
leaving a hole (“Dear ,”), unless the body says what stands in: `{{ name | default: "all" }}`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, TextIO, cast

from liquid import BoundTemplate, Environment, RenderContext
from liquid.builtin import content, illegal, output
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.tags import (
    assign_tag,
    capture_tag,
    case_tag,
    comment_tag,
    cycle_tag,
    for_tag,
    if_tag,
    inline_comment_tag,
    unless_tag,
)
from liquid.exceptions import LiquidError, ResourceLimitError, UndefinedError, UnknownFilterError
from liquid.token import Token
from liquid.undefined import FalsyStrictUndefined, is_undefined
from liquid.utils import ReadOnlyChainMap

from wedsync.workflows.engine.body_filters import FILTERS
from wedsync.workflows.engine.functions.bounds import under_way
from wedsync.workflows.engine.functions.function import Argument, Example, Function
from wedsync.workflows.engine.functions.kinds import TEXT, Unusable, plain_text
from wedsync.workflows.engine.limits import EXPRESSION_BYTES, MAX_BODY, MAX_DEPTH, SEALED
from wedsync.workflows.engine.plain_words import clip

BODY = "text.body"
"""The name of the calculation that a body is."""

TOO_LONG = "The text with its values is too long, or its loops have too much to do."

_CUT = frozenset(("size", "first", "last"))
_STAND_INS = frozenset(("default", "yes_no"))


_NOTHING = object()
_DEEPEST_BRACKETS = 4
_QUOTED = re.compile(r"['`]([^'`]*)['`]")


class BodyFault(Exception):
    """A body that cannot be used; the message is a sentence for people."""


class _Context(RenderContext):
    """Sees the values given and what the body itself assigns; counts the work of its loops."""

    __slots__ = ("insides",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The library's own chain holds the clock.
        self.scope = ReadOnlyChainMap(self.locals, self.globals, self.counters)
        self.insides: list[int] = []

    def get(self, path: list[object], *, token: Token | None, default: object = _NOTHING) -> object:
        found = super().get(path, token=token, default=_NOTHING)
        if found is not _NOTHING:
            return found
        return self.env.undefined(".".join(map(str, path)), token=token)

    @contextmanager
    def looping(self, inside: int) -> Iterator[None]:
        """Know how much is inside the loop that begins."""
        self.insides.append(inside)
        try:
            yield
        finally:
            self.insides.pop()

    def raise_for_loop_limit(self, length: int = 1) -> None:
        super().raise_for_loop_limit(length)
        evaluation = under_way()
        evaluation.body_work -= length * self.insides[-1]
        if evaluation.body_work < 0:
            raise ResourceLimitError(TOO_LONG, token=None)


class _For(for_tag.ForNode):
    """A loop that knows how much is inside it."""

    __slots__ = ("inside",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.inside = len(str(self.block)) // 16 + 1

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        with cast(_Context, context).looping(self.inside):
            return super().render_to_output(context, buffer)


class _ForTag(for_tag.ForTag):
    node_class = _For


class _Output(output.OutputNode):
    """A value in the text: never a hole, never a record."""

    __slots__ = ()

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        value = self.expression.evaluate(context)
        if is_undefined(value):
            str(value)
        if value is not None and not isinstance(value, str | int | float):
            what = clip(str(self.expression), 60)
            raise Unusable(f"“{what}” is not a single value; “| list” writes a list in words.")
        said = plain_text(value)
        if not said.strip() and self._needed(context):
            raise Unusable(_missing(str(self.expression)))
        return buffer.write(said)

    def _needed(self, context: RenderContext) -> bool:
        expression = self.expression
        if not isinstance(expression, FilteredExpression) or not isinstance(expression.left, Path):
            return False
        stands_in = any(each.name in _STAND_INS for each in expression.filters or ())
        return not stands_in and expression.left.head() not in context.locals


class _OutputTag(output.Output):
    node_class = _Output


class _Template(BoundTemplate):
    context_class = _Context


class _Bodies(Environment):
    """Liquid with what a text needs and nothing that reaches out."""

    block_nesting_limit = 20
    context_depth_limit = 30
    loop_iteration_limit = 10_000
    local_namespace_limit = 4 * EXPRESSION_BYTES
    output_stream_limit = EXPRESSION_BYTES
    template_class = _Template

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        for tag in (
            content.Literal,
            _OutputTag,
            illegal.Illegal,
            if_tag.IfTag,
            unless_tag.UnlessTag,
            case_tag.CaseTag,
            _ForTag,
            for_tag.BreakTag,
            for_tag.ContinueTag,
            assign_tag.AssignTag,
            capture_tag.CaptureTag,
            cycle_tag.CycleTag,
            comment_tag.CommentTag,
            inline_comment_tag.InlineCommentTag,
        ):
            self.add_tag(tag)
        for name, run in FILTERS.items():
            self.add_filter(name, run)


_BODIES = _Bodies(undefined=FalsyStrictUndefined, autoescape=False)


@dataclass(frozen=True, slots=True)
class Body:
    """A compiled body. `paths` are what it reads, in the order `render` is given their values."""

    template: BoundTemplate
    paths: tuple[tuple[str, ...], ...]

    def render(self, values: Sequence[Any]) -> str:
        """The text with its values; raises `Unusable` with a sentence."""
        seen: dict[str, Any] = {}
        for path, value in zip(self.paths, values, strict=True):
            _place(seen, path, _without_gaps(value))
        try:
            return self.template.render(seen)
        except UndefinedError as error:
            needed = str(error.message).removesuffix(" is undefined").strip("'")
            raise Unusable(_missing(needed)) from None
        except ResourceLimitError:
            raise Unusable(TOO_LONG) from None
        except LiquidError as error:
            raise Unusable(f"The text cannot be written: {_plainly(error)}.") from None


def compile_body(source: object) -> Body:
    """The body of a literal text; raises `BodyFault`."""
    if not isinstance(source, str):
        raise BodyFault("The wording of a text is written out, not calculated.")
    if len(source) > MAX_BODY:
        raise BodyFault(f"A text with values is at most {MAX_BODY:,} characters long.")
    try:
        template = _BODIES.from_string(source)
        found = template.analyze(include_partials=False)
    except UnknownFilterError as error:
        raise BodyFault(f"{_line(error)} uses a filter there is not: {_plainly(error)}.") from None
    except LiquidError as error:
        raise BodyFault(f"{_line(error)} cannot be read: {_plainly(error)}.") from None
    except RecursionError:
        raise BodyFault("The text is nested too deeply.") from None
    if unknown := sorted(name for name in found.filters if name not in FILTERS):
        raise BodyFault(f"There is no filter called “{clip(unknown[0], 60)}” for texts.")
    read = (variable.segments for every in found.globals.values() for variable in every)
    return Body(template, _shortest(path for each in read for path in _paths(each)))


def _paths(segments: Sequence[Any], depth: int = 0) -> Iterable[tuple[str, ...]]:
    """The path of a variable up to where it takes a list apart, and those inside its brackets."""
    if len(segments) > MAX_DEPTH or depth > _DEEPEST_BRACKETS:
        raise BodyFault("A value in the text lies too deep.")
    plain: list[str] = []
    cut = False
    for segment in segments:
        if isinstance(segment, list | tuple):
            yield from _paths(segment, depth + 1)
        cut = cut or not isinstance(segment, str) or (bool(plain) and segment in _CUT)
        if not cut:
            plain.append(segment)
    if plain:
        yield tuple(plain)


def _shortest(paths: Iterable[tuple[str, ...]]) -> tuple[tuple[str, ...], ...]:
    """Each path once, without those that lie below another."""
    every = set(paths)
    below = {path for path in every if any(path[:n] in every for n in range(1, len(path)))}
    return tuple(sorted(every - below))


def _place(seen: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    if value is None:
        return
    for name in path[:-1]:
        seen = seen.setdefault(name, {})
    seen[path[-1]] = value


def _without_gaps(value: Any) -> Any:
    """The value without what is null in it, so that null is missing wherever it is read."""
    if isinstance(value, Mapping):
        if SEALED in value:
            return {}  # there, and nothing of it can be written
        return {name: _without_gaps(part) for name, part in value.items() if part is not None}
    if isinstance(value, list):
        return [_without_gaps(part) for part in value if part is not None]
    return value


def _missing(path: str) -> str:
    return f"The text needs “{clip(path, 80)}”, which is missing or empty."


def _line(error: LiquidError) -> str:
    with suppress(ValueError):
        if place := error.context():
            return f"Line {place[0]} of the text"
    return "The text"


def _plainly(error: LiquidError) -> str:
    return clip(" ".join(_QUOTED.sub(r"“\1”", str(error.message)).split()).rstrip("."), 160)


def _alone(body: str) -> str:
    """A text with values in it, written in Liquid: `{{ trigger.data.guest.name }}`."""
    try:
        compiled = compile_body(body)
    except BodyFault as fault:
        raise Unusable(str(fault)) from None
    return compiled.render([None] * len(compiled.paths))


DESCRIPTION = Function(
    name=BODY,
    label="text with values",
    about=(_alone.__doc__ or "").strip(),
    arguments=(Argument("body", TEXT),),
    gives=TEXT,
    example=Example(("Dear {{ 'rosa' | capitalize }}",), "Dear Rosa"),
    run=_alone,
)
"""How it stands among the functions."""
