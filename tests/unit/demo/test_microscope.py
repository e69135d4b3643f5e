from __future__ import annotations

import hashlib
import itertools
from datetime import date
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from nexuslims_logger.demo.microscope import Microscope

if TYPE_CHECKING:
    from pathlib import Path

DAY = date(2026, 11, 23)


def run(folder: Path, *, images: int = 8, seed: int = 1) -> list[float]:
    return list(Microscope(folder, DAY, images=images, seed=seed).steps())


def files(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_every_file_is_an_image_that_others_can_read(tmp_path: Path) -> None:
    run(tmp_path)
    assert len(files(tmp_path)) == 8
    sizes = set()
    for name in files(tmp_path):
        assert name.startswith("2026-11-23/")
        with Image.open(tmp_path / name) as image:
            image.load()
            assert len(set(image.tobytes())) > 50
        sizes.add((tmp_path / name).stat().st_size)
    assert min(sizes) < 50_000
    assert max(sizes) > 3_000_000


def test_names_are_a_microscopes_and_one_is_awkward(tmp_path: Path) -> None:
    run(tmp_path)
    names = files(tmp_path)
    assert "2026-11-23/grid7_0001.tif" in names
    assert any(" " in name and not name.isascii() for name in names)


def test_the_same_seed_writes_the_same_files(tmp_path: Path) -> None:
    for folder, seed in (("a", 1), ("b", 1), ("c", 2)):
        run(tmp_path / folder, seed=seed)
    assert files(tmp_path / "a") == files(tmp_path / "b")
    other = files(tmp_path / "c")
    assert other.keys() == files(tmp_path / "a").keys()
    assert not set(other.values()) & set(files(tmp_path / "a").values())


def test_one_file_grows_for_seconds_and_one_is_replaced(tmp_path: Path) -> None:
    growing: dict[str, float] = {}
    contents: dict[str, set[str]] = {}
    before: dict[str, int] = {}
    for waited_s in Microscope(tmp_path, DAY).steps():
        now = {path.name: path.stat().st_size for path in tmp_path.rglob("*.tif")}
        grown = [name for name, size in now.items() if before.get(name) != size]
        for name in grown:
            growing[name] = growing.get(name, 0) + waited_s
        for name, digest in files(tmp_path).items():
            contents.setdefault(name, set()).add(digest)
        before = now
    assert max(growing.values()) > 5
    finished = files(tmp_path)
    first = "2026-11-23/grid7_0001.tif"
    run(tmp_path / "once", images=1)
    taken_first = files(tmp_path / "once")[first]
    assert taken_first in contents[first]
    assert taken_first != finished[first]


def test_a_half_written_file_is_no_image_yet(tmp_path: Path) -> None:
    steps = Microscope(tmp_path, DAY).steps()
    for _ in range(3):
        next(steps)
    (path,) = tmp_path.rglob("*.tif")
    with Image.open(path) as image, pytest.raises(OSError, match="truncated"):
        image.load()


def test_waiting_is_left_to_the_caller_and_never_long(tmp_path: Path) -> None:
    waits = run(tmp_path)
    assert all(0 <= wait_s <= 1 for wait_s in waits)
    assert 8 < sum(waits) < 30


def test_it_goes_on_until_nobody_asks_for_more(tmp_path: Path) -> None:
    steps = Microscope(tmp_path, DAY, images=None).steps()
    for _ in itertools.islice(steps, 200):
        pass
    assert len(files(tmp_path)) > 8
