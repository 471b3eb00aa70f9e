"""Mutations."""

from datetime import datetime
from typing import Annotated

import strawberry
from strawberry.file_uploads import Upload

from jobs.store import Staged
from resolvers import ending, starting
from resolvers.errors import BadInput
from resolvers.parameters import Sent
from schema import accounts
from schema.arguments import arg
from schema.context import Info
from schema.delivery import NewDelivery, NotifyInput, forget_delivery, notify_me
from schema.process import Process
from schema.scalars import read_id
from schema.user import Group, Token, User


@strawberry.input(
    description="A parameter to start a script with: a value, a file, or the id of an upload."
)
class ParameterInput:
    name: str = strawberry.field(description="The short or the long name of the parameter.")
    value: str | None = strawberry.field(
        default=None, description='Its value; of a boolean "true" or "false".'
    )
    file: Upload | None = strawberry.field(
        default=None,
        description="An upload, by the GraphQL multipart request specification.",
    )

    upload: strawberry.ID | None = strawberry.field(
        default=None,
        description="The id of a file that was sent to `/uploads` before. It is good for one "
        "start; who asks for the same start again is answered with the process that there is.",
    )

    def sent(self) -> Sent:
        """Raises BadInput where there is not exactly one of them."""
        if [self.value, self.file, self.upload].count(None) != 2:
            raise BadInput({self.name: ["Give either a value or a file or an upload."]})
        if self.file is not None and not isinstance(self.file, Staged):
            raise BadInput({self.name: ["Send the file as a part of a multipart request."]})
        arrival = None if self.upload is None else read_id(self.upload, self.name)
        return Sent(self.name, self.value, self.file, arrival)


Id = Annotated[strawberry.ID, arg("The process's id.")]


@strawberry.type(description="What can be done.")
class Mutation:
    @strawberry.mutation(
        description="Starts a script. It is accepted as a whole or not at all; what is wrong is "
        "told for each parameter in the error's `extensions.fields`."
    )
    async def start_process(
        self,
        info: Info,
        script: Annotated[str, arg("The name of the script.")],
        parameters: Annotated[list[ParameterInput] | None, arg("What it is given.")] = None,
        start_time: Annotated[
            datetime | None, arg("When it is to start; at once if this is left out or past.")
        ] = None,
        notify: Annotated[
            list[NotifyInput] | None, arg("How you want to be told of its end.")
        ] = None,
    ) -> Process:
        sent = [each.sent() for each in parameters or ()]
        wishes = [each.wish() for each in notify or ()]
        context = info.context
        row = await starting.start(
            context.viewer, context.app, script, sent, start_time, wishes=wishes
        )
        return await Process.of(row, info)

    @strawberry.mutation(
        description="Asks for the end of a process: SIGTERM, then SIGKILL after the script's "
        "grace. One that has not started never will. One that has ended is not changed."
    )
    async def stop_process(self, info: Info, id: Id) -> Process:  # noqa: A002
        row = await ending.stop(info.context.viewer, info.context.app, read_id(id))
        return await Process.of(row, info)

    @strawberry.mutation(
        description="Removes a process with its output and files, and stops it if it runs. "
        "Returns its id."
    )
    async def delete_process(self, info: Info, id: Id) -> strawberry.ID:  # noqa: A002
        await ending.delete(info.context.viewer, info.context.app, read_id(id))
        return id

    notify_me: NewDelivery = strawberry.mutation(
        resolver=notify_me,
        description="Has you told of the end of a process; at once if it has ended.",
    )
    forget_delivery: strawberry.ID = strawberry.mutation(
        resolver=forget_delivery,
        description="Takes back a delivery that `notifyMe` or `startProcess` was asked for. "
        "Returns its id.",
    )

    add_user: User = strawberry.mutation(
        resolver=accounts.add_user,
        description="Adds a user, who then needs a token or a password. Only for administrators, "
        "like everything that concerns other users.",
    )
    disable_user: User = strawberry.mutation(
        resolver=accounts.disable_user,
        description="Refuses a user from now on, whatever they sign in with.",
    )
    enable_user: User = strawberry.mutation(
        resolver=accounts.enable_user, description="Lets a disabled user in again."
    )
    set_admin: User = strawberry.mutation(
        resolver=accounts.set_admin,
        description="Makes a user an administrator or an ordinary user. The last administrator "
        "stays one.",
    )
    set_email: User = strawberry.mutation(
        resolver=accounts.set_email,
        description="Sets the e-mail address to which a user can have messages sent.",
    )
    set_password: User = strawberry.mutation(
        resolver=accounts.set_password, description="Sets a password, and ends the user's sessions."
    )
    change_password: User = strawberry.mutation(
        resolver=accounts.change_password,
        description="Changes your own password, and ends your other sessions.",
    )
    link_identity: User = strawberry.mutation(
        resolver=accounts.link_identity,
        description="Lets an existing user sign in by OpenID Connect, as this subject of this "
        "provider. A user who did so before can no longer, and is signed out.",
    )
    unlink_identity: User = strawberry.mutation(
        resolver=accounts.unlink_identity,
        description="Undoes `linkIdentity`, and ends the user's sessions and JWTs.",
    )
    create_token: accounts.NewToken = strawberry.mutation(
        resolver=accounts.create_token, description="Makes a token for a program."
    )
    revoke_token: Token = strawberry.mutation(
        resolver=accounts.revoke_token,
        description="Refuses a token from now on, or ends a session: yours or, for "
        "administrators, anyone's. A token may revoke itself, whatever its scope.",
    )
    add_group: Group = strawberry.mutation(
        resolver=accounts.add_group, description="Makes a group of users."
    )
    rename_group: Group = strawberry.mutation(
        resolver=accounts.rename_group, description="Gives a group another name."
    )
    delete_group: strawberry.ID = strawberry.mutation(
        resolver=accounts.delete_group,
        description="Removes a group; its members stay. Returns its id.",
    )
    join_group: Group = strawberry.mutation(
        resolver=accounts.join_group, description="Puts a user into a group."
    )
    leave_group: Group = strawberry.mutation(
        resolver=accounts.leave_group, description="Takes a user out of a group."
    )
    grant_right: Group = strawberry.mutation(
        resolver=accounts.grant_right,
        description="Gives the members of a group a right to a script.",
    )
    revoke_right: Group = strawberry.mutation(
        resolver=accounts.revoke_right,
        description="Takes a right to a script from a group. Members' subscriptions that need it "
        "end.",
    )
