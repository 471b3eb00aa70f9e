"""How deep the brackets of a document are nested, told without parsing it.

graphql-core's parser calls itself for each bracket, and gives up only after hundreds of them, whose
frames it then unwinds: tens of milliseconds for a document of a few hundred characters.
"""

import re

# A bracket, or what may have brackets in it that are none. Nothing is tried twice: what is not
# closed goes to the end, of the line or of the document.
PIECES = re.compile(
    r'''
    """ (?: [^"\\]++ | \\""" | \\ | "(?!"") )*+ (?: """ | \Z )
    | " (?: [^"\\\r\n]++ | \\. )*+ "?
    | \# [^\r\n]*+
    | [{(\[] | [\])}]
    ''',
    re.VERBOSE,
)
STEPS = {**dict.fromkeys("{([", 1), **dict.fromkeys("})]", -1)}


def is_nested_beyond(levels: int, document: str) -> bool:
    """Whether more brackets than so many are open somewhere. Takes time in proportion to the
    document, or to what of it stands before that place.
    """
    depth = 0
    for piece in PIECES.finditer(document):
        depth += STEPS.get(piece[0], 0)
        if depth > levels:
            return True
    return False
