package keyspace

// Place says who carries a command out.
type Place uint8

const (
	// Node is the session's own: connection, transaction, server and cluster commands.
	Node Place = iota + 1
	// Shard runs in the state of the shard that owns the command's keys.
	Shard
	// Scatter runs in the state of every shard that this node leads; the session joins the replies.
	Scatter
)

// Command is one command, or one subcommand of a container such as CLIENT, that the project answers.
// The table is built once, before main, and never changes: any goroutine may read it.
type Command struct {
	Name       string // lower case; of a subcommand its own part only, see FullName
	Arity      int    // count of arguments with the name; negative: at least so many
	Flags      Flags
	Categories Categories
	Tips       []string
	KeySpecs   []KeySpec
	Subs       []*Command // by name
	Args       string     // what follows the name of a subcommand, for HELP
	Summary    string
	Since      string
	Group      string
	Complexity string
	Deprecated string // the version that deprecated it, or ""
	ReplacedBy string
	System     bool // serves tests of the server, not clients

	// First, Last and Step are the positions of the keys as clients before key specs read them.
	First, Last, Step int

	place     Place
	full      string
	container *Command
	subs      map[string]*Command
	arity     error // what CheckArity answers, made once
	keyFlags  func(args [][]byte) KeyFlags
	handler   handler
}

// FullName is the name with its container: "get", "client|id".
func (c *Command) FullName() string { return c.full }

// Where says who carries the command out.
func (c *Command) Where() Place { return c.place }

// Write reports whether the command may change data.
func (c *Command) Write() bool { return c.Flags&FlagWrite != 0 }

// ReadOnly reports whether the command reads data and never changes it.
func (c *Command) ReadOnly() bool { return c.Flags&FlagReadOnly != 0 }

// Waits reports whether the command may wait for what it asks for, and is to be sent to its shard by
// AppendWait. A command that only may read waits in the log all the same.
func (c *Command) Waits(args [][]byte) bool {
	if c.Flags&FlagBlocking == 0 || c.place != Shard {
		return false
	}
	if c.Group != "stream" {
		return true
	}
	for _, a := range args[1:] { // one that reads streams: only with an option before their names
		if equalFold(a, "block") {
			return true
		}
		if equalFold(a, "streams") {
			break
		}
	}
	return false
}

// maxName bounds the name that a lookup lower-cases on its stack; a test holds the table to it.
const maxName = 32

// Lookup finds a command by its name, in any case; nil when there is none. It does not allocate.
func Lookup(name []byte) *Command { return find(byName, name) }

// LookupSub finds a subcommand of a container, in any case; nil when there is none.
func LookupSub(c *Command, name []byte) *Command {
	if c == nil {
		return nil
	}
	return find(c.subs, name)
}

func find(in map[string]*Command, name []byte) *Command {
	var lower [maxName]byte
	if len(name) > len(lower) {
		return nil
	}
	for i, b := range name {
		lower[i] = lowerByte(b)
	}
	return in[string(lower[:len(name)])]
}

func lowerByte(b byte) byte {
	if 'A' <= b && b <= 'Z' {
		return b + 'a' - 'A'
	}
	return b
}

// Resolve finds the command of a whole request, down to the subcommand, and checks its arity.
// The error is the text to answer.
func Resolve(args [][]byte) (*Command, error) {
	c := lookupArgs(args)
	if c == nil {
		return nil, Unknown(args)
	}
	if err := c.CheckArity(args); err != nil {
		return nil, err
	}
	return c, nil
}

// lookupArgs finds the command that args name. A container alone is itself: its arity refuses it.
func lookupArgs(args [][]byte) *Command {
	if len(args) == 0 {
		return nil
	}
	c := Lookup(args[0])
	if c == nil || len(args) == 1 || len(c.Subs) == 0 {
		return c
	}
	return LookupSub(c, args[1])
}
