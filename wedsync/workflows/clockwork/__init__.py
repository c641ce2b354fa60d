"""What starts by the clock, and what moves when a wedding's date does.

| subject | where |
|---|---|
| timers | `timers`, `timer_rows`; `next_start` tells when a workflow starts by itself |
| schedules | `schedule_timers` |
| looking at partners now and then | `polling`, `poll_timers` |
| around a wedding's dates | `wedding_timers`, `wedding_plans` |
| when a date moves | `replanning` of what waits; before it is moved, `moves` |
"""
