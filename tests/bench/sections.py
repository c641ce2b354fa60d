"""What is measured, in this order: sections of measurements that take turns, round after round.

Those of a section stand side by side: what is compared is measured within seconds of each other,
under the same workers. What leaves much behind comes last.
"""

from tests.bench import (
    back_fill,
    delivery_pages,
    front,
    gestures,
    hanging_provider,
    health_pages,
    million_due,
    one_run,
    page,
    replay,
    rollups,
    stored,
    timers,
    worker,
)
from tests.bench.measurement import Section

SECTIONS = (
    Section("condition", (one_run.condition,)),
    Section("accept", (front.accept, front.bare)),
    Section(
        "runs",
        (front.runs, front.bare_beside_workers, front.rq_job_per_item),
        workers=2,
        rq_workers=2,
    ),
    Section("latency", (front.latency,), workers=2),
    Section("page", (front.pages,), workers=2, prepare=page.make_runs),
    Section("gestures", (gestures.gestures,), workers=2, rounds=1, prepare=gestures.make_workflow),
    Section(
        "hanging_provider",
        (hanging_provider.pages,),
        workers=2,
        rounds=1,
        prepare=hanging_provider.make_connections,
    ),
    Section("steps", (one_run.no_ops,), workers=1),
    Section("loop", (one_run.loop, one_run.calling_loop), workers=1),
    Section("engine", (worker.engine, worker.engine_beside_hanging), workers=1),
    Section("events", (worker.events_to_runs,), workers=1),
    Section("deliveries", (worker.deliveries, worker.raw_libcurl), workers=1),
    Section("replay", (replay.replay,), workers=1, rounds=1),
    Section("back-fill", (back_fill.beside_back_fill,), workers=1, rounds=1),
    Section("rollups", (rollups.counting_each_second,), rounds=3),
    Section("stored", (stored.cost_by_what_is_stored,), workers=1, rounds=1),
    Section(
        "million due",
        (million_due.beside_a_million_due,),
        workers=1,
        rounds=1,
        prepare=million_due.make_due,
    ),
    Section(
        "deliveries_page",
        (delivery_pages.pages,),
        rounds=1,
        prepare=delivery_pages.make_deliveries,
    ),
    Section("health_page", (health_pages.pages,), rounds=1, prepare=health_pages.make_tries),
    Section("timers", (timers.claims_beside_timers,), rounds=1, prepare=timers.make_timers),
)
