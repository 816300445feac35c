"""Numbers that a process counts while it works, and hands to Prometheus when asked.

Counting is a dictionary's business, batch by batch; Prometheus' own text is made only when somebody asks. Labels are
names out of the catalogue and of people's configuration (sources, reasons, cities, queues): few, and nothing personal.
Devices and datastreams are never labels.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from threading import Lock
from typing import Protocol

from prometheus_client import CollectorRegistry, PlatformCollector, ProcessCollector, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
Labels = tuple[str, ...]
MOST_SERIES = 1000
"""Of one metric; what comes beyond is counted under `other`, so that no mistake of ours can fill a server."""

SECONDS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
SIZES = (1.0, 10.0, 50.0, 100.0, 500.0, 1000.0, 2000.0, 5000.0, 20_000.0)


class Measure(Protocol):
    """Something that has a number, or several, when it is asked."""

    def family(self) -> Metric:
        """The metric as it stands."""


class Counter:
    """Only grows; starts at nothing with the process."""

    def __init__(self, name: str, what: str, labels: Labels = ()) -> None:
        self.name, self.what, self.labels = name, what, labels
        self.values: dict[Labels, float] = {} if labels else {(): 0.0}

    def add(self, amount: float = 1, *of: str) -> None:
        """Count so many, of these labels."""
        if of not in self.values and len(self.values) >= MOST_SERIES:
            of = ("other",) * len(self.labels)
        self.values[of] = self.values.get(of, 0.0) + amount

    def family(self) -> Metric:
        """The metric as it stands."""
        family = CounterMetricFamily(self.name, self.what, labels=self.labels)
        for of, value in list(self.values.items()):
            family.add_metric(of, value)
        return family


class Gauge:
    """A number of the moment, worked out when somebody asks."""

    def __init__(self, name: str, what: str, read: Callable[[], Mapping[Labels, float]], labels: Labels = ()) -> None:
        self.name, self.what, self.labels, self.read = name, what, labels, read

    def family(self) -> Metric:
        """The metric as it stands."""
        family = GaugeMetricFamily(self.name, self.what, labels=self.labels)
        for of, value in self.read().items():
            family.add_metric(of, value)
        return family


class Histogram:
    """How numbers spread; many are taken at once, because a batch has thousands."""

    def __init__(self, name: str, what: str, bounds: Sequence[float]) -> None:
        self.name, self.what, self.bounds = name, what, tuple(bounds)
        self.counts = [0] * (len(self.bounds) + 1)
        self.total = 0.0

    def take(self, numbers: Iterable[float]) -> None:
        """Count these numbers."""
        ordered = sorted(numbers)
        before = 0
        for place, bound in enumerate(self.bounds):
            up_to = bisect_right(ordered, bound)
            self.counts[place] += up_to - before
            before = up_to
        self.counts[-1] += len(ordered) - before
        self.total += sum(ordered)

    def family(self) -> Metric:
        """The metric as it stands."""
        sums, so_far = [], 0
        for bound, count in zip((*map(str, self.bounds), "+Inf"), list(self.counts), strict=True):
            so_far += count
            sums.append((bound, so_far))
        family = HistogramMetricFamily(self.name, self.what)
        family.add_metric((), buckets=sums, sum_value=self.total)
        return family


class Metrics(Collector):
    """All measures of a process; `text` is what Prometheus reads.

    Args:
        process: ingest, process or api: a label of `bypuls_build_info`.
    """

    def __init__(self, process: str, measures: Sequence[Measure] = ()) -> None:
        self.measures = list(measures)
        self._process = process
        self._lock = Lock()
        self._registry = CollectorRegistry()
        self._registry.register(self)
        ProcessCollector(registry=self._registry)
        PlatformCollector(registry=self._registry)

    def add(self, *measures: Measure) -> None:
        """These, too."""
        self.measures += measures

    def describe(self) -> Iterator[Metric]:
        """Nothing: asking would read the database at the start."""
        yield from ()

    def collect(self) -> Iterator[Metric]:
        """Every measure as it stands; what cannot be read now is left out and said by `bypuls_measures_failed`."""
        info = GaugeMetricFamily(
            "bypuls_build_info", "Always 1; the version is a label.", labels=("process", "version")
        )
        info.add_metric((self._process, version("bypuls")), 1)
        yield info
        failed = 0
        for measure in self.measures:
            try:
                family = measure.family()
            except Exception:  # noqa: BLE001 - one number that cannot be read must not hide the others
                failed += 1
            else:
                yield family
        yield GaugeMetricFamily("bypuls_measures_failed", "Measures that could not be read just now.", value=failed)

    def text(self) -> bytes:
        """What Prometheus reads; one asker at a time."""
        with self._lock:
            return generate_latest(self._registry)
