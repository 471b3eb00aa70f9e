"""Scripts and the parameters that they take."""

import strawberry

from models.script import Parameter, ParameterType
from models.script import Script as ScriptModel
from resolvers.scripts import can_start
from schema.context import Info
from schema.scalars import BigInt

PARAMETER_TYPES = {
    ParameterType.STRING: "Any text.",
    ParameterType.INTEGER: "A whole number.",
    ParameterType.DATE: "A date or a time in ISO 8601.",
    ParameterType.BOOLEAN: '"true" or "false".',
    ParameterType.ID: "A UUID or another identifier.",
    ParameterType.FILE: "An uploaded file.",
    ParameterType.OUTPUT: "The name of a file that the script is to write.",
    ParameterType.CHOICE: "One of the parameter's choices.",
    ParameterType.SECRET: "A text that is never shown again.",
}

ScriptParameterType = strawberry.enum(
    ParameterType,
    name="ScriptParameterType",
    description="What values a parameter takes. "
    + " ".join(f"{kind.name}: {text}" for kind, text in PARAMETER_TYPES.items()),
)


@strawberry.type(description="A parameter that a script takes.")
class ScriptParameter:
    name: str = strawberry.field(description="The short name; capitals and small letters differ.")
    long: str | None = strawberry.field(description="The long name, which means the same.")
    type: ScriptParameterType = strawberry.field(description="What values it takes.")  # type: ignore[valid-type]
    description: str = strawberry.field(description="What it is for.")
    mandatory: bool = strawberry.field(description="Whether it must be given.")
    repeat: bool = strawberry.field(description="Whether it may be given more than once.")
    default: str | None = strawberry.field(description="The value that is used if none is given.")
    choices: list[str] = strawberry.field(description="The values of a CHOICE; empty otherwise.")
    pattern: str | None = strawberry.field(
        description="A regular expression that the whole value must match."
    )
    min: BigInt | None = strawberry.field(description="The smallest INTEGER allowed.")
    max: BigInt | None = strawberry.field(description="The largest INTEGER allowed.")

    @classmethod
    def of(cls, parameter: Parameter) -> "ScriptParameter":
        return cls(
            name=parameter.name,
            long=parameter.long,
            type=parameter.type,
            description=parameter.description,
            mandatory=parameter.mandatory,
            repeat=parameter.repeat,
            default=parameter.default_text,
            choices=list(parameter.choices),
            pattern=parameter.pattern,
            min=None if parameter.min is None else BigInt(parameter.min),
            max=None if parameter.max is None else BigInt(parameter.max),
        )


@strawberry.type(description="A command line that may be run as a process.")
class Script:
    model: strawberry.Private[ScriptModel]
    name: str = strawberry.field(description="The name under which it is started.")
    description: str = strawberry.field(description="What it does.")
    parameters: list[ScriptParameter] = strawberry.field(
        description="What it takes, in the order of its manifest."
    )
    timeout_seconds: float | None = strawberry.field(
        description="How long a process of it may run before it is ended; null: for ever."
    )
    concurrency: int | None = strawberry.field(
        description="How many processes of it may run at once; null: any number."
    )
    max_output: BigInt | None = strawberry.field(
        description="How many bytes of its output are kept; null: all."
    )

    @strawberry.field(description="Whether you may start it; otherwise you may only see it.")
    def can_start(self, info: Info) -> bool:
        return can_start(info.context.viewer, self.model)

    @classmethod
    def of(cls, script: ScriptModel) -> "Script":
        return cls(
            model=script,
            name=script.name,
            description=script.description,
            parameters=[ScriptParameter.of(each) for each in script.parameters],
            timeout_seconds=script.timeout,
            concurrency=script.concurrency,
            max_output=None if script.max_output is None else BigInt(script.max_output),
        )
