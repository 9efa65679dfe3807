package migrate

import (
	"context"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/troupedb/troupe/wire/resp"
)

// station is a server that answers by a function and keeps what it was asked, one command a line.
type station struct {
	answer func(line string) string // raw, with | for CRLF; "" closes the connection
	asked  []string
	done   chan struct{}
}

func (s *station) serve(c net.Conn) {
	defer close(s.done)
	defer c.Close()
	r := resp.NewReader(resp.DefaultLimits())
	for {
		if _, err := r.Fill(c); err != nil {
			return
		}
		var cmd resp.Command
		for ok, _ := r.Next(&cmd); ok; ok, _ = r.Next(&cmd) {
			words := make([]string, len(cmd.Args))
			for i, a := range cmd.Args {
				words[i] = string(a)
			}
			line := strings.Join(words, " ")
			s.asked = append(s.asked, line)
			answer := s.answer(line)
			if answer == "" {
				return
			}
			c.Write([]byte(strings.ReplaceAll(answer, "|", "\r\n")))
		}
	}
}

// count is how many of the commands that came begin with a text.
func (s *station) count(prefix string) (n int) {
	for _, line := range s.asked {
		if strings.HasPrefix(line, prefix) {
			n++
		}
	}
	return n
}

// holds answers as a source with some keys without a time to live. It answers EXEC by the function.
func holds(keys string, exec func() string) func(string) string {
	return func(line string) string {
		name, key, _ := strings.Cut(line, " ")
		there := slices.Contains(strings.Fields(keys), key)
		switch {
		case name == "EXEC":
			return exec()
		case name == "PTTL" && there:
			return ":-1|"
		case name == "PTTL":
			return ":-2|"
		case name == "DUMP" && there:
			return "$5|value|"
		case name == "DUMP":
			return "$-1|"
		}
		return "+OK|"
	}
}

func deleted() string { return "*1|:1|" }

func ok(string) string { return "+OK|" }

// run carries a request out between two stations.
func run(t *testing.T, r *Request, source, target func(string) string) (status, line string, from, to *station) {
	t.Helper()
	from, to = &station{answer: source, done: make(chan struct{})}, &station{answer: target, done: make(chan struct{})}
	here, there := net.Pipe()
	go from.serve(there)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		c, err := l.Accept()
		if err != nil {
			close(to.done)
			return
		}
		to.serve(c)
	}()
	r.Address = l.Addr().String()
	if r.Timeout == 0 {
		r.Timeout = time.Minute
	}
	status, err = Run(t.Context(), here, r)
	l.Close()
	<-from.done
	<-to.done
	if err != nil {
		line = err.Error()
	}
	return status, line, from, to
}

func keysOf(line string) (keys [][]byte) {
	for _, key := range strings.Fields(line) {
		keys = append(keys, []byte(key))
	}
	return keys
}

func TestRun(t *testing.T) {
	r := &Request{Keys: keysOf("a nosuch b"), Database: 2, Auth: keysOf("ann secret")}
	status, line, from, to := run(t, r, holds("a b", deleted), ok)
	if status != Done || line != "" {
		t.Fatalf("%q, %q", status, line)
	}
	want := []string{"AUTH ann secret", "SELECT 2", "RESTORE-ASKING a 0 value", "RESTORE-ASKING b 0 value"}
	if !slices.Equal(to.asked, want) {
		t.Errorf("the target was asked %q", to.asked)
	}
	if tail := from.asked[len(from.asked)-3:]; from.asked[0] != "WATCH a nosuch b" || tail[1] != "DEL a b" {
		t.Errorf("the source was asked %q", from.asked)
	}
}

func TestRunFindsNothing(t *testing.T) {
	status, _, from, to := run(t, &Request{Keys: keysOf("a b")}, holds("", deleted), ok)
	if status != NoKey || from.count("DEL") > 0 || len(to.asked) > 0 {
		t.Errorf("%q; the target was asked %q", status, to.asked)
	}
}

func TestRunCopies(t *testing.T) {
	status, _, from, to := run(t, &Request{Keys: keysOf("a"), Copy: true, Replace: true}, changing(), ok)
	if status != Done || from.count("DEL") > 0 || !slices.Equal(to.asked, []string{"RESTORE-ASKING a 3 v3 REPLACE"}) {
		t.Errorf("%q; the target was asked %q", status, to.asked)
	}
}

// changing answers as a source whose key is another after every command: its value and its time are of one moment in a
// transaction only.
func changing() func(string) string {
	n, queued := 0, false
	return func(line string) string {
		n++
		switch name, _, _ := strings.Cut(line, " "); {
		case name == "MULTI":
			queued = true
			return "+OK|"
		case name == "EXEC":
			return fmt.Sprintf("*2|:%d|$2|v%[1]d|", n-1)
		case queued:
			return "+QUEUED|"
		case name == "PTTL":
			return fmt.Sprintf(":%d|", n)
		case name == "DUMP":
			return fmt.Sprintf("$2|v%d|", n)
		}
		return "+OK|"
	}
}

// What the source answers to a transaction is not taken for what it is not.
func TestSourceAnswersSomethingElse(t *testing.T) {
	for _, answer := range []string{"*0|", "*1|:1|", "*2|-ERR no|$1|v|", ":1|"} {
		r := &Request{Keys: keysOf("a"), Copy: true}
		_, line, _, to := run(t, r, holds("a", func() string { return answer }), ok)
		if line == "" || len(to.asked) > 0 {
			t.Errorf("%s: %q; the target was asked %q", answer, line, to.asked)
		}
	}
}

// A key that changes on the way is carried over again, in the place of its older copy.
func TestKeyChangesOnTheWay(t *testing.T) {
	execs := 0
	status, _, _, to := run(t, &Request{Keys: keysOf("a")}, holds("a", func() string {
		if execs++; execs < 3 {
			return "*-1|"
		}
		return deleted()
	}), ok)
	if status != Done || to.count("RESTORE-ASKING a 0 value REPLACE") != 2 || len(to.asked) != 3 {
		t.Errorf("%q; the target was asked %q", status, to.asked)
	}
	_, line, from, _ := run(t, &Request{Keys: keysOf("a")}, holds("a", func() string { return "*-1|" }), ok)
	if line != errChanging || from.count("EXEC") != maxAttempts {
		t.Errorf("%q after %d attempts", line, from.count("EXEC"))
	}
}

// What is deleted here on the way goes from the target too.
func TestKeyIsDeletedOnTheWay(t *testing.T) {
	gone := false
	before, after := holds("a", func() string { gone = true; return "*-1|" }), holds("", deleted)
	status, line, _, to := run(t, &Request{Keys: keysOf("a")}, func(cmd string) string {
		if gone {
			return after(cmd)
		}
		return before(cmd)
	}, func(cmd string) string {
		if strings.HasPrefix(cmd, "DEL") {
			return ":1|"
		}
		return "+OK|"
	})
	if status != Done || line != "" || to.asked[len(to.asked)-1] != "DEL a" {
		t.Errorf("%q, %q; the target was asked %q", status, line, to.asked)
	}
}

// What is no answer to RESTORE says nothing of the key, which stays.
func TestTargetAnswersSomethingElse(t *testing.T) {
	for _, answer := range []string{":1|", "$-1|", "+PONG|", "*0|"} {
		_, line, from, _ := run(t, &Request{Keys: keysOf("a")}, holds("a", deleted), func(string) string { return answer })
		if !strings.HasPrefix(line, "IOERR") || from.count("DEL") > 0 {
			t.Errorf("%q: %q, %d deleted", answer, line, from.count("DEL"))
		}
	}
}

// Only what the target took is deleted here, whatever becomes of the rest.
func TestTargetTakesSome(t *testing.T) {
	for name, c := range map[string]struct{ second, want string }{
		"refuses one": {"-BUSYKEY Target key name already exists.|", "ERR Target instance replied with error: BUSYKEY"},
		"ends":        {"", "IOERR error or timeout reading to target instance"},
		"is no Redis": {"HTTP/1.1 200 OK|", "IOERR error or timeout reading to target instance"},
		"is endless":  {"-" + strings.Repeat("x", 2*maxReply), "IOERR error or timeout reading to target instance"},
	} {
		_, line, from, _ := run(t, &Request{Keys: keysOf("a b")}, holds("a b", deleted), func(cmd string) string {
			if strings.Contains(cmd, " b ") {
				return c.second
			}
			return "+OK|"
		})
		if !strings.HasPrefix(line, c.want) || from.count("DEL a") != 1 || from.count("DEL a b") != 0 {
			t.Errorf("%s: %q; the source was asked %q", name, line, from.asked)
		}
	}
}

func TestTargetIsSilent(t *testing.T) {
	for _, answer := range []string{":", "$536870912|"} {
		r := &Request{Keys: keysOf("a"), Timeout: 50 * time.Millisecond}
		_, line, from, _ := run(t, r, holds("a", deleted), func(string) string { return answer })
		if !strings.HasPrefix(line, "IOERR error or timeout") || from.count("DEL") > 0 {
			t.Errorf("%q; the source was asked %q", line, from.asked)
		}
	}
}

// An error of the source before anything was done is answered as it is, and told apart afterwards.
func TestSourceRefuses(t *testing.T) {
	refuse := func(string) string { return "-CLUSTERDOWN not now|" }
	if _, line, _, _ := run(t, &Request{Keys: keysOf("a")}, refuse, ok); line != "CLUSTERDOWN not now" {
		t.Errorf("%q", line)
	}
	_, line, _, _ := run(t, &Request{Keys: keysOf("a")}, holds("a", func() string { return refuse("") }), ok)
	if !strings.HasPrefix(line, "IOERR ") || !strings.HasSuffix(line, "CLUSTERDOWN not now") {
		t.Errorf("%q", line)
	}
}

func TestRunIsBrokenOff(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	here, there := net.Pipe()
	s := &station{done: make(chan struct{}), answer: func(string) string { cancel(); return "+" }}
	go s.serve(there)
	if _, err := Run(ctx, here, &Request{Keys: keysOf("a")}); err == nil {
		t.Error("no error")
	}
	<-s.done
}
