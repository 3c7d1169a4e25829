// Command standpunt makes public answers official: mentions come in from every
// channel, staff draft replies, a second person approves the exact text, and
// the daemon publishes exactly that, at most once, with a record that an
// outsider can verify.
//
// This package parses the command line, handles signals and wires the rooms
// together. It holds the one explicit list of connector kinds; it decides
// nothing about answers.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/pflag"

	_ "time/tzdata" // people's time zones, wherever the binary runs
)

// The exit codes.
const (
	exitOK     = 0
	exitFailed = 1 // the command did what it could and the answer is bad, or it could not
	exitUsage  = 2 // the command line is wrong
)

func main() { os.Exit(program()) }

// program runs the command line. The first signal asks it to end well; a
// second one ends it at once, which loses nothing either.
func program() int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop)
	return run(ctx, console{in: os.Stdin, out: os.Stdout, err: os.Stderr, environ: os.Environ()}, os.Args[1:])
}

// console is where a command reads its surroundings from and writes to.
type console struct {
	in       io.Reader // nil: nobody is there to type
	out, err io.Writer
	environ  []string
}

// command is one subcommand.
type command struct {
	name    string
	args    string
	summary string
	run     func(ctx context.Context, c console, flags *pflag.FlagSet, args []string) error
}

func commands() []command {
	return []command{
		{"demo", "[--data DIR] [--listen ADDR]", "run everything on an invented network, without configuration", demoCommand},
		{"serve", "[--config FILE] [--data DIR]", "run the daemon", serveCommand},
		{"init", "[--config FILE] [--data DIR] --person LOGIN:ROLE,... --person ...", "found a data directory with its first people", initCommand},
		{"check", "[--config FILE] [--show]", "read the configuration and try every account, read-only", checkCommand},
		{"login", "ACCOUNT [--config FILE] [--data DIR]", "sign an account in on its platform, as X with OAuth 2.0 asks for", loginCommand},
		{"audit verify", "--data DIR | --file FILE --key KEY | --export FILE --key KEY [--older FILE]", "prove the record", auditVerifyCommand},
		{"audit export", "--data DIR [--format jsonl|csv|syslog] [--out FILE]", "write the record out", auditExportCommand},
		{"backup", "--data DIR --out FILE", "copy the data file while the daemon runs", backupCommand},
		{"recover", "--data DIR --person LOGIN", "let an admin choose a new password, with the daemon stopped", recoverCommand},
		{"sandbox", "[--dir DIR] [--listen ADDR]", "run the invented network alone", sandboxCommand},
		{"version", "", "say which build this is", versionCommand},
	}
}

// errUsage marks a command line that cannot be carried out.
var errUsage = errors.New("usage")

// errSilent is a failure that the command has reported itself.
var errSilent = errors.New("reported")

func run(ctx context.Context, c console, args []string) int {
	cmd, rest := find(args)
	if cmd == nil {
		usage(c, args)
		if len(args) == 1 && (args[0] == "help" || args[0] == "--help" || args[0] == "-h") {
			return exitOK
		}
		return exitUsage
	}
	flags := pflag.NewFlagSet("standpunt "+cmd.name, pflag.ContinueOnError)
	flags.SetOutput(c.err)
	flags.SortFlags = false
	flags.Usage = func() {
		_, _ = fmt.Fprintf(c.err, "standpunt %s %s\n\n%s\n\n%s", cmd.name, cmd.args, cmd.summary, flags.FlagUsages())
	}
	err := cmd.run(ctx, c, flags, rest)
	switch {
	case err == nil || errors.Is(err, pflag.ErrHelp):
		return exitOK
	case errors.Is(err, errSilent):
		return exitFailed
	case errors.Is(err, errUsage):
		_, _ = fmt.Fprintf(c.err, "standpunt %s: %s\nusage: standpunt %s %s\n", cmd.name, strings.TrimPrefix(err.Error(), "usage: "), cmd.name, cmd.args)
		return exitUsage
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		_, _ = fmt.Fprintf(c.err, "standpunt %s: interrupted\n", cmd.name)
		return exitFailed
	}
	_, _ = fmt.Fprintf(c.err, "standpunt %s: %v\n", cmd.name, err)
	return exitFailed
}

// find splits the command's name, one word or two, off the arguments.
func find(args []string) (*command, []string) {
	for _, cmd := range commands() {
		words := strings.Fields(cmd.name)
		if len(args) >= len(words) && strings.Join(args[:len(words)], " ") == cmd.name {
			return &cmd, args[len(words):]
		}
	}
	return nil, nil
}

func usage(c console, args []string) {
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") && args[0] != "help" {
		_, _ = fmt.Fprintf(c.err, "standpunt: there is no command %q\n\n", strings.Join(args[:min(2, len(args))], " "))
	}
	_, _ = fmt.Fprint(c.err, "Standpunt makes public answers official.\n\n")
	for _, cmd := range commands() {
		_, _ = fmt.Fprintf(c.err, "  standpunt %-14s %s\n", cmd.name, cmd.summary)
	}
	_, _ = fmt.Fprint(c.err, "\nstandpunt COMMAND --help says more. Begin with: standpunt demo\n")
}

// The flag that names the configuration, and the file in the working directory
// that is meant without it.
const (
	configFlag = "config"
	configFile = "standpunt.yaml"
)

// parse reads the flags and refuses what is left over; required names flags
// that must be given, of which the configuration need not where its file is.
func parse(flags *pflag.FlagSet, args []string, required ...string) error {
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, pflag.ErrHelp) {
			return err
		}
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("%w: nothing is expected after the flags, but there is %q", errUsage, flags.Arg(0))
	}
	for _, name := range required {
		f := flags.Lookup(name)
		if f == nil || f.Changed {
			continue
		}
		if name != configFlag {
			return fmt.Errorf("%w: --%s is missing", errUsage, name)
		}
		if _, err := os.Stat(f.DefValue); errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("%w: --%s is missing, and no %s is here", errUsage, name, f.DefValue)
		}
	}
	return nil
}
