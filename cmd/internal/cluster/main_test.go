package cluster

import (
	"bufio"
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"github.com/troupedb/troupe/cmd/internal/fakecluster"
)

func TestMain(m *testing.M) {
	MaybeRunNode(fakeNode)
	if len(os.Args) > 1 && os.Args[1] == "__parent" {
		parent()
	}
	os.Exit(m.Run())
}

// fakeNode is a node that holds nothing, and says what a healthy one would: node k leads every shard whose
// id is k modulo the number of nodes. FAKE=die makes it end at once.
func fakeNode(args []string) int {
	flags := flag.NewFlagSet("node", flag.ContinueOnError)
	get := map[string]*string{}
	for _, f := range []string{"data", "listen", "peer", "gossip", "http", "advertise", "join", "name", "shards", "replicas"} {
		get[f] = flags.String(f, "", "")
	}
	if flags.Parse(args) != nil {
		return 2
	}
	if os.Getenv("FAKE") == "die" {
		fmt.Println("cannot go on")
		return 3
	}
	ln, err := net.Listen("tcp", *get["listen"])
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("ready", *get["name"])
	for {
		conn, err := ln.Accept()
		if err != nil {
			return 1
		}
		go answer(conn, *get["name"], len(strings.Split(*get["join"], ",")))
	}
}

// answer serves a connection.
func answer(conn net.Conn, name string, nodes int) {
	defer conn.Close()
	for in := bufio.NewReader(conn); ; {
		args, err := fakecluster.ReadCommand(in)
		if err != nil {
			return
		}
		text := "PONG"
		switch strings.ToUpper(args[0]) {
		case "CLUSTER":
			text = "cluster_state:ok\r\n"
		case "INFO":
			text = fakeShards(name, nodes)
		case "HELLO":
			fmt.Fprint(conn, "-ERR unknown command\r\n")
			continue
		}
		fmt.Fprintf(conn, "$%d\r\n%s\r\n", len(text), text)
	}
}

func fakeShards(name string, nodes int) string {
	text := "# Shards\r\n"
	for id, slots := range map[int]string{1: "0-8191", 2: "8192-16383"} {
		role := "follower"
		if name == fmt.Sprint("n", id%nodes+1) {
			role = "leader"
		}
		text += fmt.Sprintf("shard%d:slots=%s,role=%s,leader=9,term=3,last=1,voters=3\r\n", id, slots, role)
	}
	return text
}

// parent is a program that starts a node, says its pid and waits to be killed.
func parent() {
	c, err := Start(context.Background(), Options{Nodes: 1, Dir: os.Args[2]})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(c.Node(0).PID())
	select {}
}
