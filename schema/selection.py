"""What a document selects of processes, lest more is read than it shows."""

from collections.abc import Iterator, Mapping

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    SelectionSetNode,
)

from schema.context import Info

OTHERS = ("script",)  # fields of a process whose fields have the names of its own


def selected(info: Info) -> set[str]:
    """The names of all fields below the present one, be they skipped or not."""
    fragments = info._raw_info.fragments
    nodes = info._raw_info.field_nodes
    return {name for node in nodes for name in _names(node.selection_set, fragments)}


def _names(
    selections: SelectionSetNode | None, fragments: Mapping[str, FragmentDefinitionNode]
) -> Iterator[str]:
    for each in selections.selections if selections else ():
        if isinstance(each, FragmentSpreadNode):
            yield from _names(fragments[each.name.value].selection_set, fragments)
        elif isinstance(each, FieldNode):
            yield each.name.value
            if each.name.value not in OTHERS:
                yield from _names(each.selection_set, fragments)
        elif isinstance(each, InlineFragmentNode):
            yield from _names(each.selection_set, fragments)
