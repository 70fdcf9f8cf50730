// Mathematical functions, and derivatives of some: a fragment (core/functors/README.md).

FUNCTOR(Exp, kFloatingTypes, (x), Exp(d, x))
FUNCTOR(Log, kFloatingTypes, (x), Log(d, x))
FUNCTOR(Sqrt, kFloatingTypes, (x), Sqrt(x))
FUNCTOR(Tanh, kFloatingTypes, (x), Tanh(d, x))
// grad * (1 - y^2), y being tanh's result.
FUNCTOR(TanhBackward, kFloatingTypes, (grad, y), Mul(grad, Sub(Set(d, 1), Mul(y, y))))
FUNCTOR(Sigmoid, kFloatingTypes, (x), Sigmoid(d, x))
// grad * (1 - y) * y, y being sigmoid's result.
FUNCTOR(SigmoidBackward, kFloatingTypes, (grad, y), Mul(Mul(grad, Sub(Set(d, 1), y)), y))
NUMBER_FUNCTOR(Pow, kNumericTypes, (base, exponent), Pow(base, exponent))
FUNCTOR_WITH(PowScalar, kAllTypes, (base), (C exponent), PowScalar(d, base, exponent))
