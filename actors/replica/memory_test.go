package replica

import "testing"

// holding makes the gauges of a replica whose keys take so many bytes.
func holding(bytes int64) *Gauges {
	g := &Gauges{}
	g.Bytes.Store(bytes)
	return g
}

// dues are what replicas that all lead are to give up.
func dues(limit int64, held ...*Gauges) (due []int64) {
	m := MemoryOf(limit, held)
	for _, g := range held {
		due = append(due, m.due(g.evictable()))
	}
	return due
}

func wantDues(t *testing.T, what string, got []int64, want ...int64) {
	t.Helper()
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("%s: %d are due, want %d", what, got, want)
			return
		}
	}
}

func TestWhoGivesUpWhat(t *testing.T) {
	wantDues(t, "enough room", dues(100, holding(60), holding(40)), 0, 0)
	wantDues(t, "one holds more than its share", dues(100, holding(30), holding(90)), 0, 20)
	wantDues(t, "both do", dues(100, holding(60), holding(90)), 10, 40)
	wantDues(t, "no room at all", dues(-1, holding(60), holding(0)), 60, 1)
}

// What is on its way out is not asked for again, neither of its shard nor of the others.
func TestWhatLeavesIsNotDue(t *testing.T) {
	a, b := holding(100), holding(100)
	a.Leaving.Store(50)
	m := MemoryOf(100, []*Gauges{a, b})
	if got := m.due(b.evictable()); got != 50 {
		t.Errorf("%d are due", got)
	}
	b.Leaving.Store(50)
	if got := MemoryOf(100, []*Gauges{a, b}).due(100); got != 0 {
		t.Errorf("%d are due though enough is leaving", got)
	}
}

// A leader evicts down to its share, however much the replicas hold that others lead.
func TestFollowedDataStarvesNoLeader(t *testing.T) {
	led, followed := holding(80), holding(1000)
	for range 100 {
		m := MemoryOf(100, []*Gauges{led, followed})
		led.Bytes.Add(-m.due(led.evictable()))
	}
	if got := led.Bytes.Load(); got != 49 && got != 50 {
		t.Errorf("%d bytes are left of a share of 50", got)
	}
}

// A shard that has nothing left that may go does not keep the others from evicting.
func TestDryShardsAreNoShare(t *testing.T) {
	dry := holding(200)
	dry.Dry.Store(true)
	wantDues(t, "beyond its share", dues(100, dry, holding(40), holding(0))[1:], 7, 0)
	wantDues(t, "below its share", dues(100, dry, holding(33), holding(0))[1:], 33, 1)
	wantDues(t, "all there is", dues(199, dry), 1)
}

// What no eviction makes smaller has none made.
func TestBookkeepingEvictsNothing(t *testing.T) {
	g := holding(1000)
	g.Aside.Store(950)
	wantDues(t, "room for the keys", dues(50, g), 0)
	wantDues(t, "too many keys", dues(40, g), 10)
}

// What others lead is theirs to evict: a leader that holds its part owes nothing, and one that holds more owes that.
func TestFollowedDataIsNotOwed(t *testing.T) {
	for holds, want := range map[int64]int64{50: 0, 51: 1, 80: 30} {
		led := holding(holds)
		if got := MemoryOf(100, []*Gauges{led, holding(1000)}).Owed([]*Gauges{led}); got != want {
			t.Errorf("of %d bytes %d are owed, want %d", holds, got, want)
		}
	}
	led := holding(1000)
	led.Leaving.Store(600)
	if got := MemoryOf(100, []*Gauges{led}).Owed([]*Gauges{led}); got != 300 {
		t.Errorf("%d are owed beside what leaves", got)
	}
}
