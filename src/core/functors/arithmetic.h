// Arithmetic: a fragment (core/functors/README.md).

FUNCTOR(Add, kAllTypes, (a, b), Add(a, b))
FUNCTOR(Sub, kNumericTypes, (a, b), Sub(a, b))
FUNCTOR(Mul, kAllTypes, (a, b), Mul(a, b))
FUNCTOR(Div, kFloatingTypes, (a, b), Div(a, b))
// a + alpha * b: add with its alpha.
FUNCTOR_WITH(AddScaled, kAllTypes, (a, b), (C alpha), MulAdd(Set(d, alpha), b, a))
// a - alpha * b: sub with its alpha.
FUNCTOR_WITH(SubScaled, kAllTypes, (a, b), (C alpha), NegMulAdd(Set(d, alpha), b, a))
FUNCTOR(Reciprocal, kFloatingTypes, (x), Div(Set(d, 1), x))
DIVISION(DivTrunc, kNumericTypes, (a, b), DivTrunc(a, b))
DIVISION(DivFloor, kNumericTypes, (a, b), DivFloor(a, b))
DIVISION(Remainder, kNumericTypes, (a, b), Remainder(a, b))
FUNCTOR(Neg, kNumericTypes, (x), Neg(x))
FUNCTOR(Abs, kNumericTypes, (x), Abs(x))
// 0 for NaN and for both zeros, as torch.sign.
FUNCTOR(Sign, kAllTypes, (x),
        IfThenElse(Gt(x, Zero(d)), Set(d, 1), IfThenElse(Lt(x, Zero(d)), Set(d, -1), Zero(d))))
// A NaN on either side is the result.
FUNCTOR(Maximum, kAllTypes, (a, b), IfThenElse(Or(Gt(a, b), IsNaN(a)), a, b))
FUNCTOR(Minimum, kAllTypes, (a, b), IfThenElse(Or(Lt(a, b), IsNaN(a)), a, b))
FUNCTOR(SquaredDifference, kNumericTypes, (a, b), Mul(Sub(a, b), Sub(a, b)))
// Between a and b, from the end that is nearer: exact at both.
FUNCTOR(Lerp, kFloatingTypes, (a, b, weight),
        MulAdd(IfThenElse(Lt(Abs(weight), Set(d, 0.5)), weight, Sub(weight, Set(d, 1))), Sub(b, a),
               IfThenElse(Lt(Abs(weight), Set(d, 0.5)), a, b)))
FUNCTOR_WITH(LerpScalar, kFloatingTypes, (a, b), (C weight),
             Abs(weight) < C(0.5) ? MulAdd(Set(d, weight), Sub(b, a), a)
                                  : MulAdd(Set(d, weight - 1), Sub(b, a), b))
