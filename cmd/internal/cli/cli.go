package cli

import (
	"io"

	"github.com/alecthomas/kong"
)

// Parse reads args, without the program's name, into flags, a pointer to a struct with kong's tags. A flag that is
// not given comes from TROUPE_ and its name. done means that the command line has been answered: --help, on stdout.
// An error is the caller's to print; it tells of the flag that is wrong.
func Parse(flags any, name, description string, args []string, stdout, stderr io.Writer) (done bool, err error) {
	p, err := kong.New(flags, kong.Name(name), kong.Description(description),
		kong.DefaultEnvars("TROUPE"), kong.Writers(stdout, stderr), kong.Exit(func(int) { done = true }))
	if err != nil {
		return false, err
	}
	if _, err = p.Parse(args); done {
		return true, nil
	}
	return false, err
}
