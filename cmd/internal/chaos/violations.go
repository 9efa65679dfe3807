package chaos

import (
	"maps"
	"slices"
	"sync"
)

// shown is how many violations of each kind are told in words; all are counted.
const shown = 5

// violations collects violations. Safe for concurrent use.
type violations struct {
	mu struct {
		sync.Mutex
		count map[Violation]int
		texts []string
	}
}

// Violation is a kind of broken promise.
type Violation string

const (
	Lost         Violation = "lost"
	Corrupt      Violation = "wrong value"
	Phantom      Violation = "phantom"
	Stale        Violation = "stale read"
	Unlinear     Violation = "not linearizable"
	Undecided    Violation = "undecided history"
	Misdone      Violation = "job lost or doubled"
	Crashed      Violation = "crash"
	Survived     Violation = "failed sync survived"
	Unhealed     Violation = "not healed"
	ProvedLittle Violation = "proved nothing"
)

// all returns how many there are of each kind, and the first ones in words.
func (v *violations) all() (map[Violation]int, []string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	count := maps.Clone(v.mu.count)
	if count == nil {
		count = map[Violation]int{}
	}
	return count, slices.Clone(v.mu.texts)
}

func (v *violations) add(kind Violation, text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.mu.count == nil {
		v.mu.count = map[Violation]int{}
	}
	v.mu.count[kind]++
	if v.mu.count[kind] <= shown {
		v.mu.texts = append(v.mu.texts, string(kind)+": "+text)
	}
}
