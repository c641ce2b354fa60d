"""Automations: what people made, what is live, and the journal of what ran.

Nouns: a *workflow* with its *draft*, a published *version*, a *run* and its recorded *steps*.
Entry points: `service` (drafts, publishing, on and off), `runs` (start, run again, stop, decide),
`queries` (reads and the books), `start.start_runs` (called by the fan-out), `runner.RunSource`
(the drain's work). `engine/` is pure, `actions/` are the built-in ones, `ready_made/` holds the
workflows of the gallery. The pages begin at `routes`, `gallery_routes` and `run_routes`;
`run_story` tells a run.
"""

from wedsync.workflows import gallery_routes, run_routes
from wedsync.workflows.routes import pages

__all__ = ["gallery_routes", "pages", "run_routes"]
