package twitter

// Erase deletes a post as Remove does, without a release: approval makes none
// for a removal in a test.
var Erase = (*Connector).erase
