"""Tests of burnish.runs.environment."""

import datetime
import json
import shlex
import subprocess

import pytest
import torch

from burnish.runs.environment import environment


def test_it_names_what_a_number_depends_on_and_fits_a_json_file():
    found = json.loads(json.dumps(environment(seed=3, device="cpu")))
    assert found["torch"] == torch.__version__
    assert found["threads"] == torch.get_num_threads()
    assert found["cores"] >= 1
    assert (found["seed"], found["device"]) == (3, "cpu")
    started = datetime.datetime.fromisoformat(found["started"])
    assert abs((datetime.datetime.now(datetime.UTC) - started).total_seconds()) < 60


def test_the_command_can_be_pasted_into_a_shell(monkeypatch):
    words = ["/somewhere/bin/burnish", "fit", "--data", "my photos"]
    monkeypatch.setattr("sys.argv", words)
    assert shlex.split(environment()["command"]) == ["burnish", *words[1:]]


@pytest.fixture
def outside(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    return tmp_path


def test_the_commit_is_that_of_the_folder_the_user_works_in(outside):
    git = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c"]
    for words in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "first"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    full = subprocess.run(["git", "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout
    assert full.startswith(environment()["git_commit"])


def test_outside_of_a_repository_there_is_no_commit(outside):
    assert environment()["git_commit"] is None


def test_a_machine_without_git_is_no_error(outside, monkeypatch):
    monkeypatch.setenv("PATH", str(outside))
    assert environment()["git_commit"] is None
