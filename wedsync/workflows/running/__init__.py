"""Runs on their way: started, claimed, moved on to the next effect, held back, settled.

Read `runner` first: one turn is one transaction.

| subject | where |
|---|---|
| starting runs | `start` by the fan-out, `new_runs`; `given_input`, what they may be given |
| rounds | `runner`; `claims`, `caps`; `loading`, `programs`, `take_up`; `recording`, `journal` |
| runs that kill whoever takes them up | `deadly_runs` |
| one run's advance | `live_run`, `advancing`, `performing`; `reach`, by which account |
| runs of runs | `items` and `loop_lists` of loops, `calling` of other workflows |
| how many runs one beginning sets off, one hour sees | `chain_budgets`, `runaways` |
| effects with the step itself | `local_effects` |
| what does not leave now | `once_slots` a turn, `guardrails` and `message_rules` for messages |
| how often a service may be called | `budget_lines` |
| waiting for a connection | `waiting_on` |
| waiting for a day of a wedding | `dated_waits` |
| waiting for an event | `listening`, `looking_back`, `event_matching` |
| asking a person | `asking`; `answering` gives answers and events to who waits |
| what people do with runs | `runs`; `rerunning`, `repairing` what a step was given |
| many runs again | `bulk_rerun` |
"""
