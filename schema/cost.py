"""What an operation costs: a point for each field, those of a list as often as it has items.

A connection has the items that it is asked for, by `first` or `last`; of other lists ITEMS are
assumed. Fields that ask the database, or search, cost more. A price is worked out once for each
document; the sizes that are variables are put in for each request.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeGuard

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
    value_from_ast_untyped,
)

Values = Mapping[str, Any]

SIZES = ("first", "last")
ITEMS = 10
PAGES = {  # as long as nothing is said
    "Process.output": 1000,
    "Process.outputSearch": 100,
    "Process.notices": 150,
}
PAGE = 20
POINTS = {
    "Query.processes": 20,
    "Query.users": 20,
    "Query.audit": 20,
    "ProcessConnection.totalCount": 100,
    "ProcessConnection.statusCounts": 100,
    "UserConnection.totalCount": 20,
    "AuditConnection.totalCount": 100,
    "User.email": 5,
    "User.tokens": 5,
    "User.sessions": 5,
    "User.groups": 5,
    "Group.members": 5,
    "Group.grants": 5,
    "Process.files": 5,
    "Process.uploads": 5,
    "Process.waitsFor": 5,
    "Process.notices": 5,
    "Process.summary": 400,  # as a line of a text: it may be as long
    "Process.values": 5,
    "Process.outputSearch": 20_000,  # seconds of a processor
    "Query.__schema": 10_000,
    "Query.__type": 1000,
}
LINE = 20  # points for each line that is read, whatever is selected of it
MOST_LINES = 1000  # that are counted so: pages are bounded by their bytes too
PAGES_OF_LINES = ("Process.output", "Process.outputSearch")
TEXTS = ("text", "plainText")
TEXT = 400  # points for each line of each text that is selected of a page: it may have 64 KiB
MOST_LONG = 50  # lines that are counted so: more that are so long have no room on a page
VALUES = ("ProcessParameter.value", "NamedValue.value", "Notice.message")
AGAIN = 100  # points for one of them that is selected again: it is short, or much would be answered
NAME = 50  # characters of an alias, which is answered with each item, that cost a point
LARGEST = (1 << 53) - 1  # points that are told: larger numbers are not exact everywhere


@dataclass(frozen=True, slots=True)
class Rows:
    """How many items a list has: numbers and names of variables, the largest of which counts."""

    sizes: tuple[int | str, ...]
    otherwise: int
    most: int | None = None

    def of(self, values: Values) -> int:
        given = (values.get(size) if isinstance(size, str) else size for size in self.sizes)
        found = max(filter(_is_whole, given), default=self.otherwise)
        return max(0, int(found) if self.most is None else min(int(found), self.most))


@dataclass(frozen=True, slots=True)
class Price:
    """So many points, and more for each row of lists."""

    points: int
    parts: tuple[tuple[Rows, "Price"], ...] = ()

    def __add__(self, other: "Price") -> "Price":
        return Price(self.points + other.points, self.parts + other.parts)

    def times(self, rows: Rows) -> "Price":
        if self.parts or any(isinstance(size, str) for size in rows.sizes):
            return Price(0, ((rows, self),))
        return Price(rows.of({}) * self.points)

    def of(self, values: Values) -> int:
        return self.points + sum(rows.of(values) * part.of(values) for rows, part in self.parts)


class Bill(NamedTuple):
    """The price of an operation, and what its variables are where they are not given."""

    price: Price
    defaults: Values

    def sum(self, variables: Values | None) -> int:
        return min(self.price.of({**self.defaults, **(variables or {})}), LARGEST)


def bills(schema: GraphQLSchema, document: DocumentNode) -> dict[str | None, Bill]:
    """Of each operation of a valid document, by its name; one without a name is the only one."""
    pricing = Pricing(schema, document)
    found: dict[str | None, Bill] = {}
    for each in document.definitions:
        if isinstance(each, OperationDefinitionNode):
            name = each.name.value if each.name else None
            found[name] = Bill(pricing.of(each), _defaults(each))
    return found


class Pricing:
    """Works prices out."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode) -> None:
        self._schema = schema
        self._selected: Counter[str] = Counter()  # how often, of VALUES
        self._fragments = {
            each.name.value: each
            for each in document.definitions
            if isinstance(each, FragmentDefinitionNode)
        }

    def of(self, operation: OperationDefinitionNode) -> Price:
        self._selected.clear()
        return self.selected(
            operation.selection_set, self._schema.get_root_type(operation.operation)
        )

    def selected(
        self, selections: SelectionSetNode, kind: GraphQLNamedType | None, rows: Rows | None = None
    ) -> Price:
        """Of a selection on a type; `rows` is what is said of the lists in it."""
        price = Price(0)
        for each in selections.selections:
            if isinstance(each, FieldNode):
                price += self._field(each, kind, rows)
                continue
            part: InlineFragmentNode | FragmentDefinitionNode
            if isinstance(each, FragmentSpreadNode):
                part = self._fragments[each.name.value]
            elif isinstance(each, InlineFragmentNode):
                part = each
            on = part.type_condition
            condition = self._schema.get_type(on.name.value) if on else kind
            price += self.selected(part.selection_set, condition, rows)
        return price

    def _field(self, node: FieldNode, kind: GraphQLNamedType | None, rows: Rows | None) -> Price:
        name = f"{kind.name if kind else ''}.{node.name.value}"
        price = Price(self._points(name) + len(node.alias.value if node.alias else "") // NAME)
        field: GraphQLField | None = getattr(kind, "fields", {}).get(node.name.value)
        if field is None:
            return price
        page = _page(name, node) if field.args.keys() & set(SIZES) else None
        if name == "Process.output" and page:
            price += Price(LINE).times(Rows(page.sizes, page.otherwise, MOST_LINES))
        if name in PAGES_OF_LINES and page:
            price += Price(TEXT * self._texts(node.selection_set)).times(_long(node, page))
        if node.selection_set:
            below = self.selected(node.selection_set, get_named_type(field.type), page)
            several = is_list_type(get_nullable_type(field.type))
            price += below.times(rows or Rows((), ITEMS)) if several else below
        return price

    def _points(self, name: str) -> int:
        if name not in VALUES:
            return POINTS.get(name, 1)
        self._selected[name] += 1
        return 1 if self._selected[name] == 1 else AGAIN

    def _texts(self, selections: SelectionSetNode | None) -> int:
        """How often the texts of an output are selected, be it line by line."""
        found = 0
        for each in selections.selections if selections else ():
            if isinstance(each, FragmentSpreadNode):
                found += self._texts(self._fragments[each.name.value].selection_set)
            elif isinstance(each, FieldNode | InlineFragmentNode):
                found += self._texts(each.selection_set)
                found += isinstance(each, FieldNode) and each.name.value in TEXTS
        return found


def _page(name: str, node: FieldNode) -> Rows:
    sizes = (each.value for each in node.arguments or () if each.name.value in SIZES)
    return Rows(tuple(filter(None, map(_size, sizes))), PAGES.get(name, PAGE))


def _long(node: FieldNode, page: Rows) -> Rows:
    """The lines of a page that may be long. Where those around a find are wanted, the size of the
    page is not theirs."""
    if any(each.name.value == "context" for each in node.arguments or ()):
        return Rows((), MOST_LONG)
    return Rows(page.sizes, page.otherwise, MOST_LONG)


def _is_whole(size: object) -> TypeGuard[float]:
    """Whether GraphQL takes it as an Int: 1000.0 too."""
    return isinstance(size, int) or (isinstance(size, float) and size.is_integer())


def _size(value: ValueNode) -> int | str | None:
    if isinstance(value, VariableNode):
        return value.name.value
    return int(value.value) if isinstance(value, IntValueNode) else None


def _defaults(operation: OperationDefinitionNode) -> Values:
    def each() -> Iterator[tuple[str, Any]]:
        for definition in operation.variable_definitions or ():
            if definition.default_value:
                yield (
                    definition.variable.name.value,
                    value_from_ast_untyped(definition.default_value),
                )

    return dict(each())
