"""Automations: what people made, what is live, and the journal of what ran.

Nouns: a *workflow* with its *draft*, a published *version*, a *run* and its recorded *steps*.
Entry points: `service` (drafts, publishing, on and off), `runs` (start, run again, stop, decide),
`queries` (reads and the books), `start.start_runs` (called by the fan-out), `runner.RunSource`
(the drain's work). `engine/` is pure, `actions/` are the built-in ones.
"""

from flask import Blueprint

pages = Blueprint("workflows", __name__)
