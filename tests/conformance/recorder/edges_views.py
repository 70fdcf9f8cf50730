"""Edge samples of the view operations."""

import torch

from recorder.material import ramp


def view(name, dtype):
    """Arguments of each view operation, over inputs of several layouts."""
    full, turned = ramp(dtype, (2, 3, 4)), ramp(dtype, (4, 3, 2)).permute(2, 1, 0)
    stepped, none = ramp(dtype, (4, 6, 4))[::2, ::2], torch.empty((0, 3, 4), dtype=dtype)
    for call in VIEW_CALLS[name.removeprefix("operator.")]:
        for tensor in (full, turned, stepped, none):
            yield [tensor, *call]
    for call in VIEW_CALLS_0D.get(name, ()):
        yield [ramp(dtype, ()), *call]
    for call in VIEW_CALLS_2D.get(name, ()):
        yield [ramp(dtype, (3, 4)), *call]
        yield [ramp(dtype, (1, 4)), *call]
        yield [ramp(dtype, (4, 3)).t(), *call]


VIEW_CALLS = {
    "view": [(24,), (-1,), (2, 12), (2, 3, 2, 2), (1, 2, 3, 4, 1), (6, -1), ((2, 3, 1, 4),)],
    "view_as": [(torch.zeros(6, 4),)],
    "reshape": [((24,),), (-1,), (2, 12), (2, 3, 2, 2), (4, 3, 2), (1, 2, 3, 4, 1), ((6, -1),)],
    "reshape_as": [(torch.zeros(6, 4),)],
    "transpose": [(0, 1), (0, -1), (-2, -1), (1, 1), (2, 0)],
    "permute": [((2, 0, 1),), (0, 2, 1), ((-1, 0, 1),), ((0, 1, 2),)],
    "t": [],
    "squeeze": [(), (0,), (-1,), ((0, 1),)],
    "unsqueeze": [(0,), (1,), (3,), (-1,), (-4,)],
    "expand": [(2, 3, 4), (5, 2, 3, 4), (-1, -1, 4), ((1, -1, 3, -1),)],
    "expand_as": [(torch.zeros(5, 2, 3, 4),)],
    "select": [(0, 1), (1, -1), (-1, 3), (2, 0)],
    "narrow": [(0, 0, 1), (1, 1, 2), (-1, -3, 2), (2, 4, 0), (0, -1, 1)],
    "flatten": [(), (1,), (0, 1), (-2, -1), (1, 1)],
    "getitem": [(0,), (-1,), (slice(None),), (slice(1, None),), (slice(None, None, 2),),
                ((slice(None), 1),), ((Ellipsis, 1),), ((0, 1, 2),), ((None, 0),),
                ((slice(0, 5), slice(-2, None), slice(1, 4, 2)),), ((Ellipsis, None),),
                (None,), (Ellipsis,), ((),), ((slice(2, 1),),)],
}

VIEW_CALLS_0D = {
    "view": [(1,), (1, 1), (-1,), ((),)], "reshape": [((),), (1, 1), (-1,)], "squeeze": [(), (0,)],
    "unsqueeze": [(0,), (-1,)], "expand": [(3,), (2, 3), ((),)], "flatten": [()],
    "transpose": [(0, 0), (0, -1)], "permute": [((),)], "t": [()],
    "operator.getitem": [(Ellipsis,), (None,), ((),)],
}

VIEW_CALLS_2D = {
    "t": [()], "squeeze": [(), (0,), (1,), ((0, 1),)], "expand": [(3, 4), (2, 3, 4)],
    "transpose": [(0, 1)], "flatten": [()], "view": [(12,), (4, -1)],
    "reshape": [(12,), (4, 1, -1)],
}
