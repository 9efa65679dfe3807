package main

import (
	"context"
	"testing"
	"time"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/cmd/internal/cluster"
	"github.com/troupedb/troupe/cmd/internal/fate"
)

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// insist repeats a command, on whatever node is said to serve it, until it is done.
func insist(t *testing.T, c *cluster.Cluster, args ...string) client.Request {
	t.Helper()
	routes := client.NewRoutes(c.Addrs())
	defer routes.Close()
	s := client.NewSession(soon(t), routes, time.Second, 0)
	var r client.Request
	if err := cluster.Until(soon(t), 10*time.Millisecond, func() error {
		if r = s.Do(args[1], args...); r.Fate == fate.Done {
			return nil
		}
		return context.DeadlineExceeded
	}); err != nil {
		t.Fatalf("%v: %v, last %v %q", args, err, r.Err, r.Reply.Err())
	}
	return r
}

func TestANodeThatLostItsDiskIsReplaced(t *testing.T) {
	if testing.Short() {
		t.Skip("runs for some seconds")
	}
	c := cluster.StartT(t, cluster.Options{Shards: 2})
	insist(t, c, "SET", "k", "kept")
	leader, err := c.LeaderOf(soon(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := leader.Kill9(); err != nil {
		t.Fatal(err)
	}
	if err := leader.Wipe(); err != nil {
		t.Fatal(err)
	}
	if err := leader.Restart(soon(t)); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitReady(soon(t)); err != nil {
		t.Fatal(err)
	}
	if r := insist(t, c, "GET", "k"); r.Reply.Text != "kept" {
		t.Errorf("read %q", r.Reply.Text)
	}
}

// TestAPausedLeaderWakesUpAndServesNothingOld asks a leader that slept through its replacement.
func TestAPausedLeaderWakesUpAndServesNothingOld(t *testing.T) {
	if testing.Short() {
		t.Skip("runs for some seconds")
	}
	c := cluster.StartT(t, cluster.Options{Shards: 1})
	insist(t, c, "SET", "k", "old")
	sleeper, err := c.LeaderOf(soon(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := sleeper.Pause(); err != nil {
		t.Fatal(err)
	}
	insist(t, c, "SET", "k", "new")
	if err := sleeper.Resume(); err != nil {
		t.Fatal(err)
	}
	r, err := client.Ask(soon(t), sleeper.Addr(), 10*time.Second, "GET", "k")
	if err != nil {
		t.Fatal(err)
	}
	if r.Err() == "" && r.Text != "new" {
		t.Errorf("it answered %q", r.Text)
	}
	if err := c.WaitReady(soon(t)); err != nil {
		t.Error(err)
	}
}
