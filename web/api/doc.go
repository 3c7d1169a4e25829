// Package api is the JSON API under /api/v1: everything that the desk can do,
// for programs.
//
// In come requests that web/session has identified; each is one call into a
// room, and what comes out is JSON in the shapes of this package or a problem
// (RFC 9457) with a stable code. The OpenAPI document at /api/v1/openapi.json is
// generated from the same handlers and types. Live events are sent to any number
// of desks by one reader of the audit log. The package holds no rule of its own:
// who may do what, and in which state, is the rooms' to say.
//
// Bodies are read strictly: UTF-8, one JSON value, no member twice, no member
// that the call does not know, names in their one spelling.
package api
