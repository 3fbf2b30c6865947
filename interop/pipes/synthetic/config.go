package synthetic

import (
	"fmt"
	"strconv"
	"strings"
)

// Config is what a user sets: `-o key=value`, always with a location.
type Config map[string]string

// ParseArgs reads arguments of the form key=value. They are defaults: values that
// the host sends take precedence.
func ParseArgs(args []string) (Config, error) {
	config := Config{}
	for _, arg := range args {
		key, value, found := strings.Cut(arg, "=")
		if !found || key == "" {
			return nil, fmt.Errorf("%q is not of the form key=value", arg)
		}
		config[key] = value
	}
	return config, nil
}

// With returns the configuration with the host's values added.
func (c Config) With(sent map[string]string) Config {
	merged := make(Config, len(c)+len(sent))
	for key, value := range c {
		merged[key] = value
	}
	for key, value := range sent {
		merged[key] = value
	}
	return merged
}

// Number reads a whole number.
func (c Config) Number(key string, without, highest uint64) (uint64, error) {
	text, found := c[key]
	if !found {
		return without, nil
	}
	number, err := strconv.ParseUint(text, 10, 64)
	if err != nil || number > highest {
		return 0, fmt.Errorf("%s is %q: a whole number from 0 to %d is needed", key, text, highest)
	}
	return number, nil
}

// Switch reads "0" or "1"; it is off by default.
func (c Config) Switch(key string) (bool, error) {
	number, err := c.Number(key, 0, 1)
	return number == 1, err
}

// Location returns the location as the user wrote it.
func (c Config) Location() (string, error) {
	if location := c["location"]; location != "" {
		return location, nil
	}
	return "", fmt.Errorf("the configuration has no location")
}

// PathOf returns a location without "<protocol>://".
func PathOf(location string) string {
	if _, path, found := strings.Cut(location, "://"); found {
		return path
	}
	return location
}
