"""The builder's page as values: the board of steps, and the panel beside it.

| subject | where |
|---|---|
| what both are told with | `setting` |
| the board | `board_parts`, its shapes |
| the panel | `panel_parts`, its shapes |
"""
