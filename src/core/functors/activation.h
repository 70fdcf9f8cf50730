// Activations, and their derivatives: a fragment (core/functors/README.md).

// Keeps NaN and -0.
FUNCTOR(Relu, kNumericTypes, (x), IfThenElse(Lt(x, Zero(d)), Zero(d), x))
// The gradient passes where x > 0 and where x is NaN.
FUNCTOR(ThresholdBackward, kNumericTypes, (grad, x), IfThenElse(Le(x, Zero(d)), Zero(d), grad))
