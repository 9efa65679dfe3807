package resp

// Limits bound what a peer may send, in bytes and arguments.
type Limits struct {
	MaxBulk    int // one argument (Redis: proto-max-bulk-len)
	MaxArgs    int // arguments of one command
	MaxInline  int // an inline command, or the line that announces a length
	MaxCommand int // one command as received, with its framing

	// Unauthenticated marks the limits of a peer that has yet to log in: lengths that only a known
	// peer may send are refused with a text of their own.
	Unauthenticated bool
}

// DefaultLimits are those of a peer that may send commands.
func DefaultLimits() Limits {
	return Limits{MaxBulk: 16 << 20, MaxArgs: 1 << 20, MaxInline: 64 << 10, MaxCommand: 20 << 20}
}

// Unauthenticated are the limits of a peer that has yet to log in.
func Unauthenticated() Limits {
	return Limits{MaxBulk: 16 << 10, MaxArgs: 10, MaxInline: 64 << 10, MaxCommand: 1 << 20, Unauthenticated: true}
}

// hardBulk and hardArgs are the limits beyond which logging in would not help either.
func (l Limits) hardBulk() int {
	if l.Unauthenticated {
		return max(l.MaxBulk, DefaultLimits().MaxBulk)
	}
	return l.MaxBulk
}

func (l Limits) hardArgs() int {
	if l.Unauthenticated {
		return max(l.MaxArgs, DefaultLimits().MaxArgs)
	}
	return l.MaxArgs
}

// ProtocolError is input that cannot be understood or is not allowed; the connection must be closed
// after Text was sent as an error reply. Text is empty where nothing may be answered.
type ProtocolError struct {
	Text string
}

func (e *ProtocolError) Error() string {
	if e.Text == "" {
		return "resp: input refused without an answer"
	}
	return "resp: " + e.Text
}

func protocolError(what string) *ProtocolError {
	return &ProtocolError{Text: "ERR Protocol error: " + what}
}

// ErrHTTP is returned for a line that begins an HTTP header: a browser that was led to send commands
// in the body of a request gets no further.
var ErrHTTP = &ProtocolError{}
