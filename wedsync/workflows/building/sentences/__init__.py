"""A step, or what starts a workflow, as a sentence with slots to fill.

| subject | where |
|---|---|
| sentences | `slots`; `action_slots`, `trigger_slots` |
| a slot in words | `phrases` |
"""
