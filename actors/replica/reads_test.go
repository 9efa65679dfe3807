package replica

import (
	"slices"
	"testing"

	"go.etcd.io/raft/v3/raftpb"
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

func TestPosedReads(t *testing.T) {
	var r reads
	pose := func(n int, index uint64) uint64 {
		r.queued = []asked{{batchNamed(n), uint64(n)}}
		return r.pose(uint64(n), index)
	}
	pose(1, 5)
	second := pose(2, 6)
	pose(3, 9)
	if got := r.upheld(second); len(got) != 2 {
		t.Fatalf("%d rounds upheld", len(got))
	}
	if got := tags(r.due(5)); !slices.Equal(got, []int{1}) {
		t.Fatalf("due %v: a read awaits the index of its own round", got)
	}
	if got := tags(r.due(8)); !slices.Equal(got, []int{2}) {
		t.Fatalf("due %v", got)
	}
	if len(r.upheld(second)) > 0 || r.due(100) != nil || r.waitsFor(second) || !r.waitsFor(second+1) {
		t.Fatal("a verdict says nothing of a later round")
	}
	r.question(&raftpb.Message{})
	fourth := pose(4, 9)
	if r.posedBy(2) || !r.posedBy(3) {
		t.Fatal("the third is the oldest, of tick 3")
	}
	if !r.retract() || r.retract() || len(r.upheld(fourth)) > 0 || r.due(100) != nil {
		t.Fatal("what is given up is not upheld")
	}
	if got := len(r.queued); got != 2 || len(r.questions) != 1 {
		t.Fatalf("%d reads and %d questions are queued again", got, len(r.questions))
	}
	r.takeQuestions()
	pose(5, 9)
	if got := tags(r.expired(5)); !slices.Equal(got, []int{5}) {
		t.Fatalf("expired %v", got)
	}
	r.question(&raftpb.Message{})
	pose(6, 9)
	r.question(&raftpb.Message{})
	if got := tags(r.takeUnconfirmed()); !slices.Equal(got, []int{6}) || len(r.posed)+len(r.questions) > 0 {
		t.Fatalf("taken %v, and %d rounds and %d questions are left", got, len(r.posed), len(r.questions))
	}
}

// However they are posed, given up and answered: no more questions are open than may be, and they make room again.
func TestQuestionsAreBounded(t *testing.T) {
	var r reads
	ask := func(n int) (open int) {
		for range n {
			r.question(&raftpb.Message{})
		}
		open = len(r.questions)
		for _, rd := range r.posed {
			open += len(rd.questions)
		}
		return open
	}
	for range 3 {
		for range 2 {
			ask(maxQuestions/2 - 1)
			r.pose(1, 1)
		}
		if got := ask(maxQuestions); got != maxQuestions {
			t.Fatalf("%d questions are open", got)
		}
		r.retract()
		if got := ask(1); got != maxQuestions {
			t.Fatalf("%d questions are open once they are given up", got)
		}
		r.upheld(r.pose(1, 1))
		if got := ask(3); got != 3 {
			t.Fatalf("%d questions are open once the others are answered", got)
		}
		if got := len(r.takeQuestions()); got != 3 || ask(maxQuestions+1) != maxQuestions {
			t.Fatalf("%d questions are taken", got)
		}
		r.takeUnconfirmed()
	}
}
