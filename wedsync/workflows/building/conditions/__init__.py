"""Conditions as rows and groups of rows, and back.

| subject | where |
|---|---|
| rows of a condition | `condition_rows`; `condition_patterns`, which calculation is which row |
| what can be asked of a value | `condition_verbs`, `condition_shapes` |
| changing them | `condition_gestures`; `compared_values`, what is typed in them |
| what they give for a couple | `condition_verdicts` |
"""
