package replica

import (
	"slices"
	"testing"
)

func TestReadsShareRounds(t *testing.T) {
	var r reads
	r.queued = []asked{{batchNamed(1), 0}, {batchNamed(2), 0}}
	first := r.open(1)
	r.queued = append(r.queued, asked{batchNamed(3), 0})
	if first == nil || r.open(1) != nil {
		t.Fatal("one round at a time, and one for all that is queued")
	}
	r.confirmed([]byte("unknown!"), 7)
	r.confirmed(first, 7)
	if r.due(6) != nil {
		t.Fatal("a read was let go before its index")
	}
	if got := tags(r.due(7)); !slices.Equal(got, []int{1, 2}) {
		t.Fatalf("due %v", got)
	}
	if second := r.open(2); second == nil || slices.Equal(first, second) {
		t.Fatal("the next round needs a context of its own")
	}
}

func TestReadsRetryWithNewContext(t *testing.T) {
	var r reads
	r.queued = []asked{{batchNamed(1), 0}}
	lost := r.open(1)
	r.retry(0)
	if len(r.queued) != 0 {
		t.Fatal("retried before its time")
	}
	r.retry(1)
	again := r.open(5)
	r.confirmed(lost, 3) // the first answer comes after all, for a round that was given up
	if r.due(100) != nil {
		t.Fatal("an answer to a round that was given up counts")
	}
	r.confirmed(again, 4)
	if got := tags(r.due(4)); !slices.Equal(got, []int{1}) {
		t.Fatalf("due %v", got)
	}
}

func TestReadsOnLeaderChange(t *testing.T) {
	var r reads
	r.queued = []asked{{batchNamed(1), 0}}
	r.confirmed(r.open(1), 9)
	r.queued = []asked{{batchNamed(2), 0}}
	r.open(1)
	r.queued = []asked{{batchNamed(3), 0}}
	if got := tags(r.takeUnconfirmed()); !slices.Equal(got, []int{3, 2}) {
		t.Fatalf("unconfirmed %v", got)
	}
	if got := tags(r.takeAll()); !slices.Equal(got, []int{1}) {
		t.Fatalf("the confirmed read should stay until now: %v", got)
	}
}
