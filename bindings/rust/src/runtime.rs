//! Settings of the whole library.

use std::ffi::{CStr, CString};
use std::os::raw::{c_char, c_void};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::ptr;

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

type WarningHandler = Box<dyn Fn(&str) -> std::result::Result<(), String> + Send + Sync>;

unsafe extern "C" fn warned(user: *mut c_void, message: *const c_char) -> ffi::tensor_status_t {
    let handler = &*user.cast::<WarningHandler>();
    let message = CStr::from_ptr(message).to_string_lossy();
    let (status, text) = match catch_unwind(AssertUnwindSafe(|| handler(&message))) {
        Ok(Ok(())) => return ffi::TENSOR_OK,
        Ok(Err(text)) => (ffi::TENSOR_ERROR_INVALID_ARGUMENT, text),
        Err(_) => (ffi::TENSOR_ERROR_INTERNAL, "the handler of warnings panicked".to_string()),
    };
    let text = CString::new(text.replace('\0', "")).unwrap_or_default();
    ffi::tensor_set_last_error(status, text.as_ptr())
}

unsafe extern "C" fn drop_handler(user: *mut c_void) {
    let _ = catch_unwind(AssertUnwindSafe(|| drop(Box::from_raw(user.cast::<WarningHandler>()))));
}

/// Has `handler` called with each warning of the library, in PyTorch's words: of what works, and is
/// hardly meant. It runs in the middle of the call that warns, on any thread. `Err` makes that call
/// fail with this message, and change nothing.
pub fn set_warning_handler(
    handler: impl Fn(&str) -> std::result::Result<(), String> + Send + Sync + 'static,
) -> Result<()> {
    let handler: WarningHandler = Box::new(handler);
    let user = Box::into_raw(Box::new(handler)).cast();
    // The library drops it where this fails.
    check(unsafe { ffi::tensor_set_warning_callback(Some(warned), user, Some(drop_handler)) })
}

/// Warnings go nowhere, as at first.
pub fn clear_warning_handler() -> Result<()> {
    check(unsafe { ffi::tensor_set_warning_callback(None, ptr::null_mut(), None) })
}
