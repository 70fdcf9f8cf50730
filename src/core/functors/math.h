// Mathematical functions, and derivatives of some: a fragment (core/functors/README.md).

FUNCTOR(Exp, kFloatingTypes, (x), Exp(d, x))
FUNCTOR(Log, kFloatingTypes, (x), Log(d, x))
FUNCTOR(Sqrt, kFloatingTypes, (x), Sqrt(x))
FUNCTOR(Erf, kFloatingTypes, (x), Erf(d, x))
FUNCTOR(Tanh, kFloatingTypes, (x), Tanh(d, x))
// grad * (1 - y^2), y being tanh's result.
FUNCTOR(TanhBackward, kFloatingTypes, (grad, y), Mul(grad, Sub(Set(d, 1), Mul(y, y))))
FUNCTOR(Sigmoid, kFloatingTypes, (x), Sigmoid(d, x))
// grad * (1 - y) * y, y being sigmoid's result.
FUNCTOR(SigmoidBackward, kFloatingTypes, (grad, y), Mul(Mul(grad, Sub(Set(d, 1), y)), y))
NUMBER_FUNCTOR(Pow, kNumericTypes, (base, exponent), Pow(base, exponent))
FUNCTOR_WITH(PowScalar, kAllTypes, (base), (C exponent), PowScalar(d, base, exponent))
// Rounded at a decimal place: `power` is that of 10. Divided by it where digits before the point go.
FUNCTOR_WITH(RoundDecimals, kFloatingTypes, (x), (C power, bool before_point),
             before_point ? Mul(Round(Div(x, Set(d, power))), Set(d, power))
                          : Div(Round(Mul(x, Set(d, power))), Set(d, power)))
// Integers stay as they are.
FUNCTOR(Round, kNumericTypes, (x), Round(x))
