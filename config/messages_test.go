package config_test

import (
	"strings"
	"testing"
)

// refusals are files with exactly one fault each, and its message from the
// line number on.
var refusals = map[string]struct{ text, want string }{
	"a duplicate key":       {"data: a\nlisten: 127.0.0.1:1\ndata: b\n", `3: data: the key is given twice, first on line 1. Keep one of them.`},
	"a duplicate setting":   {"accounts:\n- name: a\n  kind: push\n  settings:\n    x: 1\n    x: 2\n", `6: accounts[0].settings.x: the key is given twice, first on line 5.`},
	"a key in capitals":     {"Listen: 127.0.0.1:1\n", `1: Listen: unknown key. Did you mean "listen"?`},
	"a key with a dash":     {"public-url: http://localhost\n", `1: public-url: unknown key. Did you mean "public_url"?`},
	"a key like nothing":    {"bananas: 1\n", `1: bananas: unknown key. Valid keys: data, listen,`},
	"a nested unknown key":  {"tls:\n  cert: x\n", `2: tls.cert: unknown key. Did you mean "cert_file"? Valid keys: cert_file, key_file.`},
	"an odd key":            {"\"a b\\n\": 1\n", `1: "a b\n": unknown key.`},
	"a key that is a list":  {"? [a]\n: b\n", `1: a key here is not plain text.`},
	"no value":              {"data:\n", `1: data: has no value. Write a value, or delete the key for its default.`},
	"an empty value":        {"data: ''\n", `1: data: is empty. Name a directory,`},
	"a number for text":     {"data: 5\n", `1: data: wants text, not a number (got "5"). Put it in quotes: "5".`},
	"a list for text":       {"data: [x]\n", `1: data: wants text, not a list. Write one text.`},
	"text for a number":     {"api: {max_body: 1MB}\n", `1: api.max_body: wants a whole number, not text (got "1MB"). Write digits alone, without quotes and unit.`},
	"a number too large":    {"api: {max_body: 99999999999999999999}\n", `1: api.max_body: wants a whole number, not a number (got "99999999999999999999").`},
	"a number out of range": {"api: {max_body: -1}\n", `1: api.max_body: is out of bounds (got "-1"). Write a number of bytes from 1024 to 67108864.`},
	"text for a list":       {"trusted_proxies: 10.0.0.1\n", `1: trusted_proxies: wants a list, not text (got "10.0.0.1"). Write ["10.0.0.1"].`},
	"text for keys":         {"tls: yes please\n", `1: tls: wants keys and values, not text (got "yes please").`},
	"keys for a list":       {"accounts:\n  x-support: {kind: push}\n", `2: accounts: wants a list, not keys and values. Write a list:`},
	"broken YAML":           {"data: x\n  listen: y\n", `2: is not valid YAML: mapping values are not allowed in this context. Check indentation,`},
	"a list at the top":     {"- data\n", `1: the file wants keys and values at its top.`},
	"two documents":         {"data: x\n---\ndata: y\n", `2: a second YAML document starts here.`},
	"an alias":              {"data: &here x\nlog: {format: text}\n", `1: data: YAML anchors are not read. Delete the anchor; if it is text that begins with &, put it in quotes.`},
	"a tag":                 {"data: !secret x\n", `1: data: YAML tags are not read.`},
	"not UTF-8":             {"data: x\n# caf\xe9\n", `2: is not UTF-8 text. Save the file as UTF-8.`},

	"listen without a port":     {"listen: localhost\n", `1: listen: is not an address to listen on (got "localhost"). Write host:port, such as 127.0.0.1:8420.`},
	"listen on a word":          {"listen: localhost:http\n", `1: listen: has no port from 0 to 65535 (got "localhost:http").`},
	"listen on 65536":           {"listen: localhost:65536\n", `1: listen: has no port from 0 to 65535 (got "localhost:65536").`},
	"listen to the network":     {"listen: 192.0.2.1:80\npublic_url: http://localhost\n", `1: listen: plain HTTP would be open to the network (got "192.0.2.1:80"). Set tls.cert_file`},
	"listen to IPv6":            {"listen: '[2001:db8::1]:80'\npublic_url: http://localhost\n", `1: listen: plain HTTP would be open to the network`},
	"no public URL to tell":     {"listen: ':80'\ntrusted_proxies: [10.0.0.1]\n", `1: public_url: is missing, and listen does not tell it. Write where browsers find the desk,`},
	"a relative URL":            {"public_url: desk.example\n", `1: public_url: is not an http or https URL (got "desk.example"). Write an absolute address such as https://desk.example.`},
	"a URL without a host":      {"public_url: 'https://'\n", `1: public_url: is a URL without a host`},
	"a URL with a path":         {"public_url: http://localhost/desk\n", `1: public_url: has a path (got "http://localhost/desk"). The desk wants a host of its own; write http://localhost.`},
	"a URL with a query":        {"public_url: http://localhost/?a=b\n", `1: public_url: is a URL with a query or a fragment`},
	"a URL with a bad port":     {"public_url: http://localhost:99999\n", `1: public_url: is a URL with an impossible port`},
	"a URL with a password":     {"public_url: http://a:hunter2@localhost\n", `1: public_url: a user or password does not belong in a URL (got "http://a:xxxxx@localhost").`},
	"plain HTTP in public":      {"public_url: http://desk.example\n", `1: public_url: is plain HTTP to another machine (got "http://desk.example"). Write https://desk.example.`},
	"https from nowhere":        {"public_url: https://desk.example\n", `1: public_url: is https, but neither tls nor trusted_proxies is set`},
	"a proxy by name":           {"trusted_proxies:\n- 10.0.0.1\n- proxy.example\n", `3: trusted_proxies[1]: is neither an IP address nor a network (got "proxy.example"). Write an address such as 127.0.0.1,`},
	"everybody is a proxy":      {"trusted_proxies: ['::/0']\n", `1: trusted_proxies[0]: trusts every address there is (got "::/0").`},
	"a certificate without key": {"tls:\n  cert_file: /x.pem\n", `2: tls.cert_file: a certificate without tls.key_file (got "/x.pem"). Name the key's file too.`},
	"a key without certificate": {"tls:\n  key_file: /x.pem\n", `2: tls.key_file: a key without tls.cert_file`},

	"a name too long":       {"accounts: [{name: " + strings.Repeat("a", 41) + ", kind: push}]\n", `1: accounts[0].name: is not a name (got "aaaa`},
	"a name with a space":   {"accounts: [{name: a b, kind: push}]\n", `1: accounts[0].name: is not a name (got "a b"). Write 1 to 40 lower-case letters,`},
	"a name that is a star": {"accounts: [{name: '*', kind: push}]\n", `1: accounts[0].name: is not a name`},
	"an empty name":         {"accounts: [{name: '', kind: push}]\n", `1: accounts[0].name: is empty. Write a value.`},
	"no name":               {"accounts:\n- kind: push\n", `2: accounts[0].name: is missing. Add name here.`},
	"a number for a name":   {"accounts: [{name: 1, kind: push}]\n", `1: accounts[0].name: wants text, not a number (got "1"). Put it in quotes: "1".`},
	"a strange kind":        {"accounts: [{name: a, kind: Mail Box}]\n", `1: accounts[0].kind: is not a connector kind (got "Mail Box").`},
	"a long backfill":       {"accounts: [{name: a, kind: push, backfill: 721h}]\n", `1: accounts[0].backfill: is more than 720h (got "721h"). Write at most 720h (30 days).`},
	"a negative backfill":   {"accounts: [{name: a, kind: push, backfill: -1h}]\n", `1: accounts[0].backfill: is a negative duration (got "-1h").`},
	"a backfill of 5":       {"accounts: [{name: a, kind: push, backfill: 5}]\n", `1: accounts[0].backfill: is not a duration (got "5").`},
	"settings in a list":    {"accounts:\n- name: a\n  kind: push\n  settings:\n  - x\n", `5: accounts[0].settings: wants keys and values, not a list.`},

	"a person twice":  {"api: {endorsing_people: [anna, bert, Anna]}\n", `1: api.endorsing_people[2]: is named twice; case does not count (got "Anna").`},
	"everybody":       {"api: {endorsing_people: ['*']}\n", `1: api.endorsing_people[0]: everybody cannot be named at once (got "*").`},
	"a login of none": {"api: {endorsing_people: ['']}\n", `1: api.endorsing_people[0]: is not a login.`},
	"a log level":     {"log: {level: INFO}\n", `1: log.level: is none of the levels there are (got "INFO"). Did you mean "info"?`},

	"no policies":             {"policies: []\n", `1: policies: is an empty list, so nothing could ever be published. Delete the key`},
	"an empty policy":         {"policies:\n-\n", `2: policies[0]: has no value.`},
	"quorum none":             {"policies: [{name: a, quorum: 0}]\n", `1: policies[0].quorum: is less than two people (got "0"). Write 2 or more: nobody publishes alone.`},
	"quorum below none":       {"policies: [{name: a, quorum: -2}]\n", `1: policies[0].quorum: is less than two people (got "-2").`},
	"quorum of a crowd":       {"policies: [{name: a, quorum: 11}]\n", `1: policies[0].quorum: is more than 10 people (got "11").`},
	"quorum of 2.5":           {"policies: [{name: a, quorum: 2.5}]\n", `1: policies[0].quorum: wants a whole number, not a number (got "2.5").`},
	"no roles":                {"policies: [{name: a, roles: []}]\n", `1: policies[0].roles: is an empty list. Write one or more of: agent, press,`},
	"one role as text":        {"policies: [{name: a, roles: press}]\n", `1: policies[0].roles: wants a list, not text (got "press"). Write ["press"].`},
	"a role misspelt":         {"policies: [{name: a, roles: [pres]}]\n", `1: policies[0].roles[0]: is none of the roles there are (got "pres"). Did you mean "press"?`},
	"a role twice":            {"policies: [{name: a, roles: [press, press]}]\n", `1: policies[0].roles[1]: is named twice (got "press").`},
	"any role":                {"policies: [{name: a, roles: '*'}]\n", `1: policies[0].roles: wants a list, not text (got "*").`},
	"an unknown account":      {"policies: [{name: a, accounts: [x]}]\n", `1: policies[0].accounts[0]: is none of the accounts there are (got "x"). Valid accounts: *.`},
	"no accounts":             {"policies: [{name: a, accounts: []}]\n", `1: policies[0].accounts: is an empty list.`},
	"an unknown kind":         {"policies: [{name: a, kinds: [replys]}]\n", `1: policies[0].kinds[0]: is none of the kinds there are (got "replys"). Did you mean "reply"?`},
	"a star among kinds":      {"policies: [{name: a, kinds: [reply, '*']}]\n", `1: policies[0].kinds[1]: means all, so it stands alone (got "*").`},
	"an unknown visibility":   {"policies: [{name: a, visibility: secret}]\n", `1: policies[0].visibility: is none of the visibilities there are (got "secret"). Valid visibilities: public, private, *.`},
	"endorsements for a week": {"policies: [{name: a, valid_for: 25h}]\n", `1: policies[0].valid_for: is out of bounds (got "25h"). Write a duration from 1m to 24h.`},
	"endorsements for naught": {"policies: [{name: a, valid_for: 0s}]\n", `1: policies[0].valid_for: is out of bounds (got "0s").`},
	"a perhaps":               {"policies: [{name: a, independent: maybe}]\n", `1: policies[0].independent: wants true or false, not text (got "maybe").`},
	"two policies of a name":  {"policies: [{name: a}, {name: A}]\n", `1: policies[1].name: the name is taken by policies[0].name on line 1 (got "A").`},
}

func TestEachFaultSaysWhereWhatAndWhatToDo(t *testing.T) {
	for name, test := range refusals {
		t.Run(name, func(t *testing.T) {
			c, err := load(t, test.text)
			got := lines(err)
			if c != nil || len(got) != 1 || !strings.HasPrefix(got[0], "standpunt.yaml:"+test.want) {
				t.Errorf("got\n%s\nwant\nstandpunt.yaml:%s", strings.Join(got, "\n"), test.want)
			}
			for _, line := range got {
				if !strings.HasSuffix(line, ".") && !strings.HasSuffix(line, "?") || !strings.Contains(line, ". ") {
					t.Errorf("no remedy: %s", line)
				}
			}
		})
	}
}

func TestWhatMayBeWritten(t *testing.T) {
	for name, text := range map[string]string{
		"loopback by name":     "listen: localhost:0\n",
		"loopback by IPv6":     "listen: '[::1]:8420'\n",
		"a proxy in front":     "listen: 0.0.0.0:80\ntrusted_proxies: [10.0.0.0/8]\npublic_url: https://desk.example\n",
		"a proxy beside":       "trusted_proxies: [127.0.0.1]\npublic_url: https://desk.example\n",
		"all, as a word":       "policies: [{name: a, accounts: '*', kinds: '*', visibility: '*'}]\n",
		"all, in a list":       "policies: [{name: a, accounts: ['*'], kinds: ['*']}]\n",
		"a policy for one":     "accounts: [{name: x, kind: push}]\npolicies: [{name: a, accounts: [x], roles: [agent, press], quorum: 3}]\n",
		"one letter":           "accounts: [{name: x, kind: push, backfill: 0s, settings: }]\n",
		"forty letters":        "accounts: [{name: " + strings.Repeat("x", 40) + ", kind: push, backfill: 720h}]\n",
		"a byte order mark":    "\ufeffdata: x\n",
		"Windows line endings": "data: x\r\nlog:\r\n  level: warn\r\n",
	} {
		if _, err := load(t, text); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestThePublicURLFollowsFromListen(t *testing.T) {
	for listen, want := range map[string]string{
		"127.0.0.1:8420": "http://127.0.0.1:8420",
		"'[::1]:80'":     "http://[::1]",
		"LocalHost:8080": "http://localhost:8080",
		"localhost:0":    "",
	} {
		c, err := load(t, "listen: "+listen+"\n")
		if err != nil || string(c.PublicURL) != want {
			t.Errorf("%s: got %v, %v", listen, c, err)
		}
	}
}
