package graphreplay

import (
	"fmt"
	"net/http"
)

// Refusal is an error as the Graph API tells it.
type Refusal struct {
	Status  int    `json:"-"`
	Message string `json:"message"`
	Type    string `json:"type"`
	Code    int    `json:"code"`
	Subcode int    `json:"error_subcode,omitempty"`
	Trace   string `json:"fbtrace_id"`
}

// Refuse makes one; a subcode of 0 is not told.
func Refuse(status, code, subcode int, message string) *Refusal {
	return &Refusal{Status: status, Message: fmt.Sprintf("(#%d) %s", code, message), Type: "OAuthException", Code: code, Subcode: subcode, Trace: "AbCdEf"}
}

// invalid refuses a parameter.
func invalid(message string) *Refusal { return Refuse(http.StatusBadRequest, 100, 0, message) }

// Gone is the one answer for what is not there and what may not be seen.
func Gone() *Refusal {
	return Refuse(http.StatusBadRequest, 100, 33, "Unsupported request. Object does not exist, cannot be loaded due to missing permissions, or does not support this operation")
}
