package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"github.com/candlewright/candlewright/internal/fault"
	"github.com/candlewright/candlewright/internal/telemetry"
)

// The exit codes of the program.
const (
	exitOK    = 0
	exitFail  = 1 // the command ran and did not succeed
	exitUsage = 2 // the command line was wrong, or a comparison could not be made
)

// terminal is where a command reads and writes, and its clock.
type terminal struct {
	in       io.Reader
	out, err io.Writer
	now      func() time.Time
}

// errSilent ends a command with exit code 1 after it has said why itself.
var errSilent = errors.New("")

// trouble ends a command with exit code 2, where 1 is an answer.
type trouble struct{ error }

func (t trouble) Unwrap() error { return t.error }

// Main runs the program with the arguments after its name and gives its exit
// code. SIGTERM and SIGINT end it cleanly; a second one at once.
func Main(args []string, in io.Reader, out, errOut io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	context.AfterFunc(ctx, stop) // from the first signal on the default action is back
	return run(ctx, args, &terminal{in: in, out: out, err: errOut, now: time.Now})
}

func run(ctx context.Context, args []string, term *terminal) (code int) {
	var cli commandLine
	type exited int
	defer func() { // kong ends --help and --version by its exit function
		if e, ok := recover().(exited); ok {
			code = int(e)
		} else if e != 0 {
			panic(e)
		}
	}()
	parser, err := newParser(&cli, term, func(code int) { panic(exited(code)) })
	if err != nil {
		_, _ = fmt.Fprintln(term.err, "candlewright:", err)
		return exitUsage
	}
	kctx, err := parser.Parse(args)
	if err != nil {
		_, _ = fmt.Fprintf(term.err, "candlewright: %v\n", err)
		if hint := usageHint(err); hint != "" {
			_, _ = fmt.Fprintln(term.err, hint)
		}
		return exitUsage
	}
	cli.dataDirGiven = givenOnCommandLine(kctx, "data-dir")
	kctx.BindTo(ctx, (*context.Context)(nil))
	kctx.Bind(term, &cli.globals)
	kctx.Bind(cli.logger(term, kctx.Selected().Tag.Get("log")))
	if err := kctx.Run(); err != nil {
		if !errors.Is(err, errSilent) {
			_, _ = fmt.Fprintf(term.err, "candlewright: %s\n", explain(err))
		}
		if errors.As(err, new(trouble)) {
			return exitUsage
		}
		return exitFail
	}
	return exitOK
}

// logger logs what is asked for; where nothing is, commands that a person waits
// for tell of warnings only, since their output is the answer.
func (g *globals) logger(term *terminal, usual string) *slog.Logger {
	word := g.LogLevel
	if word == "auto" {
		word = cmp.Or(usual, "warn")
	}
	level, _ := telemetry.ParseLogLevel(word) // the parser took only words that are levels
	return telemetry.NewLogger(term.err, level, telemetry.LogFormat(g.LogFormat))
}

// explain is the sentence of an error for the terminal: the detail of a fault
// with its cause, as far as it has them, else the error itself.
func explain(err error) string {
	f, ok := errors.AsType[*fault.Error](err)
	switch {
	case !ok || f.Detail == "" && f.Err == nil:
		return strings.ReplaceAll(err.Error(), "\n\t", " ")
	case f.Err == nil:
		return f.Detail
	case f.Detail == "":
		return f.Err.Error()
	}
	return f.Detail + ": " + f.Err.Error()
}

// wasStopped reports whether err comes from the signal that ended ctx.
func wasStopped(ctx context.Context, err error) bool {
	return ctx.Err() != nil && (errors.Is(err, context.Canceled) || fault.Is(err, fault.Cancelled))
}

func givenOnCommandLine(kctx *kong.Context, name string) bool {
	for _, p := range kctx.Path {
		if p.Flag != nil && p.Flag.Name == name {
			return true
		}
	}
	return false
}

func usageHint(err error) string {
	var p *kong.ParseError
	if errors.As(err, &p) && p.Context != nil {
		if name, _, _ := strings.Cut(p.Context.Command(), " <"); name != "" {
			return "Run candlewright " + name + " --help for what it takes."
		}
	}
	return "Run candlewright --help for the commands."
}
