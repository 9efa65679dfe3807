package cluster

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"

	"github.com/troupedb/troupe/cmd/internal/client"
	"github.com/troupedb/troupe/cmd/internal/faultdisk"
)

// Node is one process of a cluster, running or not.
type Node struct {
	Index                      int    // from 0
	Name                       string // n1, n2, …
	Dir                        string // holds data, log
	Host                       string // that others know it by
	Client, Peer, Gossip, HTTP string // addresses there

	cluster *Cluster
	bind    string // the host that it listens on

	mu struct {
		sync.Mutex
		run  *run            // nil before the first start
		disk *faultdisk.Disk // nil without Options.Disks
	}
}

// run is one life of a node's process.
type run struct {
	cmd    *exec.Cmd
	ended  chan struct{} // closed when the process is gone and waited for
	told   bool          // it was told to end; guarded by Node.mu
	paused bool          // guarded by Node.mu
}

// crashed returns how the node's process ended, if nobody had told it to.
func (n *Node) crashed() (state string, yes bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if r := n.mu.run; r != nil && !r.alive() && !r.told {
		return r.cmd.ProcessState.String(), true
	}
	return "", false
}

func (r *run) alive() bool {
	select {
	case <-r.ended:
		return false
	default:
		return true
	}
}

// Addr is the address for clients.
func (n *Node) Addr() string { return n.Client }

// DataDir is where the node keeps its data.
func (n *Node) DataDir() string { return filepath.Join(n.Dir, "data") }

// LogPath is the file with all that the node printed, in all its lives.
func (n *Node) LogPath() string { return filepath.Join(n.Dir, "log") }

// current returns the process if it is alive, else nil.
func (n *Node) current() *run {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.mu.run == nil || !n.mu.run.alive() {
		return nil
	}
	return n.mu.run
}

// Alive reports whether the process exists, paused or not.
func (n *Node) Alive() bool { return n.current() != nil }

// PID is the process id, or 0.
func (n *Node) PID() int {
	if r := n.current(); r != nil {
		return r.cmd.Process.Pid
	}
	return 0
}

// Start runs the node's command. It does not wait for the node to serve.
func (n *Node) Start() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.mu.run != nil && n.mu.run.alive() {
		return fmt.Errorf("%s runs already", n.Name)
	}
	cmd, err := n.command()
	if err != nil {
		return err
	}
	out, err := os.OpenFile(n.LogPath(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer out.Close() // the child has its own
	cmd.Stdout, cmd.Stderr = out, out
	if err := spawn(cmd); err != nil {
		return fmt.Errorf("starting %s: %w", n.Name, err)
	}
	r := &run{cmd: cmd, ended: make(chan struct{})}
	n.mu.run = r
	go n.reap(r)
	return nil
}

func (n *Node) command() (*exec.Cmd, error) {
	argv, err := n.cluster.opts.System.Command(n)
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(argv[0], append(argv[1:], n.cluster.opts.Flags...)...)
	cmd.Dir = n.Dir
	cmd.Env = environment(n.cluster.opts.Env)
	return cmd, nil
}

// reap waits for the end of a process and reports one that came unasked.
func (n *Node) reap(r *run) {
	_ = r.cmd.Wait() // the state says more than the error
	n.mu.Lock()
	told := r.told
	close(r.ended)
	n.mu.Unlock()
	if !told {
		n.cluster.ended(n, r.cmd.ProcessState.String())
	}
}

// end tells the process to end and waits until it is gone.
func (n *Node) end(ctx context.Context, sig syscall.Signal) error {
	n.mu.Lock()
	r := n.mu.run
	if r == nil || !r.alive() {
		n.mu.Unlock()
		return fmt.Errorf("%s does not run", n.Name)
	}
	r.told = true
	err := r.cmd.Process.Signal(sig)
	n.mu.Unlock()
	if err != nil {
		return fmt.Errorf("%s: %w", n.Name, err)
	}
	select {
	case <-r.ended:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("%s does not end: %w", n.Name, ctx.Err())
	}
}

// Kill9 ends the process as a crash would, and returns when it is gone.
func (n *Node) Kill9() error { return n.end(context.Background(), syscall.SIGKILL) }

// Stop asks the process to end (SIGTERM) and returns when it is gone.
func (n *Node) Stop(ctx context.Context) error { return n.end(ctx, syscall.SIGTERM) }

// Signal sends the process a signal that does not end it.
func (n *Node) Signal(sig syscall.Signal) error {
	r := n.current()
	if r == nil {
		return fmt.Errorf("%s does not run", n.Name)
	}
	return r.cmd.Process.Signal(sig)
}

// Pause stops the process where it stands. Its sockets stay open, and nobody is told.
func (n *Node) Pause() error { return n.pause(syscall.SIGSTOP, true) }

// Resume lets a paused process go on.
func (n *Node) Resume() error { return n.pause(syscall.SIGCONT, false) }

func (n *Node) pause(sig syscall.Signal, paused bool) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	r := n.mu.run
	if r == nil || !r.alive() {
		return fmt.Errorf("%s does not run", n.Name)
	}
	r.paused = paused
	return r.cmd.Process.Signal(sig)
}

// Answers reports whether the process is there to answer: alive and not paused.
func (n *Node) Answers() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.mu.run != nil && n.mu.run.alive() && !n.mu.run.paused
}

// Restart starts an ended node by the same command, and returns when it answers.
func (n *Node) Restart(ctx context.Context) error {
	if err := n.Start(); err != nil {
		return err
	}
	return n.WaitAnswer(ctx)
}

// WaitAnswer returns when the node answers PING, with whatever it has to say.
func (n *Node) WaitAnswer(ctx context.Context) error {
	return Until(ctx, 20*time.Millisecond, func() error {
		if !n.Alive() {
			return fmt.Errorf("%s: %w; %s", n.Name, ErrEnded, n.LogTail(5))
		}
		_, err := client.Ask(ctx, n.Client, time.Second, "PING")
		return err
	})
}

// listen is one of the node's addresses as it binds to it.
func (n *Node) listen(addr string) string {
	_, port, _ := net.SplitHostPort(addr)
	return net.JoinHostPort(n.bind, port)
}
