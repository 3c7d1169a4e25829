// Package archtest holds the tests that keep the tree as the design draws it.
//
// In: the module's own source, as `go list` names it and go/parser reads it.
// Out: one readable line for every import that points the wrong way, every
// library outside its room, every use of people's mandate or approval's
// Release where none may be made, and every package without a comment or with
// a name that says nothing. It never looks at what the code does, only at what
// it may know of.
//
// The rules are tables at the top of arrows_test.go, libraries_test.go and
// powers_test.go. Each checker is also run on a small invented tree that
// breaks it, so that a rule which stopped biting is noticed.
package archtest
