package session

import (
	"context"

	"github.com/troupedb/troupe/actors/migrate"
	"github.com/troupedb/troupe/slotmap"
	"github.com/troupedb/troupe/wire/resp"
)

// migrated is the end of a MIGRATE.
type migrated struct {
	to     *migrateJoin
	status string
	err    error
}

// migrateJoin makes the reply of MIGRATE.
type migrateJoin struct {
	status string
	err    error
}

func (j *migrateJoin) join(_ *session, w *resp.Writer) {
	if j.err != nil {
		w.Error(j.err.Error())
	} else {
		w.Simple(j.status)
	}
}

// migrateKeys is MIGRATE. The shards see its commands as those of a client, and the session waits for its end.
func migrateKeys(s *session, args [][]byte) {
	r, line := migrate.Parse(copyArgs(args))
	if line == "" {
		line = s.mayMigrate(r.Keys)
	}
	if line != "" {
		s.seg.local.Error(line)
		return
	}
	source, err := s.srv.dial(true)
	if err != nil {
		s.seg.local.Error("ERR max number of clients reached")
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	j := &migrateJoin{}
	s.join(j)
	s.seg.stop = true
	s.seg.outstanding++
	s.migrate = cancel
	s.info.carries.Store(true)
	root, self := s.root, s.pid
	s.srv.running.Go(func() {
		status, err := migrate.Run(ctx, source, r)
		cancel()
		root.Send(self, &migrated{j, status, err})
	})
}

// mayMigrate is why keys can't be migrated from here, "" if they can.
func (s *session) mayMigrate(keys [][]byte) (line string) {
	var at oneSlot
	for _, key := range keys {
		slot := slotmap.Slot(key)
		if !at.admit(slot) {
			return string(errCrossSlot)
		}
		at.set(slot)
	}
	if !at.known {
		return "" // there is nothing to do
	}
	return s.redirect(at.slot, true)
}

// migrated takes the end of a MIGRATE.
func (s *session) migrated(m *migrated) {
	s.migrate = nil
	s.info.carries.Store(false)
	if s.cur == nil {
		return
	}
	m.to.status, m.to.err = m.status, m.err
	s.seg.outstanding--
	s.proceed()
}
