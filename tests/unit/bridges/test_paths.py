import pytest

from bypuls.errors import CatalogueError
from ingest.bridges.paths import ChangedShape, check_path, items, member

ANSWER = {"edges": [{"node": {"from": 1, "by": [{"name": "a", "x": None}, {"name": "b", "x": {"y": 5}}]}}]}


def test_every_item_of_a_list_of_lists_is_named_in_order():
    assert [node.value["name"] for node in items(ANSWER, "edges[].node.by[]")] == ["a", "b"]


def test_an_item_knows_those_around_it():
    first, second = items(ANSWER, "edges[].node.by[]")
    assert member(first, "../node.from") == 1
    assert member(second, "../../edges") == ANSWER["edges"]


def test_null_is_nothing_measured_and_an_absent_name_is_a_changed_shape():
    first, second = items(ANSWER, "edges[].node.by[]")
    assert member(first, "x.y") is None
    assert member(second, "x.y") == 5
    assert member(second, "z?.y") is None
    with pytest.raises(ChangedShape, match=r"the answer\.edges\[0\]\.node\.by\[1\] has no 'z' any more"):
        member(second, "z")


def test_an_answer_that_is_a_list_itself():
    found = list(items([{"values": [{"v": 1}, {"v": 2}]}, {"values": []}], "[].values[]"))
    assert [node.value["v"] for node in found] == [1, 2]


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"edges": {}}, "the answer.edges is dict of 0; a list is meant"),
        ({"edges": None}, "the answer.edges is null"),
        ({}, "the answer has no 'edges' any more (it has nothing)"),
        ({"edges": ["x"]}, "the answer.edges[0] is 'x'; an object is meant"),
        ("text", "the answer is 'text'; an object is meant"),
    ],
)
def test_what_stands_elsewhere_is_named_with_its_place(document, said):
    with pytest.raises(ChangedShape) as raised:
        list(items(document, "edges[].node.by[]"))
    assert str(raised.value) == said


@pytest.mark.parametrize(
    ("path", "within"), [("a..b", None), ("a b", None), ("x[]", "a[]"), ("../../x", "a[]"), ("a[0]", None)]
)
def test_a_path_that_leads_nowhere_is_told_when_the_bridge_is_read(path, within):
    with pytest.raises(CatalogueError):
        check_path(path, within=within)
