package chaos

import "sync"

// shown is how many violations of each kind are told in words; all are counted.
const shown = 5

// faults collects violations. Safe for concurrent use.
type faults struct {
	mu struct {
		sync.Mutex
		count map[Fault]int
		texts []string
	}
}

// Fault is a kind of violation.
type Fault string

const (
	Lost         Fault = "lost"
	Corrupt      Fault = "wrong value"
	Phantom      Fault = "phantom"
	Stale        Fault = "stale read"
	Unlinear     Fault = "not linearizable"
	Undecided    Fault = "undecided history"
	Crashed      Fault = "crash"
	Unhealed     Fault = "not healed"
	ProvedLittle Fault = "proved nothing"
)

func (f *faults) add(kind Fault, text string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mu.count == nil {
		f.mu.count = map[Fault]int{}
	}
	f.mu.count[kind]++
	if f.mu.count[kind] <= shown {
		f.mu.texts = append(f.mu.texts, string(kind)+": "+text)
	}
}
