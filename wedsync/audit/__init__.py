"""The record of who did what.

Nouns: an *entry* (actor, action, object, facts). Written by `service.record` in the transaction
of the change; sealing the entries into a chain comes with its own job.
"""
