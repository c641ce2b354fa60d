"""The builder's page as values: the board of steps, and the panel beside it.

| subject | where |
|---|---|
| what both are told with | `setting` |
| the board | `board_parts`, its shapes; `mending`, the buttons beside problems |
| the panel | `panel_parts`, its shapes |
"""
