"""How plans are drawn."""

from hypothesis import strategies as st

from tests.exactness.feeds import FEEDS
from tests.exactness.plan import Cut, Ending, Flood, Join, LongLine, Plan, Stage, Text, Trouble
from tests.exactness.polls import POLLS

FRAGMENTS = (
    *(b"\n", b"\n", b"\n", b"\r\n", b"\r", b"\r\r\n", b" 50%\r", b"a line", b"[procession]"),
    *(each.encode() for each in "\u00eb\u6f22\U0001f600\u2028\x85\ufeff\0\t\v\x1b "),
    *(b"\xff", b"\xe6\xbc", b"\xf0\x9f\x98", b"\x80", b"\xed\xa0\x80"),
)
LIMIT = 64 * 1024  # bytes of a line
SIZES = [count * LIMIT + more for count in (1, 2) for more in (-1, 0, 1)]

texts = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), max_size=60).map(b"".join),
    st.text(max_size=50).map(str.encode),
    st.binary(max_size=100),
).map(Text)
long_lines = st.builds(
    LongLine,
    size=st.sampled_from(SIZES) | st.integers(LIMIT, 5 * LIMIT),
    offset=st.integers(0, 3),
    character=st.sampled_from("x\u00eb\u6f22\U0001f600"),
    ending=st.sampled_from([b"\n", b"\r\n", b"\rover\n"]),
)
floods = st.builds(Flood, lines=st.integers(100, 5000), width=st.integers(0, 200))
cuts = st.builds(
    Cut, place=st.integers(0, 1 << 20), stream=st.sampled_from([1, 2]), pause=st.integers(0, 5)
)
cursors = st.integers(0, 40) | st.integers(0, 10_000)


behaviour = {"cuts": st.lists(cursors, max_size=4).map(tuple), "stall": st.none() | cursors}
# Seldom by `procession tail`, a program of its own that costs more than all others together.
faces = st.sampled_from([*(face for face in FEEDS if face != "tail"), *FEEDS])
feeds = st.builds(Join, faces, after=cursors, **behaviour) | st.builds(
    Join, faces, last=cursors, **behaviour
)
polls = st.builds(Join, st.sampled_from(list(POLLS)))
endings = st.builds(
    Ending, code=st.just(0) | st.integers(1, 253), closes=st.booleans()
) | st.builds(
    Ending, signal=st.sampled_from(["SIGKILL", "SIGTERM", "SIGABRT"]), closes=st.booleans()
)


def joins(most: int) -> st.SearchStrategy[tuple[Join, ...]]:
    return st.lists(feeds | feeds | polls, max_size=most).map(tuple)


def plans(troubles: list[str]) -> st.SearchStrategy[list[Plan]]:
    """Some processes at the same time, amid these troubles."""
    stages = st.builds(
        Stage,
        parts=st.lists(texts | long_lines | floods, max_size=4).map(tuple),
        cuts=st.lists(cuts, max_size=10).map(tuple),
        joins=joins(3),
    )
    trouble = st.builds(
        Trouble, kind=st.sampled_from(troubles), stage=st.integers(0, 3), during=st.booleans()
    )
    plan = st.builds(
        Plan,
        stages=st.lists(stages, min_size=1, max_size=3).map(tuple),
        ending=endings,
        troubles=st.lists(trouble, max_size=1).map(tuple),
        joins_at_end=joins(3),
        joins_after=joins(2),
    )
    return st.lists(plan, min_size=1, max_size=3)
