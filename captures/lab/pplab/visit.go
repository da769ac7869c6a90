// One HTTPS request with Go's own TLS. Usage: visit HOST
package main

import (
	"crypto/tls"
	"fmt"
	"io"
	"os"
)

func main() {
	connection, err := tls.Dial("tcp", os.Args[1]+":443", nil)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Fprintf(connection, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", os.Args[1])
	io.Copy(io.Discard, connection)
}
