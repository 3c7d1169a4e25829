package desk

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
)

const flashCookie = "standpunt-flash"

// flash is one message that the next page shows once, in a toast.
type flash struct {
	Kind string `json:"k"` // "done" or "warning"
	Text string `json:"t"`
	Undo string `json:"u,omitempty"` // what POST /undo takes to undo it
}

// done tells on the next page what was done, in the visitor's language.
func (v *visit) done(key string, args ...any) {
	v.setFlash(flash{Kind: "done", Text: v.t(key, args...)})
}

// warn tells on the next page what did not go as asked.
func (v *visit) warn(key string, args ...any) {
	v.setFlash(flash{Kind: "warning", Text: v.t(key, args...)})
}

func (v *visit) setFlash(f flash) {
	body, err := json.Marshal(f)
	if err != nil {
		return
	}
	v.flashCookie(base64.RawURLEncoding.EncodeToString(body), 60)
}

// takeFlash is the message that an earlier request left, nil for none.
func (v *visit) takeFlash() *flash {
	c, err := v.r.Cookie(flashCookie)
	if err != nil {
		return nil
	}
	v.flashCookie("", -1)
	body, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil {
		return nil
	}
	var f flash
	if json.Unmarshal(body, &f) != nil || f.Text == "" {
		return nil
	}
	return &f
}

func (v *visit) flashCookie(value string, maxAge int) {
	http.SetCookie(v.w, &http.Cookie{ //nolint:gosec // Secure wherever the desk is reached over TLS
		Name: flashCookie, Value: value, Path: "/", MaxAge: maxAge, HttpOnly: true,
		Secure: v.secure(), SameSite: http.SameSiteStrictMode,
	})
}
