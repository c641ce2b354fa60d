"""Automations: what people made, what is live, and the journal of what ran.

Nouns: a *workflow* with its *draft*, a published *version*, a *run* and its recorded *steps*.

From the bottom up; a package imports only what stands above it in this table:

| subject | where |
|---|---|
| what comes next, pure | `engine` |
| rows | `models`; `run_models`, the journal; `waiting_models`, what runs wait for |
| what a step can do | `actions`, the reserved ones; `catalogue`, all there are |
| reading | `queries`; `page_queries` for pages |
| runs and steps in words | `words` |
| runs: started, moved on, held back, settled | `running` |
| what starts by the clock, and what moves with a date | `clockwork` |
| drafts, versions, publishing, import and export | `editing` |
| what runs ask people | `questions` |
| what ran, and why or why not | `history` |
| the builder: what it shows of a draft, and its gestures | `building` |
| the gallery | `ready_made` |
| pages | `views` |
"""

from wedsync.workflows.views import message_rule_routes, pages

message_rules = message_rule_routes.pages

__all__ = ["message_rules", "pages"]
