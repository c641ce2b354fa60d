"""New keys for old, while everybody works: what `wedsync keys` does to the vault.

| subject | where |
|---|---|
| what is done, one at a time | `rotating` |
| what is sealed where | `sealed_columns`, held complete by a test |
| new data keys beside the old | `generations` |
| sealing anew | `resealing` (everything), `walking` (one table) |
"""
