"""``doctor`` on the way to Cloud SQL, through the stand-in: each step that can fail, and what is then to be done."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from nexuslims_logger.exit_codes import ExitCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cloud_sql_database import Cloud

STEPS = ("credentials", "Admin API", "port", "login", "clock", "schema", "rights", "instrument")


def examined(cloud: Cloud) -> tuple[int, list[dict[str, Any]]]:
    """Run the program's own command; return its exit code and the lines of the database."""
    environ = cloud.environ | {"NEXUSLIMSGUI_INSTRUMENT": "TITAN"}
    result = subprocess.run(
        [sys.executable, "-m", "tests.cloud_sql_program", str(cloud.standin.port), "doctor", "--json", "-vv"],
        env={name: value for name, value in os.environ.items() if not name.startswith("NEXUSLIMSGUI_")} | environ,
        capture_output=True,
        encoding="utf-8",
        check=False,
        timeout=90,
    )
    shown = result.stdout + result.stderr
    assert cloud.standin.secrets
    assert [secret for secret in cloud.standin.secrets if secret in shown] == []
    report = json.loads(result.stdout)
    assert report["seconds"] < 60
    return result.returncode, [line for line in report["checks"] if line["group"] == "database"]


def test_all_is_well(cloud: Cloud) -> None:
    code, lines = examined(cloud)

    assert {line["name"]: (line["outcome"], line["said"]) for line in lines if line["outcome"] != "OK"} == {}
    assert tuple(line["name"] for line in lines) == STEPS
    assert code == ExitCode.COMPLETE
    said = {line["name"]: line["said"] for line in lines}
    assert cloud.email in said["credentials"]
    assert "127.0.0.1 (public)" in said["Admin API"]
    assert said["login"].startswith(f"as {cloud.user}@%")


def weather(**changes: object) -> Callable[[Cloud], None]:
    def change(cloud: Cloud) -> None:
        for name, value in changes.items():
            assert hasattr(cloud.standin.weather, name)
            setattr(cloud.standin.weather, name, value)

    return change


def setting(name: str, value: str) -> Callable[[Cloud], None]:
    return lambda cloud: cloud.environ.update({f"NEXUSLIMSGUI_{name}": value})


#: What is wrong, the step that tells, and what its remedy names.
CASES: dict[str, tuple[Callable[[Cloud], None], str, str]] = {
    "revoked": (lambda cloud: cloud.standin.revoke(cloud.email), "credentials", "facility manager for new ones"),
    "clock": (weather(clock_ahead_s=7200.0), "credentials", "Set the PC's date"),
    "no role": (weather(api_answer=(403, "Not authorized.")), "Admin API", "roles/cloudsql.client"),
    "no instance": (setting("CLOUDSQL_INSTANCE", "lab-project:us-east1:other"), "Admin API", "project:region:name"),
    "region": (setting("CLOUDSQL_INSTANCE", "lab-project:us-west1:nexus"), "Admin API", "middle part"),
    "address": (setting("CLOUDSQL_IP_TYPE", "private"), "Admin API", "NEXUSLIMSGUI_CLOUDSQL_IP_TYPE"),
    "no API": (setting("CLOUDSQL_API_ENDPOINT", "http://127.0.0.1:9"), "Admin API", "127.0.0.1, port 9"),
    "port": (lambda cloud: cloud.standin.close_port(), "port", "127.0.0.1, port "),
    "user": (setting("DB_USER", "nobody"), "login", "gcloud sql users create"),
    "database": (setting("DB_NAME", "mysql"), "login", "NEXUSLIMSGUI_DB_NAME"),
    "foreign": (weather(foreign_certificate=True), "login", "another server than the one expected"),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_told_by_its_step(cloud: Cloud, case: str) -> None:
    spoil, step, remedy = CASES[case]
    spoil(cloud)

    code, lines = examined(cloud)

    assert code == ExitCode.FAILED
    place = STEPS.index(step)
    outcomes = ["OK"] * place + ["FAIL"] + ["NOT CHECKED"] * (len(STEPS) - place - 1)
    assert [line["outcome"] for line in lines] == outcomes, lines
    assert remedy in lines[place]["remedy"]


def test_an_api_that_hangs_costs_a_limited_time(cloud: Cloud) -> None:
    cloud.standin.weather.api_hangs = True

    code, lines = examined(cloud)

    assert code == ExitCode.FAILED
    assert [line["outcome"] for line in lines[:3]] == ["OK", "FAIL", "NOT CHECKED"]
    assert "port" in lines[1]["remedy"]
