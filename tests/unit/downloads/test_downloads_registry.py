from pathlib import Path

import pytest
from speceyes.downloads.registry import RegistryError, find_dataset, find_model, load_registry, read_pin, write_pin

CONFIG = Path(__file__).parents[3] / "config"
COMMIT = "a" * 40


def test_the_shipped_registries_hold_the_protocols_repositories():
    assert set(load_registry(CONFIG / "datasets.yaml")) == {"craigwu/vstar_bench", "DreamMr/HR-Bench", "lmms-lab/POPE"}
    models = load_registry(CONFIG / "models.yaml")
    assert len(models) == 4
    assert [name for name, entry in models.items() if entry.revision is None] == ["Kwai-Keye/Thyme-RL"]


def test_rows_match_the_protocol():
    entries = load_registry(CONFIG / "datasets.yaml")
    rows = {pattern: facts.rows for entry in entries.values() for pattern, facts in entry.files.items()}
    assert (rows["direct_attributes/*.json"], rows["relative_position/*.json"]) == (115, 76)
    assert (rows["hr_bench_4k.tsv"], rows["hr_bench_8k.tsv"]) == (800, 800)
    assert {count for pattern, count in rows.items() if pattern.startswith("Full/")} == {3000}


def test_another_revision_drops_what_is_known_of_the_files(tmp_path):
    path = tmp_path / "models.yaml"
    path.write_text(
        f"a/b: {{revision: {COMMIT}, files: {{x.bin: {{bytes: 3, rows: 2}}, '*.txt': {{optional: true}}}}}}"
    )
    registered = find_model(path, "a/b", None).entry
    assert registered.files["x.bin"].bytes == 3
    assert find_model(path, "a/b", COMMIT).entry == registered
    other = find_model(path, "a/b", "b" * 40).entry
    assert (other.revision, other.files["x.bin"].bytes, other.files["x.bin"].rows) == ("b" * 40, None, None)
    assert other.files["*.txt"].optional


def test_a_model_of_ones_own_needs_no_entry_but_a_dataset_does(tmp_path):
    path = tmp_path / "registry.yaml"
    path.write_text("")
    assert "*.safetensors" in find_model(path, "me/mine", None).entry.files
    with pytest.raises(RegistryError, match="me/mine is not registered"):
        find_dataset(path, "me/mine")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a/b: {revision: main, files: {x: {}}}", "a/b.revision: String should match pattern"),
        ("a/b: {revision: null, files: {}}", "a/b.files: Dictionary should have at least 1 item"),
        ("a/b: {revision: null, files: {x: {sha: 1}}}", "a/b.files.x.sha: unknown key"),
        ("a/b: {revision: null, files: {x: {sha256: abc}}}", "a/b.files.x.sha256: String should match pattern"),
        ("a/b: [", "not YAML"),
        ("- a", "Input should be a valid dictionary"),
    ],
)
def test_a_bad_registry_is_one_line(tmp_path, text, message):
    path = tmp_path / "registry.yaml"
    path.write_text(text)
    with pytest.raises(RegistryError) as caught:
        load_registry(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    with pytest.raises(RegistryError, match="No such file"):
        load_registry(tmp_path / "absent.yaml")


def test_a_pin_is_read_as_it_was_written(tmp_path):
    assert read_pin(tmp_path, "a/b") is None
    write_pin(tmp_path, "a/b", COMMIT)
    assert read_pin(tmp_path, "a/b") == COMMIT
