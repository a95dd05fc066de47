// Candlewright fetches candles, checks them, enriches them with features, and
// tells how fresh, complete and right they are.
package main

import (
	"os"

	"github.com/candlewright/candlewright/internal/app"
)

func main() {
	os.Exit(app.Main(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
