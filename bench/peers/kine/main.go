// The kine that kvshim is measured beside: what its own main does.
package main

import (
	"os"

	"github.com/k3s-io/kine/pkg/app"
	"github.com/sirupsen/logrus"
)

func main() {
	if err := app.New().Run(os.Args); err != nil {
		logrus.Fatal(err)
	}
}
