//! Element types, devices, and how to make a tensor.

use std::fmt;

use crate::call::read;
use crate::ffi;
use crate::Result;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(i32)]
pub enum DType {
    Bool = ffi::TENSOR_BOOL,
    UInt8 = ffi::TENSOR_UINT8,
    Int8 = ffi::TENSOR_INT8,
    Int16 = ffi::TENSOR_INT16,
    Int32 = ffi::TENSOR_INT32,
    Int64 = ffi::TENSOR_INT64,
    Float16 = ffi::TENSOR_FLOAT16,
    BFloat16 = ffi::TENSOR_BFLOAT16,
    Float32 = ffi::TENSOR_FLOAT32,
    Float64 = ffi::TENSOR_FLOAT64,
}

const DTYPES: [DType; 10] = [
    DType::Bool,
    DType::UInt8,
    DType::Int8,
    DType::Int16,
    DType::Int32,
    DType::Int64,
    DType::Float16,
    DType::BFloat16,
    DType::Float32,
    DType::Float64,
];

impl DType {
    /// Bytes per element.
    pub fn size(self) -> usize {
        unsafe { ffi::tensor_dtype_size(self.raw()) }
    }

    pub(crate) fn raw(self) -> ffi::tensor_dtype_t {
        self as i32
    }

    pub(crate) fn from_raw(raw: ffi::tensor_dtype_t) -> DType {
        *DTYPES.iter().find(|dtype| dtype.raw() == raw).expect("a dtype of a newer library")
    }
}

/// As C and PyTorch write it: "float32".
impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let name = unsafe { std::ffi::CStr::from_ptr(ffi::tensor_dtype_name(self.raw())) };
        f.write_str(&name.to_string_lossy())
    }
}

/// The dtype that an operation on both gives.
pub fn promote_types(a: DType, b: DType) -> Result<DType> {
    read(|out| unsafe { ffi::tensor_promote_types(a.raw(), b.raw(), out) }).map(DType::from_raw)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Device {
    Cpu,
    /// One of the CUDA devices, from 0.
    Cuda(i32),
}

impl Device {
    pub(crate) const UNSET: ffi::tensor_device_t =
        ffi::tensor_device_t { r#type: ffi::TENSOR_DEVICE_DEFAULT, index: 0 };

    pub(crate) fn raw(self) -> ffi::tensor_device_t {
        match self {
            Device::Cpu => ffi::tensor_device_t { r#type: ffi::TENSOR_CPU, index: 0 },
            Device::Cuda(index) => ffi::tensor_device_t { r#type: ffi::TENSOR_CUDA, index },
        }
    }

    pub(crate) fn from_raw(raw: ffi::tensor_device_t) -> Device {
        if raw.r#type == ffi::TENSOR_CUDA {
            Device::Cuda(raw.index)
        } else {
            Device::Cpu
        }
    }
}

/// How to make a tensor; what is not set is as the function sees fit: float32, CPU, no gradient.
/// A dtype, a device or `()` may stand in its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    dtype: Option<DType>,
    device: Option<Device>,
    requires_grad: bool,
}

impl Options {
    pub fn dtype(mut self, dtype: DType) -> Options {
        self.dtype = Some(dtype);
        self
    }

    pub fn device(mut self, device: Device) -> Options {
        self.device = Some(device);
        self
    }

    pub fn requires_grad(mut self, requires_grad: bool) -> Options {
        self.requires_grad = requires_grad;
        self
    }

    pub(crate) fn raw(self) -> ffi::tensor_options_t {
        ffi::tensor_options_t {
            struct_size: std::mem::size_of::<ffi::tensor_options_t>(),
            dtype: self.dtype.map_or(ffi::TENSOR_DTYPE_DEFAULT, DType::raw),
            device: self.device.map_or(Device::UNSET, Device::raw),
            requires_grad: self.requires_grad,
        }
    }
}

impl From<()> for Options {
    fn from(_: ()) -> Options {
        Options::default()
    }
}

impl From<DType> for Options {
    fn from(dtype: DType) -> Options {
        Options::default().dtype(dtype)
    }
}

impl From<Device> for Options {
    fn from(device: Device) -> Options {
        Options::default().device(device)
    }
}
