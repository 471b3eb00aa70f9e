"""Notifications: messages in a Maildir, from where a mail server of one's own may take them."""

from email.message import EmailMessage
from email.utils import localtime


def notification(
    sender: str, recipient: str, folder: str, title: str, collections: tuple[str, ...]
) -> bytes:
    """The message to a submitter that an item is waiting in the workflow."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = recipient
    message["Date"] = localtime()
    message["Subject"] = "Your submission is in the workflow"
    message.set_content(
        f"The item {folder} was imported on your behalf, and waits for approval.\n\n"
        f"Title: {title or '(none)'}\n"
        f"Destination: {', '.join(collections)}\n"
    )
    return message.as_bytes()
