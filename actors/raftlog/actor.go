package raftlog

import (
	"errors"
	"time"

	"github.com/asynkron/protoactor-go/actor"

	"github.com/troupedb/troupe/actors/mailbox"
)

// Producer makes the actor, to be spawned once, with the batch mailbox and a strategy that never restarts it
// (mailbox.New, mailbox.StopNode).
func (l *Log) Producer() actor.Producer {
	return func() actor.Actor { return &logActor{log: l, writer: l.writer} }
}

// logActor drives the writer from the mailbox.
type logActor struct {
	log    *Log
	writer *writer
	stop   chan struct{}
	wake   func() // ends a delay
	waking bool   // wake will be called
}

func (a *logActor) Receive(c actor.Context) {
	if a.writer == nil {
		return
	}
	switch m := c.Message().(type) {
	case *actor.Started:
		a.start(c)
	case *actor.Stopping:
		a.finish(c)
	case groupDue:
		a.waking = false
	case mailbox.Drained:
		if !a.putsOff() {
			a.flush(c)
		}
	case CheckSpace:
		a.log.space.look()
		a.writer.due = a.writer.due || len(a.writer.touched) > 0
	case syncTick:
		a.writer.sync = a.writer.sync || len(a.writer.unmarked)+len(a.writer.touched) > 0
	default:
		a.writer.stage(m)
		if a.writer.full() {
			a.flush(c)
		}
	}
}

func (a *logActor) start(c actor.Context) {
	if a.writer.running.Swap(true) {
		a.writer = nil // it belongs to the other
		a.log.fail(errors.New("raftlog: actor started twice"))
		return
	}
	a.stop = make(chan struct{})
	root, self := c.ActorSystem().Root, c.Self()
	a.wake = func() { root.Send(self, groupDue{}) }
	if a.log.cfg.Fsync == Interval {
		go tick(root, self, a.log.cfg.SyncEvery, a.stop)
	}
}

func tick(root *actor.RootContext, self *actor.PID, every time.Duration, stop <-chan struct{}) {
	t := time.NewTicker(every)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			root.Send(self, syncTick{})
		case <-stop:
			return
		}
	}
}

// putsOff reports whether what is staged waits for what other shards are about to append, see groupCommit. A promise that
// elections or the making of a replica hang on does not.
func (a *logActor) putsOff() bool {
	w, cfg := a.writer, &a.log.cfg
	if cfg.After == nil || !w.sync || w.urgent {
		return false
	}
	d := w.group.delay(cfg.Now())
	if d > 0 && !a.waking {
		a.waking = true
		cfg.After(d, a.wake)
	}
	return d > 0
}

func (a *logActor) flush(c actor.Context) {
	replies := a.writer.flush()
	for _, r := range replies {
		c.Send(r.to, r.msg)
	}
	clear(replies) // the array is used again
}

// finish syncs everything, whatever the mode. After it the log may be closed.
func (a *logActor) finish(c actor.Context) {
	if a.stop != nil {
		close(a.stop)
		a.stop = nil
	}
	a.writer.sync = true
	a.flush(c)
	a.writer.running.Store(false)
}
