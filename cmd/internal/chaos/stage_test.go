package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/troupedb/troupe/cmd/internal/cluster"
	"github.com/troupedb/troupe/cmd/internal/netcut"
	"github.com/troupedb/troupe/slotmap"
)

// stage is a target of nothing, which writes down what is done to it and when. Of its two shards n1 leads the
// first and n2 the second.
type stage struct {
	nodes int
	began time.Time

	mu     sync.Mutex
	played []string
	gone   map[int]bool
	sick   int // how often it is not healthy yet
	disks  map[int]*prop
	crash  []Crash
}

func newStage(nodes int) *stage {
	return &stage{nodes: nodes, began: time.Now(), gone: map[int]bool{}, disks: map[int]*prop{}}
}

func (s *stage) play(format string, v ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.played = append(s.played, time.Since(s.began).Round(time.Millisecond).String()+" "+fmt.Sprintf(format, v...))
}

func (s *stage) Name(i int) string { return fmt.Sprint("n", i+1) }

func (s *stage) Addrs() (out []string) {
	for i := range s.nodes {
		out = append(out, s.Name(i))
	}
	return out
}

func (s *stage) Shards(context.Context) (out []cluster.Shard, err error) {
	for i, run := range slotmap.Even(2) {
		out = append(out, cluster.Shard{
			ID: i + 1, Slots: []slotmap.Range{{First: run.First, Last: run.Last}}, Leader: i, Voters: 3, Holders: []int{0, 1, 2},
		})
	}
	return out, nil
}

func (s *stage) Health(context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.sick--; s.sick >= 0 {
		return errors.New("sick")
	}
	return nil
}

func (s *stage) Alive(i int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !s.gone[i]
}

func (s *stage) set(i int, gone bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone[i] = gone
}

func (s *stage) Crashes() []Crash { return s.crash }
func (s *stage) Show(_ context.Context, shard int) string {
	return fmt.Sprint("a look at shard ", shard)
}

func (s *stage) Kill(i int) error {
	s.play("kill n%d", i+1)
	s.set(i, true)
	return nil
}

func (s *stage) Stop(_ context.Context, i int) error {
	s.play("stop n%d", i+1)
	s.set(i, true)
	return nil
}

func (s *stage) Start(_ context.Context, i int) error {
	s.play("start n%d", i+1)
	s.set(i, false)
	return nil
}

func (s *stage) Replace(_ context.Context, i int) error {
	s.play("replace n%d", i+1)
	s.set(i, false)
	return nil
}

func (s *stage) Pause(i int) error  { s.play("pause n%d", i+1); return nil }
func (s *stage) Resume(i int) error { s.play("resume n%d", i+1); return nil }

func (s *stage) Add(context.Context) error { s.play("add"); return nil }

func (s *stage) Cut(ways map[netcut.Way]bool) error {
	var cut []string
	for w, on := range ways {
		if on {
			cut = append(cut, fmt.Sprintf("%d>%d", w.From+1, w.To+1))
		}
	}
	slices.Sort(cut)
	s.play("cut [%s]", strings.Join(cut, " "))
	return nil
}

func (s *stage) Disk(i int) (Disk, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.disks[i] == nil {
		s.disks[i] = &prop{s, i, 0}
	}
	return s.disks[i], nil
}

// prop is the disk of a node on the stage.
type prop struct {
	s      *stage
	i      int
	failed int
}

func (p *prop) Slow(by time.Duration) { p.s.play("slow n%d %v", p.i+1, by) }
func (p *prop) Fill(room int64)       { p.s.play("fill n%d %d", p.i+1, room) }
func (p *prop) Free()                 { p.s.play("free n%d", p.i+1) }
func (p *prop) Break(yes bool)        { p.s.play("break n%d %v", p.i+1, yes) }
func (p *prop) FailedSyncs() int      { return p.failed }

// lines are what was played, those of one moment in alphabetical order.
func (s *stage) lines() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	byTime := map[string][]string{}
	var order []string
	for _, line := range s.played {
		at, _, _ := strings.Cut(line, " ")
		if byTime[at] == nil {
			order = append(order, at)
		}
		byTime[at] = append(byTime[at], line)
	}
	var out []string
	for _, at := range order {
		slices.Sort(byTime[at])
		out = append(out, byTime[at]...)
	}
	return out
}
