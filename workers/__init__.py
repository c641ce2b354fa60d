"""The processes that do the work.

`python -m workers` is an RQ worker beside long-lived drain threads, one per kind of lane:
`fan_out` (events), `runs`, `deliveries`, and `schedule` (the table of things that happen by the
clock). SQL is the truth: every drain looks by itself each second, and an RQ job does nothing but
ring its bell (`bells`). `--queue long` serves long jobs people started instead.
"""
