import os
import socket
import subprocess
import sys

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
        processes = [
            subprocess.Popen(
                [sys.executable, file, str(answer)],
                env=environment | {"WORLD_SIZE": "2", "RANK": str(rank), "LOCAL_RANK": str(rank)},
                stderr=subprocess.PIPE,
                text=True,
            )
            for rank in range(2)
        ]
        try:
            for process in processes:
                _, said = process.communicate(timeout=100)
                assert process.returncode == 0, said
        finally:
            for process in processes:
                process.kill()
        return torch.load(answer, weights_only=True)

    return run
