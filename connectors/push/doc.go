// Package push is the connector for everything that has no connector: any
// program delivers mentions to POST /api/v1/accounts/{name}/mentions, and, where
// the settings name a publish_url, is handed the approved answers.
//
// In come deliveries ({"mentions": [...]}, see [Delivery]), read strictly: every
// fault names its place, "mentions[2].author.external_id", the value and the
// remedy, and one fault refuses the whole delivery. A delivery may be repeated;
// the inbox knows a mention by its external_id. Out go answers, each POSTed
// once to publish_url, signed (see [Sign]), with the attempt's key as
// Idempotency-Key; the program answers {"external_id", "url", "posted_at"}. With a
// find_url beside it the program tells what stands there: GET find_url?key=KEY
// answers {"outcome": "found"|"absent"|"cannot_tell", "external_id", "url",
// "posted_at", "text"}.
//
// Without publish_url the connector is no Publisher and its mentions say that they cannot
// be answered here. The package polls nobody, and never delivers mentions itself.
package push
