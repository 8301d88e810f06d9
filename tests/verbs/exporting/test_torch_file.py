"""Tests of burnish.verbs.exporting.torch_file."""

import io
import zipfile

import torch
from torch import nn

from burnish.verbs.exporting.torch_file import ABOUT, content_of, read
from burnish.verbs.exporting.tracing import traced


class Two(nn.Module):
    def forward(self, x):
        return {"sum": x.sum(1), "more": (x, x * 2)}


def test_every_output_comes_back_in_order():
    inputs = torch.rand(3, 4)
    answer = read(content_of(traced(Two().eval(), inputs), "{}"))
    found = answer(inputs)
    assert [tuple(one.shape) for one in found] == [(3,), (3, 4), (3, 4)]
    assert torch.equal(found[2], inputs * 2)
    assert not found[0].requires_grad


def test_what_travels_beside_the_program_is_read_by_plain_torch():
    content = content_of(traced(nn.Linear(2, 1).eval(), torch.zeros(2, 2)), '{"run": "0001-fit"}')
    beside = {ABOUT: ""}
    torch.export.load(io.BytesIO(content), extra_files=beside)
    assert beside[ABOUT] in ('{"run": "0001-fit"}', b'{"run": "0001-fit"}')


def test_no_path_of_this_machine_travels_in_the_file():
    content = content_of(traced(Two().eval(), torch.zeros(2, 2)), "{}")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert not any(b"test_torch_file.py" in archive.read(name) for name in archive.namelist())
