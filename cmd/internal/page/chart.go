package page

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/troupedb/troupe/cmd/internal/chaos"
)

// Geometry of the timeline, in units of the drawing.
const (
	left      = 64.0 // for the labels of the axes
	width     = 1000.0
	laneUnit  = 16.0
	plotUnit  = 150.0
	shardUnit = 12.0
	gap       = 34.0 // between two parts
)

// scale places times.
type scale struct{ length time.Duration }

func (s scale) x(at time.Duration) float64 {
	return left + width*min(max(at.Seconds()/s.length.Seconds(), 0), 1)
}

// round keeps a page small: a tenth of a unit cannot be seen.
func round(v float64) float64 { return math.Round(v*10) / 10 }

// tick is a mark on an axis.
type tick struct {
	At   float64
	Text string
}

// seconds marks times that are easy to read.
func (s scale) seconds() (ticks []tick) {
	step := s.length / 10
	for _, nice := range []time.Duration{time.Second, 2 * time.Second, 5 * time.Second, 10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute, time.Hour} {
		if step = nice; s.length/nice <= 15 {
			break
		}
	}
	for at := time.Duration(0); at <= s.length; at += step {
		ticks = append(ticks, tick{round(s.x(at)), at.String()})
	}
	return ticks
}

// axis places values from a floor to a top on a height, by their logarithm if the floor is not 0.
type axis struct{ floor, top float64 }

func (a axis) y(v float64) float64 {
	if a.floor == 0 {
		return plotUnit * (1 - v/a.top)
	}
	share := math.Log(max(v, a.floor)/a.floor) / math.Log(a.top/a.floor)
	return plotUnit * (1 - min(share, 1))
}

// nice is the least of 1, 2 and 5 times a power of ten that is not under v.
func nice(v float64) float64 {
	if v <= 0 {
		return 1
	}
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5, 10} {
		if m*power >= v {
			return m * power
		}
	}
	return v
}

// line is a path through values, one for each point of the timeline.
func (s scale) line(points []chaos.Point, a axis, value func(chaos.Point) float64) string {
	var b strings.Builder
	for i, p := range points {
		op := "L"
		if i == 0 {
			op = "M"
		}
		fmt.Fprintf(&b, "%s%v %v", op, round(s.x(time.Duration(i)*chaos.Tick+chaos.Tick/2)), round(a.y(value(p))))
	}
	return b.String()
}

// area is the space under a line.
func (s scale) area(points []chaos.Point, a axis, value func(chaos.Point) float64) string {
	if len(points) == 0 {
		return ""
	}
	end := time.Duration(len(points)-1)*chaos.Tick + chaos.Tick/2
	return s.line(points, a, value) + fmt.Sprintf("L%v %v L%v %vZ", round(s.x(end)), plotUnit, round(s.x(chaos.Tick/2)), plotUnit)
}

// perSecond is a count of one tick as a rate.
func perSecond(n int64) float64 { return float64(n) * float64(time.Second/chaos.Tick) }

// bar is a span of time in a row.
type bar struct {
	X, W, Y     float64
	Class, Text string
	Label       string // written in it, if there is room
}

func (s scale) bar(from, to time.Duration, row float64, unit float64) bar {
	x := s.x(from)
	return bar{X: round(x), W: round(max(s.x(to)-x, 2)), Y: row * unit}
}

// lanes puts faults into rows such that those of a row do not overlap.
func (s scale) lanes(faults []chaos.Fault) (bars []bar, rows int) {
	const room = 5.6 // that a letter takes
	var free []float64
	for _, f := range faults {
		b := s.bar(f.At, f.End, 0, laneUnit)
		row := 0
		for row < len(free) && free[row] > b.X {
			row++
		}
		if row == len(free) {
			free = append(free, 0)
		}
		end := b.X + b.W
		b.Y, b.Class, b.Label = float64(row)*laneUnit, class(f.Kind), f.Kind
		if wide := b.X + 4 + room*float64(len(f.Kind)); wide < left+width {
			end = max(end, wide)
		} else if room*float64(len(f.Kind)) > b.W {
			b.Label = ""
		}
		free[row] = end + 4
		b.Text = fmt.Sprintf("%s, from %v to %v; longest write gap %v", f.Text, ms(f.At), ms(f.End), ms(f.Gap))
		bars = append(bars, b)
	}
	return bars, len(free)
}

// class is the kind of what was hit: processes, the network, disks, or the cluster as such.
func class(kind string) string {
	switch {
	case strings.Contains(kind, "disk"):
		return "disk"
	case strings.Contains(kind, "cut") || kind == "bridge":
		return "network"
	case strings.Contains(kind, "added"):
		return "member"
	}
	return "process"
}

func ms(d time.Duration) time.Duration { return d.Round(time.Millisecond) }
