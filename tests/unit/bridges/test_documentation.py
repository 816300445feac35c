from ingest.bridges.configuration import read_bridge
from ingest.bridges.definition import Definitions
from ingest.bridges.documentation import FILE, page

TEXT = FILE.read_text(encoding="utf-8")


def test_the_page_is_up_to_date():
    assert page(Definitions.load()) == TEXT, "run: python -m ingest.bridges.documentation"


def test_every_bridge_says_that_it_was_not_tried_live():
    assert TEXT.count("**not tried live**") == len(Definitions.load())


def test_the_example_can_be_set_up(tmp_path):
    file = tmp_path / "bridge.yaml"
    file.write_text(TEXT.partition("```yaml\n")[2].partition("```")[0])
    assert read_bridge(file, Definitions.load()).name == "storvik-air"
