package graph

import (
	"cmp"
	"time"

	"github.com/candlewright/candlewright/graph/model"
)

// Config is what the face needs to know; zero values take the default named.
type Config struct {
	// Server is what Query.server says of this installation.
	Server model.Server
	// Playground is the path that browsers are led to from here; "" is nowhere.
	Playground string
	// Origins are the foreign origins, as https://app.example.com, whose pages may
	// use the API: none.
	Origins []string
	// HideSchema switches introspection off.
	HideSchema bool

	MaxBody          int64         // bytes of a request: 1 MiB
	MaxTokens        int           // of a document: 15,000
	MaxDepth         int           // fields inside fields: 15
	MaxAliases       int           // of an operation, fragments counted where they are used: 100
	MaxComplexity    int           // see complexity.go: 250,000
	MaxSubscriptions int           // at a time on one connection: 100
	Deadline         time.Duration // of a query or mutation: 30 s
	KeepAlive        time.Duration // between signs of life on a stream: 15 s
}

func (c Config) withDefaults() Config {
	c.MaxBody = cmp.Or(c.MaxBody, 1<<20)
	c.MaxTokens = cmp.Or(c.MaxTokens, 15_000)
	c.MaxDepth = cmp.Or(c.MaxDepth, 15)
	c.MaxAliases = cmp.Or(c.MaxAliases, 100)
	c.MaxComplexity = cmp.Or(c.MaxComplexity, 250_000)
	c.MaxSubscriptions = cmp.Or(c.MaxSubscriptions, 100)
	c.Deadline = cmp.Or(c.Deadline, 30*time.Second)
	c.KeepAlive = cmp.Or(c.KeepAlive, 15*time.Second)
	return c
}
