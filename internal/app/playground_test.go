package app_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"github.com/candlewright/candlewright/internal/dashboard"
)

// playground is the page with what a person does on it.
type playground struct{ *browser }

// editor is the CodeMirror within an element.
func editor(selector string) string {
	return fmt.Sprintf(`document.querySelector(%q).CodeMirror`, selector+" .CodeMirror")
}

var (
	queryEditor    = editor(".graphiql-query-editor")
	variableEditor = editor(".graphiql-editor-tool > :nth-child(1)")
	headerEditor   = editor(".graphiql-editor-tool > :nth-child(2)")
	resultWindow   = editor(".result-window")
)

// choose goes to the tab with a title.
func (p playground) choose(title string) {
	p.t.Helper()
	p.until("tab "+title, fmt.Sprintf(`(() => {
		const tab = [...document.querySelectorAll('.graphiql-tab-button')].find((b) => b.textContent.trim() === %q);
		tab.click();
		return true;
	})()`, title))
	p.until("operation "+title, fmt.Sprintf(`%s.operationName === %q`, queryEditor, title))
}

func (p playground) write(editor, text string) {
	p.t.Helper()
	eval[bool](p.browser, fmt.Sprintf(`(%s.setValue(%s), true)`, editor, strconv.Quote(text)))
}

// run presses the button and gives the answer, when there is one.
func (p playground) run() answered {
	p.t.Helper()
	p.click("button.graphiql-execute-button")
	p.until("an answer", resultWindow+`.getValue() !== '' && !document.querySelector('.graphiql-response .graphiql-spinner')`)
	text := eval[string](p.browser, resultWindow+`.getValue()`)
	var a answered
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		p.t.Errorf("answer %s: %v", text, err)
	}
	return a
}

// answered is what the window for results shows.
type answered struct {
	Data   map[string]json.RawMessage
	Errors []json.RawMessage
}

// progress is an event of a run as the window for results showed it.
type progress struct {
	Seq, RecordsDone, RecordsTotal int64
	Status, Stage, Message         string
	Fraction                       float64
}

// TestPlaygroundInABrowser opens the playground of a demo as a person would, runs
// all its examples, and sees a run that it triggered live to its end.
func TestPlaygroundInABrowser(t *testing.T) {
	t.Parallel()
	base := startServer(t, "demo", "--faults", "0").base
	p := playground{startBrowser(t)}
	p.open(base + "/graphql") // leads there
	p.until("the playground", `location.pathname === '/playground' && document.title.startsWith('Candlewright')`)
	p.until("the word that the market is simulated", `document.querySelector('.bar').textContent.includes('Simulated market')`)
	p.until("the documentation", `document.querySelector('.graphiql-doc-explorer').textContent.includes('Market data that can be trusted')`)
	p.until("that it is seen", `document.querySelector('.graphiql-doc-explorer').getBoundingClientRect().left >= 0`)
	p.shoot("opened.png")

	p.watchATriggeredRun()
	for _, e := range dashboard.Examples() {
		if !strings.Contains(e.Query, "query "+e.Name) {
			continue
		}
		p.choose(e.Name)
		a := p.run()
		p.shoot(strings.ToLower(e.Name) + ".png")
		if len(a.Errors) > 0 || len(a.Data) == 0 {
			t.Errorf("example %s: %s", e.Name, a.Errors)
		}
		for field, value := range a.Data {
			if string(value) == "null" {
				t.Errorf("example %s: %s is null", e.Name, field)
			}
		}
	}
	p.reopenAnExample()
	p.quiet(base)
}

// watchATriggeredRun triggers a run in one tab and sees its progress in another,
// each with a header as a key would be given.
func (p playground) watchATriggeredRun() {
	p.t.Helper()
	p.choose("Trigger")
	// A run of some seconds, of a source that the demo leaves alone.
	p.write(variableEditor, `{"input": {"ticker": "LTC", "assetClass": "CRYPTO", "timeframes": ["M15", "H1", "D1"]}}`)
	p.write(headerEditor, `{"X-Probe": "over HTTP"}`)
	a := p.run()
	var payload struct{ Run struct{ JobID string } }
	if err := json.Unmarshal(a.Data["triggerEnrichment"], &payload); err != nil || payload.Run.JobID == "" || len(a.Errors) > 0 {
		p.t.Fatalf("trigger: %s %s %v", a.Data, a.Errors, err)
	}
	if !p.posted("X-Probe", "over HTTP") {
		p.t.Error("the editor's headers were not sent over HTTP")
	}

	p.choose("Progress")
	p.until("the jobId of the run in the variables", fmt.Sprintf(`JSON.parse(%s.getValue()).jobId === %q`, variableEditor, payload.Run.JobID))
	p.write(headerEditor, `{"X-Probe": "over a websocket"}`)
	eval[bool](p.browser, fmt.Sprintf(`(window.seen = [], %s.on('change', (cm) => {
		try { window.seen.push(JSON.parse(cm.getValue()).data.runProgress); } catch {}
	}), true)`, resultWindow))
	p.click("button.graphiql-execute-button")
	p.until("a first event", `window.seen.length > 0`)
	p.shoot("watching.png")
	p.until("the end of the run", `window.seen.at(-1)?.stage === 'DONE'`)
	p.until("the end of the subscription", `document.querySelector('button.graphiql-execute-button').getAttribute('aria-label').startsWith('Execute')`)
	p.shoot("watched.png")
	p.checkProgress(eval[[]progress](p.browser, `window.seen`))
	if !p.greeted("X-Probe", "over a websocket") {
		p.t.Error("the editor's headers were not sent when the websocket was opened")
	}
}

func (p playground) checkProgress(seen []progress) {
	p.t.Helper()
	if len(seen) < 2 {
		p.t.Errorf("saw %+v, want the run live", seen)
	}
	for i := 1; i < len(seen); i++ {
		if seen[i].Seq <= seen[i-1].Seq {
			p.t.Errorf("event %d came after event %d", seen[i].Seq, seen[i-1].Seq)
		}
	}
	if last := seen[len(seen)-1]; last.Status != "COMPLETED" || last.Fraction != 1 || last.RecordsTotal == 0 {
		p.t.Errorf("the run ended as %+v, want it completed", last)
	}
}

// reopenAnExample changes a tab and gets the example back from the pane.
func (p playground) reopenAnExample() {
	p.t.Helper()
	first := dashboard.Examples()[0]
	p.choose(first.Name)
	tabs := eval[int](p.browser, `document.querySelectorAll('.graphiql-tab-button').length`)
	p.write(queryEditor, "query "+first.Name+" { __typename }")
	p.click(`button[aria-label="Show Examples"]`)
	p.click(`.examples li:first-child button`)
	p.until("the example in a tab of its own", fmt.Sprintf(`document.querySelectorAll('.graphiql-tab-button').length === %d && %s.getValue() === %s`,
		tabs+1, queryEditor, strconv.Quote(first.Query)))
	p.until("its title", `[...document.querySelectorAll('.graphiql-tab-button')].at(-1).textContent.trim() === '`+first.Name+`'`)
	p.shoot("examples.png")
}
