from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from nexuslims_logger import config_sources
from nexuslims_logger.config import KEYS, IpType, Settings, Theme, config_files, load_settings
from nexuslims_logger.errors import ConfigurationError
from nexuslims_logger.journal.records import WatchFolder

PREFIX = "NEXUSLIMSGUI_"


@pytest.fixture(autouse=True)
def machine_wide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the facility's file, which this PC may really have, out of the tests."""
    path = tmp_path / "facility" / "config.json"
    path.parent.mkdir()
    user = Path.home() / "nexuslims" / "gui" / "config.json"
    monkeypatch.setattr("nexuslims_logger.config.files_in", lambda _: (user, path))
    return path


def write_user_file(content: str | dict[str, object]) -> Path:
    path = Path.home() / "nexuslims" / "gui" / "config.json"
    path.parent.mkdir(parents=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def settings(**values: str) -> Settings:
    return load_settings({"HOME": os.fspath(Path.home())} | {PREFIX + key: v for key, v in values.items()})


def problems(**values: str) -> str:
    with pytest.raises(ConfigurationError) as caught:
        settings(**values)
    return caught.value.message


def test_nothing_configured_is_the_embedded_default() -> None:
    found = settings()
    home = Path.home() / "nexuslims" / "gui"
    assert found.is_embedded
    assert found.home == home
    assert found.embedded_database == home / "nexuslims.db"
    assert found.bucket_folder == home / "bucket"
    assert found.filestore_path == (WatchFolder("", os.fspath(home / "data")),)
    assert found.filestore_is_default
    assert (found.sync_interval_seconds, found.settle_seconds, found.remind_after_hours) == (60, 10, 4)
    assert (found.filetypes_sync, found.upload_workers, found.auto_end_after_hours) == ((), 8, 0)
    assert not home.exists(), "reading settings must not create anything"


@pytest.mark.parametrize(
    ("name", "words", "expected"),
    [
        ("FILETYPES_SYNC", ".DM3, tif,*.Emi,.dm3", (".dm3", ".tif", ".emi")),
        ("FILETYPES_SYNC", '[".ser", "EMI"]', (".ser", ".emi")),
        ("FILETYPES_SYNC", "tar.gz", (".tar.gz",)),
        ("SYNC_INTERVAL_SECONDS", "2.5", 2.5),
        ("DATA_BUCKET", "lab-microscopy.data", "lab-microscopy.data"),
        ("GCP_PROJECT", "lab-microscopy-1", "lab-microscopy-1"),
        ("INSTRUMENT", " FEI-Titan ", "FEI-Titan"),
        ("ASK_USER", "Yes", True),
        ("ASK_PROJECT", "0", False),
        ("IGNORE", "*.log, ~$*", ("*.log", "~$*")),
        ("IGNORE", "[]", ()),
        ("SETTLE_SECONDS", "0", 0.0),
        ("UPLOAD_WORKERS", "8", 8),
        ("REMIND_AFTER_HOURS", "0.5", 0.5),
        ("AUTO_END_AFTER_HOURS", "12", 12.0),
        ("THEME", "Dark", Theme.DARK),
        ("TEXT_SIZE", "14", 14),
        ("DATABASE_URL", "mysql+pymysql://u:p@h:3306/db?charset=utf8mb4", "mysql+pymysql://u:p@h:3306/db?charset=utf8mb4"),
        ("DATABASE_URL", "sqlite:////srv/x.db", "sqlite:////srv/x.db"),
    ],
)  # fmt: skip
def test_a_value_is_typed(name: str, words: str, expected: object) -> None:
    assert getattr(settings(**{name: words}), name.lower()) == expected


def test_cloud_sql() -> None:
    found = settings(
        CLOUDSQL_INSTANCE="example.org:project-1:europe-west3:nexus",
        CLOUDSQL_IP_TYPE="PSC",
        CLOUDSQL_API_ENDPOINT="https://sqladmin.private.example",
        DB_NAME="nexuslims",
        DB_USER="logger@project-1.iam",
    )
    assert not found.is_embedded
    assert found.cloudsql_instance == "example.org:project-1:europe-west3:nexus"
    assert found.cloudsql_ip_type is IpType.PSC


@pytest.mark.parametrize(
    ("name", "words", "said"),
    [
        ("FILETYPES_SYNC", ".dm3, a/b", "'a/b' is none"),
        ("FILETYPES_SYNC", "*.*", "leave it empty for all"),
        ("FILETYPES_SYNC", "[.dm3]", "looks like JSON"),
        ("SYNC_INTERVAL_SECONDS", "soon", "a number of seconds from 1 to 86400"),
        ("SYNC_INTERVAL_SECONDS", "0.5", "from 1 to"),
        ("SYNC_INTERVAL_SECONDS", "nan", "from 1 to"),
        ("SYNC_INTERVAL_SECONDS", "inf", "from 1 to"),
        ("DATA_BUCKET", "gs://lab/", "bucket's name alone: lab"),
        ("DATA_BUCKET", "My Bucket", "a bucket's name"),
        ("DATA_BUCKET", "/" + "x" * 260, "too long"),
        ("DATA_BUCKET", "file:///data?x", "written %3F"),
        ("DATA_BUCKET", "file:data", "file:///"),
        ("GCP_PROJECT", "Lab", "a project's ID"),
        ("CLOUDSQL_INSTANCE", "nexus", "project:region:name"),
        ("CLOUDSQL_IP_TYPE", "fast", "public, private, psc"),
        ("CLOUDSQL_API_ENDPOINT", "sqladmin", "an address such as https://"),
        ("CLOUDSQL_API_ENDPOINT", "https://host:port", "an address such as https://"),
        ("DB_NAME", "x" * 65, "at most 64 characters, got 65"),
        ("DB_USER", "a b", "a database user's name"),
        ("DATABASE_URL", "postgresql://h/db", "mysql+pymysql://"),
        ("DATABASE_URL", "sqlite://", "nothing would be kept"),
        ("DATABASE_URL", "sqlite:///:memory:", "nothing would be kept"),
        ("CREDENTIALS_FILE", "/no/such/file.json", "there is no such file"),
        ("INSTRUMENT", "x" * 101, "at most 100"),
        ("ASK_USER", "maybe", "true or false"),
        ("IGNORE", "a/*.tmp", "has a folder in it"),
        ("IGNORE", "*", "would leave out every file"),
        ("SETTLE_SECONDS", "-1", "from 0 to 3600"),
        ("UPLOAD_WORKERS", "1.5", "a whole number of uploads"),
        ("UPLOAD_WORKERS", "0", "from 1 to 32"),
        ("REMIND_AFTER_HOURS", "0", "from 0.01"),
        ("AUTO_END_AFTER_HOURS", "x", "hours"),
        ("THEME", "blue", "auto, light, dark"),
        ("TEXT_SIZE", "200", "from 6 to 32"),
        ("HOME", "~\0", "the path of a folder"),
        ("FILESTORE_PATH", "[1]", "the path of a folder, got 1"),
        ("FILESTORE_PATH", "[]", "expected a folder, a list"),
        ("FILESTORE_PATH", '{"a": "/x", "../b": "/y"}', "'../b' cannot be a folder's name"),
        ("FILESTORE_PATH", '{"a": "/x", "A": "/y"}', "'a' stands for two folders"),
        ("FILESTORE_PATH", '["/x", "/x/y"]', "overlap"),
        ("FILESTORE_PATH", '["/x", "/x/"]', "overlap"),
    ],
)  # fmt: skip
def test_a_wrong_value_is_told_with_name_value_source_and_remedy(name: str, words: str, said: str) -> None:
    message = problems(**{name: words})
    line = next(line for line in message.splitlines() if line.startswith(f"{PREFIX}{name} is "))
    assert said in line
    assert "(environment)" in line
    if name != "DATABASE_URL":
        assert repr(words)[:40].rstrip("'") in line


def test_everything_wrong_is_told_at_once() -> None:
    message = problems(THEME="blue", TEXT_SIZE="x", SETLE_SECONDS="3")
    assert len(message.splitlines()) == 3


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("SETLE_SECONDS", "Did you mean NEXUSLIMSGUI_SETTLE_SECONDS?"),
        ("BUCKET", "Did you mean NEXUSLIMSGUI_DATA_BUCKET?"),
        ("QQQ", "docs/settings.md"),
        ("DBAPI_URL", "CLOUDSQL_INSTANCE"),
        ("DBAPI_PASSWORD", "without a web address in between"),
    ],
)
def test_an_unknown_key_is_answered(key: str, said: str) -> None:
    message = problems(**{key: "secret"})
    assert f"{PREFIX}{key} (environment)" in message
    assert said in message
    assert "secret" not in message


def test_no_password_is_shown() -> None:
    for url in (
        "mysql+pymysql://ada:s3cr@et/x@host/db?password=s3cr",
        "postgresql://ada:s3cret@host/db",
        "mysql+pymysql://ada:s3cret",
        "ada:s3cret@host",
    ):
        message = problems(DATABASE_URL=url, DB_NAME="x")
        assert "s3cr" not in message
        assert "***" in message


def test_environment_over_user_over_machine(machine_wide: Path) -> None:
    machine_wide.write_text(
        json.dumps({PREFIX + "TEXT_SIZE": 9, PREFIX + "INSTRUMENT": "facility", PREFIX + "ASK_USER": True}),
        encoding="utf-8",
    )
    write_user_file({PREFIX + "TEXT_SIZE": 11, PREFIX + "INSTRUMENT": "user"})
    found = settings(TEXT_SIZE="13")
    assert (found.text_size, found.instrument, found.ask_user) == (13, "user", True)


def test_empty_and_null_mean_the_default(machine_wide: Path) -> None:
    machine_wide.write_text(json.dumps({PREFIX + "INSTRUMENT": "facility", PREFIX + "TEXT_SIZE": 20}), encoding="utf-8")
    write_user_file({PREFIX + "INSTRUMENT": None})
    found = settings(TEXT_SIZE="")
    assert found.instrument is None
    assert found.text_size == 10


def test_json_values(tmp_path: Path) -> None:
    key = tmp_path / "key.json"
    key.touch()
    write_user_file(
        {
            PREFIX + "FILETYPES_SYNC": [".DM3"],
            PREFIX + "SYNC_INTERVAL_SECONDS": 5,
            PREFIX + "ASK_USER": True,
            PREFIX + "CREDENTIALS_FILE": os.fspath(key),
            PREFIX + "FILESTORE_PATH": {"TEM": os.fspath(tmp_path / "a"), "EDS": os.fspath(tmp_path / "b")},
        }
    )
    found = settings()
    assert found.filetypes_sync == (".dm3",)
    assert (found.sync_interval_seconds, found.ask_user, found.credentials_file) == (5, True, key)
    assert [folder.label for folder in found.filestore_path] == ["TEM", "EDS"]


@pytest.mark.parametrize(
    ("name", "value"),
    [("TEXT_SIZE", True), ("TEXT_SIZE", [1]), ("ASK_USER", 0.5), ("INSTRUMENT", 7), ("HOME", 1),
     ("FILETYPES_SYNC", {"a": 1}), ("FILETYPES_SYNC", [1]), ("DATABASE_URL", 1), ("FILESTORE_PATH", 1)],
)  # fmt: skip
def test_a_value_of_the_wrong_kind_in_a_file(name: str, value: object) -> None:
    path = write_user_file({PREFIX + name: value})
    message = problems()
    assert message.startswith(f"{PREFIX}{name} is ")
    assert f"(file {path})" in message


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{\n  "a": 1,,\n}', "line 2, column 10"),
        ('{"NEXUSLIMSGUI_HOME": "C:\\data"}', "a backslash is written twice"),
        ("[1]", "must hold an object"),
        ('{"NEXUSLIMSGUI_THEME": "dark", "NEXUSLIMSGUI_THEME": "light"}', "names NEXUSLIMSGUI_THEME twice"),
        ('{"data_bucket": "x"}', "Did you mean NEXUSLIMSGUI_DATA_BUCKET?"),
        pytest.param("[" * 100_000, "brackets within brackets", id="nested"),
    ],
)
def test_a_broken_file_is_told_with_its_place(content: str, said: str) -> None:
    path = write_user_file(content)
    message = problems()
    assert said in message
    assert os.fspath(path) in message


def test_a_file_that_is_no_text_or_no_file(machine_wide: Path) -> None:
    write_user_file("").write_bytes(b'{"a": "\xff"}')
    machine_wide.mkdir()
    message = problems()
    assert "not UTF-8" in message
    assert "cannot be read" in message


def test_a_file_saved_by_notepad() -> None:
    write_user_file('\ufeff{"NEXUSLIMSGUI_TEXT_SIZE": 12}')
    assert settings().text_size == 12


@pytest.mark.parametrize(
    ("paths", "labels"),
    [
        (["/d/TEM", "/d/EDS"], ["TEM", "EDS"]),
        (["/a/TEM/data", "/b/EDS/data", "/c/other"], ["TEM-data", "EDS-data", "other"]),
        (["/x/TEM/data", "/y/TEM/data"], ["x-TEM-data", "y-TEM-data"]),
        (["/a/My Data ", "/b/my data"], ["a-My Data", "b-my data"]),
        (["/only"], [""]),
    ],
)
def test_labels_of_a_list(paths: list[str], labels: list[str]) -> None:
    found = settings(FILESTORE_PATH=json.dumps(paths))
    assert [folder.label for folder in found.filestore_path] == labels
    assert [folder.path for folder in found.filestore_path] == [os.path.abspath(path) for path in paths]  # noqa: PTH100 - as the program
    assert not found.filestore_is_default


def test_paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    found = settings(HOME="~/x/../own", FILESTORE_PATH="watch", DATA_BUCKET="./a b/büc%ket#")
    assert found.home == Path.home() / "own"
    assert found.filestore_path == (WatchFolder("", os.fspath(tmp_path / "watch")),)
    assert found.bucket_folder == tmp_path / "a b" / "büc%ket#"
    again = settings(HOME="~/own", FILESTORE_PATH="watch", DATA_BUCKET=found.data_bucket)
    assert again.data_bucket == found.data_bucket


def test_a_relative_path_in_a_file_is_refused() -> None:
    write_user_file({PREFIX + "FILESTORE_PATH": "data"})
    assert "a whole path" in problems()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"DATABASE_URL": "sqlite:////x.db", "CLOUDSQL_INSTANCE": "p:r:n"}, "two databases"),
        ({"CLOUDSQL_INSTANCE": "p:r:n", "DB_USER": "u"}, "NEXUSLIMSGUI_DB_NAME is missing"),
        ({"DB_NAME": "nexus"}, "no instance is named"),
        ({"FILESTORE_PATH": "~/own", "HOME": "~/own"}, "overlaps with the program's folder"),
        ({"FILESTORE_PATH": "~/own/logs", "HOME": "~/own"}, "overlaps with the program's folder"),
        ({"FILESTORE_PATH": "~", "HOME": "~/own"}, "overlaps with the program's folder"),
        ({"FILESTORE_PATH": "~/b/x", "DATA_BUCKET": "~/b"}, "overlaps with the store"),
        ({"FILESTORE_PATH": "~/b", "DATA_BUCKET": "~/b/x"}, "overlaps with the store"),
        ({"DATA_BUCKET": "~/nexuslims/gui/data"}, "overlaps with the store"),
    ],
)  # fmt: skip
def test_contradictions(values: dict[str, str], said: str) -> None:
    assert said in problems(**values)


def test_the_emulator_is_honoured() -> None:
    assert load_settings({"HOME": "/h", "STORAGE_EMULATOR_HOST": "localhost:9"}).storage_emulator_host == "localhost:9"


def test_where_the_files_are(machine_wide: Path) -> None:
    assert config_files() == (Path.home() / "nexuslims" / "gui" / "config.json", machine_wide)
    # The real function, which the fixture above replaces in `config`.
    files = config_sources.files_in({"HOME": "/home/ada", "USERPROFILE": "/home/ada", "PROGRAMDATA": "/pd"})
    assert files[0] == Path("/home/ada/nexuslims/gui/config.json")
    machine = "/pd/NexusLIMS-Logger" if sys.platform == "win32" else "/etc/nexuslims-logger"
    assert files[1] == Path(machine) / "config.json"
    assert config_sources.user_home({}) == Path.home()


def test_every_setting_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "settings.md").read_text(encoding="utf-8")
    assert KEYS
    assert [key for key in KEYS if f"`{key}`" not in page] == []


def test_every_setting_has_a_field() -> None:
    fields: dict[str, Any] = Settings.__dataclass_fields__
    assert {key.removeprefix(PREFIX).lower() for key in KEYS} == set(fields) - {
        "storage_emulator_host",
        "filestore_is_default",
    }


def test_the_database_user_may_come_from_the_credentials() -> None:
    assert settings(CLOUDSQL_INSTANCE="p:r:n", DB_NAME="nexus").db_user is None
