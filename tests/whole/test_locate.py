"""A library is found from any folder, in a fixed order, and the reason can be told."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.config import Config
from indexer.locate import locate


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder with a catalogue, and one deep below it."""
    (tmp_path / "project" / "deep" / "down").mkdir(parents=True)
    (tmp_path / "project" / "catalogue.yaml").write_text("categories: {}")
    return tmp_path / "project"


def test_what_is_named_comes_first(project: Path) -> None:
    environment = {"INDEXER_DATA": "/variable", "INDEXER_CATALOGUE": "/variable.yaml"}
    places = locate(Path("my.yaml"), Path("my-data"), environment, project)
    assert (places.catalogue, places.data) == (Path("my.yaml"), Path("my-data"))
    assert (places.catalogue_why, places.data_why) == ("named", "named")


def test_then_the_variables(project: Path) -> None:
    environment = {"INDEXER_DATA": "/variable", "INDEXER_CATALOGUE": "/variable.yaml"}
    places = locate(None, None, environment, project)
    assert (places.catalogue, places.data) == (Path("/variable.yaml"), Path("/variable"))


@pytest.mark.parametrize("below", [".", "deep", "deep/down"])
def test_then_the_nearest_catalogue_above_and_the_data_beside_it(project: Path, below: str) -> None:
    start = (project / below).resolve()
    places = locate(None, None, {}, start)
    assert (start / places.catalogue).resolve() == project / "catalogue.yaml"
    assert (start / places.data).resolve() == project / "data"


def test_at_last_the_users_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/home/me/.config")
    monkeypatch.setenv("XDG_DATA_HOME", "/home/me/.local/share")
    places = locate(None, None, {}, tmp_path)
    assert places.catalogue == Path("/home/me/.config/indexer/catalogue.yaml")
    assert places.data == Path("/home/me/.local/share/indexer")
    assert places.data_why == "the user's own"


def test_a_named_catalogue_brings_its_library_along(project: Path, tmp_path: Path) -> None:
    """Published into the library of another catalogue, that one would lose its links."""
    other = tmp_path / "other" / "links.yaml"
    assert locate(other, None, {}, project).data == other.parent / "data"
    assert locate(None, None, {"INDEXER_CATALOGUE": str(other)}, project).data == other.parent / "data"


def test_a_named_library_leaves_the_catalogue_where_it_is(project: Path) -> None:
    places = locate(None, Path("elsewhere"), {}, project / "deep")
    assert (places.catalogue, places.data) == (project / "catalogue.yaml", Path("elsewhere"))


def test_exports_are_kept_in_the_users_cache_unless_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/home/me/.cache")
    assert Config.from_environment({}).cache == Path("/home/me/.cache/indexer")
    assert Config.from_environment({"INDEXER_CACHE": "/cache"}).cache == Path("/cache")
