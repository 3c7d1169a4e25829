// Package web puts the desk and the JSON API behind one HTTP listener.
//
// In come requests; what they ask for is answered by web/desk (pages for
// people) and web/api (JSON for programs), both through the rooms. What platforms
// deliver to /hooks/ACCOUNT goes to connectors as it came. The package
// itself owns what every request has in common: the listener and TLS, time-outs
// and limits, security headers, protection against other sites, the request
// log, recovery from panics, /healthz, /readyz and /metrics. It never reads the
// store or the configuration file, and never logs a secret, a path with an id
// or anything that a person typed.
package web
