package mail

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"

	"standpunt/connectors"
)

// dial connects to a server, with TLS where that comes first. It is bounded in
// time and by ctx.
func (c *Connector) dial(ctx context.Context, e endpoint) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", e.address())
	if err != nil {
		return nil, lost(ctx, e, err)
	}
	if e.security != implicitTLS {
		return conn, nil
	}
	secured := tls.Client(conn, c.tlsConfig(e))
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, lost(ctx, e, err)
	}
	return secured, nil
}

func (c *Connector) tlsConfig(e endpoint) *tls.Config {
	return &tls.Config{ServerName: e.host, RootCAs: c.roots, MinVersion: tls.VersionTLS12}
}

// lost is a connection that was not made or broke, as an error: what happened
// in words of our own, and what to do. It quotes nothing that came over the
// network.
func lost(ctx context.Context, e endpoint, err error) *connectors.Error {
	var (
		dns     *net.DNSError
		number  syscall.Errno
		record  tls.RecordHeaderError
		slow    net.Error
		invalid *tls.CertificateVerificationError
		alert   tls.AlertError
	)
	out := &connectors.Error{Kind: connectors.Temporary, Remedy: fmt.Sprintf("Check that the server runs and that the setting %s is right.", e.key)}
	say := func(what string, cause error) *connectors.Error {
		out.Message, out.Err = fmt.Sprintf("the mail server %s %s", e.address(), what), cause
		return out
	}
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return say("was not waited for: the call was cancelled", context.Canceled)
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return say("did not answer in time", context.DeadlineExceeded)
	case errors.As(err, &dns) && dns.IsNotFound:
		out.Remedy = fmt.Sprintf("Check the host's name in the setting %s.", e.key)
		return say("is not known: there is no such host name", errors.New("lookup: "+dns.Err))
	case errors.As(err, &dns):
		out.Remedy = "Check this machine's name server."
		return say("could not be looked up", errors.New("lookup: "+dns.Err))
	case errors.As(err, &record):
		out.Kind = connectors.NotAllowed
		out.Remedy = fmt.Sprintf("Write %s://%s in the setting %s if the port speaks STARTTLS.", e.key, e.address(), e.key)
		return say("does not speak TLS on this port", errors.New("no TLS record"))
	case errors.As(err, &invalid), errors.As(err, new(x509.UnknownAuthorityError)), errors.As(err, new(x509.HostnameError)):
		out.Kind = connectors.NotAllowed
		out.Remedy = "Use the name that the certificate is made out to, or install its issuer's certificate on this machine."
		return say("has a TLS certificate that is not valid for it", errors.New("certificate verification failed"))
	case errors.As(err, &alert):
		out.Kind = connectors.NotAllowed
		return say("refuses our TLS", alert)
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		return say("did not answer in time", context.DeadlineExceeded)
	case errors.As(err, &number):
		return say("cannot be reached ("+number.Error()+")", number)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed):
		return say("closed the connection", io.ErrUnexpectedEOF)
	}
	out.Kind = connectors.Garbage
	out.Remedy = fmt.Sprintf("Check that the setting %s names a mail server's port.", e.key)
	return say("answered something that makes no sense", fmt.Errorf("an error of type %T", err))
}
