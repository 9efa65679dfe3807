package main

import (
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/troupedb/troupe/cmd/internal/bench"
	"github.com/troupedb/troupe/cmd/internal/cli"
)

// maxOverloading bounds the connections of --overload.
const maxOverloading = 20000

// flags are the command line of troupe-bench. Each is also read from TROUPE_<FLAG>.
type flags struct {
	Systems  []string `default:"troupe,redis-everysec,redis-always,etcd" help:"What to measure: troupe, troupe-http (asked for JSON at its nodes), troupe-plain (likewise, through a plain server that is a client of it), troupe-forward (by clients that ask one node for everything), redis-everysec, redis-always, valkey-everysec, valkey-always, etcd (by its own client; set and get only), redisraft (its leader is asked). everysec and always are appendfsync. What is not installed is left out, and the table says so." placeholder:"NAME,…"`
	Binary   []string `help:"A troupe-node binary to measure beside the rest, under a name of its own. May be repeated." placeholder:"NAME=PATH" sep:"none"`
	Baseline string   `help:"The system that ratios are to. Default: the first of redis-everysec, redis-always and whatever else runs." placeholder:"NAME"`

	Client    string        `default:"spread" enum:"spread,redis-benchmark" help:"What gives the load: spread is built in and has keys in all slots; redis-benchmark (from the path) keeps all keys of a node in one slot." placeholder:"spread|redis-benchmark"`
	Tests     []string      `default:"set,get" help:"Requests: set, get, incr, lpush, hset, zadd, mset (of ten keys), sadd; and, with the built-in client, setrange, setbit, bitcount, pfadd, lrange, hgetall, hincrby, sismember, smembers, zrange, zincrby, geosearch, xadd, xrange, where what is read has ten elements." placeholder:"NAME,…"`
	Worst     bool          `help:"At the end show all loads in one table, those of the worst CPU ratio first."`
	Pipelines []int         `default:"1,16,64" help:"How many requests a connection sends before it reads their replies." placeholder:"N,…"`
	Percent   int           `default:"100" help:"Of the rate that a system has at most, measured right before each time: what latency is worth comparing at. Below 100 requests come at random times, and their latency counts from then, not from when the connection was free. By the built-in client."`
	Clients   int           `default:"50" help:"Connections, over all nodes."`
	ValueSize int           `default:"64" help:"Bytes of a value."`
	Keys      int           `default:"100000" help:"Different keys."`
	Seconds   float64       `default:"3" help:"How long each load runs."`
	Rounds    int           `default:"5" help:"How often each load is given to each system. Ratios take at least 3."`
	Settle    time.Duration `default:"300ms" help:"How long after a load the servers' CPU is still counted." placeholder:"TIME"`

	Overload int `help:"Instead of all that: ask a node of Troupe for JSON over HTTP, by --clients connections and then by this many times as many, each as often as before, which wait when they are told to, or don't." placeholder:"TIMES"`

	Shards   []int    `default:"6" help:"Shards of Troupe. Of several numbers, each is a system of its own." placeholder:"N,…"`
	NodeFlag []string `help:"A flag for each node of Troupe, as in --node-flag=--fsync=never. May be repeated." placeholder:"FLAG" sep:"none"`

	CSV  string `name:"csv" help:"Write every sample to this file." placeholder:"FILE" type:"path"`
	HTML string `name:"html" help:"Write a page with plots." placeholder:"FILE" type:"path"`
}

// parse reads the command line and the environment. done means that it has been answered: --help.
func parse(args []string, stdout, stderr io.Writer) (f flags, done bool, err error) {
	done, err = cli.Parse(&f, "troupe-bench",
		"Measures Troupe beside other systems on this machine: the same load for each, in turns; rate, latency and the CPU of all servers.",
		args, stdout, stderr)
	if err == nil && !done {
		err = f.check()
	}
	return f, done, err
}

func (f *flags) check() error {
	switch {
	case f.Clients < 3 || f.Clients > 10000:
		return fmt.Errorf("--clients %d: must be 3 to 10000", f.Clients)
	case f.ValueSize < 1 || f.ValueSize > 8<<20:
		return fmt.Errorf("--value-size %d: must be 1 to 8388608", f.ValueSize)
	case f.Keys < 1000 || f.Keys > 100e6:
		return fmt.Errorf("--keys %d: must be 1000 to 100000000", f.Keys)
	case !(f.Seconds >= 0.01 && f.Seconds <= 3600):
		return fmt.Errorf("--seconds %v: must be 0.01 to 3600", f.Seconds)
	case f.Rounds < 1 || f.Rounds > 1000:
		return fmt.Errorf("--rounds %d: must be 1 to 1000", f.Rounds)
	case f.Settle < 0 || f.Settle > time.Minute:
		return fmt.Errorf("--settle %v: must be at most 1m", f.Settle)
	}
	if f.Percent < 1 || f.Percent > 100 {
		return fmt.Errorf("--percent %d: must be 1 to 100", f.Percent)
	}
	if f.Percent < 100 && f.Overload > 0 {
		return fmt.Errorf("--percent %d: --overload has a rate of its own", f.Percent)
	}
	if f.Percent < 100 && f.Client != "spread" {
		return fmt.Errorf("--percent %d: %s gives as much as is taken", f.Percent, f.Client)
	}
	if f.Overload != 0 && (f.Overload < 2 || f.Overload > 100) {
		return fmt.Errorf("--overload %d: must be 2 to 100", f.Overload)
	}
	if f.Overload*f.Clients > maxOverloading {
		return fmt.Errorf("--overload %d with --clients %d: must be at most %d connections", f.Overload, f.Clients, maxOverloading)
	}
	if err := within("--pipelines", f.Pipelines, 10000); err != nil {
		return err
	}
	return within("--shards", f.Shards, 1024)
}

// within checks numbers that count from 1.
func within(flag string, numbers []int, most int) error {
	for _, n := range numbers {
		if n < 1 || n > most {
			return fmt.Errorf("%s %d: must be 1 to %d", flag, n, most)
		}
	}
	if len(numbers) == 0 {
		return fmt.Errorf("%s: needs a number", flag)
	}
	return nil
}

// config is what the flags ask for.
func (f *flags) config() (cfg bench.Config, err error) {
	cfg = bench.Config{Rounds: f.Rounds, Settle: f.Settle, Client: &bench.Spread{}}
	if f.Client == "redis-benchmark" {
		if _, err := exec.LookPath(f.Client); err != nil {
			return cfg, err
		}
		cfg.Client = &bench.RedisBenchmark{}
	}
	if cfg.Loads, err = f.loads(); err != nil {
		return cfg, err
	}
	if cfg.Contenders, err = f.contenders(); err != nil {
		return cfg, err
	}
	cfg.Baseline, err = f.baseline(cfg.Contenders)
	return cfg, err
}

func (f *flags) loads() (all []bench.Load, err error) {
	length := time.Duration(f.Seconds * float64(time.Second))
	for _, name := range f.Tests {
		test, err := bench.ParseTest(name)
		if err != nil {
			return nil, fmt.Errorf("--tests: %w", err)
		}
		if test.Own && f.Client == "redis-benchmark" {
			return nil, fmt.Errorf("--tests: redis-benchmark has no %s", name)
		}
		for _, p := range f.Pipelines {
			all = append(all, bench.Load{
				Test: test, Clients: f.Clients, Pipeline: p, Value: f.ValueSize, Keys: f.Keys, Length: length, Percent: f.Percent,
			})
		}
	}
	return all, nil
}

func (f *flags) contenders() (all []bench.Contender, err error) {
	for _, name := range f.Systems {
		more, err := bench.Contenders(name, f.Shards, f.NodeFlag)
		if err != nil {
			return nil, fmt.Errorf("--systems: %w", err)
		}
		all = append(all, more...)
	}
	for _, binary := range f.Binary {
		name, path, ok := strings.Cut(binary, "=")
		if !ok || name == "" {
			return nil, fmt.Errorf("--binary %s: must be NAME=PATH", binary)
		}
		if path, err = program(path); err != nil {
			return nil, fmt.Errorf("--binary %s: %w", binary, err)
		}
		all = append(all, bench.Troupes(name, path, f.Shards, f.NodeFlag)...)
	}
	names := slices.Sorted(slices.Values(bench.Names(all)))
	if len(slices.Compact(slices.Clone(names))) < len(names) {
		return nil, fmt.Errorf("two systems have the same name: %s", strings.Join(names, ", "))
	}
	return all, nil
}

// program finds a program, for whatever directory it is run in.
func program(path string) (string, error) {
	path, err := exec.LookPath(path)
	if err != nil {
		return "", err
	}
	return filepath.Abs(path)
}

// baseline finds what ratios are to.
func (f *flags) baseline(all []bench.Contender) (string, error) {
	names := bench.Names(all)
	if f.Baseline != "" {
		if !slices.Contains(names, f.Baseline) {
			return "", fmt.Errorf("--baseline %s: must be one of %s", f.Baseline, strings.Join(names, ", "))
		}
		return f.Baseline, nil
	}
	runs := func(c bench.Contender) bool { return c.Lacks == "" }
	for _, usual := range []string{"redis-everysec", "redis-always"} {
		if i := slices.Index(names, usual); i >= 0 && runs(all[i]) {
			return usual, nil
		}
	}
	i := slices.IndexFunc(all, runs)
	if i < 0 {
		return "", fmt.Errorf("none of %s can be run here", strings.Join(names, ", "))
	}
	return names[i], nil
}
