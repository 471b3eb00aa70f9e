"""A short way through plain objects: those of lists, and events (`schema.sharing`).

graphql-core walks every leaf of every item: its path, its info, whether it must be awaited. Where a
selection below a list has neither arguments nor directives, asynchronous resolvers nor abstract
types, its result is a function of the item alone. That function is made once for each document
(documents are cached, so their nodes are the same objects) and applied to the items: a page of
twenty processes takes a third of the time. Whatever is not so plain, an error included, is left to
graphql-core, which then begins again and says what is wrong.
"""

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any, cast

from graphql import (
    ExecutionResult,
    FieldNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLOutputType,
    GraphQLResolveInfo,
    InlineFragmentNode,
    OperationType,
    SelectionSetNode,
    is_leaf_type,
)
from graphql.execution.collect_fields import FieldDetails
from graphql.pyutils import Path
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

from schema.answer import ANSWER, Answer, write
from schema.limits import LONGEST_CACHED, Limits

Read = Callable[[Any], Any]

MOST = 1000  # selections remembered


class NotPlain(Exception):
    """This is graphql-core's affair."""


class Execution(StrawberryGraphQLCoreExecutionContext):
    """graphql-core's executor with the short way. An answer may have `most` bytes."""

    most = Limits().answer
    own: "Selections | None" = None

    def begin(self) -> Answer:
        """Of an answer its texts are counted; a subscription has several, one after the other."""
        answer = Answer(self.most)
        ANSWER.set(answer)
        return answer

    def execute_operation(self, serially: bool | None = None) -> Any:
        self.answer = self.begin()
        return super().execute_operation(serially)

    def build_response(self, data: dict[str, Any] | None) -> Any:
        response = super().build_response(data)
        if not self.answer.is_too_large:
            return response
        is_done = self.operation.operation is OperationType.MUTATION
        return ExecutionResult(None, [self.answer.refusal(is_done=is_done)])

    @staticmethod
    def complete_leaf_value(return_type: GraphQLLeafType, result: Any) -> Any:
        return write(StrawberryGraphQLCoreExecutionContext.complete_leaf_value(return_type, result))

    def reader(self, kind: GraphQLOutputType, found: list[FieldDetails]) -> Read:
        """What reads this selection. That of a long document is kept no longer than we are: it
        would keep all of the document, which nobody asks again by the same nodes."""
        place = found[0].node.loc
        if place is None or len(place.source.body) <= LONGEST_CACHED:
            return SELECTIONS.reader(self, kind, found)
        self.own = self.own or Selections()
        return self.own.reader(self, kind, found)

    def complete_list_value(
        self,
        return_type: GraphQLList[GraphQLOutputType],
        field_details_list: list[FieldDetails],
        info: GraphQLResolveInfo[Any],
        path: Path,
        result: Any,
        *rest: Any,
    ) -> Any:
        if type(result) is list:
            read = self.reader(return_type, field_details_list)
            try:
                return read(result)
            except NotPlain:
                pass
        return super().complete_list_value(
            return_type, field_details_list, info, path, result, *rest
        )


class Selections:
    """What is known of selections of plain objects, by the nodes that make them."""

    def __init__(self) -> None:
        self._known: dict[tuple[object, ...], tuple[list[FieldNode], Read]] = {}

    def reader(
        self, execution: Execution, kind: GraphQLOutputType, found: list[FieldDetails]
    ) -> Read:
        """Reads what has this type; raises NotPlain for what it cannot read."""
        nodes = [each.node for each in found]
        key = (id(execution.schema), str(kind), *map(id, nodes))
        known = self._known.get(key)
        if known is None:
            try:
                read = Compiler(execution).value(kind, found)
            except NotPlain:
                read = not_plain
            if len(self._known) >= MOST:
                self._known.clear()
            # The nodes are kept beside it, so that no other node can get their ids.
            known = self._known[key] = nodes, read
        return known[1]


SELECTIONS = Selections()


class Compiler:
    """Makes the function that reads what a selection selects."""

    def __init__(self, execution: Execution) -> None:
        self._execution = execution

    def value(self, kind: GraphQLOutputType, found: list[FieldDetails]) -> Read:
        if isinstance(kind, GraphQLNonNull):
            return self._present(kind.of_type, found)
        read = self._present(kind, found)
        return lambda value: None if value is None else read(value)

    def _present(self, kind: GraphQLOutputType, found: list[FieldDetails]) -> Read:
        if isinstance(kind, GraphQLList):
            item = self.value(kind.of_type, found)
            return lambda values: [item(each) for each in listed(values)]
        if isinstance(kind, GraphQLObjectType):
            return self._object(kind, found)
        if is_leaf_type(kind):
            return leaf(kind)
        raise NotPlain

    def _object(self, kind: GraphQLObjectType, found: list[FieldDetails]) -> Read:
        for each in found:
            self._check(each.node.selection_set)
        collected = self._execution.collect_subfields(kind, found)
        if collected.new_defer_usages:
            raise NotPlain
        fields = [
            (name, self._field(kind, below)) for name, below in collected.grouped_field_set.items()
        ]
        return lambda item: {name: read(item) for name, read in fields}

    def _field(self, kind: GraphQLObjectType, found: list[FieldDetails]) -> Read:
        name = found[0].node.name.value
        if name == "__typename":
            return lambda _: kind.name
        field = self._execution.schema.get_field(kind, name)
        if field is None or field.args:
            raise NotPlain
        take = taker(field)
        read = self.value(field.type, found)
        return lambda item: read(take(item))

    def _check(self, selections: SelectionSetNode | None) -> None:
        """Directives may depend on variables, and fragments may hide them."""
        for each in selections.selections if selections else ():
            if each.directives:
                raise NotPlain
            if isinstance(each, FragmentSpreadNode):
                fragment = self._execution.fragments[each.name.value].definition
                self._check(fragment.selection_set)
            elif isinstance(each, InlineFragmentNode):
                self._check(each.selection_set)


def leaf(kind: GraphQLLeafType) -> Read:
    """Serialises as graphql-core does; what comes out as null is an error there."""

    def read(value: object) -> object:
        try:
            written = kind.coerce_output_value(value)
        except Exception:
            raise NotPlain from None
        if value is None or written is None:
            raise NotPlain
        return write(written)

    return read


def listed(values: object) -> Sequence[object]:
    if type(values) is not list:
        raise NotPlain
    return values


def taker(field: GraphQLField) -> Read:
    """Takes a field's value from its item: an attribute, or what a plain method returns."""
    definition = field.extensions.get("strawberry-definition")
    if definition is None:  # of introspection
        raise NotPlain
    if getattr(field.resolve, "_is_default", False):
        return attrgetter(definition.python_name)
    resolver = definition.base_resolver
    if resolver is None or resolver.is_async or resolver.info_parameter or definition.extensions:
        raise NotPlain
    return cast(Read, resolver.wrapped_func)


def not_plain(_: object) -> object:
    raise NotPlain
