package people

// Token is an API token of one person.
type Token struct{ _ int }
