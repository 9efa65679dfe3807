package actors

import (
	"log/slog"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// The directories of a new node survive a crash: what is synced within them later would be lost with them.
func TestNewDirectoriesAreDurable(t *testing.T) {
	fs := vfs.NewCrashableMem()
	w := realWorld()
	w.FS, w.Ballast = fs, 0
	n := &Node{cfg: Config{Data: "home/data", Logger: slog.New(slog.DiscardHandler), Fatal: func(err error) { t.Error(err) }}, world: w}
	if err := n.openStore(); err != nil {
		t.Fatal(err)
	}
	after := fs.CrashClone(vfs.CrashCloneCfg{})
	for _, dir := range []string{snapshotDir(n.cfg.Data), incomingDir(n.cfg.Data), logDir(n.cfg.Data)} {
		if _, err := after.Stat(dir); err != nil {
			t.Errorf("%s: %v", dir, err)
		}
	}
	if err := n.store.Close(); err != nil {
		t.Error(err)
	}
}
