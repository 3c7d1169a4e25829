package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/pflag"

	"standpunt/approval"
	"standpunt/config"
	"standpunt/people"
	"standpunt/store"
)

// recoverCommand is the way back in for a team whose admins have all lost their
// passwords. Whoever can run it holds the disk anyway; it is recorded, and
// nothing is published until two people have looked at it.
func recoverCommand(ctx context.Context, c console, flags *pflag.FlagSet, args []string) error {
	data := flags.String("data", "", "data `DIR`, whose daemon is stopped")
	login := flags.String("person", "", "`LOGIN` of an admin")
	if err := parse(flags, args, "data", "person"); err != nil {
		return err
	}
	r, err := openRooms(ctx, *data, people.Options{CoolingTime: coolingTime}, newLogger(c, config.Default().Log))
	if err != nil {
		return err
	}
	made, err := reenrol(ctx, r, *login)
	if err != nil {
		return errors.Join(err, r.end(ctx))
	}
	// The code is worth showing whatever else goes wrong: it is kept nowhere.
	out := json.NewEncoder(c.out)
	out.SetIndent("", "  ")
	err = errors.Join(out.Encode(made), r.end(ctx))
	_, _ = fmt.Fprintln(c.err, "This is recorded. Publishing is stopped until an admin and one other admin, press officer or manager resume it.")
	return err
}

// reenrol stops publishing first, so that there is no moment at which an admin
// was re-enrolled and something is sent. Both halves of the code go to whoever
// holds the disk; none is kept for anybody to take.
func reenrol(ctx context.Context, r *rooms, login string) (*invitation, error) {
	person, err := r.staff.ByLogin(ctx, login)
	if err != nil {
		return nil, err
	}
	if !person.Has(people.Admin) {
		return nil, fmt.Errorf("%s is no admin. Name one; others are reset at the desk, by two people", login)
	}
	if err := r.approvals.StopFor(ctx, approval.CauseRecover, "An admin was re-enrolled from the command line."); err != nil {
		return nil, err
	}
	var made *invitation
	err = r.db.Update(ctx, func(tx *store.Tx) (err error) {
		made, err = r.reset(tx, person.ID)
		return err
	})
	return made, err
}

// reset enables an admin where needed, and voids what they had.
func (r *rooms) reset(tx *store.Tx, admin people.ID) (*invitation, error) {
	mandate := people.NewMandate("recover").By("system", "cli")
	if err := r.staff.SetEnabled(tx, mandate, admin, true); err != nil {
		return nil, err
	}
	enrolment, err := r.staff.ResetCredentials(tx, mandate, admin)
	if err != nil {
		return nil, err
	}
	for half := range enrolment.Halves {
		if _, err := r.staff.TakeHalf(tx, admin, half); err != nil {
			return nil, err
		}
	}
	person, err := r.staff.Get(tx, admin)
	if err != nil {
		return nil, err
	}
	return &invitation{
		Login: person.Login, Roles: person.Roles, Code: enrolment.Code(), Expires: enrolment.ExpiresAt, EndorsesFrom: person.EndorsesFrom,
	}, nil
}
