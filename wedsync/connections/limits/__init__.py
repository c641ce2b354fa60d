"""How often a service may be called, held for all connections, workers and kinds of work.

A *budget* is what calls over one connection are counted against: its own bucket and that of its
listing. A row of SQL per bucket is the only truth; who takes from it locks it, and its clock is
the database's. A connection whose manifest says nothing and whose far end said nothing has none.

| subject | where |
|---|---|
| how many may leave and when, pure | `arithmetic` |
| what an answer says of it, pure | `headers` |
| rows | `models` |
| how a waiting run says so | `lines` |
| finding, taking, noting what was said | `budgets` |
| calls beside those of runs, which come after them | `beside_runs` |
| how much is left, and when what waits goes on | `queries`; `words`, in sentences |

The runs that wait in line for a budget are `workflows.running.budget_lines`.
"""
