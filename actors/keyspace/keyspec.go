package keyspace

// KeyFlags say what a command does with a key: exactly one of RO, RW, OW, RM about the value as a whole, and
// what happens to the user's data in it.
type KeyFlags uint16

// In the order in which Redis lists them.
const (
	KeyRO KeyFlags = 1 << iota
	KeyRW
	KeyOW
	KeyRM
	KeyAccess
	KeyUpdate
	KeyInsert
	KeyDelete
	KeyNotKey
	KeyIncomplete
	KeyVariableFlags
)

var keyFlagNames = [...]string{
	"RO", "RW", "OW", "RM", "access", "update", "insert", "delete", "not_key", "incomplete", "variable_flags",
}

// KeySpec tells where keys stand in the arguments: where to begin, and how to go on from there.
type KeySpec struct {
	Flags KeyFlags

	// The search begins at Index, or after Keyword, which is looked for from StartFrom on (negative: from
	// that place, counted from the end, backwards). Keyword is in upper case.
	Index     int
	Keyword   string
	StartFrom int

	// Counted: the argument NumIndex after the beginning counts the keys, and they start FirstKey after it.
	// Else a range: LastKey after the beginning, or, when negative, from the end of the arguments; with a Limit
	// of n, only the first n-th of them.
	Counted  bool
	NumIndex int
	FirstKey int
	LastKey  int
	Limit    int
	Step     int

	// Unknown: no place can be given for all requests. Find tells it for one, 0 if there is none; nil: the names
	// do not stand in the arguments.
	Unknown bool
	Find    func(args [][]byte) int
}

func (s *KeySpec) plainRange() bool { return s.Keyword == "" && !s.Counted && !s.Unknown }

// keyAt is one key at a fixed place.
func keyAt(index int, flags KeyFlags) []KeySpec { return keyRange(index, 0, 1, flags) }

// keyRange is a run of keys: last counts from index, or from the end when negative.
func keyRange(index, last, step int, flags KeyFlags) []KeySpec {
	return []KeySpec{{Flags: flags, Index: index, LastKey: last, Step: step}}
}

// keyCount is a run of keys whose count stands before them.
func keyCount(index int, flags KeyFlags) []KeySpec {
	return []KeySpec{{Flags: flags, Index: index, Counted: true, FirstKey: 1, Step: 1}}
}

// legacyRange derives First, Last and Step from the specs, and FlagMovableKeys when those three do not tell all.
func (c *Command) legacyRange() {
	first, last := 0, 0
	for i := range c.KeySpecs {
		s := &c.KeySpecs[i]
		alone := len(c.KeySpecs) == 1
		if !s.plainRange() || !alone && (s.Step != 1 || last != 0 && last != s.Index-1) {
			c.Flags |= FlagMovableKeys
			continue
		}
		if s.Flags&KeyIncomplete != 0 {
			c.Flags |= FlagMovableKeys
		}
		if first == 0 || s.Index < first {
			first = s.Index
		}
		end := s.LastKey
		if end >= 0 {
			end += s.Index
		}
		if uint(end) > uint(last) { // as unsigned: "from the end" is beyond every fixed place
			last = end
		}
		c.Step = s.Step
	}
	c.First, c.Last = first, last
	if first == 0 && len(c.KeySpecs) > 0 {
		c.Flags |= FlagMovableKeys
	}
}
