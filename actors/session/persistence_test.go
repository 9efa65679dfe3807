package session

import (
	"strings"
	"testing"
)

// changesOf reads rdb_changes_since_last_save.
func changesOf(t *testing.T, c *conn) string {
	t.Helper()
	_, rest, ok := strings.Cut(c.do("INFO persistence"), "rdb_changes_since_last_save:")
	if !ok {
		t.Fatal("no such field")
	}
	n, _, _ := strings.Cut(rest, "\r\n")
	return n
}

func TestSave(t *testing.T) {
	c := newBed(t, 2).dial()
	c.want("SET a 1", "OK", "SAVE", "OK", "BGSAVE", "Background saving started", "BGSAVE schedule", "Background saving started",
		"BGSAVE now", "-ERR syntax error", "BGREWRITEAOF", "Background append only file rewriting started")
	if n := changesOf(t, c); n != "0" {
		t.Errorf("changes since they were saved: %s", n)
	}
	if at := c.do("LASTSAVE"); len(at) < 10 {
		t.Errorf("LASTSAVE: %s", at)
	}
	c.want("MULTI", "OK", "SAVE", "-ERR Command not allowed inside a transaction", "SHUTDOWN", "-ERR Command not allowed inside a transaction",
		"EXEC", "-EXECABORT Transaction discarded because of previous errors.", "MULTI", "OK", "BGSAVE", "QUEUED", "EXEC", "[Background saving started]")
}

// TestSaveWithoutFsync: what may not be on disk is not told to be saved.
func TestSaveWithoutFsync(t *testing.T) {
	c := newBed(t, 1, func(_ *bed, c *Config) { c.Fsync = "everysec" }).dial()
	for _, line := range []string{"SAVE", "BGSAVE"} {
		if got := c.do(line); !strings.HasPrefix(got, "-ERR nothing is known to be saved") {
			t.Errorf("%s: %s", line, got)
		}
	}
}

func TestShutdown(t *testing.T) {
	asked := make(chan bool, 1)
	b := newBed(t, 1, func(_ *bed, c *Config) { c.Shutdown = func(now bool) { asked <- now } })
	c := b.dial()
	c.want("SHUTDOWN ABORT", "-ERR No shutdown in progress.", "SHUTDOWN SAVE NOSAVE", "-ERR syntax error", "SHUTDOWN ABORT NOW", "-ERR syntax error",
		"SHUTDOWN x", "-ERR syntax error")
	c.send("SET k v", "SHUTDOWN NOSAVE NOW FORCE", "SET k w")
	c.wantAll("OK")
	if !<-asked {
		t.Error("SHUTDOWN NOW is to be at once")
	}
	b.dial().want("GET k", "v")
}

func TestShutdownIsNotForEveryone(t *testing.T) {
	if got := newBed(t, 1).dial().do("SHUTDOWN"); !strings.HasPrefix(got, "-ERR SHUTDOWN is not for") {
		t.Error(got)
	}
}

// TestHints are settings that are kept, and do nothing.
func TestHints(t *testing.T) {
	c := newBed(t, 1).dial()
	const refused = "-ERR CONFIG SET failed (possibly related to argument 'save') - Invalid save parameters"
	c.want("CONFIG SET list-compress-depth 2 repl-backlog-size 2mb aof-use-rdb-preamble no", "OK",
		"CONFIG GET list-compress-depth repl-backlog-size aof-use-rdb-preamble", "[aof-use-rdb-preamble no list-compress-depth 2 repl-backlog-size 2097152]",
		"CONFIG SET save x", refused, "CONFIG SET save 0", refused, "CONFIG SET list-compress-depth -1",
		"-ERR CONFIG SET failed (possibly related to argument 'list-compress-depth') - argument must be between 0 and 2147483647 inclusive")
}
