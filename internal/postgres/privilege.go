package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const insufficientPrivilege = "42501"

// PrivilegeError says which privilege the role lacks and what gives it.
type PrivilegeError struct {
	Role  string
	Lacks string // "may not create in schema public of database d"
	Grant string // the statement that a superuser or the owner runs
	Err   error
}

func (e *PrivilegeError) Error() string {
	return fmt.Sprintf("the role %q %s. The owner or a superuser can run: %s (the server said: %v)", e.Role, e.Lacks, e.Grant, e.Err)
}

func (e *PrivilegeError) Unwrap() error { return e.Err }

// need is what somebody wants to do with the schema.
type need struct {
	privileges string // on tables; empty where only their owner may do it
	check      string // the same for has_table_privilege
}

var (
	needOwner = need{}
	needRead  = need{privileges: "SELECT", check: "SELECT"}
	needWrite = need{privileges: "SELECT, INSERT, UPDATE, DELETE", check: "INSERT"}
)

// explainPrivilege turns a refusal for lack of a privilege into a PrivilegeError. PostgreSQL
// tells the privilege only in a text in the server's language, so the catalog is asked.
func explainPrivilege(ctx context.Context, pool *pgxpool.Pool, need need, err error) error {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) || pgErr.Code != insufficientPrivilege {
		return err
	}
	lack, lookErr := lookForLack(ctx, pool, need)
	if lookErr != nil {
		return errors.Join(err, fmt.Errorf("find out which privilege is lacking: %w", lookErr))
	}
	lack.Err = pgErr
	return lack
}

func lookForLack(ctx context.Context, pool *pgxpool.Pool, need need) (*PrivilegeError, error) {
	var role, database, schema, owner string
	var use, create bool
	// current_schema() is null where the role may use no schema of its search path.
	err := pool.QueryRow(ctx, `
		SELECT current_user, current_database(), n.nspname, pg_get_userbyid(n.nspowner),
			has_schema_privilege(n.oid, 'USAGE'), has_schema_privilege(n.oid, 'CREATE')
		FROM pg_namespace n WHERE n.nspname = coalesce(current_schema(), 'public')`).
		Scan(&role, &database, &schema, &owner, &use, &create)
	if err != nil {
		return nil, err
	}
	lack := &PrivilegeError{Role: role}
	if missing := missingOnSchema(need, use, create); missing != "" {
		lack.Lacks = fmt.Sprintf("lacks the privilege %s on schema %q of database %q, which %q owns", missing, schema, database, owner)
		lack.Grant = fmt.Sprintf("GRANT %s ON SCHEMA %s TO %s;", missing, quoteIdent(schema), quoteIdent(role))
		return lack, nil
	}
	tables, owners, err := forbiddenTables(ctx, pool, need)
	switch {
	case err != nil:
		return nil, err
	case len(tables) == 0:
		lack.Lacks = fmt.Sprintf("lacks a privilege in database %q", database)
		lack.Grant = fmt.Sprintf("GRANT ALL ON DATABASE %s TO %s;", quoteIdent(database), quoteIdent(role))
	case need == needOwner:
		lack.Lacks = fmt.Sprintf("does not own %s of database %q, which only the owner (%s) may change", listSome(tables), database, strings.Join(owners, ", "))
		for _, owner := range owners {
			lack.Grant += fmt.Sprintf("GRANT %s TO %s; ", quoteIdent(owner), quoteIdent(role))
		}
		lack.Grant = strings.TrimSpace(lack.Grant)
	default:
		lack.Lacks = fmt.Sprintf("lacks the privilege %s on %s of database %q", need.privileges, listSome(tables), database)
		lack.Grant = fmt.Sprintf("GRANT %s ON ALL TABLES IN SCHEMA %s TO %s;", need.privileges, quoteIdent(schema), quoteIdent(role))
	}
	return lack, nil
}

func missingOnSchema(need need, use, create bool) string {
	switch {
	case need != needOwner && !use:
		return "USAGE"
	case need == needOwner && !use:
		return "USAGE, CREATE"
	case need == needOwner && !create:
		return "CREATE"
	}
	return ""
}

// forbiddenTables are those of the schema on which the need is not allowed, and their owners.
func forbiddenTables(ctx context.Context, pool *pgxpool.Pool, need need) (tables, owners []string, err error) {
	err = pool.QueryRow(ctx, `
		SELECT coalesce(array_agg(relname::text ORDER BY relname), '{}'), coalesce(array_agg(DISTINCT pg_get_userbyid(relowner)::text), '{}')
		FROM pg_class
		WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p')
			AND NOT CASE WHEN $1 = '' THEN pg_has_role(relowner, 'USAGE') ELSE has_table_privilege(oid, $1) END`, need.check).
		Scan(&tables, &owners)
	return tables, owners, err
}

func listSome(tables []string) string {
	const some = 3
	if len(tables) == 1 {
		return "the table " + tables[0]
	}
	if len(tables) <= some {
		return "the tables " + strings.Join(tables, ", ")
	}
	return fmt.Sprintf("the tables %s and %d others", strings.Join(tables[:some], ", "), len(tables)-some)
}

// explainRefusal adds to a refused connection what would be right.
func explainRefusal(err error, cfg *pgxpool.Config) error {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) {
		return err
	}
	role, database := cfg.ConnConfig.User, cfg.ConnConfig.Database
	switch pgErr.Code {
	case insufficientPrivilege:
		return &PrivilegeError{
			Role: role, Lacks: fmt.Sprintf("lacks the privilege CONNECT on database %q", database), Err: pgErr,
			Grant: fmt.Sprintf("GRANT CONNECT ON DATABASE %s TO %s;", quoteIdent(database), quoteIdent(role)),
		}
	case "3D000":
		return fmt.Errorf("the database %q does not exist; make it with: CREATE DATABASE %s OWNER %s; (%w)", database, quoteIdent(database), quoteIdent(role), err)
	case "28P01", "28000":
		return fmt.Errorf("the server refused the role %q: check the name and password of the database URL (%w)", role, err)
	}
	return err
}
