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

// refusedParameter is the answer to a CONFIG SET.
func refusedParameter(name, why string) string {
	return "-ERR CONFIG SET failed (possibly related to argument '" + name + "') - " + why
}

func TestSavePoints(t *testing.T) {
	b := newBed(t, 2)
	c := b.dial()
	refused := refusedParameter("save", errSavePoints)
	c.want("CONFIG SET save x", refused, "CONFIG SET save 0", refused)
	list, _ := parseSavePoints("60 2 600 1")
	b.srv.settings.savePoints.Store(&list)
	c.want("CONFIG GET save", "[save 60 2 600 1]", "SAVE", "OK")
	at := b.srv.saved.at.Load()
	for _, step := range []struct {
		after int64
		more  uint64
		left  string
	}{
		{600, 1, "1"}, {601, 0, "0"}, {661, 1, "1"}, {661, 1, "2"}, {662, 0, "0"},
	} {
		b.shards[1].handle.Gauges.Changes.Add(step.more)
		b.srv.reachSavePoints(at + step.after)
		if n := changesOf(t, c); n != step.left {
			t.Errorf("after %d s: %s changes that were not saved", step.after, n)
		}
	}
}

func TestBacklogSize(t *testing.T) {
	b := newBed(t, 1)
	b.dial().want("CONFIG SET repl-backlog-size 2mb", "OK", "CONFIG GET repl-backlog-size", "[repl-backlog-size 2097152]",
		"CONFIG SET repl-backlog-size 1", refusedParameter("repl-backlog-size", "argument must be between 16384 and 1073741824 inclusive"),
		"CONFIG SET aof-use-rdb-preamble no", refusedParameter("aof-use-rdb-preamble", fixed))
	if got := b.srv.Backlog(); got != 2<<20 {
		t.Errorf("%d bytes", got)
	}
}

// TestHiddenParameter is shown to who knows it.
func TestHiddenParameter(t *testing.T) {
	c := newBed(t, 1).dial()
	c.want("CONFIG GET Key-load-delay", "[key-load-delay 0]", "CONFIG GET key-load-d*", "[]")
}

// TestCompressDepth is a setting that is kept, and does nothing.
func TestCompressDepth(t *testing.T) {
	newBed(t, 1).dial().want("CONFIG SET list-compress-depth 2", "OK", "CONFIG GET list-compress-depth", "[list-compress-depth 2]",
		"CONFIG SET list-compress-depth -1", refusedParameter("list-compress-depth", "argument must be between 0 and 2147483647 inclusive"))
}
