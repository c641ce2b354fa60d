"""The processes that do the work.

`python -m workers` is an RQ worker (`__main__`) beside long-lived drain threads (`drain`), one per
kind of lane; `drains` is the list of them. Two have their work here: `fan_out` (events;
`deadly_events`, those that kill it, `weddings_of_events`, what they are about) and `schedule` (the
table of things that happen by the clock); the others call the slice whose lane it is: `runs`,
`reruns`, `deliveries`, `replays`, `subscriptions`, `connections`, `recovery`, `mail`, `tries`. SQL
is the truth: each drain looks by itself every second, and an RQ job does nothing but ring its bell
(`bells`).
`--queue long` serves long jobs people started instead.
"""
