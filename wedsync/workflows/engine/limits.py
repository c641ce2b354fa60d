"""The bounds of format 1. Raising one is safe; lowering one would refuse what is already live."""

MAX_DEPTH = 64
"""Nesting of any JSON we take or make."""

MAX_NODES = 50_000
MAX_TEXT = 64 * 1024
MAX_DEFINITION_CHARACTERS = 512 * 1024
MAX_STEPS = 500
MAX_BRANCHES = 50
MAX_PROBLEMS = 100
MAX_LABEL = 200
MAX_NOTE = 4_000

OPS_BUDGET = 10_000
"""Operations one evaluation may cost, as datalogic counts them."""

EXPRESSION_BYTES = 64 * 1024
"""What one expression may give, as JSON."""

FUNCTION_BYTES = 2 * 1024 * 1024
"""What the functions of one evaluation may read and write together."""

STEP_BYTES = 256 * 1024
"""What one step may be given or may give, as JSON."""

MAX_BODY = 16 * 1024
"""Characters of one body as written."""

BODY_WORK = 100_000
"""What the loops of the bodies of one evaluation may do: sixteen characters of an inside, once."""

MAX_BUILT_READS = 50
"""Values one expression may put into the lists and records it builds."""

MAX_REPEATED = 4 * 1024
"""What a loop may say for each part of its list, as JSON."""

MAX_ATTEMPTS = 50
MAX_FACTOR = 100
MAX_DELAY_S = 30 * 86_400
MAX_TIMEOUT_S = 60

MAX_WAIT_S = 3_653 * 86_400
"""Ten years: what a wait, a time-out or an expiry may take."""

MIN_REMIND_S = 60
MAX_OFFSET_DAYS = 3_650
MAX_MATCHES = 10
MAX_ITEMS = 10_000
MAX_PARALLEL = 50
MAX_LOOPS = 3
"""Loops inside one another."""

MIN_POLL_S = 60
MAX_POLL_S = 86_400

SEALED = "$sealed"
"""The one name in a sealed value, which is passed on whole and never looked into."""

RECOVERIES_BEFORE_PARKING = 3
"""The recovery of one step at which its run is parked instead of tried once more."""
