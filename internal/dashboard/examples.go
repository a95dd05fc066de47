package dashboard

import (
	"embed"
	"path"
	"regexp"
	"strings"
)

//go:embed examples
var exampleFiles embed.FS

// Example is an operation that a first visit to the playground finds as a tab.
type Example struct {
	// Name is the name of the operation.
	Name string `json:"name"`
	// About says in a sentence or two what it shows.
	About string `json:"about"`
	// Query is the document, which holds one operation.
	Query string `json:"query"`
	// Variables is a JSON object, or empty where there are none.
	Variables string `json:"variables"`
}

// operation finds the operation's name.
var operation = regexp.MustCompile(`(?m)^(?:query|mutation|subscription) (\w+)`)

// Examples are the operations of examples/ in the order of their file names.
// NAME.json holds the variables of NAME.graphql; the comment that this begins with
// is what it is about.
func Examples() []Example {
	files, err := exampleFiles.ReadDir("examples")
	if err != nil {
		panic(err) // they are embedded
	}
	var list []Example
	for _, f := range files {
		name, ok := strings.CutSuffix(f.Name(), ".graphql")
		if !ok {
			continue
		}
		query := exampleText(name + ".graphql")
		e := Example{About: aboutOf(query), Query: query, Variables: exampleText(name + ".json")}
		if m := operation.FindStringSubmatch(query); m != nil {
			e.Name = m[1]
		}
		list = append(list, e)
	}
	return list
}

// aboutOf joins the comment lines at the top of a document.
func aboutOf(query string) string {
	var words []string
	for line := range strings.Lines(query) {
		text, comment := strings.CutPrefix(line, "#")
		if !comment {
			break
		}
		words = append(words, strings.TrimSpace(text))
	}
	return strings.Join(words, " ")
}

// exampleText is a file of examples/ without the line end, empty where there is none.
func exampleText(name string) string {
	text, err := exampleFiles.ReadFile(path.Join("examples", name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}
