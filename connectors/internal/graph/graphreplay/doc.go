// Package graphreplay is what the stand-ins for Facebook and Instagram share as
// servers of the Graph API: its errors, its fields and lists, what a call has to
// bring along, and how deliveries are signed.
//
// In come HTTP calls, out go answers in the Graph API's wire format. It knows
// nothing of Pages, accounts and posts, which are the stand-ins' own, and nothing
// of the client that it is there to test: it shares no code with package graph,
// so that no mistake is made alike on both sides. The daemon never uses it.
package graphreplay
