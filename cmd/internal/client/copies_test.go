package client

import (
	"testing"
	"time"

	"github.com/troupedb/troupe/cmd/internal/fakecluster"
	"github.com/troupedb/troupe/cmd/internal/fate"
)

// TestWriteBoth: a write that is on too few nodes is failed for the client, and read all the same.
func TestWriteBoth(t *testing.T) {
	for have, want := range map[int]fate.Fate{0: fate.Refused, 1: fate.Done, 2: fate.Done} {
		_, _, s := start(t, fakecluster.Bugs{Copies: have})
		s.WriteBoth(1, time.Second)
		if r := s.Do("k", "SET", "k", "1"); r.Fate != want || want == fate.Refused && r.Code() != "WAIT" {
			t.Errorf("on %d more nodes: SET %v %q", have, r.Fate, r.Code())
		}
		if r := s.Do("k", "GET", "k"); r.Fate != fate.Done || r.Reply.Text != "1" {
			t.Errorf("on %d more nodes: GET %v %+v", have, r.Fate, r.Reply)
		}
		if _, write, ok := swap(s, "2", nothing); write.Fate != want || ok != (want == fate.Done) {
			t.Errorf("on %d more nodes: swap %v %v", have, ok, write.Fate)
		}
	}
}
