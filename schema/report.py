"""What a script has told of itself."""

from datetime import datetime
from enum import StrEnum

import strawberry

from models.instant import from_micros
from models.process import Process as ProcessRow
from schema.scalars import BigInt


@strawberry.enum(
    description="How grave a notice of a script is. NOTICE: good to know. WARNING: something may "
    "be wrong. ERROR: something is wrong."
)
class NoticeLevel(StrEnum):
    NOTICE = "NOTICE"
    WARNING = "WARNING"
    ERROR = "ERROR"


@strawberry.type(description="How far a script has come, as it says itself.")
class Progress:
    done: float | None = strawberry.field(description="How much is done.")
    total: float | None = strawberry.field(description="How much there is to do.")
    unit: str = strawberry.field(description="What is counted, such as `items`; it may be empty.")
    message: str = strawberry.field(description="What it is doing; it may be empty.")
    updated_at: datetime = strawberry.field(description="When it said so.")

    @strawberry.field(description="`done` of `total`, from 0 to 1; null where one is not known.")
    def fraction(self) -> float | None:
        if self.done is None or not self.total:
            return None
        return min(1.0, self.done / self.total)

    @classmethod
    def of(cls, row: ProcessRow) -> "Progress | None":
        said = row.progress
        if said is None:
            return None
        return cls(
            done=said["done"],
            total=said["total"],
            unit=said["unit"],
            message=said["message"],
            updated_at=from_micros(said["time"]),
        )


@strawberry.type(description="How often a script gave notice.")
class NoticeCounts:
    notices: BigInt = strawberry.field(description="Of what is good to know.")
    warnings: BigInt = strawberry.field(description="Of what may be wrong.")
    errors: BigInt = strawberry.field(description="Of what is wrong.")

    @classmethod
    def of(cls, row: ProcessRow) -> "NoticeCounts":
        return cls(
            notices=BigInt(row.notice_count),
            warnings=BigInt(row.warning_count),
            errors=BigInt(row.error_count),
        )


@strawberry.type(description="Something a script gave notice of.")
class Notice:
    level: NoticeLevel = strawberry.field(description="How grave it is.")
    message: str = strawberry.field(description="What it is, in words.")
    time: datetime = strawberry.field(description="When it was said.")

    @classmethod
    def of(cls, row: tuple[int, str, str]) -> "Notice":
        time, level, message = row
        return cls(level=NoticeLevel(level.upper()), message=message, time=from_micros(time))


@strawberry.type(description="A value that a script has named, for other programs.")
class NamedValue:
    name: str = strawberry.field(description="Its name.")
    value: str = strawberry.field(description="The value, as text.")
