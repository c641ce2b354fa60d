"""What any product like this needs and that knows nothing of weddings.

`db` tables and session · `ids` `clock` `identity` · `crypto` `vault` secrets at rest · `documents`
hostile JSON · `outbound` the one door to the network · `wake` bells through Redis · `leases` who
works on what · `schedule` what ran when · `fragments` `assets` pages · `runtime` what a process has
one of · `embedded` private PostgreSQL and Redis for one machine.
"""
