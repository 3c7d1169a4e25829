package approval

import (
	"fmt"
	"strings"

	"standpunt/inbox"
)

// Money is an amount in millionths of a US dollar.
type Money int64

// Dollar is one of them.
const Dollar Money = 1_000_000

// String is the amount with at least two decimals, and more only where it has
// them: "$0.20", "$0.015".
func (m Money) String() string {
	sign := ""
	if m < 0 {
		sign, m = "-", -m
	}
	decimals := strings.TrimRight(fmt.Sprintf("%06d", m%Dollar), "0")
	for len(decimals) < 2 {
		decimals += "0"
	}
	return fmt.Sprintf("%s$%d.%s", sign, m/Dollar, decimals)
}

// Dollars is the amount in dollars.
func (m Money) Dollars() float64 { return float64(m) / float64(Dollar) }

// Price is what a platform charges for one answer. The zero Price is free, or
// not known.
type Price struct {
	Cost Money
	// Link says that a link in the text makes it as dear as it is; without one it would cost
	// WithoutLink.
	Link        bool
	WithoutLink Money
}

// Pricer is what a platform charges for doing action with a text, in public or
// in private.
type Pricer func(action Action, visibility inbox.Visibility, text string) Price
