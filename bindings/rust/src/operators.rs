//! Operators of tensors and numbers. They panic with the library's message where the method of the
//! same meaning would fail.

use std::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

use crate::{Result, Scalar, Tensor};

#[track_caller]
fn expect<T>(result: Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("{error}"))
}

macro_rules! binary {
    ($trait:ident $method:ident, $left:ty, $right:ty, $a:ident, $b:ident, $value:expr) => {
        impl $trait<$right> for $left {
            type Output = Tensor;

            #[track_caller]
            fn $method(self, other: $right) -> Tensor {
                let ($a, $b) = (self, other);
                expect($value)
            }
        }
    };
}

macro_rules! between_tensors {
    ($($trait:ident $method:ident;)*) => {
        $(
            binary!($trait $method, &Tensor, &Tensor, a, b, Tensor::$method(a, b));
            binary!($trait $method, &Tensor, Tensor, a, b, Tensor::$method(a, &b));
            binary!($trait $method, Tensor, &Tensor, a, b, Tensor::$method(&a, b));
            binary!($trait $method, Tensor, Tensor, a, b, Tensor::$method(&a, &b));
        )*
    };
}

macro_rules! with_number {
    ($($trait:ident $method:ident $scalar:ident;)*) => {
        $(
            impl<S: Into<Scalar>> $trait<S> for &Tensor {
                type Output = Tensor;

                #[track_caller]
                fn $method(self, other: S) -> Tensor {
                    expect(self.$scalar(other))
                }
            }

            impl<S: Into<Scalar>> $trait<S> for Tensor {
                type Output = Tensor;

                #[track_caller]
                fn $method(self, other: S) -> Tensor {
                    expect(self.$scalar(other))
                }
            }
        )*
    };
}

macro_rules! number_first {
    ($($number:ty),*) => {
        $(
            binary!(Add add, $number, &Tensor, a, b, b.add_scalar(a));
            binary!(Sub sub, $number, &Tensor, a, b, b.rsub_scalar(a));
            binary!(Mul mul, $number, &Tensor, a, b, b.mul_scalar(a));
            // As PyTorch does it, graph and rounding included.
            binary!(Div div, $number, &Tensor, a, b, b.reciprocal().and_then(|r| r.mul_scalar(a)));
            binary!(Add add, $number, Tensor, a, b, b.add_scalar(a));
            binary!(Sub sub, $number, Tensor, a, b, b.rsub_scalar(a));
            binary!(Mul mul, $number, Tensor, a, b, b.mul_scalar(a));
            binary!(Div div, $number, Tensor, a, b, b.reciprocal().and_then(|r| r.mul_scalar(a)));
        )*
    };
}

macro_rules! in_place {
    ($($trait:ident $method:ident $inplace:ident $scalar:ident;)*) => {
        $(
            impl $trait<&Tensor> for Tensor {
                #[track_caller]
                fn $method(&mut self, other: &Tensor) {
                    expect(self.$inplace(other));
                }
            }

            impl<S: Into<Scalar>> $trait<S> for Tensor {
                #[track_caller]
                fn $method(&mut self, other: S) {
                    expect(self.$scalar(other));
                }
            }
        )*
    };
}

between_tensors! {
    Add add;
    Sub sub;
    Mul mul;
    Div div;
}
with_number! {
    Add add add_scalar;
    Sub sub sub_scalar;
    Mul mul mul_scalar;
    Div div div_scalar;
}
// One integer and one floating type, so that the type of a literal is clear.
number_first!(f64, i64);
in_place! {
    AddAssign add_assign add_ add_scalar_;
    SubAssign sub_assign sub_ sub_scalar_;
    MulAssign mul_assign mul_ mul_scalar_;
    DivAssign div_assign div_ div_scalar_;
}

impl Neg for &Tensor {
    type Output = Tensor;

    #[track_caller]
    fn neg(self) -> Tensor {
        expect(Tensor::neg(self))
    }
}

impl Neg for Tensor {
    type Output = Tensor;

    #[track_caller]
    fn neg(self) -> Tensor {
        expect(Tensor::neg(&self))
    }
}
