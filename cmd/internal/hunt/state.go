package hunt

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/troupedb/troupe/cmd/internal/sim"
)

// state is what a hunt has done. It is kept in a file, so that a hunt can go on.
type state struct {
	From   uint64          // first seed of the hunt
	Next   uint64          // all before it are done
	Ahead  map[uint64]bool // done beyond it
	Runs   int
	Failed []uint64
	Spent  time.Duration // by all starts together
	sim.Tally
}

// load reads the state at path; there is none yet if nothing is there.
func load(path string, from uint64) (*state, error) {
	s := &state{From: from, Next: from, Ahead: map[uint64]bool{}}
	if path == "" {
		return s, nil
	}
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err == nil {
		err = json.Unmarshal(b, s)
	}
	if err != nil {
		return nil, fmt.Errorf("state %s: %w", path, err)
	}
	if s.From != from {
		return nil, fmt.Errorf("state %s is of a hunt from seed %d, not %d", path, s.From, from)
	}
	return s, nil
}

// save writes the state so that there is always a whole one.
func (s *state) save(path string) error {
	if path == "" {
		return nil
	}
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := os.WriteFile(path+".tmp", b, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".tmp", path)
}

// add takes in a run.
func (s *state) add(r *sim.Result) {
	s.Runs++
	s.Tally.Add(r.Tally)
	if r.Failure != "" {
		s.Failed = append(s.Failed, r.Seed)
	}
	s.Ahead[r.Seed] = true
	for s.Ahead[s.Next] {
		delete(s.Ahead, s.Next)
		s.Next++
	}
}
