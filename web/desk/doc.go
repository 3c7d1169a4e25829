// Package desk is what people see: the pages on which they triage mentions,
// write and approve answers and read the record.
//
// In come requests that web/session has identified; out go HTML pages made
// from html/template, and redirects after forms. Every page and every form
// works without JavaScript; the modules in static/ swap panes in place, follow
// live events and add keys. What somebody may do is decided by the rooms: the
// desk asks approval, inbox, people and audit, and says in words what they
// answered. It never reads the store, never publishes, and puts no script or
// style into a page.
//
// One page is one Go file, one template and, where it needs them, one module
// and one file of words. The table in pages.go says which page answers which
// address, and who may open it.
package desk
