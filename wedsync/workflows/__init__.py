"""Automations: what people made, what is live, and the journal of what ran.

Nouns: a *workflow* with its *draft*, a published *version*, a *run* and its recorded *steps*.

| subject | where |
|---|---|
| rows | `models`; `run_models`, the journal; `waiting_models`, what runs wait for |
| what comes next | `engine`, pure |
| what a step can do | `actions` built in; `catalogue`, all there are; `reach`, by which account |
| the gallery | `ready_made` |
| publishing, on, off, limits | `service` |
| drafts | `drafts`, `draft_operations`, `patches`; `draft_queries` reads them and versions |
| from here to elsewhere | `exporting`, `importing` |
| what changed, in words | `differences`, `field_words` |
| what stands in the way | `checking`, `references`, `calls`, `given_input` |
| starting and ending runs | `start` by the fan-out, `new_runs`; `runs`, `rerunning` by people |
| rounds | `runner`; `claims`, `caps`; `loading`, `programs`, `take_up`; `recording`, `journal` |
| one run's advance | `live_run`, `advancing`, `performing` |
| runs of runs | `items` and `loop_lists` of loops, `calling` of other workflows |
| what leaves, and what does not | `local_effects` with the step; `guardrails`, `message_rules` |
| what starts by the clock | `timers`, `timer_rows`; `schedule_timers`; `next_start` |
| looking at partners now and then | `polling`, `poll_timers`, `poll_checks` |
| around a wedding's dates | `wedding_timers`, `wedding_plans`, `wedding_words` |
| when a date moves | `replanning` of waits; before: `moves`, `move_words`, `wedding_routes` |
| runs that wait | `waiting_on` for a connection, `once_slots` a turn, `attention` a person |
| waiting for an event | `listening`, `looking_back`, `event_matching`; `answering` gives it |
| asking a person | `asking`; `approvals` answers, `approval_people` who may, `approval_letters` |
| reading | `queries`, `page_queries`, `run_list`, `run_reading`, `failures`, `connection_users` |
| how far runs and items are | `courses`; `repairing` what a step was given, `repair_forms` |
| answers | `why_not` nothing happened; `performance` of a workflow, `performance_story` |
| many runs again | `bulk_rerun`, run by run; `batch_words` |
| their pages | `looking_routes`, `rerun_routes` |
| pages | `routes`, `gallery_routes`, `run_routes`, `approval_routes`, `message_rule_routes` |
| pages of drafts and versions | `draft_routes`, `draft_forms`, `version_routes`, `version_story` |
| pages of questions | `approval_queries`, `approval_story`, `approval_words`, `approval_forms` |
| what waits for the team | `team_questions` |
| what pages tell | `run_story`, `loop_story`, `run_steps`, `event_story` |
| in which shapes | `told`, `step_lines`, `shown_values` |
| words | `workflow_words`, `run_words`, `waiting_words`, `recorded_words` |
"""

from wedsync.workflows import (
    approval_routes,
    draft_routes,
    gallery_routes,
    looking_routes,
    message_rule_routes,
    rerun_routes,
    run_routes,
    version_routes,
    wedding_routes,
)
from wedsync.workflows.routes import pages

__all__ = [
    "approval_routes",
    "draft_routes",
    "gallery_routes",
    "looking_routes",
    "message_rule_routes",
    "pages",
    "rerun_routes",
    "run_routes",
    "version_routes",
    "wedding_routes",
]
