package twitter

// Erase deletes a post as Remove does, without a release: approval makes none
// for a removal in a test.
var Erase = (*Connector).erase

// Conceal hides a reply as Hide does, without a release, for the same reason.
var Conceal = (*Connector).hide

// ReadMessagesAtOnce takes the pause between two calls for messages away.
func ReadMessagesAtOnce(c *Connector) { c.directEvery = 0 }
