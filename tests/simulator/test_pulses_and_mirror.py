"""PulseGuide, its time remaining, AOGuide and AOStatus."""

REMAINING = "PulseGuideGetTimeRemaining.cgi?XPlus&XMinus&YPlus&YMinus"


def test_relays_close_for_the_time_asked(bench):
    assert bench.code("PulseGuide.cgi?DirectionX=1&DurationX=2&DirectionY=0&DurationY=5.5") == ""
    bench.advance(0.5)
    assert bench.lines(REMAINING) == ["0.00", "1.50", "5.00", "0.00"]
    bench.advance(1.6)
    assert bench.lines(REMAINING) == ["0.00", "0.00", "3.40", "0.00"]
    assert bench.lines("IsPulseGuiding.cgi") == ["1"]
    bench.advance(3.5)
    assert bench.lines("IsPulseGuiding.cgi") == ["0"]


def test_asking_again_replaces_the_time_that_was_left(bench):
    for duration in (100, 2):
        assert bench.code(f"PulseGuide.cgi?DirectionX=0&DurationX={duration}") == ""
        bench.advance(1)
    assert bench.lines(REMAINING)[0] == "1.00"
    bench.advance(10)
    assert bench.camera.relays.closed_s("XPlus", bench.camera.time.now()) == 3.0


def test_opposite_relays_are_independent(bench):
    bench.code("PulseGuide.cgi?DirectionX=0&DurationX=4")
    bench.code("PulseGuide.cgi?DirectionX=1&DurationX=3")
    bench.advance(1)
    assert bench.lines(REMAINING) == ["3.00", "2.00", "0.00", "0.00"]


def test_pulse_limits_and_refusals(bench):
    for good in ("0.01", "655.35", "1e1"):
        assert bench.code(f"PulseGuide.cgi?DirectionX=0&DurationX={good}") == ""
    for bad in ("0", "0.009", "655.36", "-1", "", "long"):
        assert bench.code(f"PulseGuide.cgi?DirectionY=0&DurationY={bad}") == "0x80001009"
    for bad in ("2", "-1", "", "+", "N"):
        assert bench.code(f"PulseGuide.cgi?DirectionY={bad}&DurationY=1") == "0x80001009"
    for call in ("", "?DirectionX=0", "?DurationY=1", "?DirectionX=0&DurationX=1&DirectionY=1"):
        assert bench.code(f"PulseGuide.cgi{call}") == "0x8000100a"
    assert bench.code("PulseGuideGetTimeRemaining.cgi?Z") == "0x80001000"


def test_half_a_bad_call_closes_nothing(bench):
    assert bench.code("PulseGuide.cgi?DirectionX=0&DurationX=1&DirectionY=9&DurationY=1") != ""
    assert bench.lines("IsPulseGuiding.cgi") == ["0"]


def test_time_scale_runs_the_relays_too(make_bench):
    bench = make_bench(time_scale=10.0)
    bench.code("PulseGuide.cgi?DirectionX=0&DurationX=10")
    bench.advance(0.5)
    assert bench.lines("PulseGuideGetTimeRemaining.cgi?XPlus") == ["5.00"]


def test_mirror_travels(bench):
    assert bench.code("AOGuide.cgi?XPosition=100&YPosition=0") == ""
    bench.advance(0.04)
    assert bench.lines("AOStatus.cgi") == ["1"]
    assert bench.camera.mirror.position(bench.camera.time.now())[0] < 100
    bench.advance(0.02)
    assert bench.lines("AOStatus.cgi") == ["0"]
    assert bench.camera.mirror.position(bench.camera.time.now()) == (100, 0)


def test_mirror_limits_and_refusals(bench):
    for good in ("0", "100", "49.5"):
        assert bench.code(f"AOGuide.cgi?XPosition={good}&YPosition={good}") == ""
    for bad in ("-1", "101", "", "up"):
        assert bench.code(f"AOGuide.cgi?XPosition={bad}&YPosition=50") == "0x80001009"
        assert bench.code(f"AOGuide.cgi?XPosition=50&YPosition={bad}") == "0x80001009"
    for call in ("", "?XPosition=50", "?YPosition=50"):
        assert bench.code(f"AOGuide.cgi{call}") == "0x8000100a"
