"""`python -m tests.bench`: set the stage, measure in turns, print and keep what came out."""

import argparse
import logging
import os
import signal
import sys
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from types import FrameType
from typing import NoReturn

from tests.bench import stage
from tests.bench.measurement import FULL, QUICK, Run, Section
from tests.bench.processes import BenchError
from tests.bench.report import Circumstances, report, write
from tests.bench.scene import set_scene
from tests.bench.sections import SECTIONS
from wedsync.settings import CHECKOUT

Samples = defaultdict[str, list[float]]


def main() -> int:
    """Exit code 0 when every ratio holds, 1 when one does not, 2 when not all could be measured."""
    arguments = _arguments()
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    logging.getLogger("wedsync").setLevel(logging.ERROR)
    chosen = [each for each in SECTIONS if not arguments.only or each.name in arguments.only]
    size = QUICK if arguments.quick else FULL
    under = Circumstances(datetime.now(UTC), os.getloadavg()[0], arguments.quick, size.rounds)
    samples: Samples = defaultdict(list)
    problem = None
    try:
        with stage.prepared() as prepared:
            _measure(Run(prepared, set_scene(prepared), size), chosen, samples)
    except BenchError as error:
        problem = error
    except KeyboardInterrupt:
        return 130
    found = report(samples, under)
    is_whole = not arguments.quick and not arguments.only and problem is None
    path = stage.FOLDER / ("latest.json" if is_whole else "partial.json")
    write(found, path)
    print(f"{found.table()}\n\nkept in {path.relative_to(CHECKOUT)}")
    if problem is not None:
        print(f"bench: {problem}", file=sys.stderr)
        return 2
    return 0 if found.holds else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Measure.")
    parser.add_argument("--quick", action="store_true", help="one short round, for development")
    names = [section.name for section in SECTIONS]
    parser.add_argument("--only", action="append", choices=names, help="may be repeated")
    return parser.parse_args()


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def _measure(run: Run, sections: Sequence[Section], samples: Samples) -> None:
    working = 0
    for section in sections:
        if section.workers != working:
            run.stage.stop_workers()
            working = section.workers
            if working:
                run.stage.start_workers(working)
                run.stage.wait_until_idle()
        _measure_section(run, section, samples)


def _measure_section(run: Run, section: Section, samples: Samples) -> None:
    if section.prepare is not None:
        section.prepare(run)
    if section.rq_workers:
        run.stage.start_rq_workers(section.rq_workers)
    rounds = section.rounds or run.size.rounds
    for number in range(rounds):
        print(f"{section.name}: round {number + 1} of {rounds}", flush=True)
        for measurement in section.measurements:
            for name, value in measurement(run).items():
                samples[name].append(value)
    if section.rq_workers:
        run.stage.stop_rq_workers()


if __name__ == "__main__":
    sys.exit(main())
