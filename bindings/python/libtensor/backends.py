"""Settings of kinds of devices, under PyTorch's names."""

from __future__ import annotations

from ._errors import check
from ._library import native


class _Matmul:
    @property
    def allow_tf32(self) -> bool:
        """Whether matrix products of float32 may round their factors to TF32."""
        return native.cuda_tf32_allowed()

    @allow_tf32.setter
    def allow_tf32(self, allowed: bool) -> None:
        check(native.cuda_allow_tf32(bool(allowed)))


class _Cuda:
    matmul = _Matmul()


cuda = _Cuda()
