package connectors

// Located tells where a connector connects to, so that an account which is
// pointed elsewhere publishes nothing until two people accept it again.
type Located interface {
	// Endpoint is the base URL or address that the settings name, without secrets.
	Endpoint() string
}
