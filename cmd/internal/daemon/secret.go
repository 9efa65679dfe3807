package daemon

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/troupedb/troupe/actors"
	"github.com/troupedb/troupe/wire/secret"
)

// loadSecret is nil where none is given. A file that is empty is no way to say so.
func loadSecret(f *flags) (*secret.Secret, error) {
	text, from := []byte(f.Secret), "TROUPE_SECRET"
	if f.SecretFile != "" {
		var err error
		from = "--secret-file"
		if text, err = os.ReadFile(f.SecretFile); err != nil {
			return nil, err
		}
	} else if f.Secret == "" {
		return nil, nil
	}
	s, err := secret.ParseSecret(text)
	if err != nil {
		return nil, usagef("%s: %v", from, err)
	}
	return s, nil
}

// onSecretChange catches SIGHUP where there is a secret file; elsewhere it ends the process, as when a terminal is
// closed. What it returns has the nodes use the file's new content after each, until ctx ends.
func onSecretChange(f *flags) func(ctx context.Context, nodes []*actors.Node, log *slog.Logger) {
	hup := make(chan os.Signal, 1)
	if f.SecretFile != "" {
		signal.Notify(hup, syscall.SIGHUP)
	}
	return func(ctx context.Context, nodes []*actors.Node, log *slog.Logger) {
		for {
			select {
			case <-ctx.Done():
				return
			case <-hup:
			}
			if n, err := replaceSecret(f, nodes); err != nil {
				log.Error("the secret stays as it was", "err", err)
			} else {
				log.Info("the secret file is read again", "accepts", n)
			}
		}
	}
}

// replaceSecret tells how many secrets are accepted from now on.
func replaceSecret(f *flags, nodes []*actors.Node) (int, error) {
	s, err := loadSecret(f)
	if err != nil {
		return 0, err
	}
	for _, n := range nodes {
		if err := n.SetSecret(s); err != nil {
			return 0, err
		}
	}
	return s.Len(), nil
}
