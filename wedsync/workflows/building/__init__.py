"""The builder: what it shows of a draft, and what its gestures do to it.

Nothing here commits, and nothing here fails on a draft, whatever it holds.

| subject | where |
|---|---|
| rows | `models`: clipboards, gestures that were done |
| gestures | `gestures`, of steps; `branch_gestures`; `clipboard` |
| doing them, undoing them | `doing`; `contradictions` |
| where steps stand, what they read of each other | `spots`, `step_links` |
| choosing a step or what starts it | `step_picker`, `trigger_picker`; `finding` |
| what a step can read | `known_data`; `known_groups`, `data_items`, `wedding_items`; `reach` |
| finding it, using functions on it | `data_search`, `function_picker`; `pills`, any expression in words |
| examples to read it from | `samples`, `sample_events`, `made_up`; `working_out` what steps give |
| conditions as rows | `condition_rows`, `condition_verbs`, `condition_shapes`, `condition_patterns`; `condition_gestures` |
| what rows give, what is typed in them | `condition_verdicts`; `compared_values` |
| numbers, money and days as people type them | `typed_amounts`, `typed_days` |
| sentences with slots | `slots`; `action_slots`, `trigger_slots`; `phrases` |
| the panel | `fields`; `field`, `field_specs`, `input_fields`; `field_choices`; `sheets` |
| what is typed there | `field_writing`; `typed_values`, `typed_rows`; `texts_with_data`; `not_readable` |
| times as people type them | `typed_times`, `typed_moments`, `typed_schedules` |
"""
