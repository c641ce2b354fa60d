"""Expressions of format 1: JSONLogic by datalogic, compiled once, bounded in time and size.

| subject | where |
|---|---|
| one compiled rule | `calculation` |
| `values` and `input`, filled in | `templates` |
| what is wrong with one | `examining`; `growth`, what could burst |
| names | `operators`, datalogic's own; `functions`, the typed ones; `bodies`, texts with values |
| calling them | `typed` |
"""

from wedsync.workflows.engine.calculation import (
    Calculation,
    EvaluationFailed,
    Reads,
    Sight,
    compile_condition,
    compile_operand,
    picked,
)
from wedsync.workflows.engine.examining import Examined, examine_condition, examine_template
from wedsync.workflows.engine.templates import Template, compile_template

__all__ = [
    "Calculation",
    "EvaluationFailed",
    "Examined",
    "Reads",
    "Sight",
    "Template",
    "compile_condition",
    "compile_operand",
    "compile_template",
    "examine_condition",
    "examine_template",
    "picked",
]
