"""The wheel works by itself: away from the checkout, with the migrations that it carries."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import sqlite3
import subprocess
import sys
import sysconfig
import venv
import zipfile
from contextlib import closing
from pathlib import Path

import pytest

import nexuslims_logger

CHECKOUT = Path(__file__).parents[2]


def run(*command: str | Path, cwd: Path) -> str:
    """Return what the command prints."""
    result = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=120)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from the checkout."""
    out = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", out, cwd=CHECKOUT)
    (built,) = out.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install the wheel into an empty environment; return the folder of its programs."""
    environment = tmp_path_factory.mktemp("environment")
    venv.create(environment, with_pip=False)
    programs = environment / ("Scripts" if os.name == "nt" else "bin")
    run(
        *(sys.executable, "-m", "pip", "--python", programs / "python"),
        *("install", "--quiet", "--no-index", "--no-deps", wheel),
        cwd=environment,
    )
    # The libraries come from the environment of the tests, without the network; what stands in its .pth files (the
    # checkout) does not come along, because only an environment's own ones are read.
    site = run(programs / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=environment)
    libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (Path(site.strip()) / "libraries.pth").write_text("\n".join(libraries), encoding="utf-8")
    return programs


def test_the_wheel_holds_the_package_and_the_migrations_alone(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    revisions = {path.name for path in (CHECKOUT / "migrations" / "versions").glob("*.py")}
    folder = "nexuslims_logger/migrations/versions/"
    assert {name.removeprefix(folder) for name in names if name.startswith(folder)} == revisions
    assert "nexuslims_logger/migrations/env.py" in names
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"nexuslims_logger", f"nexuslims_logger-{nexuslims_logger.__version__}.dist-info"}


def test_db_upgrade_away_from_the_checkout(programs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXUSLIMSGUI_HOME", os.fspath(tmp_path / "100% own"))
    where = run(programs / "python", "-c", "import nexuslims_logger as n; print(n.__file__)", cwd=tmp_path)
    assert Path(where.strip()).is_relative_to(programs.parent)

    run(programs / "nexuslims-logger", "db", "upgrade", cwd=tmp_path)
    revision = run(programs / "nexuslimslogger", "db", "current", cwd=tmp_path).strip()
    assert revision == max(path.stem for path in (CHECKOUT / "migrations" / "versions").glob("*.py"))

    with closing(sqlite3.connect(tmp_path / "100% own" / "nexuslims.db")) as database:
        found = {name for (name,) in database.execute("SELECT name FROM sqlite_master")}
    assert found >= {"instruments", "session_log", "file_manifest", "schema_info", "session_summary"}


def test_every_library_that_is_imported_is_declared() -> None:
    imported = {
        name.partition(".")[0]
        for path in [*(CHECKOUT / "nexuslims_logger").rglob("*.py"), *(CHECKOUT / "migrations").rglob("*.py")]
        for node in ast.walk(ast.parse(path.read_bytes()))
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    foreign = imported - sys.stdlib_module_names - {"nexuslims_logger"}
    assert "sqlalchemy" in foreign
    distributions = importlib.metadata.packages_distributions()
    declared = {
        _normal(re.split(r"[^\w.-]", requirement)[0])
        for requirement in importlib.metadata.requires("nexuslims-logger") or ()
        if "extra ==" not in requirement
    }
    # A namespace (google) has several distributions: one of them is what was meant.
    assert not {name for name in foreign if declared.isdisjoint(map(_normal, distributions[name]))}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
