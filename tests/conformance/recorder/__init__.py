"""Choosing and recording the cases; needs PyTorch. Nothing here is used by the replay."""
