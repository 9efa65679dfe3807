package chaos

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/troupedb/troupe/cmd/internal/cluster"
	"github.com/troupedb/troupe/cmd/internal/fakecluster"
	"github.com/troupedb/troupe/cmd/internal/script"
	"github.com/troupedb/troupe/slotmap"
)

// fake is a cluster in this process as a target. Its nodes can be killed, and nothing else.
type fake struct {
	*stage
	*fakecluster.Cluster
	mu   sync.Mutex
	down map[int]bool
}

func newFake(t *testing.T, bugs fakecluster.Bugs) *fake {
	t.Helper()
	fc, err := fakecluster.New(3, 6, bugs)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(fc.Close)
	return &fake{stage: newStage(3), Cluster: fc, down: map[int]bool{}}
}

func (f *fake) Addrs() []string { return f.Cluster.Addrs() }
func (f *fake) Shards(ctx context.Context) ([]cluster.Shard, error) {
	return cluster.TroupeShards(ctx, f.Addrs())
}

func (f *fake) Health(ctx context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.down) > 0 {
		return fmt.Errorf("%d nodes are down", len(f.down))
	}
	shards, err := f.Shards(ctx)
	for _, s := range shards {
		if s.Leader < 0 {
			err = errors.Join(err, fmt.Errorf("shard %d has no leader", s.ID))
		}
	}
	return err
}

func (f *fake) Kill(i int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down[i] = true
	f.Cluster.Kill(i)
	return nil
}

func (f *fake) Start(_ context.Context, i int) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.down, i)
	return f.Cluster.Restart(i)
}

func (f *fake) Alive(i int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return !f.down[i]
}

// perpetrate runs against a fake until enough went wrong on keys with a prefix, and two nodes were killed.
func perpetrate(t *testing.T, cfg Config, bugs fakecluster.Bugs, prefix string, enough int) *Report {
	t.Helper()
	target, stop := newFake(t, bugs), make(chan struct{})
	kills := new(atomic.Int32)
	cfg.Stop = stop
	cfg.Event = func(text string) {
		t.Log(text)
		if strings.HasPrefix(text, "over: kill") {
			kills.Add(1)
		}
	}
	go func() {
		defer close(stop)
		cluster.Until(t.Context(), 10*time.Millisecond, func() error {
			if wrong := target.Wrong(prefix); wrong < enough || kills.Load() < 2 {
				return fmt.Errorf("%d went wrong, %d kills", wrong, kills.Load())
			}
			return nil
		})
	}()
	rep, err := Run(t.Context(), cfg, target)
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// quick is a gentle load that ends when it is told to.
func quick(t *testing.T) Config {
	kill, err := script.Parse("test", "every 100ms when healthy kill a random leader for 20ms..50ms")
	if err != nil {
		t.Fatal(err)
	}
	return Config{
		Seed: 7, Duration: 2 * time.Minute, Script: kill, Clients: 3, Workers: 3, Batch: 16, Keys: 2,
		Timeout: 30 * time.Second, ProbeTime: 30 * time.Second,
	}
}

// TestEveryPlantedBugIsFound proves the checkers: one that finds nothing here finds nothing anywhere.
func TestEveryPlantedBugIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		bugs   fakecluster.Bugs
		prefix string // of keys on which it must happen
		want   Violation
	}{
		"an acknowledged write is not done":   {fakecluster.Bugs{LoseOneIn: 100}, "write:", Lost},
		"it is one of a contended key":        {fakecluster.Bugs{LoseOneIn: 30}, "contended:", Unlinear},
		"a failover forgets the newest write": {fakecluster.Bugs{ForgetAtKill: 2}, "write:", Lost},
		"a read shows what was before":        {fakecluster.Bugs{StaleOneIn: 20}, "write:", Stale},
		"it is one of a contended key too":    {fakecluster.Bugs{StaleOneIn: 10}, "contended:", Unlinear},
		"a refused write is done":             {fakecluster.Bugs{PhantomOneIn: 100}, "write:", Phantom},
		"a refused contended write is done":   {fakecluster.Bugs{PhantomOneIn: 50}, "contended:", Phantom},
		"an INCR is done twice":               {fakecluster.Bugs{TwiceOneIn: 10}, "contended:", Unlinear},
		"EXEC does not look at watched keys":  {fakecluster.Bugs{BlindExec: true}, "contended:", Unlinear},
		"a job is acknowledged and not there": {fakecluster.Bugs{LoseOneIn: 5}, "jobs:", Misdone},
		"a job is given away twice":           {fakecluster.Bugs{TwiceOneIn: 2}, "ranked:", Misdone},
		"a job is moved and stays":            {fakecluster.Bugs{TwiceOneIn: 2}, "{relay:", Misdone},
		"a job of a stream is not there":      {fakecluster.Bugs{LoseOneIn: 5}, "crew:", Misdone},
		"a job of a stream is new to two":     {fakecluster.Bugs{TwiceOneIn: 2}, "crew:", Misdone},
		"a reply is that of another key":      {fakecluster.Bugs{CrossOneIn: 20}, "write:", Stale},
	} {
		t.Run(name, func(t *testing.T) {
			rep := perpetrate(t, quick(t), c.bugs, c.prefix, 10)
			if rep.Violations[c.want] == 0 || rep.OK() {
				t.Errorf("found %v", rep.Violations)
			}
			if shown := rep.Violations[Unlinear] > 0; shown != (len(rep.Pictures) > 0) && rep.Violations[Phantom] == 0 {
				t.Errorf("%d pictures", len(rep.Pictures))
			}
		})
	}
}

// TestNothingIsBlamedThatIsAllowed runs against a cluster that keeps its promises while connections break
// and writes are refused.
func TestNothingIsBlamedThatIsAllowed(t *testing.T) {
	rep := perpetrate(t, quick(t), fakecluster.Bugs{RefuseOneIn: 50, CutOneIn: 500}, "contended:", 5)
	if !rep.OK() {
		t.Errorf("%v: %v", rep.Violations, rep.Texts)
	}
	if len(rep.Faults) < 2 || rep.Refused == 0 || rep.Unknown == 0 || rep.StaleChecks == 0 || rep.Jobs == 0 || rep.Histories < 2 {
		t.Errorf("the run has not tried much: %+v", rep)
	}
	if len(rep.Odd) != 0 {
		t.Errorf("odd errors: %v", rep.Odd)
	}
}

// TestWriteBothShowsFailedWrites: what is on too few nodes is failed for the client, and is read all the same.
func TestWriteBothShowsFailedWrites(t *testing.T) {
	cfg := quick(t)
	cfg.Wait = 1
	rep := perpetrate(t, cfg, fakecluster.Bugs{Copies: 1, FewOneIn: 10}, "wait", 10)
	if rep.Violations[Phantom] == 0 || rep.Codes["WAIT"] == 0 || rep.Violations[Lost]+rep.Violations[Stale] > 0 {
		t.Errorf("found %v, errors %v", rep.Violations, rep.Codes)
	}
}

func TestARunWithoutAcknowledgedWritesFails(t *testing.T) {
	rep := perpetrate(t, quick(t), fakecluster.Bugs{RefuseOneIn: 1}, "", 10)
	if rep.Violations[ProvedLittle] == 0 || rep.OK() {
		t.Errorf("%+v", rep)
	}
}

func TestARunIsInterrupted(t *testing.T) {
	target := newFake(t, fakecluster.Bugs{})
	ctx, cancel := context.WithCancel(t.Context())
	cfg := quick(t)
	cfg.Duration = time.Hour
	cfg.Progress = func(Progress) { cancel() }
	if rep, err := Run(ctx, cfg, target); !errors.Is(err, context.Canceled) || rep != nil {
		t.Errorf("%v, %v", rep, err)
	}
}

func TestKeysIn(t *testing.T) {
	for _, slot := range []uint16{0, 1, 8191, 16383} {
		prefix := keysIn(slot)
		if got := slotmap.Slot([]byte(prefix + "17")); got != slot {
			t.Errorf("%q is in slot %d, not %d", prefix, got, slot)
		}
	}
}
