package bench

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// RedisBenchmark gives loads by redis-benchmark --cluster from the path. It keeps all keys of a node in one
// slot, so it exercises one shard a node. It tells neither a 99.9th percentile nor whether requests failed. The zero
// value is ready.
type RedisBenchmark struct {
	rates map[string]float64 // of loads on clusters, as last seen
}

// Name tells what the client is.
func (*RedisBenchmark) Name() string { return "redis-benchmark" }

// trial is how many requests each connection sends, in pipelines, to find out a rate.
const trial = 20

// Prepare finds out how many requests fill the time of the load, for the program counts requests and not time.
func (r *RedisBenchmark) Prepare(ctx context.Context, addrs []string, l Load) error {
	if l.Test.reads != "" {
		write := l
		write.Test.Name, write.Pipeline = l.Test.space(), fillPipeline
		if _, err := r.invoke(ctx, addrs, write, 3*l.Keys); err != nil { // 95 % of random keys, then
			return err
		}
	}
	o, err := r.invoke(ctx, addrs, l, trial*l.Clients*l.Pipeline)
	if err != nil {
		return err
	}
	if r.rates == nil {
		r.rates = map[string]float64{}
	}
	r.rates[key(addrs, l)] = o.Rate()
	return nil
}

func key(addrs []string, l Load) string { return fmt.Sprint(addrs, l) }

// Run gives the load.
// REQUIRES: Prepare was called with it.
func (r *RedisBenchmark) Run(ctx context.Context, addrs []string, l Load) (Outcome, error) {
	k := key(addrs, l)
	requests := max(l.Clients*l.Pipeline, int(r.rates[k]*l.Length.Seconds()))
	o, err := r.invoke(ctx, addrs, l, requests)
	if err == nil {
		r.rates[k] = o.Rate()
	}
	return o, err
}

// invoke runs the program for a number of requests.
func (r *RedisBenchmark) invoke(ctx context.Context, addrs []string, l Load, requests int) (Outcome, error) {
	host, port, err := net.SplitHostPort(addrs[0])
	if err != nil {
		return Outcome{}, err
	}
	number := strconv.Itoa
	cmd := exec.CommandContext(ctx, "redis-benchmark", "--cluster", "-h", host, "-p", port, "-t", l.Test.Name,
		"-c", number(l.Clients), "-n", number(requests), "-r", number(l.Keys), "-P", number(l.Pipeline),
		"-d", number(l.Value), "--csv")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		return Outcome{}, fmt.Errorf("redis-benchmark: %w: %s", err, lastLine(errs.String()))
	}
	o, err := parseBenchmark(&out)
	if err != nil {
		return Outcome{}, fmt.Errorf("redis-benchmark: %w: %s", err, lastLine(errs.String()))
	}
	o.Done = int64(requests)
	o.Elapsed = time.Duration(float64(requests) / o.rate * float64(time.Second))
	return o.Outcome, nil
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return text[strings.LastIndexByte(text, '\n')+1:]
}

// told is what redis-benchmark tells of a test.
type told struct {
	Outcome         // percentiles only
	rate    float64 // requests a second
}

var errNoResult = errors.New("no result in its output")

// parseBenchmark reads the output of redis-benchmark --csv: one test, after lines about the cluster.
func parseBenchmark(r io.Reader) (told, error) {
	text, err := io.ReadAll(r)
	if err != nil {
		return told{}, err
	}
	_, table, found := bytes.Cut(text, []byte(`"test",`))
	if !found {
		return told{}, errNoResult
	}
	rows, err := csv.NewReader(io.MultiReader(strings.NewReader(`"test",`), bytes.NewReader(table))).ReadAll()
	if err != nil {
		return told{}, err
	}
	if len(rows) != 2 {
		return told{}, errNoResult
	}
	row := map[string]float64{}
	for i, name := range rows[0][1:] {
		if row[name], err = strconv.ParseFloat(rows[1][i+1], 64); err != nil {
			return told{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	t := told{rate: row["rps"]}
	if t.rate <= 0 {
		return told{}, errNoResult
	}
	t.P50, t.P99 = milliseconds(row["p50_latency_ms"]), milliseconds(row["p99_latency_ms"])
	return t, nil
}

func milliseconds(v float64) time.Duration { return time.Duration(v * float64(time.Millisecond)) }
