// Package graph is the one client of Meta's Graph API, for the kinds that
// speak it.
//
// In come a base URL, a version, a token and the app's secret; out go decoded
// answers, and errors of type *connectors.Error. It is the only package that
// imports github.com/huandu/facebook. The library builds and signs requests;
// everything that it leaves open is closed here, below it and around it:
//
//   - a request goes to the base URL's own origin or nowhere: what a redirect or
//     a paging link names elsewhere is never asked, so credentials cannot follow;
//   - calls have a time-out, answers a largest size;
//   - the answer's status and headers count, not only its body;
//   - calls that change something are written at most once, on a connection of
//     their own, and are of kind Unknown as soon as Facebook may have acted;
//   - no text of the library's and none of the platform's reaches an error: they
//     quote tokens, proofs and customers;
//   - parameter maps are copied, as the library writes credentials into them.
//
// What Meta delivers by itself comes in through a [Hook]: nothing is decoded
// whose signature was not made with the app's secret, and nothing beyond its
// bounds is kept.
//
// It also reads the usage headers and holds reading calls back before Facebook
// refuses them. It retries nothing, keeps nothing on disk and logs nothing.
package graph
