# SPDX-License-Identifier: Apache-2.0
"""Training steps of DeepFM and DLRM in PyTorch, eager, on the GPU: the peers of `gradus bench deepfm dlrm`.

Same sizes and optimisers as there, as a practised user would write them: one table for all fields, sparse gradients, float32.
Prints a line per model and batch: model, batch, what ran it, milliseconds of the median step.
"""
import statistics
import time

import torch
import torch.nn.functional as F

FIELDS, NUMBERS, ROWS = 26, 13, 100_000
WARM_UP, STEPS, BATCHES = 50, 200, 8

torch.backends.cuda.matmul.allow_tf32 = False


def tower(sizes, last):
    layers = []
    for i, (n, m) in enumerate(zip(sizes, sizes[1:])):
        layers.append(torch.nn.Linear(n, m))
        if last or i + 2 < len(sizes):
            layers.append(torch.nn.ReLU())
    return torch.nn.Sequential(*layers)


class DeepFm(torch.nn.Module):
    """Vectors of 16 with a weight behind each, a tower 400-400-400; Adam, and Adagrad for the table."""

    def __init__(self):
        super().__init__()
        self.rows = torch.nn.Embedding(FIELDS * ROWS, 17, sparse=True)
        self.numeric = torch.nn.Linear(NUMBERS, 1, bias=False)
        self.tower = tower([FIELDS * 16 + NUMBERS, 400, 400, 400, 1], last=False)

    def forward(self, ids, dense):
        rows = self.rows(ids)  # [B, F, D + 1]
        e = rows[:, :, :16]
        total = e.sum(1)
        pairs = 0.5 * (total * total - (e * e).sum(1)).sum(1, keepdim=True)
        deep = self.tower(torch.cat([e.flatten(1), dense], 1))
        return deep + pairs + rows[:, :, 16].sum(1, keepdim=True) + self.numeric(dense)

    def optimizers(self):
        dense = [p for name, p in self.named_parameters() if not name.startswith("rows")]
        return torch.optim.Adam(dense, 1e-3), torch.optim.Adagrad(self.rows.parameters(), 1e-2)


class Dlrm(torch.nn.Module):
    """Vectors of 64, towers 512-256-64 and 512-256-1, dot products of pairs; gradient descent."""

    def __init__(self):
        super().__init__()
        self.rows = torch.nn.Embedding(FIELDS * ROWS, 64, sparse=True)
        self.bottom = tower([NUMBERS, 512, 256, 64], last=True)
        n = FIELDS + 1
        self.top = tower([64 + n * (n - 1) // 2, 512, 256, 1], last=False)
        i, j = torch.triu_indices(n, n, 1)
        self.register_buffer("pairs", i * n + j)

    def forward(self, ids, dense):
        d = self.bottom(dense)
        t = torch.cat([d.unsqueeze(1), self.rows(ids)], 1)  # [B, N, D]
        z = torch.bmm(t, t.transpose(1, 2)).flatten(1)
        return self.top(torch.cat([d, z.index_select(1, self.pairs)], 1))

    def optimizers(self):
        return (torch.optim.SGD(self.parameters(), 0.01),)


def measure(name, make, batch):
    torch.manual_seed(1)
    model = make().cuda()
    optimizers = model.optimizers()
    offsets = torch.arange(FIELDS) * ROWS
    # on the host, as a loader leaves them: the copies are part of a step, there as here
    batches = [
        (
            (torch.randint(ROWS, (batch, FIELDS)) + offsets).pin_memory(),
            torch.randn(batch, NUMBERS).pin_memory(),
            torch.randint(2, (batch, 1)).float().pin_memory(),
        )
        for _ in range(BATCHES)
    ]
    times = []
    for step in range(WARM_UP + STEPS):
        begun = time.perf_counter()
        ids, dense, label = (x.cuda(non_blocking=True) for x in batches[step % BATCHES])
        for o in optimizers:
            o.zero_grad(set_to_none=True)
        loss = F.binary_cross_entropy_with_logits(model(ids, dense), label)
        value = loss.item()  # as there: the loss of each step is read
        loss.backward()
        for o in optimizers:
            o.step()
        if step >= WARM_UP:
            times.append(time.perf_counter() - begun)
        assert value == value, "the loss is not a number"
    print(f"{name}\t{batch}\tPyTorch {torch.__version__}, eager\t{1e3 * statistics.median(times):.4f}", flush=True)


for batch in (2048, 16384):
    measure("deepfm", DeepFm, batch)
    measure("dlrm", Dlrm, batch)
