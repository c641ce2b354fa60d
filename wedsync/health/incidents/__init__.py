"""Incidents: times in which something did not do well, from when it was seen until it was over.

An *incident* is about one thing (a connection, hook, endpoint, workflow) of an organization, or
about a connector across organizations, which is what the admins are told instead of one for each
vendor. It opens when the thing is judged unwell, may be *acknowledged* by somebody, and closes by
itself once the thing has been well for a minute. Its people are told once.

| subject | where |
|---|---|
| opening and closing | `watching` asks the `suspects` how they do, by the clock; `course` |
| telling people | `telling` |
| the same across organizations | `across` |
| reading and acknowledging | `service`, in words by `stories` |
| rows | `models` |
"""
