"""How often things worked and how long they took, by the minute and by the hour.

Whoever writes down that a try or a run ended leaves an *ending* in the same transaction; a drain
takes endings away and adds them to the *rollups* of each *series* they belong to, in one
transaction. So nothing is counted twice or left out, however late it ended and whoever was killed.

Nouns: an *ending*, a *series* (one thing that is counted: a connection, an endpoint, a workflow, a
step; across all organizations a connector, and the platform), a *rollup* (one series in one minute
or hour), its *bins* (how many took how long).

| subject | where |
|---|---|
| what is kept, and for how long | `models`, `retention` |
| leaving endings | `endings` |
| adding them up | `tallies` (grouped by the database), `counting` (the drain) |
| what was counted, lately and over any time | `reading` |
| the same numbers from the rows they came from | `recounting` |
| how long things took | `bins` |
"""
