import os
import socket
import subprocess
import sys
from contextlib import ExitStack

import pytest
import torch


@pytest.fixture(scope="session")
def two_processes():
    """Run a test file as a script in two processes that know each other; what rank 0 saves comes back."""

    def run(file, folder):
        answer = folder / "answer.pt"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        environment = os.environ | {"OMP_NUM_THREADS": "1", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
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
