//! The types of `tensor/types.h`, and of the headers about autograd and memory.

use std::os::raw::{c_char, c_void};

pub type tensor_status_t = i32;
pub type tensor_dtype_t = i32;
pub type tensor_device_type_t = i32;
pub type tensor_ownership_kind_t = i32;

/// A handle. Never an address.
#[repr(C)]
pub struct tensor_t {
    private: [u8; 0],
}

/// A handle of a node of the graph.
#[repr(C)]
pub struct tensor_node_t {
    private: [u8; 0],
}

/// A handle of a callback that was registered.
#[repr(C)]
pub struct tensor_hook_t {
    private: [u8; 0],
}

/// A handle of an application of a custom function.
#[repr(C)]
pub struct tensor_function_t {
    private: [u8; 0],
}

/// A handle of a request to stop a backward pass.
#[repr(C)]
pub struct tensor_cancel_t {
    private: [u8; 0],
}

/// A handle of a kept vector-Jacobian product.
#[repr(C)]
pub struct tensor_vjp_t {
    private: [u8; 0],
}

/// A handle of a queue of a device's work.
#[repr(C)]
pub struct tensor_stream_t {
    private: [u8; 0],
}

/// A handle of a point in a stream's work.
#[repr(C)]
pub struct tensor_event_t {
    private: [u8; 0],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct tensor_device_properties_t {
    pub struct_size: usize,
    pub total_memory: u64,
    pub major: i32,
    pub minor: i32,
    pub multiprocessors: i32,
    pub max_threads_per_multiprocessor: i32,
    pub name: [c_char; 256],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct tensor_device_t {
    pub r#type: tensor_device_type_t,
    pub index: i32,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub union tensor_scalar_value_t {
    pub boolean: bool,
    pub int64: i64,
    pub uint64: u64,
    pub float64: f64,
    pub complex128: [f64; 2],
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct tensor_scalar_t {
    pub dtype: tensor_dtype_t,
    pub reserved: i32,
    pub value: tensor_scalar_value_t,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct tensor_options_t {
    pub struct_size: usize,
    pub dtype: tensor_dtype_t,
    pub device: tensor_device_t,
    pub requires_grad: bool,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct tensor_optional_int64_t {
    pub has_value: bool,
    pub value: i64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct tensor_optional_double_t {
    pub has_value: bool,
    pub value: f64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct tensor_optional_bool_t {
    pub has_value: bool,
    pub value: bool,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct tensor_backward_options_t {
    pub struct_size: usize,
    pub gradient: *const tensor_t,
    pub retain_graph: bool,
    pub create_graph: bool,
    pub allow_unused: bool,
    pub inputs: *const *mut tensor_t,
    pub input_count: usize,
    pub cancel: *const tensor_cancel_t,
    pub materialize_grads: bool,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct tensor_ownership_t {
    pub kind: tensor_ownership_kind_t,
    pub from: u64,
    pub to: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct tensor_edge_t {
    pub node: *const tensor_node_t,
    pub output_nr: u32,
}

/// A function of the host, see `tensor/functional.h`.
pub type tensor_callable_t = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        inputs: *const *mut tensor_t,
        input_count: usize,
        outputs: *mut *mut tensor_t,
        output_count: usize,
    ) -> tensor_status_t,
>;

/// Says where the program is, see `tensor/anomaly.h`.
pub type tensor_location_function_t = Option<
    unsafe extern "C" fn(
        user: *mut c_void,
        buffer: *mut c_char,
        capacity: usize,
        length: *mut usize,
    ) -> tensor_status_t,
>;

#[repr(C)]
#[derive(Clone, Copy)]
pub struct tensor_functional_options_t {
    pub struct_size: usize,
    pub create_graph: bool,
    pub strict: bool,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct tensor_checkpoint_options_t {
    pub struct_size: usize,
    pub preserve_rng_state: bool,
    pub early_stop: bool,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct tensor_graph_memory_t {
    pub struct_size: usize,
    pub nodes: u64,
    pub node_bytes: u64,
    pub saved_tensors: u64,
    pub saved_storages: u64,
    pub saved_bytes: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct tensor_graph_picture_options_t {
    pub struct_size: usize,
    pub show_saved: bool,
    pub names: *const *const c_char,
    pub leaves: *const *mut tensor_t,
    pub leaf_count: usize,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct tensor_gradcheck_options_t {
    pub struct_size: usize,
    pub eps: f64,
    pub atol: f64,
    pub rtol: f64,
    pub nondet_tol: f64,
    pub check_undefined_grad: bool,
    pub fast_mode: bool,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct tensor_memory_stats_t {
    pub struct_size: usize,
    pub allocated: u64,
    pub allocated_peak: u64,
    pub active: u64,
    pub active_peak: u64,
    pub reserved: u64,
    pub reserved_peak: u64,
    pub allocations: u64,
    pub frees: u64,
    pub device_calls: u64,
    pub waits: u64,
    pub pressure_calls: u64,
    pub out_of_memory: u64,
    pub capacity: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct tensor_memory_block_t {
    pub struct_size: usize,
    pub address: u64,
    pub bytes: u64,
    pub requested: u64,
    pub stream: u64,
    pub state: i32,
    pub reserved: i32,
    pub tag: [c_char; 256],
    pub operation: [c_char; 64],
}
