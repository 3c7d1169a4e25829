// Package connectors is the contract between Standpunt and the platforms, and
// the two loops that keep it: the [Runner] brings mentions in, the
// [Dispatcher] takes released answers out.
//
// A connector is one live account on one platform. All that it must have is a
// [Source]: Poll returns what came after a cursor, may repeat and never skips.
// Whatever else its platform can do is a one-method interface beside it, found
// by type assertion: [Publisher], [Streamer], [Webhook], [Finder], [Locator], [Clocked], [Editor],
// [Remover], [Hider], [PrivateReplier], [Composer], [PrivateComposer], [Closing], [Identifier], [Located], [Acceptor],
// [Pacer], [Pricer], [Spender], [Authorizer], [Refresher], [Renewer], [Closer]. What it cannot do it does not declare. Every error is an
// [*Error], whose [ErrorKind] says whether trying again can help and, on the
// way out, whether the platform may have acted. [Client] is the HTTP client that
// gets those kinds right.
//
// In come mentions ([Page]s of inbox.Inbound), committed together with the
// cursor that covers them; posts of the account itself, which approval compares
// with the receipts; and errors, which become [AccountHealth]. Out goes
// nothing but an approval.Release, outside any transaction, at most once; its
// outcome is recorded as published, failed or unknown, and read back.
//
// A [Webhook]'s deliveries come in beside the polls, through [Runner.Receive]:
// bounded in size, number and memory, proven by the connector before anything is
// decoded, answered when they are durable, and counted in [Deliveries]. Polling
// stays the back-fill for what a platform never delivers again.
//
// The package knows no platform and keeps no state of its own: a connector's tokens
// lie in its [Keep], sealed; cursors live in the inbox, outcomes in approval. It
// never retries on the sending path, never makes a Release, and lets no
// account's trouble, panics included, touch another's.
//
// docs/adding-a-connector.md walks through writing one; connectortest is the
// suite that each of them passes.
package connectors
