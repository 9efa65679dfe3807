package cluster

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/cmd/internal/netcut"
)

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestANodeIsKilledWipedAndRestarted(t *testing.T) {
	c := StartT(t, Options{})
	ctx := within(t)
	leader, err := c.LeaderOf(ctx, 2)
	if err != nil || leader.Name != "n3" {
		t.Fatalf("leader %v, %v", leader, err)
	}
	if err := leader.Start(); err == nil {
		t.Error("a running node was started again")
	}
	if err := leader.Wipe(); err == nil {
		t.Error("a running node was wiped")
	}
	first := leader.PID()
	if err := leader.Kill9(); err != nil {
		t.Fatal(err)
	}
	if leader.Alive() || leader.PID() != 0 || leader.Kill9() == nil || c.Health(ctx) == nil {
		t.Error("the node is gone, and everybody should say so")
	}
	if _, err := c.LeaderOf(ctx, 2); err == nil {
		t.Error("a dead node leads")
	}
	kept := filepath.Join(leader.DataDir(), "kept")
	if err := os.WriteFile(kept, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := leader.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(kept); err != nil || leader.PID() == first {
		t.Errorf("restarted as %d after %d: %v", leader.PID(), first, err)
	}
	if err := leader.Stop(ctx); err != nil {
		t.Fatal(err)
	}
	if err := leader.Wipe(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(kept); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after the wipe: %v", err)
	}
	if n := strings.Count(leader.LogTail(100), "ready n3"); n != 2 || len(c.Crashes()) != 0 {
		t.Errorf("%d lives in the log, crashes %v", n, c.Crashes())
	}
}

func TestAPausedNodeIsSilent(t *testing.T) {
	c := StartT(t, Options{})
	n := c.Node(0)
	if err := n.Pause(); err != nil {
		t.Fatal(err)
	}
	if !n.Alive() || n.Answers() || c.Health(within(t)) == nil {
		t.Error("a paused node exists, and is missed")
	}
	if shards, err := c.Shards(within(t)); err != nil || len(shards[0].Holders) != 2 {
		t.Errorf("the others do not wait for it: %+v, %v", shards, err)
	}
	if _, err := client.Ask(within(t), n.Addr(), 50*time.Millisecond, "PING"); err == nil {
		t.Error("a paused node answered")
	}
	if err := n.Resume(); err != nil {
		t.Fatal(err)
	}
	if err := c.WaitReady(within(t)); err != nil {
		t.Error(err)
	}
}

func TestANodeThatEndsByItselfIsReported(t *testing.T) {
	exits := make(chan string, 3)
	c, err := Start(within(t), Options{Env: []string{"FAKE=die"}, OnExit: func(n *Node, state string) { exits <- n.Name + " " + state }})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 3 {
		if got := <-exits; !strings.HasSuffix(got, "exit status 3") {
			t.Errorf("exit %q", got)
		}
	}
	err = c.WaitReady(within(t))
	if !errors.Is(err, ErrEnded) || !strings.Contains(err.Error(), "cannot go on") {
		t.Errorf("waiting ends with %v", err)
	}
	if err := c.Node(0).WaitAnswer(within(t)); !errors.Is(err, ErrEnded) {
		t.Errorf("waiting for one ends with %v", err)
	}
	if len(c.Crashes()) != 3 {
		t.Errorf("crashes %v", c.Crashes())
	}
}

func TestCloseLeavesNothingBehindUnlessAsked(t *testing.T) {
	for _, keep := range []bool{false, true} {
		dir := filepath.Join(t.TempDir(), "c")
		c, err := Start(within(t), Options{Dir: dir, Keep: keep})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(c.Close(), c.Close()); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(dir); (err == nil) != keep {
			t.Errorf("keep %v: %v", keep, err)
		}
		for _, n := range c.Nodes() {
			if n.Alive() {
				t.Errorf("%s is alive", n.Name)
			}
		}
	}
}

func TestStartRefuses(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "x"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Options{"too many": {Nodes: 33}, "not empty": {Dir: full}} {
		if _, err := Start(within(t), o); err == nil {
			t.Errorf("%s: started", name)
		}
	}
	if _, err := os.Stat(filepath.Join(full, "x")); err != nil {
		t.Errorf("somebody else's file is gone: %v", err)
	}
}

func TestANodeIsAdded(t *testing.T) {
	c := StartT(t, Options{})
	n, err := c.AddNode(within(t))
	if err != nil || n.Name != "n4" || len(c.Nodes()) != 4 || !n.Answers() {
		t.Fatalf("%+v, %v", n, err)
	}
	if addrs := c.Addrs(); len(addrs) != 4 || addrs[3] != n.Client {
		t.Errorf("addresses %v", addrs)
	}
	for range spareNodes - 1 {
		if _, err := c.newNode(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.newNode(); err == nil {
		t.Error("there is no end of nodes")
	}
}

func TestNodesHaveAddressesAndDisksOfTheirOwn(t *testing.T) {
	for _, kind := range []string{"packets", "relays"} {
		c, err := Start(within(t), Options{Network: kind, Disks: true})
		if err != nil {
			t.Skip(err)
		}
		defer c.Close()
		hosts := map[string]bool{}
		for _, n := range c.Nodes() {
			hosts[n.Host] = true
			if err := n.WaitAnswer(within(t)); err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			if _, err := n.Disk(); err != nil {
				t.Error(err)
			}
		}
		if len(hosts) != 3 || hosts["127.0.0.1"] {
			t.Errorf("%s: hosts %v", kind, hosts)
		}
		if err := c.Cut(map[netcut.Way]bool{{From: 0, To: 1}: true}); err != nil {
			t.Error(err)
		}
		lost := c.Node(2)
		kept := filepath.Join(lost.backing(), "kept")
		if err := errors.Join(lost.Kill9(), os.WriteFile(kept, nil, 0o644), c.Replace(within(t), lost)); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(kept); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("after the loss of the disk: %v", err)
		}
		if _, err := lost.Disk(); err != nil {
			t.Error(err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestWithoutOptionsThereIsNothingToCutOrBreak(t *testing.T) {
	c := StartT(t, Options{Nodes: 1})
	if err := c.Cut(nil); err == nil {
		t.Error("ways were cut")
	}
	if _, err := c.Node(0).Disk(); err == nil {
		t.Error("there is a disk")
	}
}
