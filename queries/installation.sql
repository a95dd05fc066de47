-- name: ReadInstallation :one
SELECT kind, id, created_at FROM installation;
