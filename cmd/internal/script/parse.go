package script

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Bounds on what a script may ask for.
const (
	maxText  = 1 << 20
	maxSteps = 10_000
	maxTime  = 24 * time.Hour
	maxSize  = 1 << 40
	minEvery = 10 * time.Millisecond
)

// Parse reads a script. Its name is for people.
func Parse(name, text string) (*Script, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("a script of %d bytes: the longest may have %d", len(text), maxText)
	}
	p := &parser{script: &Script{Name: name}}
	for line := range strings.Lines(text) {
		p.line++
		if err := p.parseLine(strings.TrimRight(line, "\r\n")); err != nil {
			return nil, err
		}
	}
	if len(p.script.Steps) == 0 {
		return nil, errors.New("the script has no step, such as: at 5s kill leader of shard 1")
	}
	return p.script, nil
}

// parser reads line by line. A method that reads something moves past it, or fails.
type parser struct {
	script *Script
	line   int
	words  []word
	end    int // the column behind the line
	names  []string
}

func (p *parser) parseLine(line string) error {
	var comment string
	p.words, comment, p.end = split(line)
	if len(p.words) == 0 {
		if comment != "" && len(p.script.Steps) == 0 {
			p.script.About += comment + "\n"
		}
		return nil
	}
	var err error
	switch p.peek() {
	case "at", "every":
		err = p.step()
	default:
		err = p.setting()
	}
	if err == nil && len(p.words) > 0 {
		err = p.expected("the end of the line")
	}
	return err
}

// peek is the next word, "" at the end of the line.
func (p *parser) peek() string {
	if len(p.words) == 0 {
		return ""
	}
	return p.words[0].text
}

func (p *parser) next() (w word) {
	w, p.words = p.words[0], p.words[1:]
	return w
}

// accept moves past a word if it is next.
func (p *parser) accept(text string) bool {
	if p.peek() != text {
		return false
	}
	p.next()
	return true
}

func (p *parser) want(texts ...string) error {
	for _, text := range texts {
		if !p.accept(text) {
			return p.expected(strconv.Quote(text))
		}
	}
	return nil
}

func (p *parser) expected(what string) error {
	e := &Error{Line: p.line, Column: p.end, Want: what}
	if len(p.words) > 0 {
		e.Column, e.Found = p.words[0].col, p.words[0].text
	}
	return e
}

func (p *parser) setting() (err error) {
	s := &p.script.Settings
	switch first := p.words[0]; first.text {
	case "nodes":
		s.Nodes, err = p.numberAfter(1, 32)
	case "shards":
		s.Shards, err = p.numberAfter(1, 1024)
	case "clients":
		s.Clients, err = p.numberAfter(1, 1000)
	case "wait":
		s.Wait, err = p.numberAfter(1, 16)
	case "length":
		p.next()
		s.Length, err = p.time()
	case "target":
		p.next()
		if s.Target = p.peek(); s.Target != "troupe" && s.Target != "redis-cluster" {
			return p.expected("troupe or redis-cluster")
		}
		p.next()
	default:
		return p.expected(`a step ("at" or "every") or a setting (nodes, shards, clients, length, target or wait)`)
	}
	return err
}

func (p *parser) numberAfter(low, high int) (int, error) {
	p.next()
	return p.number(low, high)
}

func (p *parser) number(low, high int) (int, error) {
	n, err := strconv.Atoi(p.peek())
	if err != nil || n < low || n > high {
		return 0, p.expected(fmt.Sprintf("a number from %d to %d", low, high))
	}
	p.next()
	return n, nil
}

func (p *parser) time() (time.Duration, error) {
	d, ok := duration(p.peek())
	if !ok {
		return 0, p.expected("a time such as 300ms, 5s or 1.5m")
	}
	p.next()
	return d, nil
}

func duration(text string) (time.Duration, bool) {
	d, err := time.ParseDuration(text)
	return d, err == nil && d >= 0 && d <= maxTime
}

func (p *parser) span() (Span, error) {
	low, high, two := strings.Cut(p.peek(), "..")
	if !two {
		high = low
	}
	s, ok := Span{}, false
	if s.Min, ok = duration(low); ok {
		s.Max, ok = duration(high)
	}
	if !ok || s.Max < s.Min || s.Max == 0 {
		return s, p.expected("a time such as 2s, or two such as 500ms..2s")
	}
	p.next()
	return s, nil
}

func (p *parser) size() (int64, error) {
	text := p.peek()
	for _, u := range []struct {
		unit   string
		factor int64
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}} {
		digits, ok := strings.CutSuffix(text, u.unit)
		if n, err := strconv.ParseInt(digits, 10, 64); ok && err == nil && n >= 0 && n <= maxSize/u.factor {
			p.next()
			return n * u.factor, nil
		}
	}
	return 0, p.expected("a size such as 64MiB")
}

func (p *parser) step() error {
	s, err := p.when()
	if err != nil {
		return err
	}
	s.Line = p.line
	if p.accept("when") {
		if err := p.want("healthy"); err != nil {
			return err
		}
		s.Healthy = true
	}
	if s.Action, err = p.action(); err != nil {
		return err
	}
	if p.peek() == "for" {
		if !s.Verb.Undone() {
			return p.expected(fmt.Sprintf("the end of the line, since %q cannot be undone", s.Verb))
		}
		p.next()
		if s.For, err = p.span(); err != nil {
			return err
		}
	}
	if len(p.script.Steps) == maxSteps {
		return p.expected(fmt.Sprintf("no more than %d steps", maxSteps))
	}
	p.script.Steps = append(p.script.Steps, s)
	return nil
}

// when reads "at TIME", or "every TIME" with "from" and "until".
func (p *parser) when() (s Step, err error) {
	if p.accept("at") {
		s.At, err = p.time()
		return s, err
	}
	p.next()
	if d, ok := duration(p.peek()); !ok || d < minEvery {
		return s, p.expected(fmt.Sprintf("a time of %v or more", minEvery))
	}
	s.Every, _ = p.time()
	s.At = s.Every
	if p.accept("from") {
		if s.At, err = p.time(); err != nil {
			return s, err
		}
	}
	if p.accept("until") {
		if d, ok := duration(p.peek()); !ok || d < s.At || d == 0 {
			return s, p.expected(fmt.Sprintf("a time not before %v", s.At))
		}
		s.Until, _ = p.time()
	}
	return s, nil
}
