"""Requests made by schemathesis (PyPI) from the server's own OpenAPI description, a bounded number, the same each time.

CROWSNEST_SCHEMATHESIS_PHASES=coverage,fuzzing also walks every boundary of every parameter, which takes minutes.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

EXAMPLES = "8"
PHASES = os.environ.get("CROWSNEST_SCHEMATHESIS_PHASES", "fuzzing")
# Streams, bodies that are protobuf, which it cannot make, and pushes, which a viewer may not send.
LEFT_OUT = r"/api/v1/(notifications/live|read|write|import/prometheus|otlp/v1/metrics)$"
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"

# The description says that these are texts; few random texts are PromQL, so it is told some that are.
TEXTS = {
    "query": ["requests_total", "rate(requests_total[1m])", "sum by (job) (temperature)", "1 / 0", '"text"', "up[5m]"],
    "match[]": ["requests_total", '{job="test"}', '{__name__=~"temp.*"}'],
}


def with_texts(schemas):
    """Lets each parameter that has a row above take one of those texts as well."""
    for name, schema in schemas:
        item = schema["items"] if schema.get("type") == "array" else schema
        if name in TEXTS:
            item.clear()
            item["anyOf"] = [{"enum": TEXTS[name]}, {"type": "string"}]


[document] = sys.argv[1:]
description = json.loads(Path(document).read_text())
for operations in description["paths"].values():
    for operation in operations.values():
        with_texts((parameter["name"], parameter["schema"]) for parameter in operation["parameters"])
        form = operation.get("requestBody", {}).get("content", {}).get("application/x-www-form-urlencoded")
        if form:
            with_texts(form["schema"]["properties"].items())
Path(document).write_text(json.dumps(description))

command = [
    sys.executable, Path(os.environ["PYTHONPATH"]) / "bin" / "schemathesis",
    "--config-file", Path(__file__).with_name("schemathesis.toml"),
    "run", document,
    "--url", os.environ["CROWSNEST_URL"].rstrip("/"),
    "--header", "Authorization: Bearer " + os.environ["CROWSNEST_TOKEN"],
    "--exclude-path-regex", LEFT_OUT,
    "--checks", CHECKS,
    "--phases", PHASES,
    "--max-examples", EXAMPLES,
    "--generation-deterministic",
    "--request-timeout", "30",
    "--request-retries", "3",
    "--workers", "2",
]  # fmt: skip
sys.exit(subprocess.run(command, cwd=Path(document).parent).returncode)
