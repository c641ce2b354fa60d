"""Gestures: what a person does to a draft, as operations on it, done once and undone by name.

| subject | where |
|---|---|
| what a gesture does | `of_steps`, `of_branches`; `clipboard`, also from one workflow to another |
| doing it, undoing it | `doing`; `contradictions`, when two people changed one step |
| where steps stand, what they read of each other | `spots`, `step_links` |
"""
