// A client of HTTP/2 over TLS by net/http: go run h2_client.go PORT CA-FILE NAME. It says what it
// got, a line each: one GET, a hundred at once, and a POST with trailers both ways.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

func must(err error) {
	if err != nil {
		fmt.Println("error:", err)
		os.Exit(1)
	}
}

// ended runs `then` when all was read, before that is told.
type ended struct {
	io.Reader
	then func()
}

func (body ended) Read(data []byte) (int, error) {
	size, err := body.Reader.Read(data)
	if err == io.EOF {
		body.then()
	}
	return size, err
}

func main() {
	port, name := os.Args[1], os.Args[3]
	pem, err := os.ReadFile(os.Args[2])
	must(err)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	dialled := 0
	client := &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		ForceAttemptHTTP2: true,
		TLSClientConfig:   &tls.Config{RootCAs: roots},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			dialled++
			return (&net.Dialer{}).DialContext(ctx, network, "127.0.0.1:"+port)
		},
	}}
	url := "https://" + name + "/"
	get := func() string {
		answer, err := client.Get(url)
		must(err)
		defer answer.Body.Close()
		body, err := io.ReadAll(answer.Body)
		must(err)
		return fmt.Sprint(answer.Proto, " ", answer.StatusCode, " ", string(body), " ", answer.Trailer.Get("X-Sum"))
	}
	fmt.Println(get())

	var group sync.WaitGroup
	found := make([]string, 100)
	for at := range found {
		group.Add(1)
		go func(at int) {
			defer group.Done()
			found[at] = get()
		}(at)
	}
	group.Wait()
	same := 0
	for _, each := range found {
		if each == found[0] {
			same++
		}
	}
	fmt.Println(same, found[0])

	sent := strings.Repeat("x", 300000)
	request, err := http.NewRequest("POST", url, nil)
	must(err)
	request.Trailer = http.Header{"X-Asked": nil}
	request.ContentLength = -1
	request.Body = io.NopCloser(ended{strings.NewReader(sent), func() { request.Trailer.Set("X-Asked", "so") }})
	answer, err := client.Do(request)
	must(err)
	body, err := io.ReadAll(answer.Body)
	must(err)
	fmt.Println(answer.Proto, answer.StatusCode, string(body), answer.Trailer.Get("X-Sum"))
	fmt.Println(dialled, "connections")
}
