//! Elements in and out.

use std::os::raw::c_void;
use std::ptr;

use crate::call::{check, own};
use crate::ffi;
use crate::{DType, Error, Options, Result, Tensor};

/// A type that a tensor's elements can have in Rust.
///
/// # Safety
/// `DTYPE` has the size and the meaning of the type.
pub unsafe trait Element: Copy + Send + 'static {
    const DTYPE: DType;
}

macro_rules! elements {
    ($($type:ty: $dtype:ident),*) => {
        $(unsafe impl Element for $type {
            const DTYPE: DType = DType::$dtype;
        })*
    };
}
elements!(bool: Bool, u8: UInt8, i8: Int8, i16: Int16);
elements!(i32: Int32, i64: Int64, f32: Float32, f64: Float64);

/// A shape must name just the elements that there are.
fn expect_count(shape: &[i64], count: usize) -> Result<()> {
    let product = shape.iter().try_fold(1i64, |product, size| product.checked_mul(*size));
    if shape.iter().all(|size| *size >= 0) && product == Some(count as i64) {
        return Ok(());
    }
    let message = format!("shape {shape:?} is invalid for input of size {count}");
    Err(Error::new(ffi::TENSOR_ERROR_INVALID_ARGUMENT, message))
}

fn options_of<T: Element>() -> ffi::tensor_options_t {
    Options::default().dtype(T::DTYPE).raw()
}

unsafe extern "C" fn drop_vec<T>(user: *mut c_void) {
    drop(Box::from_raw(user.cast::<Vec<T>>()));
}

impl Tensor {
    /// A copy of row-major elements.
    pub fn from_slice<T: Element>(data: &[T], shape: &[i64]) -> Result<Tensor> {
        expect_count(shape, data.len())?;
        let (data, options) = (data.as_ptr().cast(), options_of::<T>());
        own(|out| unsafe {
            ffi::tensor_from_data(data, shape.as_ptr(), shape.len(), &options, out)
        })
    }

    /// A tensor over the vector's own memory, without a copy.
    pub fn from_vec<T: Element>(data: Vec<T>, shape: &[i64]) -> Result<Tensor> {
        expect_count(shape, data.len())?;
        let (count, options) = (shape.len(), options_of::<T>());
        let mut data = Box::new(data);
        let memory = data.as_mut_ptr().cast();
        let user = Box::into_raw(data);
        let (shape, strides) = (shape.as_ptr(), ptr::null());
        let destroy = Some(drop_vec::<T> as unsafe extern "C" fn(*mut c_void));
        let result = own(|out| unsafe {
            ffi::tensor_from_blob(
                memory,
                shape,
                strides,
                count,
                &options,
                destroy,
                user.cast(),
                out,
            )
        });
        if result.is_err() {
            // The library did not take the vector over.
            unsafe { drop(Box::from_raw(user)) };
        }
        result
    }

    /// All elements, in row-major order. Errors: another dtype.
    pub fn to_vec<T: Element>(&self) -> Result<Vec<T>> {
        if self.dtype() != T::DTYPE {
            let message = format!("expected scalar type {} but found {}", T::DTYPE, self.dtype());
            return Err(Error::new(ffi::TENSOR_ERROR_INVALID_ARGUMENT, message));
        }
        let count = self.numel();
        let mut values = Vec::<T>::with_capacity(count);
        let bytes = count * std::mem::size_of::<T>();
        check(unsafe { ffi::tensor_copy_to(self.raw(), values.as_mut_ptr().cast(), bytes) })?;
        unsafe { values.set_len(count) };
        Ok(values)
    }
}
