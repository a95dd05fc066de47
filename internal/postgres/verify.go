package postgres

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgxpool"
)

// schema.json is the schema of a database fresh from the migrations.
//
//go:generate go test -run TestDeclaredSchemaIsFresh -update
//go:embed schema.json
var schemaJSON []byte

// ProblemKind says how a database differs from the migrations.
type ProblemKind string

// The kinds of a Problem.
const (
	Missing    ProblemKind = "missing"    // declared, not there
	Different  ProblemKind = "different"  // there in another form
	Unexpected ProblemKind = "unexpected" // there, not declared
)

// Problem is one difference between a database and the migrations.
type Problem struct {
	Kind   ProblemKind
	Object string // "table", "column", "index", "constraint" or "type"
	Table  string // empty for a type
	Name   string
	Want   string // as declared; empty when unexpected
	Got    string // as found; empty when missing
}

// String is the problem in one line, such as
// "missing column backfill_state.done_through (timestamp with time zone)".
func (p Problem) String() string {
	name := p.Name
	if p.Object == "column" || p.Object == "constraint" || p.Object == "index" {
		name = p.Table + "." + p.Name
	}
	what := fmt.Sprintf("%s %s %s", p.Kind, p.Object, name)
	switch p.Kind {
	case Missing:
		if p.Want != "" {
			what += " (" + p.Want + ")"
		}
	case Different:
		what += ": it is " + p.Got + " and should be " + p.Want
	case Unexpected:
		if p.Got != "" {
			what += " (" + p.Got + ")"
		}
	}
	return what
}

// TableReport says how much of a table was compared, by the declaration, and what differs.
type TableReport struct {
	Name                          string
	Columns, Indexes, Constraints int
	Problems                      []Problem
}

// String is the table in one line, such as "backfill_state (12 columns, 3 indexes, 6 constraints)".
func (r TableReport) String() string {
	return fmt.Sprintf("%s (%s, %s, %s)", r.Name, count(r.Columns, "column", "columns"),
		count(r.Indexes, "index", "indexes"), count(r.Constraints, "constraint", "constraints"))
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

// Report is the comparison of a database with the migrations.
type Report struct {
	Tables []TableReport
	Types  []Problem
	// Foreign are tables that the migrations do not know. They are no problem: the database may
	// be shared.
	Foreign []string
}

// Problems are all differences in the order of the report.
func (r Report) Problems() []Problem {
	all := slices.Clone(r.Types)
	for _, table := range r.Tables {
		all = append(all, table.Problems...)
	}
	return all
}

// OK tells whether the database is what the migrations declare.
func (r Report) OK() bool { return len(r.Problems()) == 0 }

// DeclaredSchema is what the migrations declare.
func DeclaredSchema() (Schema, error) {
	var schema Schema
	if err := json.Unmarshal(schemaJSON, &schema); err != nil {
		return Schema{}, fmt.Errorf("read the declared schema: %w", err)
	}
	return schema, nil
}

// Verify compares the current schema of a database with what the migrations declare: every
// table, column, type, nullability, default, index and constraint.
func Verify(ctx context.Context, pool *pgxpool.Pool) (Report, error) {
	want, err := DeclaredSchema()
	if err != nil {
		return Report{}, err
	}
	got, err := ReadSchema(ctx, pool)
	if err != nil {
		return Report{}, err
	}
	return compareSchemas(want, got), nil
}

func compareSchemas(want, got Schema) Report {
	report := Report{Types: compareObjects("type", "", want.Types, got.Types)}
	report.Types = slices.DeleteFunc(report.Types, func(p Problem) bool { return p.Kind == Unexpected })
	there := byName(got.Tables, func(t Table) string { return t.Name })
	for _, table := range want.Tables {
		result := TableReport{Name: table.Name, Columns: len(table.Columns), Indexes: len(table.Indexes), Constraints: len(table.Constraints)}
		if found, ok := there[table.Name]; ok {
			result.Problems = slices.Concat(
				compareColumns(table.Name, table.Columns, found.Columns),
				compareObjects("index", table.Name, table.Indexes, found.Indexes),
				compareObjects("constraint", table.Name, table.Constraints, found.Constraints))
		} else {
			result.Problems = []Problem{{Kind: Missing, Object: "table", Table: table.Name, Name: table.Name}}
		}
		delete(there, table.Name)
		report.Tables = append(report.Tables, result)
	}
	for _, table := range got.Tables {
		if _, left := there[table.Name]; left {
			report.Foreign = append(report.Foreign, table.Name)
		}
	}
	return report
}

func compareColumns(table string, want, got []Column) []Problem {
	describe := func(columns []Column) []Object {
		var objects []Object
		for _, column := range columns {
			objects = append(objects, Object{Name: column.Name, Definition: column.String()})
		}
		return objects
	}
	return compareObjects("column", table, describe(want), describe(got))
}

// String is the column's type, nullability and default, such as "bigint not null default 0".
func (c Column) String() string {
	var b strings.Builder
	b.WriteString(c.Type)
	if !c.Nullable {
		b.WriteString(" not null")
	}
	switch {
	case strings.HasPrefix(c.Default, "generated "):
		b.WriteString(" " + c.Default)
	case c.Default != "":
		b.WriteString(" default " + c.Default)
	}
	return b.String()
}

func compareObjects(kind, table string, want, got []Object) []Problem {
	var problems []Problem
	there := byName(got, func(o Object) string { return o.Name })
	for _, object := range want {
		found, ok := there[object.Name]
		delete(there, object.Name)
		switch {
		case !ok:
			problems = append(problems, Problem{Kind: Missing, Object: kind, Table: table, Name: object.Name, Want: object.Definition})
		case found.Definition != object.Definition:
			problems = append(problems, Problem{Kind: Different, Object: kind, Table: table, Name: object.Name, Want: object.Definition, Got: found.Definition})
		}
	}
	for _, object := range got {
		if _, left := there[object.Name]; left {
			problems = append(problems, Problem{Kind: Unexpected, Object: kind, Table: table, Name: object.Name, Got: object.Definition})
		}
	}
	return problems
}

func byName[T any](all []T, name func(T) string) map[string]T {
	out := make(map[string]T, len(all))
	for _, one := range all {
		out[name(one)] = one
	}
	return out
}
