//! The type [`Tensor`]: one handle, and what can be read off a tensor.

use std::fmt;
use std::os::raw::c_void;

use crate::call::{check, own, read, read_text};
use crate::ffi;
use crate::{DType, Device, Result, Scalar};

/// Owns one handle of a tensor.
pub struct Tensor {
    handle: *mut ffi::tensor_t,
}

// Neither Send nor Sync, since it holds a raw pointer: views and clones share elements, so that a
// tensor on another thread could be written here while it is read there. [`SendTensor`] goes over.

/// A tensor on its way to another thread: the only handle of elements that no other tensor shares.
///
/// ```
/// # use libtensor::Tensor;
/// let x = Tensor::ones(&[2], ())?;
/// let on_its_way = x.to_send()?;
/// let worker = std::thread::spawn(move || on_its_way.into_tensor().sum()?.to_send());
/// assert_eq!(worker.join().unwrap()?.into_tensor().to_vec::<f32>()?, [2.0]);
/// # Ok::<(), libtensor::Error>(())
/// ```
///
/// The tensor itself stays on its thread:
///
/// ```compile_fail,E0277
/// # use libtensor::Tensor;
/// let x = Tensor::ones(&[2], ()).unwrap();
/// std::thread::spawn(move || x.numel());
/// ```
pub struct SendTensor(Tensor);

// Sound: `to_send` copies the elements and nothing hands out another handle or view of the copy
// before `into_tensor` gives it up; the C functions may be called from any thread.
unsafe impl Send for SendTensor {}

impl SendTensor {
    pub fn into_tensor(self) -> Tensor {
        self.0
    }
}

/// What a live handle cannot fail at.
fn sure<T>(result: Result<T>) -> T {
    result.expect("a tensor's handle is live as long as the tensor")
}

impl Tensor {
    /// A copy of the elements, without a history, that may go to another thread. It requires grad
    /// where this tensor does.
    pub fn to_send(&self) -> Result<SendTensor> {
        let mut copy = self.detach()?.deep_clone()?;
        copy.set_requires_grad(self.requires_grad())?;
        Ok(SendTensor(copy))
    }

    /// Takes over a handle.
    ///
    /// # Safety
    /// `handle` comes from the C functions, and nobody else releases it.
    pub unsafe fn from_raw(handle: *mut ffi::tensor_t) -> Tensor {
        Tensor { handle }
    }

    /// The handle, for the C functions; it stays the tensor's.
    pub fn raw(&self) -> *mut ffi::tensor_t {
        self.handle
    }

    /// How many dims there are.
    pub fn dim(&self) -> usize {
        sure(read(|out| unsafe { ffi::tensor_ndim(self.raw(), out) }))
    }

    pub fn shape(&self) -> Vec<i64> {
        self.list(ffi::tensor_shape)
    }

    /// In elements.
    pub fn strides(&self) -> Vec<i64> {
        self.list(ffi::tensor_strides)
    }

    /// The size of one dim; -1 is the last.
    pub fn size(&self, dim: i64) -> Result<i64> {
        read(|out| unsafe { ffi::tensor_size(self.raw(), dim, out) })
    }

    pub fn stride(&self, dim: i64) -> Result<i64> {
        read(|out| unsafe { ffi::tensor_stride(self.raw(), dim, out) })
    }

    pub fn numel(&self) -> usize {
        sure(read(|out| unsafe { ffi::tensor_numel(self.raw(), out) })) as usize
    }

    pub fn storage_offset(&self) -> i64 {
        sure(read(|out| unsafe { ffi::tensor_storage_offset(self.raw(), out) }))
    }

    pub fn is_contiguous(&self) -> bool {
        sure(read(|out| unsafe { ffi::tensor_is_contiguous(self.raw(), out) }))
    }

    pub fn dtype(&self) -> DType {
        DType::from_raw(sure(read(|out| unsafe { ffi::tensor_dtype(self.raw(), out) })))
    }

    pub fn device(&self) -> Device {
        Device::from_raw(sure(read(|out| unsafe { ffi::tensor_device(self.raw(), out) })))
    }

    /// How often the tensor's memory was changed in place.
    pub fn version(&self) -> u32 {
        sure(read(|out| unsafe { ffi::tensor_version_of(self.raw(), out) }))
    }

    /// Do both stand for the same tensor?
    pub fn is_same(&self, other: &Tensor) -> bool {
        sure(read(|out| unsafe { ffi::tensor_is_same(self.raw(), other.raw(), out) }))
    }

    /// The address of the first element, on the tensor's device. Mind the strides.
    pub fn data_ptr(&self) -> Result<*mut c_void> {
        read(|out| unsafe { ffi::tensor_data(self.raw(), out) })
    }

    /// The one element. Errors: not exactly one.
    pub fn item(&self) -> Result<Scalar> {
        read(|out| unsafe { ffi::tensor_item(self.raw(), out) }).map(Scalar::from_raw)
    }

    fn list(
        &self,
        function: unsafe extern "C" fn(
            *const ffi::tensor_t,
            *mut i64,
            usize,
            *mut usize,
        ) -> ffi::tensor_status_t,
    ) -> Vec<i64> {
        let mut values = vec![0; self.dim()];
        let mut count = 0;
        let status = unsafe { function(self.raw(), values.as_mut_ptr(), values.len(), &mut count) };
        sure(check(status));
        values
    }
}

/// A second handle of the same tensor: a change of one shows in the other.
impl Clone for Tensor {
    fn clone(&self) -> Tensor {
        sure(own(|out| unsafe { ffi::tensor_retain(self.raw(), out) }))
    }
}

impl Drop for Tensor {
    fn drop(&mut self) {
        unsafe { ffi::tensor_release(self.handle) };
    }
}

/// As PyTorch prints it.
impl fmt::Display for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let text = read_text(|buffer, capacity, length| unsafe {
            ffi::tensor_to_string(self.raw(), buffer, capacity, length)
        });
        f.write_str(&text.map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Tensor {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
