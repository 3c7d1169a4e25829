package approval

import (
	"encoding/base64"

	"standpunt/internal/fault"
)

// formatPosition makes an opaque list cursor.
func formatPosition(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// parsePosition reads one; an empty text is the beginning.
func parsePosition(s string) ([]byte, error) {
	if s == "" {
		return nil, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) != 24 {
		return nil, fault.New(fault.InvalidInput, "this is not a cursor of this list").At("cursor", s).Fix("Begin again without one.")
	}
	return b, nil
}
