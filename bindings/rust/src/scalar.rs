//! Numbers beside tensors.

use crate::ffi;

/// A bool, an integer or a floating number, which count differently when dtypes are promoted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar {
    Bool(bool),
    Int(i64),
    /// An integer that may be 2^63 or more.
    Unsigned(u64),
    Float(f64),
}

impl Scalar {
    pub fn to_f64(self) -> f64 {
        match self {
            Scalar::Bool(value) => f64::from(u8::from(value)),
            Scalar::Int(value) => value as f64,
            Scalar::Unsigned(value) => value as f64,
            Scalar::Float(value) => value,
        }
    }

    pub fn to_i64(self) -> i64 {
        match self {
            Scalar::Bool(value) => i64::from(value),
            Scalar::Int(value) => value,
            Scalar::Unsigned(value) => value as i64,
            Scalar::Float(value) => value as i64,
        }
    }

    pub fn to_bool(self) -> bool {
        match self {
            Scalar::Bool(value) => value,
            Scalar::Int(value) => value != 0,
            Scalar::Unsigned(value) => value != 0,
            Scalar::Float(value) => value != 0.0,
        }
    }

    pub(crate) fn raw(self) -> ffi::tensor_scalar_t {
        let mut value = ffi::tensor_scalar_value_t { complex128: [0.0; 2] };
        let dtype = match self {
            Scalar::Bool(boolean) => {
                value.boolean = boolean;
                ffi::TENSOR_BOOL
            }
            Scalar::Int(int64) => {
                value.int64 = int64;
                ffi::TENSOR_INT64
            }
            Scalar::Unsigned(uint64) => {
                value.uint64 = uint64;
                ffi::TENSOR_UINT64
            }
            Scalar::Float(float64) => {
                value.float64 = float64;
                ffi::TENSOR_FLOAT64
            }
        };
        ffi::tensor_scalar_t { dtype, reserved: 0, value }
    }

    pub(crate) fn from_raw(raw: ffi::tensor_scalar_t) -> Scalar {
        // The dtype says which member the library wrote.
        unsafe {
            match raw.dtype {
                ffi::TENSOR_BOOL => Scalar::Bool(raw.value.boolean),
                ffi::TENSOR_INT64 => Scalar::Int(raw.value.int64),
                _ => Scalar::Float(raw.value.float64),
            }
        }
    }
}

impl From<bool> for Scalar {
    fn from(value: bool) -> Scalar {
        Scalar::Bool(value)
    }
}

impl From<i64> for Scalar {
    fn from(value: i64) -> Scalar {
        Scalar::Int(value)
    }
}

impl From<u64> for Scalar {
    fn from(value: u64) -> Scalar {
        Scalar::Unsigned(value)
    }
}

impl From<i32> for Scalar {
    fn from(value: i32) -> Scalar {
        Scalar::Int(value.into())
    }
}

impl From<f64> for Scalar {
    fn from(value: f64) -> Scalar {
        Scalar::Float(value)
    }
}

impl From<f32> for Scalar {
    fn from(value: f32) -> Scalar {
        Scalar::Float(value.into())
    }
}
