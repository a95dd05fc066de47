package resttest

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// answering is a server that gives one answer to everything.
func answering(t *testing.T, status int, body string, headers ...string) string {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		for _, line := range headers {
			name, value, _ := strings.Cut(line, ": ")
			w.Header().Add(name, value)
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	t.Cleanup(srv.Close)
	return srv.URL
}

func one(e Expect) Case {
	return Case{Steps: []Step{{Request: Request{Method: "GET", Target: "/a"}, Expect: e}}}
}

// wants fails unless the only problem has the words, or there is none for "".
func wants(t *testing.T, problems []string, words string) {
	t.Helper()
	all := strings.Join(problems, "; ")
	if words == "" && all != "" || !strings.Contains(all, words) {
		t.Errorf("problems %q, want %q", all, words)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	base := answering(t, 307, "", "Allow: POST, GET", "Location: /b?x=1", "X-A: 1")
	for _, tc := range []struct{ name, want, problem string }{
		{"x-a", `"1"`, ""},
		{"x-a", `"2"`, `"1", want "2"`},
		{"x-a", `null`, "want none"},
		{"x-b", `null`, ""},
		{"allow", `{"tokens":["GET","POST"]}`, ""},
		{"allow", `{"tokens":["GET"]}`, "tokens"},
		{"location", `{"resolves_to":"/b?x=1"}`, ""},
		{"location", `{"resolves_to":"/b"}`, "leads to"},
		{"x-b", `{"resolves_to":"/b"}`, "no reference"},
		{"x-a", `{"new":1}`, "no known form"},
		{"x-a", `{}`, "no known form"},
	} {
		wants(t, one(Expect{Status: 307, Headers: map[string]json.RawMessage{tc.name: json.RawMessage(tc.want)}}).Check(t.Context(), base), tc.problem)
	}
	wants(t, one(Expect{Status: 200}).Check(t.Context(), base), "status 307, want 200")
	wants(t, one(Expect{Status: 307}).Check(t.Context(), "http://127.0.0.1:1"), "connect")
}

func TestBodies(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, body, json, problem string }{
		{"same", `{"a":1.0,"b":"\u003c"}`, `{"a": 1.0, "b": "<"}`, ""},
		{"another spelling of a number", `{"a":1}`, `{"a":1.0}`, "want"},
		{"another order", `{"b":1,"a":2}`, `{"a":2,"b":1}`, "want"},
		{"a key twice", `{"a":1,"a":1}`, `{"a":1}`, "twice"},
		{"more behind", `{} {}`, `{}`, "more than one"},
		{"no JSON", `<html>`, `{}`, "not JSON"},
		{"no UTF-8", "\"\xff\"", `""`, "not UTF-8"},
	} {
		wants(t, one(Expect{Status: 200, JSON: &tc.json}).Check(t.Context(), answering(t, 200, tc.body)), tc.problem)
	}
	wants(t, one(Expect{Status: 200, Compact: true}).Check(t.Context(), answering(t, 200, `{"a": 1}`)), "white space")
	wants(t, one(Expect{Status: 200, Compact: true}).Check(t.Context(), answering(t, 200, "{\"a\":1}\n")), "line end")
	wants(t, one(Expect{Status: 200, Compact: true}).Check(t.Context(), answering(t, 200, `{"a":" b"}`)), "")
	empty := ""
	wants(t, one(Expect{Status: 200, Text: &empty}).Check(t.Context(), answering(t, 200, "x")), "body")
}

func TestShapes(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC().Format(time.RFC3339)
	for _, tc := range []struct{ shape, good, bad string }{
		{`"null"`, `null`, `0 "" {}`},
		{`"bool"`, `true`, `1 null`},
		{`"string"`, `""`, `null 1`},
		{`"count"`, `0 12`, `-1 1.0 1e2 01 "1" null`},
		{`"rate"`, `0.0 99.2 98.33 100.0 0.05`, `100 99.20 98.333 1e2 100.1 -1.0 0.00 1`},
		{`"score"`, `0.0 1.0 0.95 0.9`, `1 0.950 1.01 0.90 2.0 -0.1`},
		{`"date"`, `"2024-02-29"`, `"2023-02-29" "2024-2-9" 20240229`},
		{`"time"`, `"2024-11-13T10:31:00Z"`, `"2024-11-13T10:31:00.5Z" "2024-11-13T10:31:00+00:00" "2024-13-13T10:31:00Z"`},
		{`"now"`, `"` + now + `"`, `"2024-11-13T10:31:00Z"`},
		{`"uuid"`, `"550e8400-e29b-41d4-a716-446655440000"`, `"550E8400-E29B-41D4-A716-446655440000" "550e8400"`},
		{`{"raw":"[\"1d\", 1.0]"}`, `["1d",1.0]`, `["1d",1] []`},
		{`{"one_of":["a","b"]}`, `"a" "b"`, `"c" null`},
		{`{"any":["null","count"]}`, `null 3`, `"x" 1.5`},
		{`{"int":[1,10]}`, `1 10`, `0 11 1.0 "1"`},
		{`{"object":{"a":"count","b":"null"}}`, `{"a":1,"b":null}`, `{"b":null,"a":1} {"a":1} {"a":1,"b":null,"c":1} []`},
		{`{"array":"count","min":1,"max":2}`, `[1] [1,2]`, `[] [1,2,3] ["x"] {}`},
		{`"novel"`, ``, `1`},
		{`{"novel":1}`, ``, `1`},
		{`{"raw":"1","min":1}`, ``, `1`},
		{`{"array":"count","mean":1}`, ``, `[]`},
		{`{"raw":"{"}`, ``, `1`},
		{`7`, ``, `1`},
	} {
		check := func(body string) []string {
			return one(Expect{Status: 200, Shape: json.RawMessage(tc.shape)}).Check(t.Context(), answering(t, 200, body))
		}
		for body := range strings.FieldsSeq(tc.good) {
			if p := check(body); len(p) > 0 {
				t.Errorf("%s refuses %s: %q", tc.shape, body, p)
			}
		}
		for body := range strings.FieldsSeq(tc.bad) {
			if len(check(body)) == 0 {
				t.Errorf("%s takes %s", tc.shape, body)
			}
		}
	}
}

const (
	goodStatus = `{"symbol":"A","asset_class":"stock","status":"healthy","last_enrichment_time":"2024-11-13T10:30:45Z","data_age_seconds":300,"records_available":1250,` +
		`"quality_score":0.95,"validation_rate":98.5,"timeframes_available":["1d","1h"],"next_enrichment":"2024-11-14T01:30:00Z","error_message":null,"timestamp":"2024-11-13T10:31:00Z"}`
	goodMetrics = `{"fetch_pipeline":{"total_fetches":1250,"successful":1240,"success_rate":99.2,"avg_response_time_ms":245,"api_quota_remaining":450},` +
		`"compute_pipeline":{"total_computations":0,"successful":0,"success_rate":0.0,"avg_computation_time_ms":0},` +
		`"data_quality":{"symbols_tracked":45,"avg_validation_rate":98.5,"avg_quality_score":0.93}}`
	goodTrigger = `{"timeframes":["1d","1h"],"status":"queued","total_records_to_process":500,"estimated_duration_seconds":45}`
	goodQuality = `{"period_days":7,"summary":{"avg_validation_rate":99.17,"avg_quality_score":0.95,"total_gaps_detected":3,"total_anomalies":1},"daily_metrics":[` +
		`{"date":"2024-11-13","total_records":180,"validated_records":177,"validation_rate":98.33,"gaps_detected":0,"anomalies_detected":0,"avg_quality_score":0.94,"data_completeness":1.0},` +
		`{"date":"2024-11-12","total_records":0,"validated_records":0,"validation_rate":0.0,"gaps_detected":2,"anomalies_detected":0,"avg_quality_score":0.0,"data_completeness":0.0},` +
		`{"date":"2024-11-07","total_records":500,"validated_records":500,"validation_rate":100.0,"gaps_detected":1,"anomalies_detected":1,"avg_quality_score":0.96,"data_completeness":0.99}],` +
		`"recent_fetch_logs":[{"records_fetched":5,"records_inserted":5,"timestamp":"2024-11-13T01:30:45Z"},{"records_fetched":5,"records_inserted":0,"timestamp":"2024-11-06T10:31:00Z"}],"timestamp":"2024-11-13T10:31:00Z"}`
)

// TestRules changes one place of a good answer at a time.
func TestRules(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ rule, good, from, to string }{
		{"status", goodStatus, "", ""},
		{"status", goodStatus, `"quality_score":0.95`, `"quality_score":null`},
		{"status", goodStatus, `"quality_score":0.95`, `"quality_score":0.9`},
		{"status", goodStatus, `"healthy"`, `"not_enriched"`},
		{"status", goodStatus, `"healthy"`, `"error"`},
		{"status", goodStatus, `"error_message":null`, `"error_message":"x"`},
		{"status", goodStatus, `["1d","1h"]`, `["1h","1d"]`},
		{"status", goodStatus, `["1d","1h"]`, `["1d","1d"]`},
		{"status", goodStatus, `["1d","1h"]`, `[]`},
		{"status", goodStatus, `1250`, `0`},
		{"status", goodStatus, `"asset_class":"stock"`, `"asset_class":null`},
		{"status", goodStatus, `10:30:45`, `10:31:45`},
		{"status", goodStatus, `14T01:30`, `13T01:30`},
		{"metrics", goodMetrics, "", ""},
		{"metrics", goodMetrics, `99.2`, `99.3`},
		{"metrics", goodMetrics, `1240`, `1260`},
		{"metrics", goodMetrics, `"avg_computation_time_ms":0`, `"avg_computation_time_ms":1`},
		{"metrics", goodMetrics, `"symbols_tracked":45`, `"symbols_tracked":0`},
		{"trigger", goodTrigger, "", ""},
		{"trigger", goodTrigger, `45`, `44`},
		{"trigger", goodTrigger, `"1h"`, `"1d"`},
		{"trigger", goodTrigger, `queued`, `running`},
		{"quality", goodQuality, "", ""},
		{"quality", goodQuality, `99.17`, `99.16`},
		{"quality", goodQuality, `"avg_quality_score":0.95`, `"avg_quality_score":0.94`},
		{"quality", goodQuality, `"total_gaps_detected":3`, `"total_gaps_detected":2`},
		{"quality", goodQuality, `"total_anomalies":1`, `"total_anomalies":0`},
		{"quality", goodQuality, `2024-11-07`, `2024-11-06`},
		{"quality", goodQuality, `2024-11-12`, `2024-11-13`},
		{"quality", goodQuality, `98.33`, `98.34`},
		{"quality", goodQuality, `177`, `181`},
		{"quality", goodQuality, `"data_completeness":0.99`, `"data_completeness":1.0`},
		{"quality", goodQuality, `"gaps_detected":2`, `"gaps_detected":0`},
		{"quality", goodQuality, `"records_inserted":5`, `"records_inserted":6`},
		{"quality", goodQuality, `11-06T10:31:00`, `11-06T10:30:00`},
		{"quality", goodQuality, `11-13T01:30:45`, `11-05T01:30:45`},
		{"novel", goodTrigger, `45`, `45 `},
	} {
		body := strings.Replace(tc.good, tc.from, tc.to, 1)
		problems := one(Expect{Status: 200, Rule: tc.rule}).Check(t.Context(), answering(t, 200, body))
		if (len(problems) == 0) != (tc.from == "") {
			t.Errorf("%s with %s for %s: problems %q", tc.rule, tc.to, tc.from, problems)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	line := []byte(`{"id":"x","steps":[{"request":{"method":"GET","target":"/{RND}/{RND}"},"expect":{"status":200,"shape":{"raw":"\"{RND}\""}}}]}`)
	a, err := Parse(line)
	if err != nil {
		t.Fatal(err)
	}
	b, err := Parse(line)
	if err != nil {
		t.Fatal(err)
	}
	target := a.Steps[0].Request.Target
	ticker := strings.Split(target, "/")[1]
	if target != "/"+ticker+"/"+ticker || !strings.Contains(string(a.Steps[0].Expect.Shape), ticker) || target == b.Steps[0].Request.Target {
		t.Errorf("targets %q and %q, shape %s", target, b.Steps[0].Request.Target, a.Steps[0].Expect.Shape)
	}
	if _, err := Parse([]byte(`{"id":"x","novel":1}`)); err == nil {
		t.Error("an unknown key is passed over")
	}
}

func TestRunTakesTheCasesOfAState(t *testing.T) {
	t.Parallel()
	base := answering(t, 200, "{}")
	file := filepath.Join(t.TempDir(), "cases.jsonl")
	cases := `{"id":"good","steps":[{"request":{"method":"GET","target":"/"},"expect":{"status":200}}]}
{"id":"other state","when":"db_down","steps":[{"request":{"method":"GET","target":"/"},"expect":{"status":500}}]}
`
	if err := os.WriteFile(file, []byte(cases), 0o600); err != nil {
		t.Fatal(err)
	}
	Run(t, base, file, "")
}
