r"""Ready-made workflows: started by answering two to four questions, each a file of its own.

Nouns: a *recipe* is one file in `recipes/`: what it promises, its *questions*, and a definition
with *slots* where answers and values of the event go. `filling.fill` makes the definition of a
vendor's answers, `preview` tells it before it is published, `service.start` publishes it. The
pages are in `workflows.views.gallery_routes`.

A text in a recipe's definition may hold slots:

| slot | becomes |
|---|---|
| `{caterer}` | the answer to the question of that key; `{business}` is who answers |
| `{day of lock_date}`, `{end of lock_date}` | an answered day in words; its last second |
| `{trigger.data.guest.name}`, `{steps.free.released}` | what comes in, what a step gave |
| `{trigger.data.guest.name\|A guest}` | the same, with words for when there is none |
| `{day of trigger.data.wedding.date\\|the day}` | a date that comes in, as people write it |
| `{money of trigger.data.amount in trigger.data.currency\|some money}` | minor units as money |

A text that is one slot only keeps the value's type. A part with `only_if = { question = "answer" }`
is left out unless that was answered.
"""

from wedsync.workflows.ready_made.recipe import Recipe, find, recipe_of, recipes

__all__ = ["Recipe", "find", "recipe_of", "recipes"]
