//! What a call returns when it fails.

use std::ffi::CStr;
use std::fmt;

use crate::ffi;

pub type Result<T> = std::result::Result<T, Error>;

/// The kinds of errors, named after what PyTorch raises where it has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    InvalidArgument,
    InvalidHandle,
    Type,
    Value,
    Index,
    NotImplemented,
    OutOfMemory,
    Unavailable,
    Internal,
    /// By `tensor_cancel`.
    Cancelled,
    Unknown,
}

/// The library's status, and its message in PyTorch's words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    status: ffi::tensor_status_t,
    message: String,
}

impl Error {
    pub(crate) fn new(status: ffi::tensor_status_t, message: String) -> Error {
        Error { status, message }
    }

    /// The message that this thread's last call left.
    pub(crate) fn last(status: ffi::tensor_status_t) -> Error {
        let message = unsafe { CStr::from_ptr(ffi::tensor_last_error()) };
        Error::new(status, message.to_string_lossy().into_owned())
    }

    pub fn status(&self) -> i32 {
        self.status
    }

    pub fn message(&self) -> &str {
        &self.message
    }

    pub fn kind(&self) -> Kind {
        match self.status {
            ffi::TENSOR_ERROR_INVALID_ARGUMENT => Kind::InvalidArgument,
            ffi::TENSOR_ERROR_INVALID_HANDLE => Kind::InvalidHandle,
            ffi::TENSOR_ERROR_TYPE => Kind::Type,
            ffi::TENSOR_ERROR_VALUE => Kind::Value,
            ffi::TENSOR_ERROR_INDEX => Kind::Index,
            ffi::TENSOR_ERROR_NOT_IMPLEMENTED => Kind::NotImplemented,
            ffi::TENSOR_ERROR_OUT_OF_MEMORY => Kind::OutOfMemory,
            ffi::TENSOR_ERROR_UNAVAILABLE => Kind::Unavailable,
            ffi::TENSOR_ERROR_INTERNAL => Kind::Internal,
            ffi::TENSOR_ERROR_CANCELLED => Kind::Cancelled,
            _ => Kind::Unknown,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}
