package poll

import (
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// benchConns is how many connections are asked together, and then answer.
const benchConns = 50

// BenchmarkEcho is a small request and its reply, of the client's side too: what differs is the server's.
func BenchmarkEcho(b *testing.B) {
	b.Run("poller", func(b *testing.B) {
		f := start(b)
		clients := make([]*net.TCPConn, benchConns)
		for i := range clients {
			client, c := f.connect(0)
			f.echo(c)
			clients[i] = client
		}
		echoes(b, clients)
	})
	b.Run("goroutines", func(b *testing.B) {
		f := start(b)
		clients := make([]*net.TCPConn, benchConns)
		for i := range clients {
			client, server := f.dial()
			f.opened = append(f.opened, client, server)
			go func() {
				buf := make([]byte, 4<<10)
				for n, err := 0, error(nil); err == nil; n, err = server.Read(buf) {
					server.Write(buf[:n])
				}
			}()
			clients[i] = client
		}
		echoes(b, clients)
	})
}

func echoes(b *testing.B, clients []*net.TCPConn) {
	for _, c := range clients {
		c.SetDeadline(time.Time{})
	}
	request := []byte("*1\r\n$4\r\nPING\r\n")
	reply := make([]byte, len(request))
	b.ReportAllocs()
	before := cpu(b)
	b.ResetTimer()
	for left := b.N; left > 0; left -= len(clients) {
		asked := clients[:min(left, len(clients))]
		for _, c := range asked {
			if _, err := c.Write(request); err != nil {
				b.Fatal(err)
			}
		}
		for _, c := range asked {
			if _, err := io.ReadFull(c, reply); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(cpu(b)-before)/float64(b.N), "cpu-ns/op")
}

// cpu is the processor time that the process has taken, in nanoseconds.
func cpu(b *testing.B) int64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
