// Package mailtest runs real mail servers for tests: Debian's dovecot (IMAP)
// and postfix (SMTP with AUTH), wholly inside one directory and on loopback
// ports of their own, so that several sets can run beside each other.
//
// In comes a directory; out come addresses, two users (the brand's mailbox
// and a customer's), a way to deliver a mail and a way to read a mailbox. The
// servers know the domains brand.test and klant.test and send nothing outside.
// It changes nothing on the machine beyond its directory, makes no user and
// touches no mail server that runs already. It needs root, as postfix does.
package mailtest
