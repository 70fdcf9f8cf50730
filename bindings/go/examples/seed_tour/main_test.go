package main

import (
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
)

// output is what a function prints.
func output(t *testing.T, function func()) string {
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = writer
	defer func() { os.Stdout = stdout }()
	text := make(chan string)
	go func() {
		all, _ := io.ReadAll(reader)
		text <- string(all)
	}()
	function()
	writer.Close()
	return <-text
}

func TestSeedTourPrintsWhatPyTorchDoes(t *testing.T) {
	expected, err := os.ReadFile("../../../../tests/examples/seed_tour.txt")
	if err != nil {
		t.Fatal(err)
	}
	// Which device there is, and why not the other, depends on the machine.
	text := regexp.MustCompile(`CUDA is not available: .*\n`).ReplaceAllString(output(t, main), "")
	text = strings.ReplaceAll(text, ", device='cuda:0'", "")
	if text != string(expected) {
		t.Errorf("got\n%s", text)
	}
}
