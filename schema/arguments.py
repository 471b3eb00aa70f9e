"""Describing arguments."""

from strawberry.types.arguments import StrawberryArgumentAnnotation


def arg(description: str) -> StrawberryArgumentAnnotation:
    """For `Annotated`: what an argument means, for the person in GraphiQL."""
    return StrawberryArgumentAnnotation(description=description)
