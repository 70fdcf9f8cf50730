"""The C structs of include/tensor/*.h."""

from __future__ import annotations

from ctypes import (
    Structure,
    addressof,
    c_bool,
    c_double,
    c_int32,
    c_int64,
    c_size_t,
    c_uint32,
    c_uint64,
    c_void_p,
    sizeof,
)


class Device(Structure):
    """tensor_device_t."""

    _fields_ = [("type", c_int32), ("index", c_int32)]


class Options(Structure):
    """tensor_options_t; zeros stand for the defaults."""

    _fields_ = [
        ("struct_size", c_size_t),
        ("dtype", c_int32),
        ("device", Device),
        ("requires_grad", c_bool),
    ]


class BackwardOptions(Structure):
    """tensor_backward_options_t."""

    _fields_ = [
        ("struct_size", c_size_t),
        ("gradient", c_void_p),
        ("retain_graph", c_bool),
        ("create_graph", c_bool),
        ("allow_unused", c_bool),
        ("inputs", c_void_p),
        ("input_count", c_size_t),
        ("cancel", c_void_p),
        ("materialize_grads", c_bool),
    ]


class EdgeStruct(Structure):
    """tensor_edge_t."""

    _fields_ = [("node", c_void_p), ("output_nr", c_uint32)]


class OwnershipStruct(Structure):
    """tensor_ownership_t."""

    _fields_ = [("kind", c_int32), ("source", c_uint64), ("to", c_uint64)]


class GraphMemoryStruct(Structure):
    """tensor_graph_memory_t."""

    _fields_ = [
        ("struct_size", c_size_t),
        ("nodes", c_uint64),
        ("node_bytes", c_uint64),
        ("saved_tensors", c_uint64),
        ("saved_storages", c_uint64),
        ("saved_bytes", c_uint64),
    ]


class PictureOptions(Structure):
    """tensor_graph_picture_options_t."""

    _fields_ = [
        ("struct_size", c_size_t),
        ("show_saved", c_bool),
        ("names", c_void_p),
        ("leaves", c_void_p),
        ("leaf_count", c_size_t),
    ]

    def set_leaves(self, names, leaves, count: int) -> None:
        """Arrays of strings and handles, which live as long as the struct is used."""
        self.names, self.leaves = addressof(names), addressof(leaves)
        self.leaf_count, self._arrays = count, (names, leaves)


class CheckpointOptions(Structure):
    """tensor_checkpoint_options_t."""

    _fields_ = [
        ("struct_size", c_size_t),
        ("preserve_rng_state", c_bool),
        ("early_stop", c_bool),
    ]


class GradcheckOptions(Structure):
    """tensor_gradcheck_options_t."""

    _fields_ = [
        ("struct_size", c_size_t),
        ("eps", c_double),
        ("atol", c_double),
        ("rtol", c_double),
        ("nondet_tol", c_double),
        ("check_undefined_grad", c_bool),
        ("fast_mode", c_bool),
    ]


# tensor_scalar_t holds its number in a union of 16 bytes. ctypes cannot pass a union by value on
# every platform, so there is one plain struct for each of the union's members in use.


class IntegerScalar(Structure):
    """tensor_scalar_t with an integer or a bool."""

    _fields_ = [("dtype", c_int32), ("reserved", c_int32), ("value", c_int64), ("rest", c_int64)]


class DoubleScalar(Structure):
    """tensor_scalar_t with a double."""

    _fields_ = [("dtype", c_int32), ("reserved", c_int32), ("value", c_double), ("rest", c_int64)]


Scalar = IntegerScalar


class OptionalInt64(Structure):
    """tensor_optional_int64_t."""

    _fields_ = [("has_value", c_bool), ("value", c_int64)]


class OptionalDouble(Structure):
    """tensor_optional_double_t."""

    _fields_ = [("has_value", c_bool), ("value", c_double)]


class OptionalBool(Structure):
    """tensor_optional_bool_t."""

    _fields_ = [("has_value", c_bool), ("value", c_bool)]


OPTIONS_SIZE = sizeof(Options)
BACKWARD_OPTIONS_SIZE = sizeof(BackwardOptions)
GRAPH_MEMORY_SIZE = sizeof(GraphMemoryStruct)
PICTURE_OPTIONS_SIZE = sizeof(PictureOptions)
CHECKPOINT_OPTIONS_SIZE = sizeof(CheckpointOptions)
GRADCHECK_OPTIONS_SIZE = sizeof(GradcheckOptions)
