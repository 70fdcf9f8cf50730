//! Settings of the whole library.

use std::ffi::CStr;

use crate::call::check;
use crate::ffi;
use crate::Result;

/// 0xMMmmpp: major, minor, patch.
pub fn version() -> u32 {
    unsafe { ffi::tensor_version() }
}

/// Seeds the random numbers of all devices.
pub fn manual_seed(seed: u64) -> Result<()> {
    check(unsafe { ffi::tensor_manual_seed(seed) })
}

/// How many threads an operation may use. Results do not depend on it.
pub fn set_num_threads(n: i32) -> Result<()> {
    check(unsafe { ffi::tensor_set_num_threads(n) })
}

pub fn get_num_threads() -> i32 {
    unsafe { ffi::tensor_get_num_threads() }
}

pub fn cuda_is_available() -> bool {
    unsafe { ffi::tensor_cuda_is_available() }
}

/// Why not; empty where it is.
pub fn cuda_unavailable_reason() -> String {
    let reason = unsafe { CStr::from_ptr(ffi::tensor_cuda_unavailable_reason()) };
    reason.to_string_lossy().into_owned()
}

/// Handles not released yet, in the whole process.
pub fn live_handles() -> usize {
    unsafe { ffi::tensor_live_handles() }
}
