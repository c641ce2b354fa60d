"""One RQ job per item, a yardstick: the work of one run, written as most people would.

Run by stock `rq worker` processes, which fork for every job; they are told to import this module
first (`rq worker --config tests.bench.rq_jobs`), so that a job does not pay for that.
"""

import json
import os
import uuid
from typing import Any

import psycopg
import urllib3

QUEUE = "bench"
PATH = "/rq"
SINK_VARIABLE = "BENCH_SINK"
TABLE = (
    "CREATE TABLE bench_steps (item uuid, step text, output jsonb NOT NULL,"
    " PRIMARY KEY (item, step))"
)


def run(item: str, answer: dict[str, Any]) -> None:
    """Choose, set, send; each step committed by itself."""
    with psycopg.connect(os.environ["DATABASE_URL"]) as database:
        _record(database, item, "coming", {"branch": "Yes"})
        if answer["status"] != "accepted":
            return
        shaped = {"guest": answer["guest"]["name"], "seats": answer["party_size"]}
        _record(database, item, "shape", shaped)
        _record(database, item, "tell", {"status": _send(item, shaped)})


def _record(
    database: psycopg.Connection[Any], item: str, step: str, output: dict[str, Any]
) -> None:
    database.execute(
        "INSERT INTO bench_steps (item, step, output) VALUES (%s, %s, %s)",
        (uuid.UUID(item), step, json.dumps(output)),
    )
    database.commit()


def _send(item: str, shaped: dict[str, Any]) -> int:
    headers = {"content-type": "application/json", "idempotency-key": item}
    url = f"http://127.0.0.1:{os.environ[SINK_VARIABLE]}{PATH}"
    answer = urllib3.request("POST", url, body=json.dumps(shaped).encode(), headers=headers)
    return answer.status
