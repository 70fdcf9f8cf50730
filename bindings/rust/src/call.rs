//! How the C functions are called: status to `Result`, pointers for results to values.

use std::mem::MaybeUninit;
use std::os::raw::c_char;
use std::ptr;

use crate::ffi::{
    tensor_optional_bool_t, tensor_optional_double_t, tensor_optional_int64_t, tensor_status_t, tensor_t, TENSOR_OK,
};
use crate::{Error, Result, Tensor};

pub(crate) fn check(status: tensor_status_t) -> Result<()> {
    if status == TENSOR_OK {
        Ok(())
    } else {
        Err(Error::last(status))
    }
}

/// A plain result.
pub(crate) fn read<T>(call: impl FnOnce(*mut T) -> tensor_status_t) -> Result<T> {
    let mut out = MaybeUninit::uninit();
    check(call(out.as_mut_ptr()))?;
    // The library writes the result of every call that succeeds.
    Ok(unsafe { out.assume_init() })
}

/// A result tensor.
pub(crate) fn own(call: impl FnOnce(*mut *mut tensor_t) -> tensor_status_t) -> Result<Tensor> {
    let handle = read(call)?;
    Ok(unsafe { Tensor::from_raw(handle) })
}

pub(crate) fn own_pair(
    call: impl FnOnce(*mut *mut tensor_t, *mut *mut tensor_t) -> tensor_status_t,
) -> Result<(Tensor, Tensor)> {
    let (mut first, mut second) = (ptr::null_mut(), ptr::null_mut());
    check(call(&mut first, &mut second))?;
    Ok(unsafe { (Tensor::from_raw(first), Tensor::from_raw(second)) })
}

/// A list of results: `call` is asked for its length first.
pub(crate) fn own_list(
    call: impl Fn(*mut *mut tensor_t, usize, *mut usize) -> tensor_status_t,
) -> Result<Vec<Tensor>> {
    let count = read(|count| call(ptr::null_mut(), 0, count))?;
    let mut handles = vec![ptr::null_mut(); count];
    if count > 0 {
        read(|written| call(handles.as_mut_ptr(), count, written))?;
    }
    Ok(handles.into_iter().map(|handle| unsafe { Tensor::from_raw(handle) }).collect())
}

pub(crate) fn raw_or_null(tensor: Option<&Tensor>) -> *mut tensor_t {
    tensor.map_or(ptr::null_mut(), Tensor::raw)
}

pub(crate) fn raw_list(tensors: &[&Tensor]) -> Vec<*mut tensor_t> {
    tensors.iter().map(|t| t.raw()).collect()
}

pub(crate) fn optional_int64(value: Option<i64>) -> tensor_optional_int64_t {
    tensor_optional_int64_t { has_value: value.is_some(), value: value.unwrap_or_default() }
}

pub(crate) fn optional_double(value: Option<f64>) -> tensor_optional_double_t {
    tensor_optional_double_t { has_value: value.is_some(), value: value.unwrap_or_default() }
}

pub(crate) fn optional_bool(value: Option<bool>) -> tensor_optional_bool_t {
    tensor_optional_bool_t { has_value: value.is_some(), value: value.unwrap_or_default() }
}

/// A text that goes out as snprintf's do: its length is known after a first call.
pub(crate) fn read_text(
    call: impl Fn(*mut c_char, usize, *mut usize) -> tensor_status_t,
) -> Result<String> {
    let mut buffer = vec![0u8; 512];
    loop {
        let mut length = 0;
        check(call(buffer.as_mut_ptr().cast(), buffer.len(), &mut length))?;
        if length < buffer.len() {
            buffer.truncate(length);
            return Ok(String::from_utf8_lossy(&buffer).into_owned());
        }
        buffer.resize(length + 1, 0);
    }
}
