# SPDX-License-Identifier: Apache-2.0
"""The sentences that say why somebody inherits or does not, each with its article of the Civil Code."""

from collections.abc import Mapping
from enum import Enum
from fractions import Fraction
from typing import Final

from engine.core.text import Text
from workflows.common import both


class Rank(Enum):
    """By what somebody inherits: the spouse beside the blood heirs, of whom a lower rank waits (順位)."""

    SPOUSE = "spouse"
    CHILD = "child"
    ASCENDANT = "ascendant"
    SIBLING = "sibling"


class Why(Enum):
    """Why somebody does not inherit."""

    DIED_BEFORE = "died-before"
    DIED_TOGETHER = "died-together"
    UNWORTHY = "unworthy"
    DISINHERITED = "disinherited"
    RENOUNCED = "renounced"
    NOT_YET_THERE = "not-yet-there"
    HIGHER_RANK = "higher-rank"
    NEARER_DEGREE = "nearer-degree"
    PARENT_INHERITS = "parent-inherits"
    PARENT_RENOUNCED = "parent-renounced"
    ONE_GENERATION = "one-generation"
    BEFORE_ADOPTION = "before-adoption"
    NOT_REGISTERED = "not-registered"
    DIVORCED = "divorced"
    UNRECOGNISED = "unrecognised"
    STEP_CHILD = "step-child"
    LINE_ENDED = "line-ended"
    ADOPTION_NOT_IN_TIME = "adoption-not-in-time"
    NOT_KIN = "not-kin"


class Note(Enum):
    """What people have to know beside the shares."""

    WILL = "will"
    UNBORN = "unborn"
    SAME_DAY = "same-day"
    DIVORCE_PENDING = "divorce-pending"
    IN_LAW_ENDED = "in-law-ended"
    POSTHUMOUS_RECOGNITION = "posthumous-recognition"
    NOBODY = "nobody"
    DIED_SINCE = "died-since"


BASIS: Final[Mapping[Rank, str]] = {
    Rank.SPOUSE: "民法890条、900条",
    Rank.CHILD: "民法887条1項、900条4号",
    Rank.ASCENDANT: "民法889条1項1号、900条4号",
    Rank.SIBLING: "民法889条1項2号、900条4号",
}
REPRESENTS: Final[Mapping[Rank, str]] = {
    Rank.CHILD: "民法887条2項・3項、901条1項",
    Rank.SIBLING: "民法889条2項、901条2項",
}
_RANKS: Final[Mapping[Rank, Text]] = {
    Rank.SPOUSE: both("配偶者は常に相続人です。", "The spouse is always an heir."),
    Rank.CHILD: both("子は第1順位の相続人です。", "Children are heirs of the first rank."),
    Rank.ASCENDANT: both(
        "子などがいないため、最も近い親などの直系尊属が第2順位の相続人です。",
        "There are no children, so the nearest ascendants are heirs, of the second rank.",
    ),
    Rank.SIBLING: both(
        "子なども直系尊属もいないため、兄弟姉妹が第3順位の相続人です。",
        "There are neither children nor ascendants, so the siblings are heirs, of the third rank.",
    ),
}
_BESIDE: Final[Mapping[Rank | None, Text]] = {
    Rank.CHILD: both("配偶者と子は2分の1ずつです。", "The spouse and the children have one half each."),
    Rank.ASCENDANT: both(
        "配偶者が3分の2、直系尊属が3分の1です。", "The spouse has two thirds, the ascendants one third."
    ),
    Rank.SIBLING: both(
        "配偶者が4分の3、兄弟姉妹が4分の1です。", "The spouse has three quarters, the siblings one quarter."
    ),
    None: both("ほかに相続人はいません。", "There is no other heir."),
}
_HALF: Final = both(
    "父母の一方だけが同じ兄弟姉妹は、父母の双方が同じ兄弟姉妹の2分の1です。",
    "A sibling of one common parent has half of what a sibling of both has.",
)
_STANDS_FOR: Final = both(
    "相続の開始以前に亡くなったか相続権を失った人に代わって、その人の分を受けます（代襲相続）。",
    "They stand in for one who died before or lost the right, and take that one's part (representation).",
)

WHY: Final[Mapping[Why, tuple[Text, str]]] = {
    Why.DIED_BEFORE: (
        both("被相続人より先に亡くなっています。", "They died before the decedent."),
        "民法882条",
    ),
    Why.DIED_TOGETHER: (
        both(
            "被相続人と同時に亡くなったものと扱われ、互いに相続しません。",
            "They are taken to have died at the same moment: neither inherits from the other.",
        ),
        "民法32条の2",
    ),
    Why.UNWORTHY: (
        both("相続欠格により、相続人になれません。", "They are unworthy and cannot be an heir."),
        "民法891条",
    ),
    Why.DISINHERITED: (
        both("廃除され、相続権を失っています。", "They were disinherited by the court."),
        "民法892条、893条",
    ),
    Why.RENOUNCED: (
        both(
            "相続を放棄したため、初めから相続人でなかったものとみなされます。",
            "They renounced, and are deemed never to have been an heir.",
        ),
        "民法939条",
    ),
    Why.NOT_YET_THERE: (
        both(
            "相続が始まった時に、まだ生まれても胎内にいてもいませんでした。",
            "They were neither born nor conceived when the estate opened.",
        ),
        "民法886条",
    ),
    Why.HIGHER_RANK: (
        both("より先の順位の相続人がいます。", "There are heirs of a higher rank."),
        "民法889条1項",
    ),
    Why.NEARER_DEGREE: (
        both(
            "より近い直系尊属がいます。直系尊属に代襲相続はありません。",
            "There are nearer ascendants, and nobody represents an ascendant.",
        ),
        "民法889条1項1号",
    ),
    Why.PARENT_INHERITS: (
        both("間にいる親が相続します。", "The parent through whom they are kin inherits."),
        "民法887条、889条",
    ),
    Why.PARENT_RENOUNCED: (
        both(
            "親が相続を放棄しました。放棄では代襲相続は起こりません。",
            "The parent renounced, and renunciation gives no representation.",
        ),
        "民法887条2項、939条",
    ),
    Why.ONE_GENERATION: (
        both(
            "兄弟姉妹の代襲相続は、おい・めいの一代限りです。",
            "Among siblings only nephews and nieces represent, one generation.",
        ),
        "民法889条2項",
    ),
    Why.BEFORE_ADOPTION: (
        both(
            "養子縁組の前に生まれた養子の子は、養親の側と血族関係がなく、代襲しません。",
            "An adoptee's child born before the adoption is no kin of the adopter, and does not represent.",
        ),
        "民法727条、887条2項",
    ),
    Why.NOT_REGISTERED: (
        both(
            "婚姻の届出がないため、法律上の配偶者ではありません。",
            "The marriage is not registered: no spouse in law.",
        ),
        "民法739条、890条",
    ),
    Why.DIVORCED: (both("離婚しています。", "They are divorced."), "民法890条"),
    Why.UNRECOGNISED: (
        both(
            "認知されていないため、法律上の子ではありません。死亡の日から3年以内は認知の訴えができます。",
            "Not recognised, so no child in law; an action for recognition is possible within three years"
            " of the death.",
        ),
        "民法779条、787条",
    ),
    Why.STEP_CHILD: (
        both("配偶者の子で、養子縁組をしていません。", "A child of the spouse who was never adopted."),
        "民法887条1項",
    ),
    Why.LINE_ENDED: (
        both(
            "特別養子縁組により、実方との親族関係は終わっています。",
            "A special adoption has ended the natural line.",
        ),
        "民法817条の9",
    ),
    Why.ADOPTION_NOT_IN_TIME: (
        both(
            "亡くなった時に、養子縁組はまだないか、離縁で終わっていました。",
            "At the death the adoption was not yet made, or dissolved.",
        ),
        "民法727条、729条",
    ),
    Why.NOT_KIN: (
        both("相続人となる続柄ではありません。", "They are no kin of the kind that inherits."),
        "民法887条、889条、890条",
    ),
}

NOTES: Final[Mapping[Note, Text]] = {
    Note.WILL: both(
        "遺言があれば、その定めが法定相続分に優先します（民法902条）。",
        "A will goes before the statutory shares (Civil Code, art. 902).",
    ),
    Note.UNBORN: both(
        "胎児は生まれたものとして数えています。死産のときは、いなかったものとして計算し直します（民法886条）。",
        "An unborn child counts as born; after a stillbirth it is computed anew without it"
        " (Civil Code, art. 886).",
    ),
    Note.SAME_DAY: both(
        "同じ日の死亡の前後が分からないため、同時に亡くなったものと推定しています（民法32条の2）。",
        "Nobody knows which of the deaths of one day came first, so they are presumed to be of one"
        " moment (Civil Code, art. 32-2).",
    ),
    Note.DIVORCE_PENDING: both(
        "離婚の手続中でも、成立する前に亡くなったときは配偶者として相続します（民法890条）。",
        "A divorce that was not yet final changes nothing: the spouse inherits (Civil Code, art. 890).",
    ),
    Note.IN_LAW_ENDED: both(
        "姻族関係終了届や復氏届は、相続に影響しません（民法728条、751条）。",
        "Ending the in-law relation or taking back the surname has no effect on the estate"
        " (Civil Code, art. 728 and 751).",
    ),
    Note.POSTHUMOUS_RECOGNITION: both(
        "死亡の日から3年以内に認知の訴えが認められると、子として相続人になります（民法787条）。",
        "If an action for recognition succeeds within three years of the death, the child is an heir"
        " (Civil Code, art. 787).",
    ),
    Note.NOBODY: both(
        "相続人がいません。相続財産清算人が選ばれ、残りは特別縁故者や国に渡ります（民法951条から959条）。",
        "There is no heir: an administrator is appointed; what is left goes to those with a special tie, or"
        " to the State (Civil Code, art. 951 to 959).",
    ),
    Note.DIED_SINCE: both(
        "その後に亡くなった相続人がいます。その人の分は、その人の相続人が受け継ぎます（数次相続、民法896条）。",
        "An heir has died since: that one's part passes to that one's own heirs (Civil Code, art. 896).",
    ),
}


def fraction_in_words(share: Fraction) -> Text:
    """Return a share as people write it: 4分の1 and 1/4; all of it is 全部."""
    if share == 1:
        return both("全部", "all")
    return both(f"{share.denominator}分の{share.numerator}", f"{share.numerator}/{share.denominator}")


def reason(
    rank: Rank, share: Fraction, *, beside: Rank | None, shared: bool, half: bool, stands: bool
) -> Text:
    """Return why the person has this share.

    `beside` is the rank of the blood heirs, `shared` says that there is a spouse and they are there too,
    `half` that the stem is a half-blood sibling's beside full ones, `stands` that they represent.
    """
    parts = [_RANKS[rank]]
    if rank is Rank.SPOUSE and beside is None:
        parts.append(_BESIDE[None])
    elif shared or rank is Rank.SPOUSE:
        parts.append(_BESIDE[beside])
    if half:
        parts.append(_HALF)
    if stands:
        parts.append(_STANDS_FOR)
    words = fraction_in_words(share)
    parts.append(both(f"法定相続分は{words.ja}です。", f"The statutory share is {words.en}."))
    return both("".join(part.ja for part in parts), " ".join(part.en for part in parts))
