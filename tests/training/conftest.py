import os
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.training.toy import SCHEMA, network, problem

from burnish.data.loaders.loader import evaluation_loader, make_loader
from burnish.tasks import Classification
from burnish.training.defaults import resolve_options
from burnish.training.engine import Engine
from burnish.training.options import TrainingOptions

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def two_processes():
    """Run a test file as a script in two processes that know each other; what rank 0 saves comes back."""

    def run(file, folder):
        answer = folder / "answer.pt"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
        environment["PYTHONPATH"] = os.pathsep.join([str(ROOT), *environment.get("PYTHONPATH", "").split(os.pathsep)])
        with ExitStack() as stack:
            processes = []
            for rank in range(2):
                said = stack.enter_context(open(folder / f"rank-{rank}.txt", "w"))
                own = environment | {"WORLD_SIZE": "2", "RANK": str(rank), "LOCAL_RANK": str(rank)}
                process = subprocess.Popen([sys.executable, file, str(answer)], env=own, stdout=said, stderr=said)
                stack.callback(process.wait)
                stack.callback(process.kill)
                processes.append(process)
            codes = [process.wait(timeout=200) for process in processes]
        assert codes == [0, 0], "\n".join((folder / f"rank-{rank}.txt").read_text()[-3000:] for rank in range(2))
        return torch.load(answer, weights_only=True)

    return run


@pytest.fixture
def make_engine() -> Callable[..., Engine]:
    """``make_engine(model=None, task=None, validation=True, source=None, **options)``."""

    def make(model=None, task=None, validation=True, source=None, **options):
        source = source or problem()
        chosen = TrainingOptions(**({"epochs": 3, "batch_size": 16, "learning_rate": 0.01} | options))
        task = task or Classification(SCHEMA)
        resolved = resolve_options(chosen, task.schema, task.name, len(source))
        return Engine(
            model if model is not None else network(),
            task,
            make_loader(source, resolved.batch_size, shuffle=True, seed=resolved.seed),
            replace(resolved, precision="fp32"),
            validation=evaluation_loader(problem(48)) if validation else None,
        )

    return make
