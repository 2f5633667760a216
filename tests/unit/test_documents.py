"""YAML and JSON are read strictly: what is ambiguous, endless or no document is one line."""

import os
from pathlib import Path

import pytest
from speceyes.documents import MAX_BYTES, DocumentError, read_json, read_yaml

LONG = "k" * 200_000


@pytest.fixture
def path(tmp_path):
    return tmp_path / "document"


def complaint(read, path):
    with pytest.raises(DocumentError) as caught:
        read(path)
    text = str(caught.value)
    assert text.startswith(f"{path}: ")
    assert text.isprintable()
    assert len(text) < len(str(path)) + 400
    return text.removeprefix(f"{path}: ")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("a: 1\na: 2", "'a'"),
        ("a: {b: 1, 'b': 2}", "'b'"),
        ("- x\n- {y: [{z: 1, z: 1}]}", "'z'"),
        ("1: a\n1.0: b", "1.0"),
        ("yes: a\ntrue: b", "True"),
        ("a: &x {k: 1}\nb:\n  <<: *x\n  <<: *x", "'<<'"),
        ('"a\\e[31m": 1\n"a\\e[31m": 2', r"'a\x1b[31m'"),
        (f"? {LONG}\n: 1\n? {LONG}\n: 2", f"'{LONG[:59]}… (200000 characters)"),
    ],
)
def test_a_yaml_key_that_stands_twice_is_refused(path, text, key):
    path.write_text(text)
    assert complaint(read_yaml, path).startswith(f"not YAML: the key {key} stands twice (line ")


def test_merged_keys_may_be_overridden(path):
    path.write_text("a: &a {k: 1, l: 1}\nb: &b {<<: *a, k: 2}\nc: {<<: [*b, *a], k: 3}\nd: {<<: *b}")
    assert read_yaml(path) == {
        "a": {"k": 1, "l": 1},
        "b": {"k": 2, "l": 1},
        "c": {"k": 3, "l": 1},
        "d": {"k": 2, "l": 1},
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 50_000, "nested too deep"),
        ("- " * 20_000, "nested too deep"),
        ("a: &a [*a]", "more than 1000000 values"),
        ("\n".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}' if n else 'x'] * 9)}]" for n in range(9)), "more than"),
        ("a: [1\nb", "not YAML: expected"),
        ("a: \x1b[31m", "not YAML: unacceptable character"),
        ("? [1, 2]\n: 3", "not YAML: a key is no plain value (line 1"),
        ("a: *nobody", "not YAML: found undefined alias 'nobody'"),
        ("!!python/object:os.system x", "not YAML: could not determine a constructor"),
        ("a: 2026-99-99", "not YAML: month must be"),
        ("a: " + "9" * 10_000, "not YAML: Exceeds the limit"),
    ],
)
def test_what_is_no_yaml_of_ours_is_one_line(path, text, said):
    path.write_text(text)
    assert complaint(read_yaml, path).startswith(said)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[" * 100_000, "nested too deep"),
        ('{"a":' * 100_000, "nested too deep"),
        ('{"a": 1, "a": 2}', "the key 'a' stands twice"),
        ('[{"x": {"b": 1, "c": 2, "b": 3}}]', "the key 'b' stands twice"),
        (f'{{"{LONG}": 1, "{LONG}": 2}}', f"the key '{LONG[:59]}… (200000 characters) stands twice"),
        ('{"a": NaN}', "not JSON: NaN is no number"),
        ("[-Infinity]", "not JSON: -Infinity is no number"),
        ("", "not JSON: Expecting value"),
        ("a: 1", "not JSON: Expecting value"),
    ],
)
def test_what_is_no_json_of_ours_is_one_line(path, text, said):
    path.write_text(text)
    assert complaint(read_json, path).startswith(said)


@pytest.mark.parametrize("read", [read_yaml, read_json])
def test_a_byte_order_mark_is_read_over(path, read):
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}')
    assert read(path) == {"a": 1}


@pytest.mark.parametrize("read", [read_yaml, read_json])
@pytest.mark.parametrize(
    ("make", "said"),
    [
        (Path.mkdir, "a folder, not a file"),
        (os.mkfifo, "a named pipe, not a file"),
        (lambda path: path.symlink_to("/dev/zero"), "a device, not a file"),
        (lambda path: path.write_bytes(b"\xff\xfe{"), "not UTF-8 text"),
        (lambda path: path.write_bytes(b" " * (MAX_BYTES + 1)), "larger than 16 MiB"),
        (lambda path: path, "No such file or directory"),
    ],
)
def test_what_is_no_text_file_is_one_line(path, read, make, said):
    make(path)
    assert complaint(read, path).startswith(said)
