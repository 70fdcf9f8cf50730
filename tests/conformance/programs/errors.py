"""Bad input: each entry must raise, and the record keeps the exception's type and first line."""

from programs.registry import Programs

PROGRAMS = program = Programs()


def _z(torch, *shape, **options):
    return torch.zeros(shape, **options)


CREATION = {
    "zeros_negative": lambda t: t.zeros(2, -1),
    "empty_negative": lambda t: t.empty(-3),
    "full_negative": lambda t: t.full((-1,), 0),
    "rand_negative": lambda t: t.rand(2, -2),
    "zeros_too_large": lambda t: t.empty(2**40, 2**40),
    "eye_negative": lambda t: t.eye(-1),
    "arange_wrong_direction": lambda t: t.arange(3, 0),
    "arange_zero_step": lambda t: t.arange(0, 3, 0),
    "arange_nan": lambda t: t.arange(0, float("nan")),
    "arange_inf": lambda t: t.arange(0, float("inf")),
    "tensor_ragged": lambda t: t.tensor([[1, 2], [3]]),
    "tensor_of_string": lambda t: t.tensor("a"),
    "tensor_of_none": lambda t: t.tensor(None),
    "tensor_of_strings": lambda t: t.tensor(["a", "b"]),
    "tensor_too_large_for_uint8": lambda t: t.tensor(300, dtype=t.uint8),
    "tensor_too_large_for_int64": lambda t: t.tensor(2**70),
    "full_too_large_for_int8": lambda t: t.full((1,), 1000, dtype=t.int8),
    "fill_too_large_for_int8": lambda t: t.zeros(1, dtype=t.int8).fill_(1000),
    "randn_of_integers": lambda t: t.randn(2, dtype=t.int64),
    "rand_of_integers": lambda t: t.rand(2, dtype=t.int64),
    "rand_like_integers": lambda t: t.rand_like(t.zeros(2, dtype=t.int32)),
    "frombuffer_empty": lambda t: t.frombuffer(bytearray(), dtype=t.int8),
    "frombuffer_odd_size": lambda t: t.frombuffer(bytearray(5), dtype=t.int32),
    "unknown_device": lambda t: t.zeros(1, device="warp"),
}

ITEM = {
    "item_of_many": lambda t: t.zeros(2).item(),
    "item_of_matrix": lambda t: t.zeros(2, 3).item(),
    "item_of_none": lambda t: t.zeros(0).item(),
    "bool_of_many": lambda t: bool(t.zeros(2)),
    "bool_of_none": lambda t: bool(t.zeros(0)),
    "float_of_many": lambda t: float(t.zeros(2)),
    "int_of_many": lambda t: int(t.zeros(2)),
    "len_of_0dim": lambda t: len(t.tensor(1)),
    "iterate_0dim": lambda t: list(t.tensor(1)),
    "index_by_float_tensor": lambda t: [1, 2][t.tensor(1.0)],
    "index_by_many": lambda t: [1, 2][t.tensor([1, 0])],
}

VIEWS = {
    "view_wrong_size": lambda t: _z(t, 2, 3).view(4),
    "view_wrong_size_inferred": lambda t: _z(t, 2, 3).view(4, -1),
    "view_two_inferred": lambda t: _z(t, 2, 3).view(-1, -1),
    "view_negative": lambda t: _z(t, 2, 3).view(-2, 3),
    "view_ambiguous": lambda t: _z(t, 0, 3).view(-1, 0),
    "view_of_transposed": lambda t: _z(t, 2, 3).t().view(6),
    "view_of_stepped": lambda t: _z(t, 4, 4)[::2, ::2].view(4),
    "reshape_wrong_size": lambda t: _z(t, 2, 3).reshape(5),
    "reshape_two_inferred": lambda t: _z(t, 2, 3).reshape(-1, -1),
    "reshape_ambiguous": lambda t: _z(t, 0).reshape(-1, 0),
    "reshape_negative": lambda t: _z(t, 6).reshape(-2, 3),
    "expand_not_one": lambda t: _z(t, 2, 3).expand(4, 3),
    "expand_fewer_dims": lambda t: _z(t, 2, 3).expand(3),
    "expand_minus_one_in_front": lambda t: _z(t, 3).expand(-1, 3),
    "transpose_range": lambda t: _z(t, 2, 3).transpose(0, 2),
    "transpose_negative_range": lambda t: _z(t, 2, 3).transpose(-3, 0),
    "transpose_0dim_range": lambda t: t.tensor(1.0).transpose(0, 1),
    "permute_repeated": lambda t: _z(t, 2, 3).permute(0, 0),
    "permute_count": lambda t: _z(t, 2, 3).permute(0, 1, 2),
    "permute_range": lambda t: _z(t, 2, 3).permute(0, 5),
    "t_of_3d": lambda t: _z(t, 1, 2, 3).t(),
    "squeeze_range": lambda t: _z(t, 1, 2).squeeze(2),
    "squeeze_repeated": lambda t: _z(t, 1, 2).squeeze((0, 0)),
    "unsqueeze_range": lambda t: _z(t, 1, 2).unsqueeze(4),
    "unsqueeze_negative_range": lambda t: _z(t, 1, 2).unsqueeze(-4),
    "select_dim": lambda t: _z(t, 2, 3).select(2, 0),
    "select_index": lambda t: _z(t, 2, 3).select(0, 2),
    "select_negative_index": lambda t: _z(t, 2, 3).select(1, -4),
    "select_0dim": lambda t: t.tensor(1.0).select(0, 0),
    "narrow_length": lambda t: _z(t, 2, 3).narrow(1, 1, 3),
    "narrow_start": lambda t: _z(t, 2, 3).narrow(1, 4, 1),
    "narrow_negative_length": lambda t: _z(t, 2, 3).narrow(0, 0, -1),
    "narrow_0dim": lambda t: t.tensor(1.0).narrow(0, 0, 1),
    "flatten_order": lambda t: _z(t, 2, 3, 4).flatten(2, 1),
    "flatten_range": lambda t: _z(t, 2, 3).flatten(0, 2),
    "index_range": lambda t: _z(t, 2, 3)[2],
    "index_negative_range": lambda t: _z(t, 2, 3)[-3],
    "index_second_range": lambda t: _z(t, 2, 3)[0, 3],
    "index_too_many": lambda t: _z(t, 2, 3)[0, 0, 0],
    "index_0dim": lambda t: t.tensor(1.0)[0],
    "index_negative_step": lambda t: _z(t, 3)[::-1],
    "index_by_string": lambda t: _z(t, 3)["a"],
    "index_by_float": lambda t: _z(t, 3)[1.0],
    "assign_wrong_shape": lambda t: _z(t, 2, 3).__setitem__(0, t.zeros(2)),
    "size_range": lambda t: _z(t, 2, 3).size(2),
    "as_strided_out_of_storage": lambda t: _z(t, 4).as_strided((3, 3), (3, 1)),
    "as_strided_negative_stride": lambda t: _z(t, 4).as_strided((2,), (-1,)),
    "as_strided_lengths": lambda t: _z(t, 4).as_strided((2, 2), (1,)),
}

POINTWISE = {
    "add_shapes": lambda t: _z(t, 2, 3) + _z(t, 4),
    "mul_shapes": lambda t: _z(t, 2, 3) * _z(t, 2),
    "broadcast_inner": lambda t: t.sub(_z(t, 2, 3, 4), _z(t, 2, 4)),
    "where_shapes": lambda t: t.where(_z(t, 2, dtype=t.bool), _z(t, 3), _z(t, 2)),
    "where_condition_dtype": lambda t: t.where(t.ones(2), t.zeros(2), t.zeros(2)),
    "sub_bool": lambda t: t.tensor([True]) - t.tensor([False]),
    "sub_bool_number": lambda t: t.tensor([True]) - True,
    "rsub_bool": lambda t: True - t.tensor([True]),
    "neg_bool": lambda t: -t.tensor([True]),
    "abs_bool": lambda t: t.abs(t.tensor([True])),
    "relu_bool": lambda t: t.relu(t.tensor([True])),
    "pow_bool": lambda t: t.pow(t.tensor([True]), t.tensor([True])),
    "integer_to_negative_power": lambda t: t.tensor([2]) ** -1,
    "alpha_float_for_integers": lambda t: t.add(t.tensor([1]), t.tensor([1]), alpha=0.5),
    "alpha_bool_for_integers": lambda t: t.add(t.tensor([1]), t.tensor([1]), alpha=True),
    "alpha_bool_for_floats": lambda t: t.add(t.zeros(1), t.zeros(1), alpha=True),
    "unknown_rounding_mode": lambda t: t.div(t.ones(1), t.ones(1), rounding_mode="up"),
    "integer_division_by_zero": lambda t: t.div(
        t.tensor([1]), t.tensor([0]), rounding_mode="trunc"),
    "integer_floor_division_by_zero": lambda t: t.div(t.tensor([1]), 0, rounding_mode="floor"),
    "add_string": lambda t: t.zeros(1) + "a",
    "add_none": lambda t: t.add(t.zeros(1), None),
    "maximum_number": lambda t: t.maximum(t.zeros(1), 1.0),
    "in_place_cast": lambda t: t.tensor([1]).add_(1.5),
    "in_place_cast_tensor": lambda t: t.tensor([1]).mul_(t.tensor([1.5])),
    "in_place_cast_bool": lambda t: t.tensor([True]).add_(1),
    "in_place_div_of_integers": lambda t: t.tensor([1]).div_(2),
    "in_place_exp_of_integers": lambda t: t.tensor([1]).exp_(),
    "in_place_shape": lambda t: t.zeros(3).add_(t.zeros(2, 3)),
    "in_place_shape_one": lambda t: t.zeros(1, 3).mul_(t.zeros(2, 3)),
    "in_place_expanded": lambda t: t.zeros(1).expand(3).add_(1),
    "partial_overlap": lambda t: (lambda x: x[1:].add_(x[:-1]))(t.zeros(4)),
    "out_partial_overlap": lambda t: (lambda x: t.exp(x[1:], out=x[:-1]))(t.zeros(4)),
    "out_dtype": lambda t: t.add(t.ones(1), t.ones(1), out=t.empty(1, dtype=t.int64)),
    "out_dtype_bool": lambda t: t.add(t.tensor([1]), 1, out=t.empty(1, dtype=t.bool)),
    "out_exp_of_integers": lambda t: t.exp(t.tensor([1]), out=t.empty(1, dtype=t.int64)),
    "out_expanded": lambda t: t.add(t.ones(3), 1, out=t.zeros(1).expand(3)),
    "copy_shape": lambda t: t.zeros(3).copy_(t.zeros(2)),
    "copy_more_dims": lambda t: t.zeros(3).copy_(t.zeros(2, 3)),
    "fill_with_many": lambda t: t.zeros(3).fill_(t.zeros(3)),
    "copy_to_expanded": lambda t: t.zeros(1).expand(3).copy_(t.ones(3)),
}

REDUCTIONS = {
    "sum_dim": lambda t: _z(t, 2, 3).sum(2),
    "sum_dim_negative": lambda t: _z(t, 2, 3).sum(-3),
    "sum_dim_repeated": lambda t: _z(t, 2, 3).sum((0, 0)),
    "sum_dim_repeated_negative": lambda t: _z(t, 2, 3).sum((1, -1)),
    "sum_0dim": lambda t: t.tensor(1.0).sum(1),
    "mean_of_integers": lambda t: t.tensor([1, 2]).mean(),
    "mean_of_integers_dim": lambda t: t.tensor([1, 2]).mean(0),
    "mean_of_bools": lambda t: t.tensor([True]).mean(),
    "mean_into_integers": lambda t: t.ones(2).mean(dtype=t.int64),
    "max_of_none": lambda t: t.zeros(0).max(),
    "min_of_none": lambda t: t.zeros(2, 0).min(),
    "max_of_none_dim": lambda t: t.zeros(2, 0).max(1),
    "amax_of_none": lambda t: t.zeros(0).amax(),
    "amin_of_none_dim": lambda t: t.zeros(2, 0).amin(1),
    "argmax_of_none": lambda t: t.zeros(0).argmax(),
    "argmin_of_none_dim": lambda t: t.zeros(2, 0).argmin(1),
    "max_dim": lambda t: _z(t, 2, 3).max(2),
    "argmax_dim": lambda t: _z(t, 2, 3).argmax(-3),
    "amax_dim": lambda t: _z(t, 2, 3).amax((0, 5)),
    "amax_repeated": lambda t: _z(t, 2, 3).amax((0, 0)),
    "any_dim": lambda t: _z(t, 2, 3).any(2),
    "all_repeated": lambda t: _z(t, 2, 3).all((0, 0)),
    "softmax_dim": lambda t: _z(t, 2, 3).softmax(2),
    "log_softmax_dim": lambda t: _z(t, 2, 3).log_softmax(-3),
    "softmax_of_integers": lambda t: t.tensor([1, 2]).softmax(0),
    "argmax_of_bools": lambda t: t.tensor([True]).argmax(),
    "sum_out_dtype": lambda t: t.sum(t.ones(2), 0, out=t.empty((), dtype=t.int64)),
    "amax_out_dtype": lambda t: t.amax(t.ones(2), 0, out=t.empty((), dtype=t.float64)),
}

SCANS = {
    "cumsum_dim": lambda t: _z(t, 2, 3).cumsum(2),
    "cumprod_0dim": lambda t: t.tensor(1.0).cumprod(1),
    "cumsum_without_dim": lambda t: _z(t, 2).cumsum(),
    "cumsum_of_bools_in_place": lambda t: t.tensor([True]).cumsum_(0),
    "cumprod_to_bools": lambda t: t.tensor([1]).cumprod(0, dtype=t.bool),
    "cumsum_other_dtype_in_place": lambda t: _z(t, 2).cumsum_(0, dtype=t.float64),
    "cumsum_out_dtype": lambda t: t.cumsum(_z(t, 2), 0, dtype=t.float64, out=_z(t, 2)),
    "cumsum_out_of_bools": lambda t: t.cumsum(_z(t, 2), 0, out=_z(t, 2, dtype=t.bool)),
    "cumsum_out_overlapping": lambda t: (lambda x: t.cumsum(x[:3], 0, out=x[1:]))(_z(t, 4)),
    "cumsum_expanded_in_place": lambda t: _z(t, 1).expand(3).cumsum_(0),
    "prod_dim": lambda t: _z(t, 2, 3).prod(2),
    "prod_dims": lambda t: _z(t, 2, 3).prod((0, 1)),
    "prod_out_dtype": lambda t: t.prod(_z(t, 2), 0, dtype=t.float64, out=_z(t)),
    "scatter_reduce_word": lambda t: _reduced(t, "all"),
    "scatter_reduce_number": lambda t: _reduced(t, 5),
    "scatter_reduce_without_word": lambda t: _z(t, 2).scatter_reduce(0, t.tensor([0]), _z(t, 1)),
    "scatter_reduce_dtype": lambda t: _reduced(t, "sum", src=t.ones(1, dtype=t.float64)),
    "scatter_reduce_index_dtype": lambda t: _reduced(t, "sum", index=t.ones(1)),
    "scatter_reduce_index_rank": lambda t: _reduced(t, "sum", index=t.tensor([[0]])),
    "scatter_reduce_index_above": lambda t: _reduced(t, "mean", index=t.tensor([2])),
    "scatter_reduce_index_size": lambda t: _reduced(t, "sum", index=t.tensor([0, 1])),
    "scatter_reduce_mean_of_bools": lambda t: t.tensor([True]).scatter_reduce(
        0, t.tensor([0]), t.tensor([True]), "mean"),
    "scatter_reduce_twice_through_zeros": lambda t: _twice(t),
}


def _reduced(torch, reduce, index=None, src=None):
    index = torch.tensor([0]) if index is None else index
    src = torch.ones(1) if src is None else src
    return torch.zeros(2).scatter_reduce(0, index, src, reduce)


def _twice(torch):
    src = torch.zeros(2, requires_grad=True)
    result = torch.ones(2, requires_grad=True).scatter_reduce(0, torch.tensor([0, 0]), src, "prod")
    gradient, = torch.autograd.grad(result.sum(), src, create_graph=True)
    return gradient.sum().backward()


MATRICES = {
    "mm_shapes": lambda t: t.mm(_z(t, 2, 3), _z(t, 2, 3)),
    "mm_of_vector": lambda t: t.mm(_z(t, 3), _z(t, 3, 2)),
    "mm_second_vector": lambda t: t.mm(_z(t, 2, 3), _z(t, 3)),
    "mm_of_3d": lambda t: t.mm(_z(t, 1, 2, 3), _z(t, 3, 2)),
    "mm_dtypes": lambda t: t.mm(_z(t, 2, 3), _z(t, 3, 2, dtype=t.float64)),
    "mm_int_float": lambda t: t.mm(_z(t, 2, 3, dtype=t.int64), _z(t, 3, 2)),
    "bmm_of_matrices": lambda t: t.bmm(_z(t, 2, 3), _z(t, 3, 2)),
    "bmm_batches": lambda t: t.bmm(_z(t, 2, 2, 3), _z(t, 3, 3, 2)),
    "bmm_shapes": lambda t: t.bmm(_z(t, 2, 2, 3), _z(t, 2, 2, 3)),
    "bmm_dtypes": lambda t: t.bmm(_z(t, 2, 2, 3), _z(t, 2, 3, 2, dtype=t.float64)),
    "matmul_shapes": lambda t: _z(t, 2, 3) @ _z(t, 2, 3),
    "matmul_vectors": lambda t: _z(t, 2) @ _z(t, 3),
    "matmul_matrix_vector": lambda t: _z(t, 2, 3) @ _z(t, 2),
    "matmul_vector_matrix": lambda t: _z(t, 2) @ _z(t, 3, 2),
    "matmul_of_0dim": lambda t: t.matmul(t.tensor(1.0), _z(t, 2)),
    "matmul_batches": lambda t: _z(t, 2, 2, 3) @ _z(t, 3, 3, 2),
    "matmul_batched_shapes": lambda t: _z(t, 2, 2, 3) @ _z(t, 2, 2, 3),
    "matmul_dtypes": lambda t: _z(t, 2, 3) @ _z(t, 3, dtype=t.float64),
    "matmul_vector_dtypes": lambda t: _z(t, 3) @ _z(t, 3, dtype=t.int64),
    "addmm_shapes": lambda t: t.addmm(_z(t, 2, 2), _z(t, 2, 3), _z(t, 2, 3)),
    "addmm_bias": lambda t: t.addmm(_z(t, 3), _z(t, 2, 3), _z(t, 3, 2)),
    "addmm_dtypes": lambda t: t.addmm(_z(t, 2), _z(t, 2, 3), _z(t, 3, 2, dtype=t.float64)),
    "addmm_in_place_shape": lambda t: _z(t, 2).addmm_(_z(t, 2, 3), _z(t, 3, 2)),
}

JOINING = {
    "cat_nothing": lambda t: t.cat([]),
    "cat_sizes": lambda t: t.cat([_z(t, 2, 3), _z(t, 2, 4)]),
    "cat_ranks": lambda t: t.cat([_z(t, 2, 3), _z(t, 2)]),
    "cat_0dim": lambda t: t.cat([t.tensor(1), t.tensor(2)]),
    "cat_dim": lambda t: t.cat([_z(t, 2), _z(t, 2)], 1),
    "cat_number": lambda t: t.cat([_z(t, 2), 1]),
    "cat_tensor": lambda t: t.cat(_z(t, 2)),
    "cat_out_dtype": lambda t: t.cat([t.ones(1)], out=t.empty(1, dtype=t.int64)),
    "stack_nothing": lambda t: t.stack([]),
    "stack_sizes": lambda t: t.stack([_z(t, 2), _z(t, 3)]),
    "stack_dim": lambda t: t.stack([_z(t, 2), _z(t, 2)], 3),
    "index_select_range": lambda t: t.index_select(_z(t, 2, 3), 0, t.tensor([2])),
    "index_select_negative": lambda t: t.index_select(_z(t, 2, 3), 0, t.tensor([-1])),
    "index_select_dim": lambda t: t.index_select(_z(t, 2, 3), 2, t.tensor([0])),
    "index_select_dtype": lambda t: t.index_select(_z(t, 2), 0, t.tensor([0.0])),
    "index_select_matrix": lambda t: t.index_select(_z(t, 2), 0, t.tensor([[0]])),
    "gather_range": lambda t: t.gather(_z(t, 2, 3), 0, t.tensor([[2]])),
    "gather_negative": lambda t: t.gather(_z(t, 2, 3), 1, t.tensor([[-1]])),
    "gather_dim": lambda t: t.gather(_z(t, 2, 3), 2, t.tensor([[0]])),
    "gather_rank": lambda t: t.gather(_z(t, 2, 3), 0, t.tensor([0])),
    "gather_dtype": lambda t: t.gather(_z(t, 2), 0, t.tensor([0.0])),
    "gather_size": lambda t: t.gather(_z(t, 2, 3), 0, t.zeros(1, 4, dtype=t.int64)),
    "allclose_dtypes": lambda t: t.allclose(t.zeros(1), t.zeros(1, dtype=t.float64)),
    "allclose_shapes": lambda t: t.allclose(t.zeros(2), t.zeros(3)),
    "allclose_negative": lambda t: t.allclose(t.zeros(2), t.zeros(2), rtol=-1.0),
    "equal_number": lambda t: t.equal(t.zeros(1), 0),
}


def _loss(torch, name, *args, **kwargs):
    return getattr(torch.nn.functional, name)(*args, **kwargs)


LOSSES = {
    "nll_target_above": lambda t: _loss(t, "nll_loss", _z(t, 2, 3), t.tensor([0, 3])),
    "nll_target_below": lambda t: _loss(t, "nll_loss", _z(t, 2, 3), t.tensor([0, -1])),
    "nll_batch": lambda t: _loss(t, "nll_loss", _z(t, 2, 3), t.tensor([0])),
    "nll_target_rank": lambda t: _loss(t, "nll_loss", _z(t, 2, 3), t.tensor([[0], [1]])),
    "nll_target_dtype": lambda t: _loss(t, "nll_loss", _z(t, 2, 3), t.tensor([0.0, 1.0])),
    "nll_target_int32": lambda t: _loss(t, "nll_loss", _z(t, 2, 3), t.zeros(2, dtype=t.int32)),
    "nll_weight_size": lambda t: _loss(t, "nll_loss", _z(t, 2, 3), t.tensor([0, 1]), _z(t, 2)),
    "nll_weight_dtype": lambda t: _loss(
        t, "nll_loss", _z(t, 2, 3), t.tensor([0, 1]), _z(t, 3, dtype=t.float64)),
    "nll_0dim": lambda t: _loss(t, "nll_loss", t.tensor(1.0), t.tensor(0)),
    "nll_of_integers": lambda t: _loss(t, "nll_loss", _z(t, 2, 3, dtype=t.int64), t.tensor([0, 1])),
    "cross_entropy_target_above": lambda t: _loss(t, "cross_entropy", _z(t, 2, 3),
                                                  t.tensor([0, 3])),
    "cross_entropy_batch": lambda t: _loss(t, "cross_entropy", _z(t, 2, 3), t.tensor([0])),
    "cross_entropy_target_dtype": lambda t: _loss(t, "cross_entropy", _z(t, 2, 3),
                                                  t.tensor([0.0, 1.0])),
    "cross_entropy_reduction": lambda t: _loss(t, "cross_entropy", _z(t, 2, 3), t.tensor([0, 1]),
                                               reduction="all"),
    "cross_entropy_smoothing": lambda t: _loss(t, "cross_entropy", _z(t, 2, 3), t.tensor([0, 1]),
                                               label_smoothing=2.0),
    "mse_shapes": lambda t: _loss(t, "mse_loss", _z(t, 2, 3), _z(t, 4)),
    "mse_reduction": lambda t: _loss(t, "mse_loss", _z(t, 2), _z(t, 2), reduction="all"),
    "mse_of_integers": lambda t: _loss(t, "mse_loss", *[_z(t, 2, dtype=t.int64)] * 2),
}

for _group in (CREATION, ITEM, VIEWS, POINTWISE, REDUCTIONS, SCANS, MATRICES, JOINING, LOSSES):
    for _name, _function in _group.items():
        program.add(_name, _function)


@program
def failed_calls_change_nothing(torch):
    x = torch.arange(3)
    y = torch.zeros(2, 3)
    for attempt in (lambda: x.add_(1.5), lambda: x.add_(torch.ones(2, 3, dtype=torch.int64)),
                    lambda: torch.add(y, y, out=x), lambda: y.copy_(torch.ones(5)),
                    lambda: y.index_select(0, torch.tensor([7])), lambda: y.view(7)):
        try:
            attempt()
        except (RuntimeError, IndexError):
            pass
    return [x, y, x._version, y._version]
