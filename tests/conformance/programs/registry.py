"""The list a module's programs are collected in."""


class Programs(dict):
    """{name: function}; calling it registers a function under its own name."""

    def __call__(self, function):
        return self.add(function.__name__, function)

    def add(self, name, function):
        """Register a function, refusing a second one of the same name."""
        if name in self:
            raise ValueError(f"two programs named {name}")
        self[name] = function
        return function
