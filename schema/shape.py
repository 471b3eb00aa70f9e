"""The shape of a document: how deep it is, and how often it asks for the same."""

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
)


class Shape(NamedTuple):
    """Of a selection: the levels below it, the aliases in it and the fields selected again below
    it, and how often it has each name itself.
    """

    depth: int
    repeats: int
    names: Counter[str]

    def closed(self) -> "Shape":
        """As what holds the selection sees it: all repeats counted."""
        again = sum(self.names.values()) - len(self.names)
        return Shape(self.depth, self.repeats + again, Counter())


NOTHING = Shape(0, 0, Counter())


def shapes(document: DocumentNode) -> Iterator[Shape]:
    """Of each operation. Takes time in proportion to the document, whatever its fragments do."""
    drawing = _Drawing(document)
    for each in document.definitions:
        if isinstance(each, OperationDefinitionNode):
            yield drawing.of(each.selection_set).closed()


class _Drawing:
    def __init__(self, document: DocumentNode) -> None:
        self._fragments = {
            each.name.value: each
            for each in document.definitions
            if isinstance(each, FragmentDefinitionNode)
        }
        self._known: dict[str, Shape] = {}

    def of(self, selections: SelectionSetNode) -> Shape:
        parts = [self._part(each) for each in selections.selections]
        names: Counter[str] = Counter()
        for part in parts:
            names.update(part.names)
        depth = max((part.depth for part in parts), default=0)
        return Shape(depth, sum(part.repeats for part in parts), names)

    def _part(self, node: SelectionNode) -> Shape:
        if isinstance(node, FieldNode):
            return self._field(node)
        if isinstance(node, FragmentSpreadNode):
            return self._fragment(node.name.value)
        return self.of(node.selection_set) if isinstance(node, InlineFragmentNode) else NOTHING

    def _field(self, node: FieldNode) -> Shape:
        """Introspection has no depth: graphql-core has a rule of its own for it."""
        below = self.of(node.selection_set).closed() if node.selection_set else NOTHING
        levels = below.depth + 1 if node.selection_set else 0
        name = node.alias or node.name
        return Shape(
            0 if node.name.value.startswith("__") else levels,
            below.repeats + bool(node.alias),
            Counter([name.value]),
        )

    def _fragment(self, name: str) -> Shape:
        """One that is unknown or in a circle has none: validation refuses it."""
        if name not in self._known:
            self._known[name] = NOTHING
            if name in self._fragments:
                self._known[name] = self.of(self._fragments[name].selection_set)
        return self._known[name]
