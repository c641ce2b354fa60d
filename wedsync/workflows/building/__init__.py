"""The builder: what it shows of a draft, and what its gestures do to it.

Nothing here commits, and nothing here fails on a draft, whatever it holds.

| subject | where |
|---|---|
| rows | `models`: clipboards, gestures that were done, tries |
| what a gesture does, and doing it once | `gestures` |
| choosing a step, or what starts it | `picking` |
| what a step can read, and examples of it | `known` |
| conditions as rows | `conditions` |
| sentences with slots | `sentences` |
| a step's settings | `panel` |
| trying it: pretended, or one step really | `tries` |
| what people type, read kindly | `typed` |
| the page: the board, and the panel beside it | `board` |
"""
