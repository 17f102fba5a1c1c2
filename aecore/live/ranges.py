"""Numbers within stated bounds, checked alike by every widget."""


def within(name: str, value: float, bounds) -> float:
    """`value` as a float. Raises ValueError, naming it, when it is not within `bounds`."""
    value = float(value)
    if not bounds[0] <= value <= bounds[1]:
        raise ValueError(f"{name} must be from {bounds[0]:g} to {bounds[1]:g}, got {value:g}")
    return value


def whole(name: str, value, bounds) -> int:
    """`value` as an int. Raises ValueError, naming it, unless it is a whole number within `bounds`."""
    low, high = bounds
    if isinstance(value, bool) or int(value) != value or not low <= value <= high:
        raise ValueError(f"{name} must be a whole number from {low} to {high}, got {value}")
    return int(value)
