"""What libraries write to the standard streams is caught, and the streams are as before afterwards."""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import sys
import threading

import pytest
from rdkit import Chem
from rdkit.Chem import AllChem

from molmach.streams import caught_output


def _printed_by_c(text: str) -> None:
    """Written through the C library's own buffer, as a reader of DCD files does."""
    ctypes.CDLL(None).printf(b"%s\n", text.encode())


def _of_a_process(code: str) -> tuple[str, str]:
    """Standard output and standard error of some code, both to pipes, where C buffers what it prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def test_python_and_c_and_children_are_caught_in_their_order(capfd: pytest.CaptureFixture[str]) -> None:
    _printed_by_c("before")
    with caught_output() as caught:
        _printed_by_c("c")
        ctypes.CDLL(None).fflush(None)
        print("python")
        print("python's error", file=sys.stderr)
        os.write(2, b"descriptor\n")
        subprocess.run([sys.executable, "-c", "print('child')"], check=True)
        assert caught.text == ""
    _printed_by_c("after")
    ctypes.CDLL(None).fflush(None)
    assert caught.text == "c\npython\npython's error\ndescriptor\nchild\n"
    assert caught.brief(8) == "c python"
    assert capfd.readouterr() == ("before\nafter\n", "")


def test_a_failing_block_leaves_its_text_and_the_streams_as_they_were(
    capfd: pytest.CaptureFixture[str],
) -> None:
    before = sys.stdout, sys.stderr
    kept = []

    def fail() -> None:
        with caught_output() as caught:
            kept.append(caught)
            _printed_by_c("the reason")
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        fail()
    assert kept[0].text == "the reason\n"
    assert (sys.stdout, sys.stderr) == before
    print("heard")
    assert capfd.readouterr() == ("heard\n", "")


def test_blocks_within_each_other_and_of_many_threads_keep_their_texts_apart() -> None:
    with caught_output() as outer:
        print("outer")
        with caught_output() as inner:
            print("inner")
        print("outer again")
    assert (outer.text, inner.text) == ("outer\nouter again\n", "inner\n")
    texts = {}

    def write(name: str) -> None:
        with caught_output() as caught:
            for _ in range(20):
                _printed_by_c(name)
        texts[name] = caught.text

    threads = [threading.Thread(target=write, args=(f"thread {k}",)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert texts == {name: f"{name}\n" * 20 for name in (f"thread {k}" for k in range(4))}


def test_what_rdkit_says_of_unknown_atom_types_is_caught(capfd: pytest.CaptureFixture[str]) -> None:
    with caught_output() as caught:
        assert not AllChem.UFFHasAllMoleculeParams(Chem.MolFromSmiles("[Lv]"))
    assert "UFFTYPER" in caught.text
    assert capfd.readouterr() == ("", "")


def test_closed_streams_stay_closed() -> None:
    out, err = _of_a_process(
        "import os, sys; from molmach.streams import caught_output, own_output\n"
        "os.close(1); sys.stdout = None\n"
        "with own_output(), caught_output() as caught: os.write(2, b'x')\n"
        "os.write(2, caught.text.encode())\n"
        "try: os.write(1, b'x')\n"
        "except OSError: os.write(2, b' closed')\n"
    )
    assert (out, err) == ("", "x closed")


def test_standard_output_is_the_programs_own() -> None:
    """C's buffers are emptied at the end of a process: what is in them must not follow the document."""
    out, err = _of_a_process(
        "import ctypes, json, subprocess, sys; from molmach.streams import own_output\n"
        "with own_output():\n"
        "    ctypes.CDLL(None).printf(b'dcdplugin) noise\\n')\n"
        "    print(json.dumps({'a': 1}))\n"
        "    subprocess.run([sys.executable, '-c', 'print(\"child\")'])\n"
        "print(json.dumps({'b': 2}))\n"
    )
    assert [json.loads(line) for line in out.splitlines()] == [{"a": 1}, {"b": 2}]
    assert sorted(err.splitlines()) == ["child", "dcdplugin) noise"]
