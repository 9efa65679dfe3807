package replica

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/troupedb/troupe/slotmap"
)

// raftLogger passes raft's own lines on at debug level; the events that an operator needs are logged by
// the replica. Raft says by Panic or Fatal that its durable state contradicts itself: that is a panic
// of the actor, which ends the node.
type raftLogger struct {
	log   *slog.Logger
	shard slotmap.ShardID
}

func (l raftLogger) line(level slog.Level, msg string) {
	l.log.Log(context.Background(), level, "raft: "+msg, "shard", l.shard)
}

func (l raftLogger) enabled() bool { return l.log.Enabled(context.Background(), slog.LevelDebug) }

func (l raftLogger) debug(v ...any) {
	if l.enabled() {
		l.line(slog.LevelDebug, fmt.Sprint(v...))
	}
}

func (l raftLogger) debugf(format string, v ...any) {
	if l.enabled() {
		l.line(slog.LevelDebug, fmt.Sprintf(format, v...))
	}
}

func (l raftLogger) Debug(v ...any)                   { l.debug(v...) }
func (l raftLogger) Debugf(format string, v ...any)   { l.debugf(format, v...) }
func (l raftLogger) Info(v ...any)                    { l.debug(v...) }
func (l raftLogger) Infof(format string, v ...any)    { l.debugf(format, v...) }
func (l raftLogger) Warning(v ...any)                 { l.debug(v...) }
func (l raftLogger) Warningf(format string, v ...any) { l.debugf(format, v...) }
func (l raftLogger) Error(v ...any)                   { l.line(slog.LevelError, fmt.Sprint(v...)) }
func (l raftLogger) Errorf(format string, v ...any) {
	l.line(slog.LevelError, fmt.Sprintf(format, v...))
}
func (l raftLogger) Fatal(v ...any)                 { panic("raft: " + fmt.Sprint(v...)) }
func (l raftLogger) Fatalf(format string, v ...any) { panic("raft: " + fmt.Sprintf(format, v...)) }
func (l raftLogger) Panic(v ...any)                 { panic("raft: " + fmt.Sprint(v...)) }
func (l raftLogger) Panicf(format string, v ...any) { panic("raft: " + fmt.Sprintf(format, v...)) }
