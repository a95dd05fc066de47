package resttest

import (
	"math"
	"slices"
	"strconv"
	"time"
)

// rule checks what must hold between the values of one answer. Shapes are checked
// elsewhere: a value of a wrong kind reads as 0 or null here.
func (p *problems) rule(name string, body value) {
	switch name {
	case "status":
		p.status(body)
	case "metrics":
		p.metrics(body)
	case "trigger":
		p.trigger(body)
	case "quality":
		p.quality(body)
	default:
		p.add("no rule is named %q", name)
	}
}

func (p *problems) status(b value) {
	word := b.get("status").text
	has := func(key string) bool { return b.get(key).kind != null }
	frames := texts(b.get("timeframes_available"))
	stored := count(b.get("records_available")) > 0
	for _, key := range []string{"data_age_seconds", "quality_score", "validation_rate"} {
		if stored != has(key) {
			p.add("%s is %s with %s records", key, b.get(key), b.get("records_available"))
		}
	}
	if stored != (len(frames) > 0) {
		p.add("timeframes %q with %s records", frames, b.get("records_available"))
	}
	if !slices.IsSorted(frames) || len(slices.Compact(slices.Clone(frames))) != len(frames) {
		p.add("timeframes %q are not sorted as text, each once", frames)
	}
	if (word == "error") != has("error_message") {
		p.add("status %s with the error message %s", word, b.get("error_message"))
	}
	if word == "error" && !has("last_enrichment_time") {
		p.add("an error without an ended run")
	}
	if word != "error" && stored == (word == "not_enriched") {
		p.add("status %s with %s records", word, b.get("records_available"))
	}
	if !has("asset_class") && (stored || has("next_enrichment")) {
		p.add("a symbol that is not tracked has data or a schedule")
	}
	if score := hundredths(b.get("quality_score")); stored {
		switch {
		case score < 85 && word != "stale" && word != "error",
			score <= 90 && word == "healthy":
			p.add("status %s with the score %s", word, b.get("quality_score"))
		}
	}
	now := instant(b.get("timestamp"))
	if has("last_enrichment_time") && instant(b.get("last_enrichment_time")).After(now) {
		p.add("the last run ended in the future: %s", b.get("last_enrichment_time"))
	}
	if has("next_enrichment") && instant(b.get("next_enrichment")).Before(now) {
		p.add("the next run lies in the past: %s", b.get("next_enrichment"))
	}
}

func (p *problems) metrics(b value) {
	p.stage(b.get("fetch_pipeline"), "total_fetches", "avg_response_time_ms")
	p.stage(b.get("compute_pipeline"), "total_computations", "avg_computation_time_ms")
	if q := b.get("fetch_pipeline"); count(q.get("total_fetches")) == 0 && q.get("api_quota_remaining").kind != null {
		p.add("a quota without fetches: %s", q.get("api_quota_remaining"))
	}
	q := b.get("data_quality")
	if count(q.get("symbols_tracked")) == 0 && (hundredths(q.get("avg_validation_rate")) != 0 || hundredths(q.get("avg_quality_score")) != 0) {
		p.add("averages over no symbols: %s, %s", q.get("avg_validation_rate"), q.get("avg_quality_score"))
	}
}

func (p *problems) stage(b value, total, avg string) {
	n, good := count(b.get(total)), count(b.get("successful"))
	if good > n {
		p.add("%s %d, successful %d", total, n, good)
	}
	if want := share(good, n); hundredths(b.get("success_rate")) != want {
		p.add("success rate %s of %d in %d, want %d hundredths", b.get("success_rate"), good, n, want)
	}
	if n == 0 && count(b.get(avg)) != 0 {
		p.add("%s is %s over none", avg, b.get(avg))
	}
}

func (p *problems) trigger(b value) {
	frames := texts(b.get("timeframes"))
	total := count(b.get("total_records_to_process"))
	if want := 20*int64(len(frames)) + total/100; count(b.get("estimated_duration_seconds")) != want {
		p.add("estimate %s for %d timeframes and %d records, want %d", b.get("estimated_duration_seconds"), len(frames), total, want)
	}
	seen := map[string]bool{}
	for _, f := range frames {
		if seen[f] {
			p.add("timeframe %s twice", f)
		}
		seen[f] = true
	}
	if b.get("status").text != "queued" {
		p.add("status %s", b.get("status"))
	}
}

func (p *problems) quality(b value) {
	now, days := instant(b.get("timestamp")), int(count(b.get("period_days")))
	var filled, rates, scores, gaps, anomalies int64
	last := now.AddDate(0, 0, 1).Format(time.DateOnly)
	first := now.AddDate(0, 0, 1-days).Format(time.DateOnly)
	for _, d := range b.get("daily_metrics").items {
		date := d.get("date").text
		if date >= last || date < first {
			p.add("the date %s is out of order or before %s", date, first)
		}
		last = date
		p.day(d)
		gaps += count(d.get("gaps_detected"))
		anomalies += count(d.get("anomalies_detected"))
		if count(d.get("total_records")) > 0 {
			filled++
			rates += hundredths(d.get("validation_rate"))
			scores += hundredths(d.get("avg_quality_score"))
		}
	}
	s := b.get("summary")
	for key, want := range map[string]int64{"avg_validation_rate": mean(rates, filled), "avg_quality_score": mean(scores, filled)} {
		if got := hundredths(s.get(key)); got != want {
			p.add("summary %s is %s, want %d hundredths over %d days", key, s.get(key), want, filled)
		}
	}
	for key, want := range map[string]int64{"total_gaps_detected": gaps, "total_anomalies": anomalies} {
		if got := count(s.get(key)); got != want {
			p.add("summary %s is %d, want %d", key, got, want)
		}
	}
	p.fetches(b.get("recent_fetch_logs"), now, now.Add(-time.Duration(days)*24*time.Hour))
}

func (p *problems) day(d value) {
	total, good, gaps := count(d.get("total_records")), count(d.get("validated_records")), count(d.get("gaps_detected"))
	date := d.get("date").text
	if good > total || count(d.get("anomalies_detected")) > total {
		p.add("%s: more validated or anomalous records than %d", date, total)
	}
	if want := share(good, total); hundredths(d.get("validation_rate")) != want {
		p.add("%s: validation rate %s of %d in %d", date, d.get("validation_rate"), good, total)
	}
	complete := int64(math.Floor(float64(total)/float64(max(1, total+gaps))*100 + 0.5 + 1e-7))
	if gaps > 0 {
		complete = min(complete, 99)
	}
	if hundredths(d.get("data_completeness")) != complete {
		p.add("%s: completeness %s of %d records and %d gaps", date, d.get("data_completeness"), total, gaps)
	}
	if total == 0 && (gaps == 0 || hundredths(d.get("avg_quality_score")) != 0) {
		p.add("%s: no record, %d gaps, score %s", date, gaps, d.get("avg_quality_score"))
	}
}

func (p *problems) fetches(logs value, now, oldest time.Time) {
	before := now
	for _, l := range logs.items {
		at := instant(l.get("timestamp"))
		if at.After(before) || at.Before(oldest.Add(-time.Second)) {
			p.add("the fetch log of %s is out of order or before %s", l.get("timestamp"), oldest.Format(time.RFC3339))
		}
		before = at
		if count(l.get("records_inserted")) > count(l.get("records_fetched")) {
			p.add("the fetch log of %s inserted %s of %s", l.get("timestamp"), l.get("records_inserted"), l.get("records_fetched"))
		}
	}
}

func count(v value) int64 {
	n, err := strconv.ParseInt(v.text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// hundredths is a rate or score as a whole number of hundredths.
func hundredths(v value) int64 {
	f, err := strconv.ParseFloat(v.text, 64)
	if err != nil {
		return 0
	}
	return int64(math.Round(f * 100))
}

// share is 100 × part / whole in hundredths, rounded as the contract says; 0 of none.
func share(part, whole int64) int64 {
	if whole == 0 {
		return 0
	}
	return int64(math.Floor(100*float64(part)/float64(whole)*100 + 0.5 + 1e-7))
}

func mean(sum, n int64) int64 {
	if n == 0 {
		return 0
	}
	return int64(math.Floor(float64(sum)/float64(n) + 0.5 + 1e-7))
}

func instant(v value) time.Time {
	t, err := time.Parse(time.RFC3339, v.text)
	if err != nil {
		return time.Time{}
	}
	return t
}

func texts(v value) []string {
	all := make([]string, len(v.items))
	for i, item := range v.items {
		all[i] = item.text
	}
	return all
}
