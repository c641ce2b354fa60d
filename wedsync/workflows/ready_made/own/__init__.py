"""Templates of an organization's own: a workflow saved, to be made again with other answers.

| subject | where |
|---|---|
| one as a recipe, asked and filled like ours | `own_recipe` |
| what of a workflow can be asked | `possible_questions`; `possible_question`, one of them |
| found in what it names, and in its fields | `named_questions`, `field_questions` |
| what never goes into a template | `leaving_out`; `names_of_couples` |
| what would be saved, before it is | `outlines` |
| saving, renaming, deleting | `templates`; `template_queries` |
"""
