-- Views of PostgreSQL's own that sqlc does not know; only what queries read of them.
CREATE TABLE pg_locks (
    locktype text    NOT NULL,
    database oid     NOT NULL,
    classid  oid     NOT NULL,
    objid    oid     NOT NULL,
    objsubid integer NOT NULL,
    granted  boolean NOT NULL
);

CREATE TABLE pg_database (
    oid     oid  NOT NULL,
    datname name NOT NULL
);
