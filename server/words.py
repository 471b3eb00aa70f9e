"""Words: the parts of a setting that commas separate."""


def words(text: str) -> list[str]:
    """Each without the blanks around it."""
    return [word for each in text.split(",") if (word := each.strip())]


def pairs(text: str) -> dict[str, str]:
    """What `LEFT=RIGHT, …` says of each LEFT. Raises ValueError with the word that is no pair."""
    found = {}
    for word in words(text):
        left, _, right = (each.strip() for each in word.rpartition("="))
        if not left or not right:
            raise ValueError(word)
        found[left] = right
    return found
