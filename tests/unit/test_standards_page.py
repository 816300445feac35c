from bypuls.standards import STATUSES, documents
from processors.standards_page import PAGE, page


def test_the_page_is_what_the_catalogue_says():
    assert PAGE.read_text(encoding="utf-8") == page(dict(documents())), "run python -m processors.standards_page"


def test_what_is_unverified_is_said_to_be():
    text = page(dict(documents()))
    for name, document in documents():
        section = text.split(f"\n## {document['id']}\n")[1].split("\n## ")[0]
        assert document["status"] in STATUSES, name
        assert ("- Status: **unverified**" in section) == (document["status"] == "unverified"), name
        assert document["source"] in section, name
