"""Deliveries among very many, found and told.

| subject | where |
|---|---|
| found along an index; how many | `finding`; `counts` |
| what words stand for; what an address asks for | `naming`; `asking` |
| one of them with its attempts | `queries` |
| in words | `words`, `attempt_words`, `failure_words` |
| a page of them, one opened | `entries` |
"""
