"""Events of subscriptions that are the same for all: each is executed and encoded once.

A thousand subscribers of one output get the same event objects (`resolvers.live`). What a document
makes of such an event depends on its selection and the variables in it, not on who subscribes nor
from which cursor; so the first execution is kept with the event, as JSON, for the others.
"""

from collections.abc import Hashable
from typing import Any, NamedTuple, cast

import orjson
import strawberry
from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLObjectType,
    Location,
    Node,
    VariableNode,
)
from graphql.execution.collect_fields import FieldDetails, collect_fields
from graphql.language import Visitor, visit
from strawberry.types.base import StrawberryObjectDefinition

from schema.execution import Execution, NotPlain
from schema.limits import LONGEST_CACHED

MOST = 1000  # operations of which the variables are remembered

Answers = dict[Hashable, ExecutionResult]


class Shared:
    """An event of which nothing depends on who sees it; `answers` has what was made of it."""

    answers: strawberry.Private[Answers]


class Answered(NamedTuple):
    """In place of the executor of an event: its answer is known."""

    answer: ExecutionResult

    def execute_operation(self, _: bool | None = None) -> ExecutionResult:
        return self.answer


class SharingExecution(Execution):
    """Executes an operation, or takes what was made of the same event before."""

    question: Hashable = None
    root: tuple[str, list[FieldDetails]] | None = None

    def build_per_event_executor(self, payload: Any) -> Any:
        if not isinstance(payload, Shared):
            return super().build_per_event_executor(payload)
        if self.question is None:
            self.question = self._question()
        if self.question not in payload.answers:
            counted = self.begin()
            try:
                answer = ExecutionResult(self._data(payload))
                if counted.is_too_large:
                    raise NotPlain
            except Exception:  # graphql-core begins anew, and says what is wrong
                return super().build_per_event_executor(payload)
            payload.answers[self.question] = encoded(answer)
        return Answered(payload.answers[self.question])

    def execute_operation(self, serially: bool | None = None) -> Any:
        event = self.root_value
        answer = super().execute_operation(serially)
        if (
            not isinstance(event, Shared)
            or not isinstance(answer, ExecutionResult)
            or answer.errors
        ):
            return answer
        event.answers[self.question] = encoded(answer)
        return event.answers[self.question]

    def _data(self, event: Shared) -> dict[str, Any]:
        """What the operation selects of an event, by the short way; raises NotPlain."""
        name, found = self.root = self.root or self._root()
        definition: StrawberryObjectDefinition = cast(Any, event).__strawberry_definition__
        kind = cast(GraphQLObjectType, self.schema.get_type(definition.name))
        return {name: self.reader(kind, found)(event)}

    def _root(self) -> tuple[str, list[FieldDetails]]:
        """The one root field, and the name that it has in answers."""
        kind = cast(GraphQLObjectType, self.schema.subscription_type)
        collected = collect_fields(
            self.schema,
            self.fragments,
            self.variable_values,
            kind,
            self.operation,
            self.hide_suggestions,
        )
        if len(collected.grouped_field_set) != 1:
            raise NotPlain
        return next(iter(collected.grouped_field_set.items()))

    def _question(self) -> Hashable:
        """What an answer depends on besides the event: the operation, and variables in it."""
        place = cast(Location, self.operation.loc)  # our parser always tells it
        operation = (place.source.body, place.start)
        names = VARIABLES.get(operation)
        if names is None:
            names = self._variables_below()
            if len(place.source.body) <= LONGEST_CACHED:
                if len(VARIABLES) >= MOST:
                    VARIABLES.clear()
                VARIABLES[operation] = names
        return operation, repr([self.variable_values.coerced.get(each) for each in names])

    def _variables_below(self) -> list[str]:
        """The names of the variables that are used elsewhere than in arguments of a root field."""
        names = set()

        class Names(Visitor):
            def enter_variable(self, node: VariableNode, *_: object) -> None:
                names.add(node.name.value)

        below: list[Node | None] = [each.definition for each in self.fragments.values()]
        for root in self.operation.selection_set.selections:
            if isinstance(root, FieldNode):
                below += [root.selection_set, *(root.directives or ())]
            else:
                below.append(root)
        for node in filter(None, below):
            visit(node, Names())
        return sorted(names)


VARIABLES: dict[Hashable, list[str]] = {}


def encoded(answer: ExecutionResult) -> ExecutionResult:
    """The same, with its data as JSON already."""
    return ExecutionResult(cast("Any", orjson.Fragment(orjson.dumps(answer.data))))
