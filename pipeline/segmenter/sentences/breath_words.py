"""The words of English and Russian that tell whether a comma is a place to breathe."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


LINKS = _set(
    "because although though while whereas unless which who where when if so until before after depending поэтому"
    " потому когда если хотя чтобы пока который которая которое которые которого которой которому которых которыми"
    " которым которую причём зато однако иначе поскольку"
)
"""Behind a comma these begin a clause."""

TELLING = _set(
    "because although though while whereas so depending and but or yet поэтому потому причём зато однако поскольку но а"
    " или либо"
)
"""Of these, behind a comma, the few words that follow are hardly ever a remark with another comma behind it."""

JOINING = dict.fromkeys(_set("and but or yet"), "en") | dict.fromkeys(_set("и но а или либо"), "ru")
"""Behind a comma these begin a clause or the next thing of a list; the language tells how to know."""

AFTER_AND = _set(
    "i you he she it we they there this that these those i'll you'll he'll she'll it'll we'll they'll i'm you're he's"
    " she's it's we're they're there's that's i've you've we've they've i'd you'd i’ll you’ll it’s that’s there’s i’m"
    " you’re then if when after before once in on at as since because the a an my your his its our their most many"
    " some one all each every both nobody everybody"
)
"""Behind a comma and an English conjunction these begin a clause."""

OPENING_SENTENCE = _set(
    "when whenever if although though because since while before after once unless until even as если когда хотя"
    " поскольку пока чтобы насколько раз как после прежде перед так даже"
)
"""A sentence that begins with one of these begins with a subordinate clause, whose end is a comma."""

OPENING_PHRASE = _set(
    "to in on at for from with without under near by during according despite instead unfortunately besides"
)
"""A sentence that begins with one of these may begin with a phrase, whose end is a comma."""

STARTS = _set(
    "i you he she it we they there i'll you'll it'll we'll i'm you're it's we're there's i've you've you'd i’ll"
    " you’ll it’s there’s i’m you’re я ты он она оно мы вы они вам мне нам ему ей им вас меня то это здесь можно нужно"
    " надо нельзя лучше придётся сначала затем"
)
"""With these a main clause begins behind another one."""

LEADS = _set("the this that these those your my his her its our their")
"""With these a main clause begins, or the next thing of a list."""

ENGLISH_ORDERS = _set(
    "press open tap double turn make put call scroll try use go click choose select say ask check please let don't"
    " don’t do just add wait look listen move hold walk take mix stir pour type enter find write read swipe drag close"
    " start stop restart follow remember cross keep set send copy paste save remove bring cook bake boil heat"
)
"""With these an order begins."""

HANGING = _set(
    "that so and but or if because then however instead therefore namely того тем так потому такой такая такое такие"
    " тогда там туда тот та те то лишь только даже особенно именно затем после до перед прежде несмотря и но а или"
    " если что хотя"
)
"""A comma behind one of these does not part it from the words that follow."""
