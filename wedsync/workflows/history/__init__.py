"""What ran: read for pages and the API, told step by step, counted, and why nothing ran.

| subject | where |
|---|---|
| lists | `run_list`; `failures`, `attention` what needs somebody, `needs_events` says so |
| one run | `run_reading`, `run_story`, `run_notices`, `run_steps`; `recorded_words` |
| loops | `courses`, how far runs and items are; `loop_story` |
| events | `event_story`; `why_not` nothing happened |
| how a workflow does | `performance`, `performance_story` |
| versions | `version_story` |
| what moves with a wedding | `move_words` |
"""
