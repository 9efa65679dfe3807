package script

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
)

//go:embed scripts/*.chaos
var shipped embed.FS

// Shipped are the scripts that come with the program, by name.
func Shipped() []*Script {
	files, err := fs.Glob(shipped, "scripts/*.chaos")
	if err != nil {
		panic(err) // the pattern is well formed
	}
	var out []*Script
	for _, file := range files {
		s, err := load(shipped.ReadFile, file)
		if err != nil {
			panic(err) // a test reads each of them
		}
		out = append(out, s)
	}
	return out
}

// Load reads a script that is shipped, by its name, or else from a file.
func Load(name string) (*Script, error) {
	if s, err := load(shipped.ReadFile, path.Join("scripts", name+".chaos")); !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	s, err := load(os.ReadFile, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("no script %q is shipped, and there is no such file", name)
	}
	return s, err
}

func load(read func(string) ([]byte, error), file string) (*Script, error) {
	text, err := read(file)
	if err != nil {
		return nil, err
	}
	s, err := Parse(strings.TrimSuffix(path.Base(file), ".chaos"), string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return s, nil
}
