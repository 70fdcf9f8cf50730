"""The version of this package, which is that of the C library it was written for."""

VERSION = "1.0.0"
