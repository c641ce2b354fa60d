"""Notices: who is told what, once.

A *notice* is about one thing and one cause (a connection that needs its owner, runs of a workflow
that wait for a decision). It is told once by page and e-mail, and closed when the cause is gone;
what comes again after that is told again.
Entry points: `service.tell` and `service.close`; `queries.open_ones` for pages.
"""
