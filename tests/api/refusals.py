"""What the API says of bodies: message, param and code of each kind of refusal."""

from __future__ import annotations

Refusal = tuple[str, str, str]


def long_string(param: str, most: int) -> Refusal:
    """What is said of a string with one character too many."""
    return (
        (
            f"Invalid '{param}': string too long. Expected a string with maximum length {most}, "
            f"but got a string with length {most + 1} instead."
        ),
        param,
        "string_above_max_length",
    )


def long_array(param: str, most: int) -> Refusal:
    """What is said of an array with one value too many."""
    return (
        (
            f"Invalid '{param}': array too long. Expected an array with maximum length {most}, but "
            f"got an array with length {most + 1} instead."
        ),
        param,
        "array_above_max_length",
    )


def out_of(param: str, kind: str, sign: str, bound: str, value: str) -> Refusal:
    """What is said of a number outside its bounds."""
    side = "above maximum" if sign == "<=" else "below minimum"
    return (
        (
            f"Invalid '{param}': {kind} {side} value. Expected a value {sign} {bound}, but got "
            f"{value} instead."
        ),
        param,
        f"{kind}_{side.replace('imum', '').replace(' ', '_')}_value",
    )


def empty_string(param: str) -> Refusal:
    """What is said of a string without characters."""
    return (
        (
            f"Invalid '{param}': empty string. Expected a string with minimum length 1, but got an "
            "empty string instead."
        ),
        param,
        "empty_string",
    )


def empty_array(param: str) -> Refusal:
    """What is said of an array without values."""
    return (
        (
            f"Invalid '{param}': empty array. Expected an array with minimum length 1, but got an "
            "empty array instead."
        ),
        param,
        "empty_array",
    )


def unlike(param: str) -> Refusal:
    """What is said of a bad name."""
    return (
        (
            f"Invalid '{param}': string does not match pattern. Expected a string that matches the "
            "pattern '^[a-zA-Z0-9_-]{1,64}$'."
        ),
        param,
        "invalid_value",
    )


def unlisted(param: str, value: str, *supported: str) -> Refusal:
    """What is said of a value that is none of these."""
    names = [f"'{name}'" for name in supported]
    listed = " and ".join(names) if len(names) < 3 else f"{', '.join(names[:-1])}, and {names[-1]}"
    return (
        f"Invalid value: '{value}'. Supported values are: {listed}.",
        param,
        "invalid_value",
    )


def missing(param: str) -> Refusal:
    """What is said of a field that is not there."""
    return (f"Missing required parameter: '{param}'.", param, "missing_required_parameter")


def unknown(param: str) -> Refusal:
    """What is said of a field that nobody knows."""
    return (f"Unknown parameter: '{param}'.", param, "unknown_parameter")


def wrong(param: str, expected: str, got: str) -> Refusal:
    """What is said of another type."""
    return (
        f"Invalid type for '{param}': expected {expected}, but got {got} instead.",
        param,
        "invalid_type",
    )
