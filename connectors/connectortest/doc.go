// Package connectortest is the conformance suite that every connector passes.
//
// In comes a [Harness]: how to start a fresh platform with one account on it,
// how to connect to it, and how a customer posts there. Out come test results:
// nothing is skipped over on the way in, nothing is posted twice on the way
// out, errors are of the right kind, and no secret is in any error or log line.
// What else a platform or its harness can do is found by type assertion, on
// the connector (see package connectors) and on the [Remote] ([Reviser],
// [Eraser], [Breaker], [Locksmith], [SecretKeeper], [Shaper], [Deliverer],
// [Notifier], [Challenger], [Timekeeper]);
// cases that need what is missing do not run, and Run prints what that was.
//
// [Proxy] stands before a platform that speaks HTTP and breaks it on demand,
// so such a harness gets the cases of trouble for nothing.
//
// The suite never talks to anything but the harness's own platform, and it
// publishes nothing but real releases, made by two people of a real store.
package connectortest
