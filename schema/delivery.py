"""Deliveries of the news that a process has ended."""

from datetime import datetime
from typing import Annotated

import strawberry

from models.delivery import Channel, DeliveryState, Occasion
from models.delivery import Delivery as Row
from models.instant import from_micros
from resolvers import deliveries
from resolvers.deliveries import Wish
from resolvers.errors import BadInput
from schema.arguments import arg
from schema.context import Info
from schema.scalars import read_id

Way = strawberry.enum(
    Channel,
    name="DeliveryChannel",
    description="How a user is told of an end: by a WEBHOOK or by EMAIL.",
)
State = strawberry.enum(
    DeliveryState,
    name="DeliveryState",
    description="Whether it is still to be delivered (PENDING), was DELIVERED, will not be any "
    "more (FAILED), or need not be (SKIPPED): the process has ended, but has not failed.",
)
End = strawberry.enum(
    Occasion,
    name="DeliveryOccasion",
    description="Of which ends: ENDED is every end, FAILED only a failure.",
)


@strawberry.input(
    description="How you want to be told of the end of a process: `webhook` or `email`."
)
class NotifyInput:
    webhook: str | None = strawberry.field(
        default=None, description="The URL to which a signed message is sent, by POST."
    )
    email: bool = strawberry.field(
        default=False, description="Or by e-mail, to your own address: true."
    )
    secret: str | None = strawberry.field(
        default=None,
        description="What the message to a webhook is signed with: `whsec_` and 24 to 64 bytes in "
        "base64. If it is left out, `notifyMe` makes one; `startProcess` requires it.",
    )
    occasion: End = strawberry.field(  # type: ignore[valid-type]
        default=Occasion.ENDED, description="Of which ends you want to be told."
    )

    def wish(self) -> Wish:
        """Raises BadInput where it is not one way."""
        if (self.webhook is None) != self.email:
            raise BadInput({"webhook": ["Give either a webhook or `email: true`."]})
        return Wish(self.webhook, self.secret, Occasion(self.occasion))


@strawberry.type(description="An attempt to deliver something.")
class Attempt:
    at: datetime = strawberry.field(description="When it ended.")
    error: str | None = strawberry.field(description="Why it failed, in words; null if it did not.")


@strawberry.type(description="One way in which you are to be told of the end of a process.")
class Delivery:
    id: strawberry.ID = strawberry.field(
        description="Its UUID, the `webhook-id` by which a message that came twice is recognised."
    )
    channel: Way = strawberry.field(description="How.")  # type: ignore[valid-type]
    occasion: End = strawberry.field(description="Of which ends.")  # type: ignore[valid-type]
    host: str | None = strawberry.field(description="The host of a webhook.")
    state: State = strawberry.field(description="What became of it.")  # type: ignore[valid-type]
    created_at: datetime = strawberry.field(description="When it was asked for.")
    attempts: int = strawberry.field(description="How many attempts have begun.")
    next_attempt_at: datetime | None = strawberry.field(
        description="When it is tried next, once the process has ended; null: never again."
    )
    log: list[Attempt] = strawberry.field(description="The latest attempts that have ended.")

    @classmethod
    def of(cls, row: Row) -> "Delivery":
        state = DeliveryState(row.state)
        return cls(
            id=strawberry.ID(str(row.id)),
            channel=Channel(row.channel),
            occasion=Occasion(row.occasion),
            host=deliveries.host_of(row),
            state=state,
            created_at=row.created_at,
            attempts=row.attempts,
            next_attempt_at=row.next_at if state is DeliveryState.PENDING else None,
            log=[Attempt(at=from_micros(at), error=error) for at, error in row.log],
        )


@strawberry.type(description="A delivery that was asked for.")
class NewDelivery:
    delivery: Delivery = strawberry.field(description="The delivery.")
    secret: str | None = strawberry.field(
        description="What the message of a webhook is signed with; it is shown only now."
    )


ProcessId = Annotated[strawberry.ID, arg("The process's id.")]


async def notify_me(
    info: Info,
    process_id: ProcessId,
    by: Annotated[NotifyInput, arg("How: by a webhook or by e-mail.")],
) -> NewDelivery:
    context = info.context
    process = read_id(process_id, "processId")
    made = await deliveries.notify(context.viewer, context.app, process, by.wish())
    return NewDelivery(delivery=Delivery.of(made.delivery), secret=made.secret)


async def forget_delivery(
    info: Info,
    id: Annotated[strawberry.ID, arg("The delivery's id.")],  # noqa: A002
) -> strawberry.ID:
    await deliveries.forget(info.context.viewer, read_id(id))
    return id


async def delivery_list(info: Info, process_id: ProcessId) -> list[Delivery]:
    rows = await deliveries.deliveries(info.context.viewer, read_id(process_id, "processId"))
    return [Delivery.of(row) for row in rows]
