"""Tests of burnish.runs.folder."""

import os
import subprocess
import sys

import pytest

from burnish.common.errors import InputError
from burnish.runs.folder import RunLock, make_run_folder


def start(program: str, *words: object) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", program, *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def test_runs_are_numbered_in_order_whatever_else_lies_there(tmp_path):
    for name in ("0007-fit", "12-notes", "abcd", "²²²²-odd"):
        (tmp_path / name).mkdir()
    assert make_run_folder(tmp_path, "prune").name == "0008-prune"
    assert make_run_folder(tmp_path, "fit").name == "0009-fit"


def test_numbers_go_on_after_four_digits(tmp_path):
    (tmp_path / "9999-fit").mkdir()
    assert [make_run_folder(tmp_path, "fit").name for _ in range(2)] == ["10000-fit", "10001-fit"]


def test_two_processes_never_get_one_number(tmp_path):
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from burnish.runs.folder import make_run_folder\n"
        "print('ready', flush=True); sys.stdin.readline()\n"
        "for _ in range(25): make_run_folder(Path(sys.argv[1]), sys.argv[2])\n"
    )
    makers = [start(program, tmp_path / "runs", verb) for verb in ("fit", "prune")]
    for maker in makers:
        assert maker.stdout.readline() == "ready\n"
    for maker in makers:
        maker.stdin.write("go\n")
        maker.stdin.flush()
    for maker in makers:
        maker.communicate(timeout=60)
        assert maker.returncode == 0
    numbers = sorted(path.name[:4] for path in (tmp_path / "runs").iterdir())
    assert numbers == [f"{number:04}" for number in range(1, 51)]


def test_a_place_that_is_no_folder_is_one_clear_line(tmp_path):
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(
        InputError, match=f"cannot make a run folder in '{file}': File exists; choose another with --out"
    ):
        make_run_folder(file, "fit")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_one_clear_line(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(InputError, match="Permission denied; choose another with --out"):
        make_run_folder(tmp_path / "runs", "fit")


HOLD = (
    "import sys\n"
    "from pathlib import Path\n"
    "from burnish.runs.folder import RunLock\n"
    "with RunLock(Path(sys.argv[1])):\n"
    "    print('held', flush=True); sys.stdin.readline()\n"
)


def test_a_second_writer_is_refused_with_the_number_of_the_first(tmp_path):
    with start(HOLD, tmp_path) as holder:
        assert holder.stdout.readline() == "held\n"
        expected = f"run {tmp_path} is being written by process {holder.pid}: wait for it, or stop it first"
        with pytest.raises(InputError, match=f"^{expected}$"), RunLock(tmp_path):
            pass
        holder.communicate("done\n", timeout=30)
    with RunLock(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_killed_writer_lets_go(tmp_path):
    with start(HOLD, tmp_path) as holder:
        assert holder.stdout.readline() == "held\n"
        holder.kill()
        holder.wait(timeout=30)
    with RunLock(tmp_path):
        pass


def test_one_process_cannot_write_twice_and_may_write_again(tmp_path):
    with RunLock(tmp_path):
        with pytest.raises(InputError, match=f"written by process {os.getpid()}"), RunLock(tmp_path):
            pass
        with pytest.raises(InputError, match="is being written"), RunLock(tmp_path):
            pass
    with RunLock(tmp_path):
        pass


def test_a_child_does_not_hold_the_lock_of_its_dead_parent(tmp_path):
    program = (
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from burnish.runs.folder import RunLock\n"
        "with RunLock(Path(sys.argv[1])):\n"
        "    if os.fork() == 0:\n"
        "        print('child', flush=True); time.sleep(30); os._exit(0)\n"
        "    sys.stdin.readline()\n"
        "    os._exit(9)\n"
    )
    parent = start(program, tmp_path)
    try:
        assert parent.stdout.readline() == "child\n"
        parent.stdin.write("go\n")
        parent.stdin.flush()
        assert parent.wait(timeout=30) == 9
        with RunLock(tmp_path):
            pass
    finally:
        parent.stdin.close()
        parent.stdout.close()


def test_a_run_that_is_not_there_cannot_be_locked(tmp_path):
    with pytest.raises(InputError, match=r"cannot write in run .*missing: No such file or directory; check its owner"):
        RunLock(tmp_path / "missing").__enter__()
