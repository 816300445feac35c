from api.rates import Rates


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_client_may_come_so_often_a_minute():
    clock = Clock()
    rates = Rates(60, clock)
    passed = [rates.take("a") for _ in range(16)]
    assert passed[:15] == [0.0] * 15
    assert 0 < passed[15] <= 1
    clock.now += 1
    assert rates.take("a") == 0
    assert rates.take("a") > 0


def test_one_client_takes_nothing_from_another():
    rates = Rates(60, Clock())
    while rates.take("a") == 0:
        pass
    assert rates.take("b") == 0


def test_who_was_away_may_send_no_more_at_once_than_before():
    clock = Clock()
    rates = Rates(60, clock)
    rates.take("a")
    clock.now += 3600
    assert [rates.take("a") == 0 for _ in range(16)] == [True] * 15 + [False]


def test_many_clients_do_not_fill_the_memory():
    rates = Rates(60, Clock())
    for n in range(12_000):
        rates.take(str(n))
    assert len(rates._left) <= 10_000
