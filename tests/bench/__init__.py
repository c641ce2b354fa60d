"""`make bench`: how fast it is, each figure beside a yardstick of the same run.

    python -m tests.bench [--quick] [--only SECTION]…

Machines of one class differ by a factor of three from hour to hour, so a figure alone says little.
What is gated is its ratio to a yardstick: something simpler doing the same job, measured in turns
with it (A-B-A-B), the median of five rounds each.

| figure | what is measured |
|---|---|
| `accept_rps`, `accept_p50_ms`, `accept_p99_ms` | signed hooks, 20 in flight, no worker running |
| `accept_busy_rps` | the same while two workers do what the hooks ask for |
| `runs_per_s` | signed hook, choose, set, one HTTP effect: first request to last arrival |
| `engine_runs_per_s` | such runs that are due already, one worker |
| `engine_beside_hanging_runs_per_s` | the same beside 50 requests that hang |
| `events_to_runs_per_s` | from events that lie there: fan-out and runs, one worker |
| `deliveries_per_s` | deliveries that are due, one worker, a healthy receiver |
| `delivery_p95_ms_at_200` | 200 hooks a second: from sending one until its delivery arrives |
| `no_ops_p50_ms` | one run of forty `set` steps, from accepted to recorded |
| `for_each_2000_s` | one loop over 2,000 guests, from accepted to recorded |
| `for_each_2000_calling_s` | the same with an HTTP effect for each, fifty at a time |
| `back_fill_delay_ms` | how long 50,000 events of one delay another's next run |
| `first_try_beside_due_ms` | an event's first try beside another's million deliveries due and ten \
endpoints that hang at their cap, the slowest of twenty |
| `replay_begin_ms`, `replay_first_ms` | 100,000 events sent again to a new endpoint: until it has \
begun, until the first arrived |
| `replayed_per_s`, `replay_memory_mb` | the same until the last arrived, and how much more memory \
the worker held at its peak |
| `rollup_cpu_us` | processor time of counting one ended try, at 1,000 a second (100 µs are a \
tenth of a core) |
| `run_cpu_us_at_10000`, `…_at_stored` | processor time of a run, few or a million stored |
| `claim_p50_ms`, `claim_p99_ms` | a claim beside a million timers and an old snapshot |
| `condition_us` | one condition decided and explained on an event not seen before |
| `page_p95_ms` | the list of runs, 10,000 of them, signed in, through the front |
| `hanging_provider_p95_ms` | pages and requests of an account whose token has run out, while its \
provider hangs and every place for asking is taken (its page, the list, choices, the API, the \
start of a run) |
| `deliveries_page_p95_ms` | the slowest page of deliveries, 100,000 in the organization and as \
many of others, signed in, through the front: an endpoint's and all, every filter and search |
| `health_page_p95_ms` | the slowest page of Health, figures and the marketplace, a million tries \
in the organization, signed in, through the front |
| `rss_mb` | memory of all processes, what they share counted once |

| yardstick | what it is |
|---|---|
| `bare_accept_rps`, `bare_accept_p99_ms` | verify and insert in the same server, nothing else |
| `libcurl_rps` | libcurl's multi interface sending the same request to the same receiver |
| `rq_job_per_item_rps` | two stock `rq worker`, a job per item, a commit per step |

The servers are started for the run with the durability of production: a commit is on the disk
when it is answered. Four organizations share the work, as a worker gives none of them more than
half of itself. Full runs are kept in `var/bench/latest.json`, partial ones beside it.

Read `__main__` for the order of things, `sections` for what is measured in which, `stage` for
where. The measurements lie in `front`, `worker`, `one_run`, `back_fill`, `replay`, `million_due`,
`delivery_pages`, `health_pages`, `hanging_provider`, `rollups`, `stored` and `timers`.
"""
