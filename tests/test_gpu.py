"""What must also hold on a GPU; run by ``make gpu``."""

import pytest
import torch

import burnish

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]
SMALL = {"epochs": 3, "batch_size": 64, "quiet": True, "precision": "fp32"}


def problem(count=512):
    generator = torch.Generator().manual_seed(0)
    inputs = torch.rand(count, 1, 8, 8, generator=generator)
    return inputs, (inputs[:, 0, :4].sum((1, 2)) > inputs[:, 0, 4:].sum((1, 2))).long()


class StopAt:
    name = "stop-at"

    def __init__(self, step):
        self.step = step

    def subscribe(self, engine):
        engine.events.on("step", self.stop, once=self.step)

    def stop(self, engine):
        raise KeyboardInterrupt

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


def test_the_gpu_learns_what_the_cpu_learns(tmp_path):
    on_cpu, on_gpu = (burnish.fit(problem(), "mlp", device=device, out=tmp_path, **SMALL) for device in ("cpu", "cuda"))
    for name, value in on_cpu.model.state_dict().items():
        torch.testing.assert_close(on_gpu.model.state_dict()[name], value, rtol=1e-3, atol=1e-3)


def test_a_run_cut_off_on_the_gpu_ends_with_the_same_bits(tmp_path):
    options = SMALL | {"device": "cuda", "checkpoint_steps": 2, "model_option": {"dropout": 0.3}}
    whole = burnish.fit(problem(), "mlp", out=tmp_path, **options)
    with pytest.raises(KeyboardInterrupt):
        burnish.fit(problem(), "mlp", out=tmp_path, observers=[StopAt(9)], **options)
    resumed = burnish.fit(problem(), resume=tmp_path / "0002-fit", quiet=True)
    for name, value in whole.model.state_dict().items():
        assert torch.equal(resumed.model.state_dict()[name], value)


def test_bf16_and_channels_last_learn_too(tmp_path):
    run = burnish.fit(problem(), "resnet20", device="cuda", out=tmp_path, **(SMALL | {"precision": "bf16"}))
    assert run.config["fit"]["precision"] == "bf16"
    assert run.metrics["validation"]["accuracy"].value > 0.7


def test_a_run_of_the_gpu_is_scored_on_the_cpu(tmp_path):
    run = burnish.fit(problem(), "mlp", device="cuda", out=tmp_path, **SMALL)
    first = burnish.evaluate(run, data=problem(), device="cuda").metrics["accuracy"].value
    second = burnish.evaluate(run, data=problem(), device="cpu").metrics["accuracy"].value
    assert first == pytest.approx(second, abs=0.01)
