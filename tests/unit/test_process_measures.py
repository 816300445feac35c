import pytest

from processors.measures import Measures


@pytest.mark.parametrize(("ingest_lag", "part"), [(0.0, 0.0), (0.5, 0.0), (1.0, 0.5), (1.5, 1.0), (60.0, 2.0)])
def test_a_processor_rests_the_longer_the_further_ingest_is_behind(ingest_lag, part):
    measures = Measures()
    measures.ingest_lag = ingest_lag
    assert measures.giving_way() == part
