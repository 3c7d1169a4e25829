package config

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
)

const (
	hiddenSecret  = "<secret>"
	maxSecretFile = 64 << 10
)

// Secret is a password, token or key. However it is printed, logged or
// marshalled it reads <secret>; [Secret.Reveal] alone gives the value. The
// zero Secret is empty.
//
// In YAML it is a string, {env: NAME} or {file: PATH}; relative paths start
// from the working directory.
type Secret struct {
	// A pointer, so that even fmt's reflection on an unexported field of
	// this type, where no method is called, prints an address.
	value *string
}

// NewSecret makes a secret of value, for tests and the demo.
func NewSecret(value string) Secret { return Secret{&value} }

// Reveal is the secret itself. Never log or show what it returns.
func (s Secret) Reveal() string {
	if s.value == nil {
		return ""
	}
	return *s.value
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// String is <secret>.
func (s Secret) String() string { return hiddenSecret }

// GoString is <secret>.
func (s Secret) GoString() string { return hiddenSecret }

// Format writes <secret> for every verb and flag.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, hiddenSecret) }

// MarshalText is <secret>.
func (s Secret) MarshalText() ([]byte, error) { return []byte(hiddenSecret), nil }

// MarshalJSON is "<secret>".
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + hiddenSecret + `"`), nil }

// MarshalYAML is <secret>.
func (s Secret) MarshalYAML() (any, error) { return hiddenSecret, nil }

// LogValue is <secret>.
func (s Secret) LogValue() slog.Value { return slog.StringValue(hiddenSecret) }

// secretFromEnv resolves {env: name}, without trailing line ends.
func secretFromEnv(name string, env environment) (Secret, *Problem) {
	value, set := env[name]
	value = strings.TrimRight(value, "\r\n")
	switch {
	case !set:
		return Secret{}, &Problem{Value: shortened(name), Message: "the environment variable is not set",
			Remedy: "Set it where the daemon is started, or write {file: PATH}."}
	case value == "":
		return Secret{}, &Problem{Value: shortened(name), Message: "the environment variable is empty",
			Remedy: "Give it the secret's value."}
	}
	return NewSecret(value), nil
}

// secretFromFile resolves {file: path}: a regular file that its owner alone
// can open, without its trailing line end.
func secretFromFile(path string) (Secret, *Problem) {
	// Stat before Open: opening a named pipe waits for a writer.
	if p := privateFile(path, os.Stat); p != nil {
		return Secret{}, p
	}
	f, err := os.Open(path)
	if err != nil {
		return Secret{}, unreadable(path, err)
	}
	defer f.Close()
	// Once more on the open file: it may be another one by now.
	if p := privateFile(path, func(string) (fs.FileInfo, error) { return f.Stat() }); p != nil {
		return Secret{}, p
	}
	content, err := io.ReadAll(io.LimitReader(f, maxSecretFile+1))
	if err != nil {
		return Secret{}, unreadable(path, err)
	}
	if len(content) > maxSecretFile {
		return Secret{}, &Problem{Value: shortened(path), Message: "the file is larger than 64 KiB",
			Remedy: "Name a file that holds the secret alone."}
	}
	value := strings.TrimRight(string(content), "\r\n")
	if value == "" {
		return Secret{}, &Problem{Value: shortened(path), Message: "the file is empty",
			Remedy: "Write the secret into it."}
	}
	return NewSecret(value), nil
}

// privateFile is what is wrong with a secret's file before it is read.
func privateFile(path string, stat func(string) (fs.FileInfo, error)) *Problem {
	info, err := stat(path)
	switch {
	case err != nil:
		return unreadable(path, err)
	case !info.Mode().IsRegular():
		return &Problem{Value: shortened(path), Message: "is not a regular file",
			Remedy: "Name a file that holds the secret alone."}
	case info.Mode().Perm()&0o077 != 0:
		return &Problem{Value: shortened(path),
			Message: fmt.Sprintf("others can open the file (mode %04o)", info.Mode().Perm()),
			Remedy:  "Run: chmod 600 " + shellQuoted(path) + "."}
	}
	return nil
}

func unreadable(path string, err error) *Problem {
	reason := "cannot be read"
	remedy := "Check the path; a relative one starts from the working directory."
	switch {
	case errors.Is(err, fs.ErrNotExist):
		reason = "the file does not exist"
	case errors.Is(err, fs.ErrPermission):
		reason, remedy = "the file may not be read", "Make the daemon's user its owner."
	}
	return &Problem{Value: shortened(path), Message: reason, Remedy: remedy, err: err}
}

// shellQuoted is path as a shell takes it, quoted where it has to be.
func shellQuoted(path string) string {
	const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-"
	if path != "" && strings.Trim(path, plain) == "" {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
