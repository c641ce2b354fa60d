"""The builder's page as values: the board of steps, and the panel beside it.

| subject | where |
|---|---|
| what both are told with | `setting`; `named`, all that has a name |
| the board | `board`; `board_parts`, its shapes |
| its head, the paragraph, the steps | `bar`, `lede`, `step_rows` |
| a branch while it is folded | `folded` |
| when what is counted from a wedding comes | `coming_dates`; `leaf_days`, the calendar |
| who else has it open | `company` |
| problems, and what mends them | `repairs`; `asking`, their words; `mending`, the gestures |
| what will lack a date; whose answer nothing heeds | `foreseen`; `unheeded` |
| what of it differs from what a page shows | `board_changes` |
| the panel | `open_panel`; `panel_parts`, its shapes |
| what two people made of one field | `clashes` |
| its conditions, its data picker | `condition_panel`, `data_panel` |
"""
