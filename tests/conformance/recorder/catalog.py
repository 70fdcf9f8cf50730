"""The operations recorded, and where their samples come from."""

from dataclasses import dataclass, field

import torch
from replay.run import resolve

DTYPES = (torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64,
          torch.float16, torch.bfloat16, torch.float32, torch.float64)

WITH_GRAD = (torch.float32, torch.float64)


@dataclass
class Operation:
    """One operation. `opdb` names op_db's entries; `family` the edge samples it gets."""

    name: str
    family: str
    opdb: tuple = field(default=None)
    out: bool = False
    creates: bool = False

    def __post_init__(self):
        if self.opdb is None:
            self.opdb = (self.name,)

    @property
    def variants(self):
        """The variants PyTorch has, the one that results are first taken from in front."""
        found = []
        if self.name.endswith("_"):
            return ["inplace"]
        if self._is_function():
            found.append("function")
        if self.creates or "." in self.name:
            return found + self._out_variants()
        if hasattr(torch.Tensor, self.name):
            found.append("method")
        if hasattr(torch.Tensor, self.name + "_"):
            found.append("inplace")
        return found + self._out_variants()

    def _is_function(self):
        try:
            return callable(resolve(torch, self.name))
        except AttributeError:
            return False

    def _out_variants(self):
        return ["out", "out_cast", "out_empty"] if self.out else []


def _many(names, family, **options):
    return [Operation(name, family, **options) for name in names.split()]


OPERATIONS = [
    *_many("zeros ones full arange eye", "none", out=True, creates=True),
    *_many("zeros_like ones_like full_like", "like", creates=True),
    *_many("copy_", "copy", opdb=()),
    *_many("fill_", "fill", opdb=("fill",)),
    *_many("zero_", "unary_copy"),
    *_many("to", "to"),
    *_many("contiguous clone", "unary_copy"),
    *_many("item", "item"),
    *_many("neg abs exp log sqrt tanh sigmoid erf round", "unary", out=True),
    Operation("relu", "unary", ("nn.functional.relu",)),
    Operation("nn.functional.relu", "none"),
    *_many("add sub", "binary_alpha", out=True),
    *_many("mul div pow maximum minimum eq ne lt le gt ge", "binary", out=True),
    Operation("where", "where", out=True),
    Operation("lerp", "none", out=True),
    *_many("view view_as reshape reshape_as transpose permute t squeeze unsqueeze expand expand_as "
           "select narrow flatten", "view"),
    Operation("operator.getitem", "view", ("__getitem__",)),
    *_many("sum mean amax amin any all", "reduction", out=True),
    *_many("var std", "reduction", out=True),
    *_many("var_mean std_mean", "reduction"),
    Operation("prod", "prod", out=True),
    *_many("cumsum cumprod", "scan", out=True),
    *_many("max min", "extremum", out=True),
    *_many("argmax argmin", "arg", out=True),
    *_many("matmul mm bmm addmm", "matmul", out=True),
    *_many("softmax log_softmax", "softmax", out=True),
    Operation("nn.functional.softmax", "softmax", ("softmax",)),
    Operation("nn.functional.log_softmax", "softmax", ("log_softmax",)),
    *_many("nn.functional.nll_loss nn.functional.cross_entropy nn.functional.mse_loss", "loss"),
    *_many("cat stack", "join", out=True),
    *_many("index_select gather", "index", out=True),
    Operation("scatter_reduce", "scatter_reduce", out=True),
    *_many("equal allclose", "equal"),
    *[Operation(f"operator.{name}", "operator", ())
      for name in "add sub mul truediv pow eq ne lt le gt ge".split()],
    *[Operation(f"operator.{name}", "operator_inplace", ())
      for name in "iadd isub imul itruediv ipow".split()],
    Operation("operator.matmul", "none", ("matmul",)),
    *[Operation(f"operator.{name}", "unary_copy", ()) for name in "neg abs".split()],
]
