r"""Ready-made workflows: made by answering two to four questions. Ours are files, and an
organization saves its own.

Nouns: a *recipe* promises something, asks its *questions*, and makes a definition of the answers.
Ours are the files in `recipes/`, whose texts hold *slots* where answers and values of the event go;
a *template* of one's own (`own`) knows the *places* of its answers instead, since what people write
may look like a slot. Both go the same way: `answers` reads what is typed, `choosing` says what can
be chosen, `filling.fill` makes the definition, `preview` tells it before anything is made,
`service` makes a draft of it or publishes it. `shelf` is the gallery. The pages are in
`workflows.views.gallery_routes` and `template_routes`.

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
