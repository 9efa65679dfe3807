package mailbox

import (
	"sync"
	"testing"
)

func TestBudgetTable(t *testing.T) {
	b := NewBudget(2, 100)
	for i, c := range []struct {
		count, bytes int64
		ok           bool
	}{
		{1, 60, true},
		{1, 60, false}, // bytes
		{1, 40, true},
		{1, 0, false}, // count
		{-1, 0, false},
		{0, -1, false},
		{0, 1 << 62, false},
		{0, 0, true},
	} {
		if ok := b.TryAcquire(c.count, c.bytes); ok != c.ok {
			t.Fatalf("%d: %v", i, ok)
		}
	}
	if n, m := b.InUse(); n != 2 || m != 100 {
		t.Fatal(n, m)
	}
	b.Release(1, 60)
	b.Release(1, 40)
	if n, m := b.InUse(); n != 0 || m != 0 {
		t.Fatal(n, m)
	}
	if n, m := b.HighWater(); n != 2 || m != 100 {
		t.Fatal(n, m)
	}
	if b.Refused() != 5 {
		t.Fatal(b.Refused())
	}
}

func TestBudgetNeverExceeded(t *testing.T) {
	b := NewBudget(10, 64)
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 20000 {
				bytes := int64((i*7 + g) % 30)
				if b.TryAcquire(1, bytes) {
					b.Release(1, bytes)
				}
			}
		})
	}
	wg.Wait()
	if n, m := b.InUse(); n != 0 || m != 0 {
		t.Fatal(n, m)
	}
	if n, m := b.HighWater(); n > 10 || m > 64 {
		t.Fatal(n, m)
	}
}
