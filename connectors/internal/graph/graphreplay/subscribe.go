package graphreplay

import (
	"net/url"
	"slices"
	"strings"
)

// Subscribe reads the call that installs an app: the fields that it is then told
// of, in place of those before. The call names at least one, and none but known
// ones.
func Subscribe(form url.Values, known []string) (fields []string, no *Refusal) {
	if no := Only(form, "subscribed_fields"); no != nil {
		return nil, no
	}
	fields = strings.Split(form.Get("subscribed_fields"), ",")
	for _, field := range fields {
		if !slices.Contains(known, field) {
			return nil, invalid("Param subscribed_fields[0] must be one of {" + strings.Join(known, ", ") + "}")
		}
	}
	return fields, nil
}
