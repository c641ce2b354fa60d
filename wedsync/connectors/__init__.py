"""Built-in integrations: a folder each, with a manifest and code; none of them knows a database.

Nouns: a *connector* is a kind of integration, its *manifest* (`manifest`) what the product knows
of it, an *action* (`contract`) one thing it can do. A folder here is found by looking, so adding
one edits nothing else: `wedsync connector new <slug>` makes one, `check` judges it.
"""
