package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/troupedb/troupe/cmd/internal/chaos"
	"github.com/troupedb/troupe/cmd/internal/script"
)

// huntLength is how long the load of a history runs.
const huntLength = 15 * time.Second

// journal is the file in the directory of a hunt that holds a line of JSON for each history.
const journal = "histories.jsonl"

// hunt runs a history for each seed that the journal does not hold yet, and sums the journal up.
func (f *flags) hunt(ctx context.Context, stdout io.Writer) error {
	first, last, err := f.seeds()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(f.Hunt, 0o755); err != nil {
		return err
	}
	path := filepath.Join(f.Hunt, journal)
	done, err := readJournal(path)
	if err != nil {
		return err
	}
	began := time.Now()
	for seed := first; seed <= last && ctx.Err() == nil && (f.Budget == 0 || time.Since(began) < f.Budget); seed++ {
		if slices.ContainsFunc(done, func(r *chaos.Report) bool { return r.Seed == seed }) {
			continue
		}
		rep, err := f.history(ctx, seed, stdout)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			rep = &chaos.Report{Seed: seed, Violations: map[chaos.Violation]int{chaos.Unhealed: 1}, Texts: []string{err.Error()}}
		}
		if err := appendJournal(path, rep); err != nil {
			return err
		}
		done = append(done, rep)
	}
	return sumUp(stdout, done)
}

// history is one run of a hunt. Its directory and a page about it stay if something was violated.
func (f *flags) history(ctx context.Context, seed uint64, stdout io.Writer) (*chaos.Report, error) {
	g := *f
	g.Seed, g.Dir = seed, filepath.Join(f.Hunt, fmt.Sprint("seed-", seed))
	g.Script = scriptFor(seed, here())
	if g.Duration == 0 {
		g.Duration = huntLength
	}
	if g.Nodes == 0 && g.Script == "random" && seed%3 == 0 {
		g.Nodes = 5
	}
	if err := os.RemoveAll(g.Dir); err != nil { // of an interrupted run
		return nil, err
	}
	p, err := g.plan()
	if err != nil {
		return nil, err
	}
	rep, err := g.execute(ctx, p, &console{out: io.Discard})
	if err != nil {
		fmt.Fprintf(stdout, "seed %d, script %s: %v\n", seed, g.Script, err)
		return nil, err
	}
	fmt.Fprintf(stdout, "seed %d, script %s: %s operations, %d faults, %s\n", seed, rep.Script,
		chaos.Grouped(rep.Ops()), len(rep.Faults), rep.Verdict())
	if !rep.OK() {
		return rep, writePage(filepath.Join(g.Dir, "report.html"), rep, p.script)
	}
	return rep, nil
}

// scriptFor gives every second seed a random script, and the others in turn the shipped ones that can be played.
func scriptFor(seed uint64, can script.Can) string {
	if seed%2 == 0 {
		return "random"
	}
	var names []string
	for _, s := range script.Shipped() {
		if network, disks := s.Needs(); (can.Network || !network) && (can.Disks || !disks) {
			names = append(names, s.Name)
		}
	}
	return names[seed/2%uint64(len(names))]
}

// readJournal reads the reports of an earlier part of a hunt.
func readJournal(path string) (all []*chaos.Report, err error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for line := range bytes.Lines(text) {
		rep := &chaos.Report{}
		if err := json.Unmarshal(line, rep); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		all = append(all, rep)
	}
	return all, nil
}

// appendJournal notes a report, without what only a page shows.
func appendJournal(path string, rep *chaos.Report) error {
	short := *rep
	short.Points, short.Pictures = nil, nil
	short.Stalls = slices.DeleteFunc(slices.Clone(rep.Stalls), func(s chaos.Stall) bool { return s.Blamed })
	line, err := json.Marshal(short)
	if err != nil {
		return err
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(out)
	w.Write(append(line, '\n'))
	return errors.Join(w.Flush(), out.Close())
}

// sumUp prints what all histories of a hunt were, and fails if any of them failed.
func sumUp(w io.Writer, all []*chaos.Report) error {
	var faults []chaos.Fault
	var ops, acknowledged int64
	blamed, failed := map[string]int{}, 0
	for _, r := range all {
		faults, ops, acknowledged = append(faults, r.Faults...), ops+r.Ops(), acknowledged+r.Acknowledged
		if r.OK() {
			continue
		}
		failed++
		fmt.Fprintf(w, "seed %d, script %s: %s\n", r.Seed, r.Script, r.Verdict())
		for _, k := range chaos.GapsByKind(r.Faults) {
			blamed[k.Kind]++
		}
	}
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', 0)
	fmt.Fprintln(t, "\n| fault \t| count \t| write gap, median \t| longest \t| histories with a violation \t|")
	fmt.Fprintln(t, "| --- \t| --- \t| --- \t| --- \t| --- \t|")
	for _, k := range chaos.GapsByKind(faults) {
		fmt.Fprintf(t, "| %s \t| %d \t| %v \t| %v \t| %d \t|\n", k.Kind, k.Count,
			k.Median.Round(time.Millisecond), k.Max.Round(time.Millisecond), blamed[k.Kind])
	}
	t.Flush()
	fmt.Fprintf(w, "\n%d histories, %d faults, %s operations, %s acknowledged writes read back, %d histories with a violation\n",
		len(all), len(faults), chaos.Grouped(ops), chaos.Grouped(acknowledged), failed)
	if failed > 0 {
		return errViolated
	}
	return nil
}
