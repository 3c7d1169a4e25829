package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"standpunt/store"
)

// TestDamagedForeignAndNewerDataFilesAreRefused changes a founded data file
// and demands that serve says what is wrong and leaves it as it is.
func TestDamagedForeignAndNewerDataFilesAreRefused(t *testing.T) {
	t.Parallel()
	s := foundSite(t, "  []\n")
	file := filepath.Join(s.data, dataFile)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	meta := func(key string, value []byte) func() error {
		return func() error {
			ctx := context.Background()
			db, err := store.Open(ctx, file, store.Options{Schemas: schemas()})
			if err != nil {
				return err
			}
			if err := db.Update(ctx, func(tx *store.Tx) error { return tx.Put("meta", []byte(key), value) }); err != nil {
				return err
			}
			return db.Close(ctx)
		}
	}
	content := func(b []byte) func() error { return func() error { return os.WriteFile(file, b, 0o600) } }
	damaged := bytes.Clone(whole)
	for page := range 2 {
		copy(damaged[page*os.Getpagesize()+40:], "this was a page of addresses")
	}
	for name, c := range map[string]struct {
		change func() error
		says   string
	}{
		"text":    {content([]byte(strings.Repeat("Beste lezer,\n", 1000))), "not a data file of Standpunt"},
		"empty":   {content(nil), "is empty"},
		"cut":     {content(whole[:3*os.Getpagesize()]), "cut short"},
		"damaged": {content(damaged), "damaged"},
		"foreign": {meta("application", []byte("ander")), "belongs to another program"},
		"newer":   {meta("schema", store.Uint64(99).Key()), "schema 99 and this program knows only up to"},
	} {
		if err := os.WriteFile(file, whole, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := c.change(); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		before, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{
			{"serve", "--config", s.config}, {"recover", "--data", s.data, "--person", "ada"},
			{"audit", "verify", "--data", s.data}, {"backup", "--data", s.data, "--out", filepath.Join(s.dir, "b.db")},
		} {
			code, out, errs := runOnce(t, args...)
			if code != exitFailed || out != "" || !strings.Contains(errs, c.says) || strings.Contains(errs, "goroutine") {
				t.Errorf("%s: %s: exit %d, %s%s", name, args[0], code, out, errs)
			}
		}
		if after, err := os.ReadFile(file); err != nil || !bytes.Equal(before, after) {
			t.Errorf("%s: the file was changed, %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(s.dir, "b.db")); err == nil {
			t.Errorf("%s: a backup was left", name)
		}
	}
	if err := os.WriteFile(file, whole, 0o600); err != nil {
		t.Fatal(err)
	}
	s.serve().stop()
}

func TestSecondDaemonIsToldWhoHoldsTheDirectory(t *testing.T) {
	t.Parallel()
	s := foundSite(t, "  []\n")
	first := s.serve()
	who := fmt.Sprint("process ", first.cmd.Process.Pid)
	for _, args := range [][]string{{"serve", "--config", s.config}, {"recover", "--data", s.data, "--person", "ada"}} {
		code, _, errs := runOnce(t, args...)
		if code != exitFailed || !strings.Contains(errs, who) || !strings.Contains(errs, s.data) {
			t.Errorf("%s: exit %d, %s", args[0], code, errs)
		}
	}
	verified(t, "--data", s.data) // the first one's socket is untouched
	first.kill()
	s.serve().stop() // over the lock and the socket of the one that died
}

func TestPortInUseIsNamed(t *testing.T) {
	t.Parallel()
	taken := httptest.NewServer(http.NotFoundHandler())
	defer taken.Close()
	s := foundSite(t, "  []\n")
	b, err := os.ReadFile(s.config)
	if err != nil {
		t.Fatal(err)
	}
	addr := strings.TrimPrefix(taken.URL, "http://")
	text := strings.Replace(string(b), strings.TrimPrefix(s.url, "http://"), addr, 1)
	if err := os.WriteFile(s.config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := runOnce(t, "serve", "--config", s.config); code != exitFailed || !strings.Contains(errs, addr) || strings.Contains(errs, "goroutine") {
		t.Errorf("exit %d, %s", code, errs)
	}
	verified(t, "--data", s.data) // it let go of the directory
}

// TestDirectoryWithALongName has a path that no Unix socket can have.
func TestDirectoryWithALongName(t *testing.T) {
	t.Parallel()
	s := foundSiteIn(t, filepath.Join(t.TempDir(), strings.Repeat("lang/", 30)), "  []\n")
	daemon := s.serve()
	s.backUp("backup.db")
	verified(t, "--data", s.data)
	daemon.stop()
	if left, err := filepath.Glob(filepath.Join(s.data, "control*")); err != nil || len(left) != 0 {
		t.Errorf("left in the directory: %v %v", left, err)
	}
}

// TestOneAccountsTroubleTouchesNoOther runs four accounts of which one works.
func TestOneAccountsTroubleTouchesNoOther(t *testing.T) {
	t.Parallel()
	network := startPlein(t)
	nonsense := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, "{\"items\": [{\"id\": ]]]\x00 geheim-in-rommel")
	}))
	defer nonsense.Close()
	down := "http://" + freeAddr(t)
	s := foundSite(t, sandboxAccount("weg", down, "geheim-van-weg")+sandboxAccount("rommel", nonsense.URL, "geheim-van-rommel")+
		sandboxAccount("dicht", "http://"+network.addr, "geheim-verkeerd")+network.account("plein"))
	daemon := s.serve()
	s.enrol("anna", "bert")
	for _, word := range []string{"fiets", "trein"} {
		asked := network.ask("mijn " + word + " is weg")
		p := s.submit(waitForConversation(t, s.people["anna"], word), map[string]any{"text": "We zoeken uw " + word + "."})
		s.approve("bert", p)
		officially(t, s.people["anna"], str(p, "id"))
		if n := len(network.answers(asked)); n != 1 {
			t.Errorf("%d answers about the %s", n, word)
		}
	}
	eventually(t, "every account says how it fares", func() bool {
		good := 0
		for _, a := range items(s.people["anna"].do("GET", "/accounts", nil, 0)) {
			switch name, state := str(a, "name"), str(a, "state"); {
			case name == "plein" && state == "ok":
				good++
			case name != "plein" && (state == "failing" || state == "degraded") && str(a, "problem") != "":
				good++
			}
		}
		return good == 4
	})
	if status, _ := (caller{t: t, url: s.url}).try("GET", "/healthz", nil); status != http.StatusOK {
		t.Errorf("healthz: %d", status)
	}
	daemon.stop()
	if log := daemon.out.String(); strings.Contains(log, "geheim") {
		t.Errorf("a secret is in the log:\n%s", log)
	}
	verified(t, "--data", s.data)
}
