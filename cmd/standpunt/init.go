package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"standpunt/approval"
	"standpunt/config"
	"standpunt/connectors"
	"standpunt/people"
	"standpunt/store"
)

// founder is one --person of init.
type founder struct {
	login string
	name  string
	roles []people.Role
}

// founded is what init prints: JSON, since scripts read it.
type founded struct {
	Data   string       `json:"data"`
	Config string       `json:"config"`
	People []invitation `json:"people"`
}

// invitation is how one founder gets in.
type invitation struct {
	Login   string        `json:"login"`
	Roles   []people.Role `json:"roles"`
	Code    string        `json:"code"`
	URL     string        `json:"url,omitempty"`
	Expires time.Time     `json:"expires_at"`
	// EndorsesFrom is when the cooling time is over; founders have none.
	EndorsesFrom time.Time `json:"endorses_from,omitzero"`
}

func initCommand(ctx context.Context, c console, flags *pflag.FlagSet, args []string) error {
	file := flags.String(configFlag, configFile, "configuration `FILE`: its policies and accounts are the first ones")
	data := flags.String("data", "", "data `DIR` to make; by default the configuration's")
	persons := flags.StringArray("person", nil, "`LOGIN:ROLE,ROLE` of a founder; give at least two, one of them admin")
	if err := parse(flags, args, configFlag, "person"); err != nil {
		return err
	}
	founders, err := parseFounders(*persons)
	if err != nil {
		return err
	}
	conf, err := config.Load(*file, c.environ, vet)
	if err != nil {
		return explain(err)
	}
	if *data != "" {
		conf.Data = *data
	}
	logger := newLogger(c, conf.Log)
	lives, err := connect(conf.Accounts, logger, nil)
	defer connectors.CloseAll(context.WithoutCancel(ctx), lives) //nolint:errcheck // none was used
	if err != nil {
		return explain(err)
	}
	r, err := foundRooms(ctx, conf.Data, people.Options{CoolingTime: coolingTime}, logger)
	if err != nil {
		return err
	}
	invitations, err := found(ctx, r, conf, lives, founders)
	if err == nil {
		err = r.end(ctx)
	}
	if err != nil {
		return fmt.Errorf("nothing was founded: %w", errors.Join(err, r.discard(ctx)))
	}
	out := json.NewEncoder(c.out)
	out.SetIndent("", "  ")
	return out.Encode(founded{Data: conf.Data, Config: *file, People: invitations})
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// parseFounders reads LOGIN:ROLE,ROLE and asks for enough people to govern:
// an admin, and another admin, press officer or manager.
func parseFounders(persons []string) ([]founder, error) {
	valid := []people.Role{people.Agent, people.Press, people.Manager, people.Admin}
	var list []founder
	admins, governors := 0, 0
	for _, p := range persons {
		login, roles, ok := strings.Cut(p, ":")
		if !ok || login == "" || roles == "" {
			return nil, fmt.Errorf("%w: --person %q: write LOGIN:ROLE,ROLE", errUsage, p)
		}
		f := founder{login: login, name: login}
		for _, r := range strings.Split(roles, ",") {
			role := people.Role(strings.TrimSpace(r))
			if !slices.Contains(valid, role) {
				return nil, fmt.Errorf("%w: --person %q: %q is no role. Use agent, press, manager or admin", errUsage, p, r)
			}
			f.roles = append(f.roles, role)
		}
		if slices.Contains(f.roles, people.Admin) {
			admins++
		}
		if slices.ContainsFunc(f.roles, func(r people.Role) bool { return r != people.Agent }) {
			governors++
		}
		list = append(list, f)
	}
	if admins == 0 || governors < 2 {
		return nil, fmt.Errorf("%w: everything that matters takes two people: name an admin and one other admin, press officer or manager", errUsage)
	}
	return list, nil
}

// found writes the first policies, accounts and people into a new directory.
func found(ctx context.Context, r *rooms, conf *config.Config, lives []connectors.Live, founders []founder) ([]invitation, error) {
	if err := r.approvals.InitPolicies(ctx, policies(conf.Policies)); err != nil {
		return nil, err
	}
	if err := r.approvals.InitAccounts(ctx, configured(lives)); err != nil {
		return nil, err
	}
	var made []invitation
	err := r.db.Update(ctx, func(tx *store.Tx) error {
		made = nil
		for _, f := range founders {
			person, enrolment, err := r.staff.Create(tx, people.NewMandate("init").By("system", "cli"), people.NewPerson{
				Login: f.login, Name: f.name, Roles: f.roles, Language: "nl", Founder: true,
			})
			if err != nil {
				return fmt.Errorf("--person %s: %w", f.login, err)
			}
			made = append(made, invitation{
				Login: person.Login, Roles: person.Roles, Code: enrolment.Code(),
				URL: enrolURL(string(conf.PublicURL), enrolment.Code()), Expires: enrolment.ExpiresAt,
			})
		}
		return nil
	})
	return made, err
}

// enrolURL is the one-time link; the code stands behind the #, which browsers
// do not send, so that no server or proxy on the way logs it.
func enrolURL(public, code string) string {
	if public == "" {
		return ""
	}
	return strings.TrimSuffix(public, "/") + "/enrol#" + url.QueryEscape(code)
}

// policies brings the file's policies to approval's form.
func policies(list []config.Policy) []approval.Policy {
	out := make([]approval.Policy, len(list))
	for i, p := range list {
		out[i] = approval.Policy{
			Name: p.Name, Accounts: p.Accounts, Visibility: p.Visibility, Kinds: p.Kinds, Quorum: p.Quorum,
			Independent: p.Independent, ValidFor: p.ValidFor,
		}
		for _, r := range p.Roles {
			out[i].Roles = append(out[i].Roles, people.Role(r))
		}
	}
	return out
}
