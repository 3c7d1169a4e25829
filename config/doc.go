// Package config reads Standpunt's configuration: one YAML file, with
// environment variables over it, into a typed [Config].
//
// In come the path of the file and the environment; out comes either a whole
// configuration or every fault of it at once, each a [Problem] that names
// file, line, key, value and remedy. Reading is strict: an unknown or
// repeated key, a value of the wrong type and a name that nothing bears are
// faults. YAML aliases, anchors and tags are refused, so that a value always
// stands where it is used.
//
// viper lays defaults, file and environment over each other. It lower-cases
// keys, therefore names are values, never keys, and the accounts' settings
// are read from the YAML tree beside it, case preserved. What an account's
// settings mean is its connector kind's to say: it decodes [Settings] into a
// struct of its own.
//
// The package never connects anywhere, never writes, and never shows the
// value of a [Secret].
package config
