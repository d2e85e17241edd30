"""Is A a kind of B, and by which path: MeSH's trees, with our own edges for drug classes and for what MeSH lacks.

A tree number's prefixes are its ancestors. Some inner positions are held by no descriptor of the file: the walk goes
by the number's text and passes over them. A curated edge leads to a concept, and so to all of that concept's trees.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from functools import cache, lru_cache

from matching.knowledge.concepts import curated, vocabulary

_SITE, _KIND, _TUMOUR = "C04.588", "C04.557", "C04"
_ENDOGENOUS = ("D05", "D08", "D09", "D10", "D12.125", "D12.776", "D13", "D20", "D23", "D01", "D25")
_BY_TREE = (
    ("C", "condition"), ("F03", "condition"), ("E07", "device"), ("E", "procedure"), ("D", "drug"), ("B01.650", "substance"),
    ("J01", "substance"), ("B", "organism"), ("F04", "procedure"), ("G07", "drug"),
    ("F01", "behaviour"), ("A", "anatomy"),
)  # fmt: skip


@cache
def _by_tree() -> dict[str, str]:
    return {tree: code for code, trees in vocabulary().trees.items() for tree in trees}


@cache
def _by_parent() -> dict[str, list[str]]:
    below: dict[str, list[str]] = {}
    for code, ups in vocabulary().parents.items():
        for up in ups:
            below.setdefault(up, []).append(code)
    return below


@cache
def _sorted_trees() -> list[str]:
    return sorted(_by_tree())


def _above(tree: str) -> Iterator[str]:
    """The held positions above a tree number, nearest first. The letter alone ("C") counts as one where held."""
    held = _by_tree()
    while "." in tree:
        tree = tree.rpartition(".")[0]
        if tree in held:
            yield tree


def name(concept_id: str) -> str | None:
    """The preferred name."""
    return vocabulary().names.get(concept_id)


@lru_cache(maxsize=65536)
def ancestors(concept_id: str) -> frozenset[str]:
    """All concepts that contain this one, itself excluded; empty for an unknown id."""
    return frozenset(_ancestors(concept_id, frozenset()) - {concept_id})


def _ancestors(concept_id: str, seen: frozenset[str]) -> set[str]:
    known, held, found = vocabulary(), _by_tree(), set[str]()
    if concept_id in seen:
        return found
    above = {held[up] for tree in known.trees.get(concept_id, ()) for up in _above(tree)}
    found |= above
    for code in {concept_id, *above}:
        for up in known.parents.get(code, ()):
            if up not in found or up not in seen:
                found.add(up)
                found |= _ancestors(up, seen | {concept_id, code})
    return found


def is_a(child: str, parent: str) -> bool:
    """Whether the child is the parent or a kind of it."""
    return child == parent or parent in ancestors(child)


@lru_cache(maxsize=4096)
def path(child: str, parent: str) -> tuple[str, ...] | None:
    """The shortest chain of ids from the child up to the parent, both included; None where there is none."""
    if not is_a(child, parent):
        return None
    held, known = _by_tree(), vocabulary()
    # A state is (id, tree): a concept reached through one of its trees climbs on in that tree only.
    queue: deque[tuple[tuple[str, ...], str]] = deque([((child,), "")])
    seen: set[tuple[str, str]] = set()
    while queue:
        chain, tree = queue.popleft()
        here = chain[-1]
        if here == parent:
            return chain
        if (here, tree) in seen:
            continue
        seen.add((here, tree))
        for start in (tree,) if tree else known.trees.get(here, ()):
            up = next(_above(start), None)
            if up is not None:
                queue.append(((*chain, held[up]), up))
        queue.extend(((*chain, up), "") for up in known.parents.get(here, ()))
    return None


def distance(child: str, parent: str) -> int | None:
    """How many steps up from child to parent; 0 for the same concept, None where there is no path."""
    chain = path(child, parent)
    return None if chain is None else len(chain) - 1


@lru_cache(maxsize=4096)
def descendants(concept_id: str) -> frozenset[str]:
    """All kinds of a concept, itself excluded."""
    found: set[str] = set()
    open_: list[str] = [concept_id]
    known, held, below = vocabulary(), _by_tree(), _by_parent()
    while open_:
        here = open_.pop()
        at_or_under = {here}
        # Only the concept itself and curated children bring their trees: a position's own subtree is its prefix.
        for tree in known.trees.get(here, ()):
            at_or_under |= {held[t] for t in _under(tree)}
        new = {c for code in at_or_under for c in below.get(code, ())} - found - {concept_id}
        found |= (at_or_under - {concept_id}) | new
        open_.extend(new)
    return frozenset(found - {concept_id})


def _under(tree: str) -> list[str]:
    order = _sorted_trees()
    prefix = tree + "."
    return order[bisect_left(order, prefix) : bisect_left(order, tree + "/")]


@lru_cache(maxsize=65536)
def category(concept_id: str) -> str:
    """What sort of thing a concept is.

    One of condition, finding (a sign or symptom), drug, class (of drugs), procedure, device, organism, behaviour,
    anatomy, substance (of the body or of nature), other.
    """
    known = vocabulary()
    if (own := known.categories.get(concept_id)) is not None:
        return own
    if concept_id in known.classes:
        return "class"
    trees = known.trees.get(concept_id)
    if not trees:
        return _category_without_tree(concept_id)
    if all(t.startswith("C23") for t in trees if t.startswith(("C", "F03"))) and any(
        t.startswith("C23") for t in trees
    ):
        return "finding"
    for start, sort in _BY_TREE:
        own_trees = [t for t in trees if t.startswith(start)]
        if own_trees:
            return _drug_sort(concept_id, own_trees) if sort == "drug" else sort
    return "other"


def _category_without_tree(concept_id: str) -> str:
    ups = vocabulary().parents.get(concept_id, ())
    sorts = {category(up) for up in ups if up != concept_id}
    if sorts & {"condition", "finding"} or concept_id.startswith("MONDO:"):
        return "condition"
    if sorts & {"drug", "class", "substance"}:
        return "drug"
    return next(iter(sorted(sorts)), "condition" if concept_id in _mondo_ids() else "drug")


@cache
def _mondo_ids() -> frozenset[str]:
    from matching.knowledge.codes import mondo_concepts

    return mondo_concepts()


def _drug_sort(concept_id: str, trees: list[str]) -> str:
    known = vocabulary()
    if any(up in known.classes for up in known.parents.get(concept_id, ())):
        return "drug"
    if any(t.startswith("D27") for t in trees):
        return "class"
    label = known.names[concept_id]
    if label.endswith("s") and any(_under(t) for t in trees):
        return "class"
    return "substance" if all(t.startswith(_ENDOGENOUS) for t in trees) else "drug"


@cache
def _exclusive() -> frozenset[frozenset[str]]:
    from matching.knowledge.lexicon import lookup

    pairs = set()
    for row in curated("exclusive.csv"):
        a, b = lookup(row["a"]), lookup(row["b"])
        if a is None or a.id is None or b is None or b.id is None:
            raise ValueError(f"exclusive.csv: no such concept: {row['a']}, {row['b']}")
        pairs.add(frozenset((a.id, b.id)))
    return frozenset(pairs)


def mutually_exclusive(a: str, b: str) -> bool:
    """Whether nobody can have both by definition (a small table). Type 1 and type 2 diabetes are not exclusive."""
    up_a, up_b = ancestors(a) | {a}, ancestors(b) | {b}
    for pair in _exclusive():
        x, y = tuple(pair)
        if (x in up_a and y in up_b and y not in up_a) or (y in up_a and x in up_b and x not in up_a):
            return True
    return False


_AT_HOME_IN = {
    "D002280": ("D012878",),  # basal cell carcinoma: skin neoplasms
    "D008545": ("D012878", "D005134", "D009062", "D009669"),  # melanoma: skin, eye, mouth and nose neoplasms
}
"""Tumours that arise in a few places only, whose tissue says the site: a breast cancer is no basal cell carcinoma."""


@lru_cache(maxsize=65536)
def may_be(said: str, asked: str) -> bool:
    """Whether something known by the name `said` may also be `asked`, though it is no kind of it by the hierarchy.

    True where `said` is the wider name; where `asked` is a degree, stage or form of something that `said` is a kind of
    (asthma may be severe asthma, dexamethasone may be a systemic corticosteroid); and between the two ways of naming a
    tumour, by site and by tissue (lung cancer may be an adenocarcinoma). False means that a list that names all there
    is, and names only `said`, speaks against `asked`.
    """
    if said == asked or asked in ancestors(said):
        return True
    if said in ancestors(asked):
        return True
    known = vocabulary()
    for code in (asked, *ancestors(asked)):
        wider = known.qualifies.get(code)
        if wider is not None and (wider == "*" or is_a(said, wider) or is_a(wider, said)):
            return True
    tumours = [{t[:7] for t in known.trees.get(c, ()) if t.startswith(_TUMOUR)} for c in (said, asked)]
    if all(tumours):
        for tissue, site in ((said, asked), (asked, said)):
            homes = _AT_HOME_IN.get(tissue)
            if homes is not None and not any(is_a(site, home) or is_a(home, site) for home in homes):
                return False
        return not (tumours[0] | tumours[1] <= {_SITE} or tumours[0] | tumours[1] <= {_KIND})
    return False
