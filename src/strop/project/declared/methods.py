"""What do the methods of texts, lists and dicts give?"""

from __future__ import annotations

from collections.abc import Callable

from strop.project.declared import terms
from strop.project.declared.terms import write
from strop.project.declared.values import Args, Known, Several, Table, Unknown, Value

_TEXTS: dict[str, Callable[..., str]] = {
    "lower": str.lower,
    "upper": str.upper,
    "title": str.title,
    "capitalize": str.capitalize,
    "strip": str.strip,
    "lstrip": str.lstrip,
    "rstrip": str.rstrip,
    "removesuffix": str.removesuffix,
    "removeprefix": str.removeprefix,
    "replace": str.replace,
    "format": str.format,
}


def of_text(text: str, doubt: str, name: str, args: Args, term: terms.Apply | None) -> Value:
    """What a method of a text gives, `doubt` told on."""
    change = _TEXTS.get(name)
    plain = [str(a.value) for a in args if isinstance(a, Known)]
    if change is not None and len(plain) == len(args):
        try:
            return Known(change(text, *plain), doubt)
        except (TypeError, IndexError, KeyError, ValueError):
            return Known(text, doubt or write(term))
    match name, args:
        case "startswith", [Known(str(start), "")] if not doubt:
            return Known(text.startswith(start))
        case "endswith", [Known(str(end), "")] if not doubt:
            return Known(text.endswith(end))
        case "join", [Several(items, rest)]:
            parts = [str(i.value) for i in items if isinstance(i, Known)]
            return Known(text.join(parts), doubt or (write(term) if rest or len(parts) < len(items) else ""))
        case "split", [Known(str(by))] if by:
            return Several([Known(part, doubt) for part in text.split(by)])
    return Unknown(write(term) if term is not None else name)


def of_list(receiver: Several, name: str, args: Args) -> Value:
    """What a method of a list gives; it may change the list."""
    match name, args:
        case "append", [value]:
            receiver.items.append(value)
        case "extend", [Several(items, rest)]:
            receiver.items += items
            receiver.rest |= rest
        case "insert", [Known(int(place)), value]:
            receiver.items.insert(place, value)
        case "copy", _:
            return Several(list(receiver.items), receiver.rest)
    return Unknown(name)


def of_dict(receiver: Table, name: str, args: Args, term: terms.Apply | None) -> Value:
    """What a method of a dict gives; it may change the dict."""
    match name, args:
        case "items", []:
            return Several([Several([Known(k), v]) for k, v in receiver.pairs.items()], receiver.rest)
        case "values", []:
            return Several(list(receiver.pairs.values()), receiver.rest)
        case "keys", []:
            return Several([Known(k) for k in receiver.pairs], receiver.rest)
        case "get" | "pop" | "setdefault", [Known(key), *default]:
            if key in receiver.pairs:
                found = receiver.pairs[key]
                if name == "pop":
                    del receiver.pairs[key]
                return found
            if receiver.rest:
                return Unknown(write(term))
            value = default[0] if default else Known(None)
            if name == "setdefault":
                receiver.pairs[key] = value
            return value
        case "update", [Table(pairs, rest)]:
            receiver.pairs.update(pairs)
            receiver.rest |= rest
        case "copy", _:
            return Table(dict(receiver.pairs), receiver.rest)
    return Unknown(write(term) if term is not None else name)
