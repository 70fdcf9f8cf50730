// Bitwise operations: a fragment (core/functors/README.md).

FUNCTOR(BitwiseAnd, kIntegralTypes, (a, b), BitwiseAnd(a, b))
FUNCTOR(BitwiseOr, kIntegralTypes, (a, b), BitwiseOr(a, b))
FUNCTOR(BitwiseXor, kIntegralTypes, (a, b), BitwiseXor(a, b))
FUNCTOR(BitwiseNot, kIntegralTypes, (x), BitwiseNot(x))
