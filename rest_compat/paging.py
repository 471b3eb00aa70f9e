"""Reading `page`, `size` and `sort`, and the `Link` header that says where the other pages are."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from resolvers.errors import BadInput

DEFAULT_SIZE = 20
LARGEST = 1 << 62  # what a database takes as an offset


@dataclass(frozen=True, slots=True)
class Page:
    """Page `number` (from 0) of a list sorted by a field of the contract."""

    number: int
    size: int
    sort: str
    descending: bool

    @property
    def offset(self) -> int:
        return min(self.number * self.size, LARGEST)

    def count(self, total: int) -> int:
        """How many pages there are."""
        return -(-total // self.size)


def read_page(query: QueryParams, fields: Iterable[str], default: str, most: int) -> Page:
    """Raises BadInput, which names each wrong parameter. A `default` of `-FIELD` is descending."""
    wrong: dict[str, list[str]] = {}
    number = read_number("page", single(query, "page", wrong), 0, wrong)
    size = read_number("size", single(query, "size", wrong), 1, wrong)
    field, descending = default.removeprefix("-"), default.startswith("-")
    if (text := single(query, "sort", wrong)) is not None:
        field, comma, order = text.partition(",")
        order = order.lower()
        descending = order == "desc"
        if field not in fields or (comma and order not in {"asc", "desc"}):
            wrong["sort"] = [f"{text!r} is not one of {', '.join(fields)} with ,asc or ,desc."]
    if wrong:
        raise BadInput(wrong)
    return Page(number or 0, min(size or DEFAULT_SIZE, most), field, descending)


def single(query: QueryParams, name: str, wrong: dict[str, list[str]]) -> str | None:
    """The value of a parameter that may be given once; `wrong` is told of more."""
    values = query.getlist(name)
    if len(values) > 1:
        wrong[name] = ["This may be given only once."]
    return values[0] if values else None


def read_number(name: str, text: str | None, least: int, wrong: dict[str, list[str]]) -> int | None:
    """A whole number, or None where none is given; `wrong` is told of what is none."""
    if text is None:
        return None
    number = min(int(text), LARGEST) if re.fullmatch(r"[0-9]{1,4000}", text) else -1
    if number < least:
        wrong[name] = [f"{text!r} is not a whole number of at least {least}."]
    return number


def link_header(path: str, query: QueryParams, page: Page, total: int) -> str:
    """RFC 8288: the first, previous, next and last page, as far as there are any."""
    last = max(page.count(total) - 1, 0)
    numbers = {"first": 0, "prev": page.number - 1, "next": page.number + 1, "last": last}
    others = [(name, value) for name, value in query.multi_items() if name not in {"page", "size"}]
    links = []
    for rel, number in numbers.items():
        if 0 <= number <= last:
            arguments = urlencode([*others, ("page", str(number)), ("size", str(page.size))])
            links.append(f'<{path}?{arguments}>; rel="{rel}"')
    return ", ".join(links)
