package link

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/asynkron/protoactor-go/actor"
	"github.com/troupedb/troupe/actors/mailbox"
	"github.com/troupedb/troupe/slotmap"
)

// childEnv makes the test binary run as a node of its own: its value is the address of node 1.
const childEnv = "TROUPE_LINK_TEST_CHILD"

// childMain runs node 2, which connects to node 1 and prints its own address, until it is killed.
func childMain() bool {
	parent := os.Getenv(childEnv)
	if parent == "" {
		return false
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	system := newSystem(nodeID(2))
	nobody := system.Root.Spawn(actor.PropsFromFunc(func(actor.Context) {}, actor.WithMailbox(mailbox.New())))
	links, err := Start(Config{
		System: system, Self: nodeID(2), Listen: listener, Node: nobody,
		Cluster: func() slotmap.ClusterID { return theCluster },
		Resolve: func(slotmap.NodeID) (string, bool) { return parent, true },
	})
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	links.Connect(nodeID(1))
	bufio.NewReader(os.Stdin).ReadString('\n') // until the parent ends
	return true
}

// child starts node 2 as a process, connected both ways.
func child(t *testing.T, one *node) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+one.address())
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	one.book.set(nodeID(2), strings.TrimSpace(address))
	one.links.Connect(nodeID(2))
	receive(t, "Up", one.ups)
	until(t, "connected both ways", func() bool { return one.links.peer(nodeID(2)).inbound.Load() != nil })
	return cmd
}

func TestProcessKilled(t *testing.T) {
	one := startNode(t, newBook(), 1)
	cmd := child(t, one)
	cmd.Process.Kill()
	receive(t, "Down", one.downs)
	child(t, one)
}

// A process that is stopped keeps its connections; only silence gives it away.
func TestProcessPaused(t *testing.T) {
	one := startNode(t, newBook(), 1, func(c *Config) { c.timing.read = 500 * time.Millisecond })
	cmd := child(t, one)
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	receive(t, "Down", one.downs)
	if err := cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	one.links.Connect(nodeID(2))
	receive(t, "Up", one.ups)
}
