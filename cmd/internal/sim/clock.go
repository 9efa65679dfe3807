package sim

import "time"

// clock is a machine's: it drifts, and its wall clock is set to odd times.
type clock struct {
	since  time.Duration // simulated time of the last change of rate
	ran    time.Duration // what the clock had run by then
	drift  int64         // parts per million that it runs fast
	offset time.Duration // of the wall clock
}

// epoch is the true wall clock at the beginning of a run.
const epoch = 1_700_000_000_000 * time.Millisecond

// mono is how long the clock has run, by its own rate.
func (c *clock) mono(now time.Duration) time.Duration {
	d := now - c.since
	return c.ran + d + d/1000*time.Duration(c.drift)/1000
}

func (c *clock) wall(now time.Duration) time.Duration { return epoch + c.mono(now) + c.offset }

// setDrift changes the rate from now on.
func (c *clock) setDrift(now time.Duration, ppm int64) {
	c.ran, c.since, c.drift = c.mono(now), now, ppm
}

// real is how long a span of the clock's time takes.
func (c *clock) real(span time.Duration) time.Duration {
	return span - span/1000*time.Duration(c.drift)/1000
}
