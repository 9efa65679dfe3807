package fakecluster

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
)

// session is one connection to one node.
type session struct {
	c       *Cluster
	at      int // the node's index
	watched map[string]uint64
	multi   bool
	queue   [][]string
	cut     bool // break the connection instead of answering
	last    bool // or after this answer
}

// converse answers a connection until it breaks.
func (c *Cluster) converse(i int, conn net.Conn) {
	defer c.hangUp(i, conn)
	s := &session{c: c, at: i, watched: map[string]uint64{}}
	in, out := bufio.NewReader(conn), bufio.NewWriter(conn)
	for {
		args, err := ReadCommand(in)
		if err != nil {
			return
		}
		reply := s.answer(args)
		if s.cut {
			return
		}
		out.WriteString(reply)
		if (s.last || in.Buffered() == 0) && out.Flush() != nil || s.last {
			return
		}
	}
}

// ReadCommand reads an array of bulk strings. It is for the fakes of tests: clients send nothing else.
func ReadCommand(in *bufio.Reader) ([]string, error) {
	n, err := readHead(in, '*')
	if err != nil {
		return nil, err
	}
	var args []string
	for range n {
		size, err := readHead(in, '$')
		if err != nil {
			return nil, err
		}
		buf := make([]byte, size+2)
		if _, err := io.ReadFull(in, buf); err != nil {
			return nil, err
		}
		args = append(args, string(buf[:size]))
	}
	if len(args) == 0 {
		return nil, fmt.Errorf("empty command")
	}
	return args, nil
}

func readHead(in *bufio.Reader, kind byte) (int, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return 0, err
	}
	if line[0] != kind {
		return 0, fmt.Errorf("%q where %q was due", line, kind)
	}
	n, err := strconv.Atoi(strings.TrimSpace(line[1:]))
	if err != nil || n < 0 || n > 1<<20 {
		return 0, fmt.Errorf("length %q", line)
	}
	return n, nil
}

// answer carries out one command and returns its reply in RESP2.
func (s *session) answer(args []string) string {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	switch name := strings.ToUpper(args[0]); name {
	case "PING":
		return "+PONG\r\n"
	case "CLUSTER":
		return s.c.clusterCommand(args)
	case "INFO":
		return bulk(s.c.info(s.at))
	case "MULTI":
		if s.c.bugs.RefuseMulti {
			return "-ERR no transactions here\r\n"
		}
		s.multi = true
		return "+OK\r\n"
	case "EXEC":
		if !s.multi {
			return "-ERR EXEC without MULTI\r\n"
		}
		return s.exec()
	case "WAIT":
		n := s.c.bugs.Copies
		if s.c.strikes(s.c.bugs.FewOneIn, "wait") {
			n--
		}
		return fmt.Sprintf(":%d\r\n", n)
	case "UNWATCH":
		s.watched = map[string]uint64{}
		return "+OK\r\n"
	case "GET", "SET", "INCR", "WATCH", "RPUSH", "BLPOP", "LRANGE", "BLMOVE", "LREM", "ZADD", "BZPOPMIN", "ZRANGE",
		"XGROUP", "XADD", "XREADGROUP", "XAUTOCLAIM", "XACK", "XRANGE", "XPENDING":
		return s.keyed(name, args)
	}
	return "-ERR unknown command '" + args[0] + "'\r\n"
}

// keyed carries out a command on one key.
func (s *session) keyed(name string, args []string) string {
	if len(args) < 2 {
		return "-ERR wrong number of arguments\r\n"
	}
	key := keyOf(args)
	sh := s.c.shardOf(key)
	switch {
	case sh.leader < 0:
		return "-CLUSTERDOWN The cluster is down\r\n"
	case s.c.bugs.Raw != "":
		s.last = true
		return s.c.bugs.Raw
	case sh.leader != s.at:
		return s.c.moved(key, sh)
	case s.multi:
		s.queue = append(s.queue, args)
		return "+QUEUED\r\n"
	case name == "WATCH":
		s.watched[key] = s.c.version(key)
		return "+OK\r\n"
	}
	return s.run(args)
}

func (s *session) exec() string {
	queue, watched := s.queue, s.watched
	s.multi, s.queue, s.watched = false, nil, map[string]uint64{}
	for key, version := range watched {
		if s.c.version(key) == version {
			continue
		}
		if !s.c.bugs.BlindExec {
			return "*-1\r\n"
		}
		s.c.planted(key)
	}
	reply := fmt.Sprintf("*%d\r\n", len(queue))
	for _, args := range queue {
		sh := s.c.shardOf(keyOf(args))
		if sh.leader != s.at {
			return "-EXECABORT the leader has changed\r\n"
		}
		reply += s.run(args)
	}
	return reply
}

func bulk(text string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(text), text) }
