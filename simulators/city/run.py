"""Lets the town speak: the gap since the last run as history, then live until told to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bypuls.clock import utc_now
from bypuls.errors import BrokerError, SettingsError
from simulators.city import state as files
from simulators.city.faults import usual_faults
from simulators.city.feed import Feed, Parcel
from simulators.city.model import Model
from simulators.city.scenario import AnyMeasure, Scenario, read_scenario
from simulators.city.state import State
from simulators.city.town import CITY, SEED
from simulators.listener import connect_publisher, wait_for_listener
from simulators.publisher import Publisher

MOST_DAYS = 30
_DAY = 86_400
_AHEAD = 60
_SAVE_SECONDS = 10.0
_FELL_BEHIND = 900
_LISTENER_SECONDS = 60.0
_FLUSH_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Options:
    """What may be chosen.

    Attributes:
        seed: None: that of the last run, or the usual one. days: of history at the first start.
        until: speak up to then and end; None: until told to stop.
        patience_seconds: how long to wait for somebody to listen before history begins.
    """

    seed: int | None = None
    days: float = MOST_DAYS
    scenario: Path | None = None
    faults: bool = True
    history: bool = True
    live: bool = True
    until: datetime | None = None
    patience_seconds: float = _LISTENER_SECONDS


@dataclass(slots=True)
class Receipt:
    """What a run sent.

    Attributes:
        refused: readings that a fault spoiled, so that ingest should refuse them.
        again: readings that a fault sent twice, so that nothing should come of them.
    """

    messages: int = 0
    readings: int = 0
    refused: int = 0
    again: int = 0
    acknowledged: int = 0
    history_seconds: float = 0.0


def run(
    broker_url: str,
    home: Path,
    options: Options,
    stop: threading.Event,
    say: Callable[[str], None],
    now: Callable[[], datetime] = utc_now,
) -> Receipt:
    """Publish the town: history first, then live, until `stop` is set or `options.until` is reached.

    Raises:
        SettingsError: the options contradict the last run, or the scenario cannot be read.
        BrokerError: the broker does not answer, does not acknowledge, or nobody listens.
    """
    scenario = read_scenario(options.scenario) if options.scenario is not None else Scenario()
    path = files.state_file(home)
    with files.alone(path):
        state = prepare(files.load(path), options, scenario, int(now().timestamp()))
        with ExitStack() as stack:
            publisher = connect_publisher(stack, broker_url, f"bypuls-simulate-{CITY}-{state.client}")
            wait_for_listener(publisher, CITY, options.patience_seconds, stop, say)
            files.save(path, state)
            _warn_of_the_clock(path, state, int(now().timestamp()), say)
            return _Run(publisher, path, state, options, stop, say, now).go()


def prepare(state: State | None, options: Options, scenario: Scenario, now: int) -> State:
    """The state to go on from.

    Raises:
        SettingsError: another seed or another past than what is published already.
    """
    now = min(now, int(options.until.timestamp())) if options.until is not None else now
    if state is None:
        begun = datetime.fromtimestamp(now, UTC)
        usual = usual_faults(begun) if options.faults else []
        days = options.days if options.history else 0
        start = now - int(days * _DAY)
        faults = usual if scenario.faults is None else scenario.faults
        return State(
            SEED if options.seed is None else options.seed, now, start, start, list(scenario.measures), list(faults)
        )
    anew = "take it back, or remove the simulator's file in BYPULS_HOME to start the town anew"
    if options.seed is not None and options.seed != state.seed:
        raise SettingsError(f"the town was started with seed {state.seed}, not {options.seed}: {anew}")
    if options.scenario is not None:
        for measure in [*scenario.measures, *state.measures]:
            if (measure in scenario.measures) != (measure in state.measures) and _before(measure, state.published):
                published = datetime.fromtimestamp(state.published, UTC).isoformat()
                raise SettingsError(
                    f"measure {measure.name!r} changes what was published until {published}: "
                    f"let it begin later, or {anew}"
                )
        state.measures = list(scenario.measures)
        if scenario.faults is not None:
            state.faults = list(scenario.faults)
    if not options.faults:
        state.faults = []
    if not options.history or now - state.published > MOST_DAYS * _DAY:
        state.published = max(state.published, now - (MOST_DAYS * _DAY if options.history else 0))
    return state


def _warn_of_the_clock(path: Path, state: State, now: int, say: Callable[[str], None]) -> None:
    """A clock that was set back leaves a past that is still to come: nothing is said twice, so the town is silent."""
    if state.published > now + _AHEAD:
        published = datetime.fromtimestamp(state.published, UTC).isoformat()
        say(
            f"the town has spoken until {published}, which the clock has not reached: silent until then "
            f"(set the clock, or remove {path} to start the town anew)"
        )


def _before(measure: AnyMeasure, published: int) -> bool:
    return measure.since.timestamp() < published


class _Run:
    """One run: what it works with and how far it is."""

    def __init__(
        self,
        publisher: Publisher,
        path: Path,
        state: State,
        options: Options,
        stop: threading.Event,
        say: Callable[[str], None],
        now: Callable[[], datetime],
    ) -> None:
        self._publisher, self._path, self._state = publisher, path, state
        self._options, self._stop, self._say, self._now = options, stop, say, now
        self._model = Model(state.seed, state.measures)
        self._last = None if options.until is None else int(options.until.timestamp())
        self._receipt = Receipt()

    def go(self) -> Receipt:
        begun = time.monotonic()
        self._history()
        self._receipt.history_seconds = time.monotonic() - begun
        while self._options.live and not self._over():
            self._live()
            if not self._over():  # the machine slept: what was missed goes as history
                self._history()
        self._receipt.acknowledged = self._publisher.acknowledged
        return self._receipt

    def _clock(self) -> int:
        now = int(self._now().timestamp())
        return now if self._last is None else min(now, self._last)

    def _over(self) -> bool:
        return self._stop.is_set() or (self._last is not None and self._state.published >= self._last)

    def _history(self) -> None:
        """Day by day, each acknowledged before it counts as published."""
        first, end = self._state.published, self._clock()
        feed = Feed(self._model, self._state.faults, self._state.start)
        days, told = max(1, round((end - first) / _DAY)), 0
        while self._state.published < end and not self._stop.is_set():
            upto = min(self._state.published + _DAY, end)
            for parcel in feed.history(self._state.published, upto):
                self._send(parcel)
            self._confirm(upto)
            done = round((upto - first) / _DAY)
            if end - first >= _DAY and done > told:
                told = done
                self._say(f"history {done} of {days} days, {self._receipt.readings:,} readings")

    def _live(self) -> None:
        """As time goes by, until `stop`, the end, or a machine that slept."""
        feed = Feed(self._model, self._state.faults, self._state.start, live_since=self._state.published)
        made, saved = self._state.published, time.monotonic()
        while not self._over():
            upto = max(made, self._clock()) + _AHEAD
            upto = upto if self._last is None else min(upto, self._last)
            parcels = feed.live(made, upto)
            for number, parcel in enumerate(parcels):
                if self._wait(parcel.due):
                    self._confirm(parcel.due - 1)
                    return
                self._send(parcel)
                following = parcels[number + 1].due if number + 1 < len(parcels) else upto
                if time.monotonic() - saved > _SAVE_SECONDS and following > parcel.due:
                    self._confirm(parcel.due)
                    saved = time.monotonic()
            if self._wait(upto):
                self._confirm(max(made, min(upto, self._clock()) - 1))
                return
            self._confirm(upto)
            made = upto

    def _wait(self, due: int) -> bool:
        """Wait for a time; True when it is not to be waited for any longer."""
        behind = self._now().timestamp() - due
        return behind > _FELL_BEHIND or self._stop.wait(max(0.0, -behind))

    def _send(self, parcel: Parcel) -> None:
        self._publisher.publish(parcel.topic, parcel.payload)
        self._receipt.messages += 1
        self._receipt.readings += parcel.readings
        self._receipt.refused += parcel.refused
        self._receipt.again += parcel.again

    def _confirm(self, upto: int) -> None:
        """Only what the broker has is written down as published; after a crash the rest is sent again."""
        if not self._publisher.flush(_FLUSH_SECONDS):
            raise BrokerError(f"the broker did not acknowledge within {_FLUSH_SECONDS:.0f} s: is it running?")
        if upto > self._state.published:
            self._state.published = upto
            files.save(self._path, self._state)
