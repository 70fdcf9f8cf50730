"""Small programs over a torch-like module, written once: run by the recorder and by the replay.

A module here is a list of functions `program(torch)`, each collected by the `@program` decorator of
its own `Programs` list. What a function returns (tensors, strings, numbers, lists of them) or the
error it raises is the result that is recorded and compared.
"""

from importlib import import_module

MODULES = ("creation", "random_numbers", "access", "masks", "operators", "sharing", "autograd",
           "higher_derivatives", "functional", "gradchecks", "in_place", "layouts", "numbers",
           "overlaps", "views", "several_views", "data", "errors", "hooks", "multi_grad_hooks",
           "engine", "edges", "functions", "saved", "autograd_errors", "anomaly", "checkpoints",
           "graphs", "text", "text_layout")


def load(name):
    """Return {program name: function} of one module, in the order of the source."""
    return import_module(f"programs.{name}").PROGRAMS
