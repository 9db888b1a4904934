package torture

import (
	"testing"
	"time"

	"kvshim.test/blackbox/database"
)

func TestThreeServersOnPostgresAreOneEtcd(t *testing.T) {
	rounds(t, 25*time.Second, func(t *testing.T, plan Plan) {
		onOneDatabase(t, database.Postgres, 3, plan.Seed, plan.flags()...).Run(t, plan).Expect(t)
	})
}

func TestThreeServersOnMariaDBAreOneEtcd(t *testing.T) {
	rounds(t, 25*time.Second, func(t *testing.T, plan Plan) {
		onOneDatabase(t, database.MariaDB, 3, plan.Seed, plan.flags()...).Run(t, plan).Expect(t)
	})
}

// Each server writes to a node of its own. This is not how servers are to be put on Galera, but nothing
// may be lost by it.
func TestThreeServersOnGaleraNodesAreOneEtcd(t *testing.T) {
	rounds(t, 8*time.Second, func(t *testing.T, plan Plan) {
		plan.Patience = time.Minute
		onGalera(t, 3, plan.Seed, plan.flags()...).Run(t, plan).Expect(t)
	})
}
